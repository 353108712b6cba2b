"""`bench cluster`: a Ray cluster, before anything is spent on it."""

from typing import TYPE_CHECKING

import click

from bench.cli.groups import Commands
from bench.text import one_line

if TYPE_CHECKING:
    from bench.running.executors.check import Checked

TITLES = ("node", "versions", "key", "canaries", "memory", "CPUs", "GPUs", "")
WIDTHS = (17, 9, 8, 9, 10, 5, 5)


@click.group(cls=Commands, short_help="Machines of a Ray cluster, for --cluster.")
def cluster() -> None:
    """Machines of a Ray cluster, for `bench run --cluster` and `bench tune --cluster`."""


@cluster.command(name="check")
@click.argument("address")
def check_nodes(address: str) -> int:
    """Say of each node of the cluster at ADDRESS whether it can measure.

    Versions and code, which decide the keys of cells, the canaries on synthetic data, memory, CPUs
    and GPUs. The exit code is 1 where a node cannot.
    """
    from bench.protocol.task import prepare
    from bench.registry.suites import data_of, load
    from bench.running.cluster.client import Cluster
    from bench.running.executors.check import checked
    from bench.running.executors.order import facts

    suite = load("quick")
    task = prepare(data_of(suite, None), suite.protocol, suite.min_rating)
    here = ", ".join(f"{name} {version}" for name, version in list(facts([]).items())[:3])
    failed = 0
    with Cluster(address) as there:
        click.echo(f"here: {here}")
        click.echo(_row(*TITLES))
        for each in checked(there, task):
            click.echo(_row(*_cells(each)))
            failed += bool(each.wrong)
    return 1 if failed else 0


def _row(*cells: str) -> str:
    """One line of a table whose rows come one by one."""
    padded = [f"{cell:<{width}}" for cell, width in zip(cells, WIDTHS, strict=False)]
    return "  ".join([*padded, cells[-1]]).rstrip()


def _cells(found: "Checked") -> list[str]:
    about, node = found.about, found.node
    told = f"cannot measure: {one_line(found.wrong)}" if found.wrong else "can measure"
    compared = ["", "", ""]
    if about is not None:
        compared = [
            "another" if about.unlike else "as here",
            "as here" if about.key == found.key else "another",
            about.canaries or "not run",
        ]
    memory_mb = node.memory_mb if about is None else about.memory_mb
    return [
        node.address,
        *compared,
        f"{memory_mb:,} MB",
        f"{node.cpus:g}",
        found.gpus,
        told,
    ]
