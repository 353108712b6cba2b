"""`bench data`: fetch a data set, and tell what is in it.

Heavy libraries are imported where they are used: --help must be quick.
"""

from datetime import UTC, datetime
from pathlib import Path

import click

from bench.cli.data_options import data_options
from bench.cli.groups import Commands
from bench.cli.options import data_dir_option
from bench.errors import BadParameter
from bench.text import one_line


@click.group(cls=Commands, short_help="Fetch a data set, or tell what is in it.")
def data() -> None:
    """Fetch a data set, tell what is in it, or see what is kept of your files."""


@data.command()
@click.argument("name")
@data_dir_option
def get(name: str, data_dir: Path | None) -> None:
    """Fetch a data set into the cache and check it."""
    from bench.registry.datasets import dataset_module, load_data, parse_dataset

    found = load_data(name, data_dir).interactions
    module = dataset_module(parse_dataset(name)[0])
    click.echo(
        f"{name}: {len(found):,} interactions of {found.n_users:,} users, {found.n_items:,} items"
    )
    click.echo(f"from {found.source}\n{module.LICENCE}\n{module.CITATION}")


@data.command()
@click.option("--clear", is_flag=True, help="Remove all of it.")
def cache(*, clear: bool) -> None:
    """List what is kept of files that were read, so that they need not be parsed again."""
    from bench.data import cache as kept

    if clear:
        click.echo(f"{kept.clear() / 1e6:,.1f} MB freed in {kept.folder()}")
        return
    entries = kept.entries()
    for entry in entries:
        used = datetime.fromtimestamp(entry.used, UTC).strftime("%Y-%m-%d %H:%M")
        click.echo(
            f"{entry.bytes / 1e6:10,.1f} MB  {entry.rows:13,} rows  used {used} UTC"
            f"  {one_line(entry.source)}  {one_line(entry.options)}"
        )
    total = sum(entry.bytes for entry in entries) / 1e6
    click.echo(f"{len(entries)} kept, {total:,.1f} MB, in {kept.folder()}")


@data.command()
@click.argument("dataset", metavar="[NAME]", required=False)
@data_options
@data_dir_option
@click.option("--protocol", default="loo-99", show_default=True, metavar="P")
@click.option("--min-rating", type=float)
def audit(
    dataset: str | None, data_dir: Path | None, protocol: str, min_rating: float | None
) -> None:
    """Tell what a reader must know of a data set, or of a file of one's own, before any figure."""
    from bench.protocol.audit import audit_lines
    from bench.protocol.task import prepare
    from bench.protocol.verdict import verdict
    from bench.registry.datasets import load_data
    from bench.registry.own_data import agreed, path_of

    if dataset is None:
        raise BadParameter("bench data audit takes the name of a data set, or --data PATH")
    dataset, protocol, min_rating = agreed(dataset, protocol, min_rating)
    task = prepare(load_data(dataset, data_dir), protocol, min_rating)
    click.echo(audit_lines(task.dataset, task.protocol, task.audit))
    for line in verdict(task.audit, own=path_of(dataset) is not None):
        click.echo(f"  {line}")
    click.echo(f"  data {task.data_sha256[:16]}, split {task.split_sha256[:16]}")
    if not task.audit["notes"]:  # they say it of a file of one's own
        click.echo(f"  from {task.train.source}")
