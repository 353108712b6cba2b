"""`bench cluster`: a Ray cluster, before anything is spent on it."""

import click

from bench.cli.groups import Commands


@click.group(cls=Commands, short_help="Machines of a Ray cluster, for `bench run --cluster`.")
def cluster() -> None:
    """Machines of a Ray cluster, for `bench run --cluster`."""


@cluster.command(name="check")
@click.argument("address")
def check_nodes(address: str) -> int:
    """Say of each node of the cluster at ADDRESS whether it can measure.

    Versions, code, and canaries on synthetic data; the exit code is 1 where a node cannot.
    """
    from bench.protocol.task import prepare_all
    from bench.registry.suites import data_of, load
    from bench.running.cluster.client import Cluster
    from bench.running.executors.on_cluster import checked

    suite = load("quick")
    tasks = prepare_all(data_of(suite, None), suite.protocol, suite.min_rating, None)
    failed = 0
    with Cluster(address) as there:
        for node, wrong in checked(there, {task.protocol: task for task in tasks}):
            about = f"{node.cpus:g} CPU, {node.gpus:g} GPU, {node.memory_mb:,} MB"
            told = f"cannot measure: {wrong}" if wrong else "can measure, canaries within bounds"
            click.echo(f"node {node.address} ({about}): {told}")
            failed += bool(wrong)
    return 1 if failed else 0
