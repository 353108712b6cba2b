"""Compare bench with RecBole, implicit, LensKit and Cornac: what `make peers` runs.

Each finished cell is on the disk before the next begins, so that the same command goes on where it
was stopped.
"""

import json
import signal
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click
import sides
from plan import PEERS, Cell, Choice, cells
from table import markdown

from bench.data.delimited import BadData
from bench.data.fetch import DataUnavailable
from bench.errors import UnknownName, unknown
from bench.protocol.audit import audit_lines
from bench.protocol.task import BadProtocol, prepare
from bench.records.files import write_whole
from bench.registry.datasets import load_data


def names(known: Sequence[str], usual: Sequence[str]) -> Any:
    """What an option makes of names with commas between them."""

    def checked(context: click.Context, option: click.Parameter, value: str) -> Sequence[str]:
        given = [name.strip() for name in value.split(",") if name.strip()] or usual
        for name in given:
            if name not in known:
                raise click.BadParameter(str(unknown("name", name, known)))
        return given

    return checked


def sizes(context: click.Context, option: click.Parameter, value: str) -> tuple[int, ...]:
    """What an option makes of numbers with commas between them."""
    given = value.split(",")
    if not all(size.isdecimal() and int(size) for size in given):
        raise click.BadParameter(f"takes numbers, as 2048,20480, not {value!r}")
    return tuple(map(int, given))


@click.command(help=__doc__)
@click.option("--dataset", default="movielens_100k", show_default=True)
@click.option("--data-dir", type=click.Path(exists=True, path_type=Path))
@click.option("--protocol", default="loo-99", show_default=True)
@click.option("--models", default="", callback=names(tuple(PEERS), Choice.models), help="gmf,als")
@click.option("--libraries", default="", callback=names(*2 * [Choice.libraries]), help="recbole")
@click.option("--batches", default="2048,20480", callback=sizes, help="Samples, with negatives.")
@click.option("--rounds", default=Choice.rounds, show_default=True, type=click.IntRange(1))
@click.option("--epochs", type=click.IntRange(1), help="For all, instead of the suite's.")
@click.option(
    "--short-epochs",
    default=Choice.short_epochs,
    show_default=True,
    type=click.IntRange(0),
    help="Of RecBole's networks over pairs after the first round, for time alone; 0: all.",
)
@click.option("--threads", default=Choice.threads, show_default=True, type=click.IntRange(1))
@click.option("--timeout", default=600.0, show_default=True, help="Seconds for a cell.")
@click.option("--force", is_flag=True, help="Measure again what is measured.")
@click.option("--results", default=Path("results"), type=click.Path(path_type=Path))
def main(
    dataset: str,
    data_dir: Path | None,
    protocol: str,
    timeout: float,
    force: bool,
    results: Path,
    **chosen: Any,
) -> None:
    """Measure all cells that are not measured yet, and write the table after each."""
    choice = Choice(**chosen)
    # As Ctrl-C does, so that the process of a cell ends with this one.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        task = prepare(load_data(dataset, data_dir), protocol)
    except (UnknownName, BadProtocol, BadData, DataUnavailable) as error:
        raise click.ClickException(str(error)) from error
    click.echo(audit_lines(dataset, protocol, task.audit))
    book = Book(results / "peers.json", f"{dataset}/{protocol}", force)
    with tempfile.TemporaryDirectory() as work:
        sides.write_task(task, Path(work))
        for cell in cells(choice):
            record = book.kept(cell, sides.key(cell, task))
            if record is None:
                record = sides.measure(cell, task, Path(work), timeout)
                book.keep(cell, record | {"dataset": dataset, "protocol": protocol})
                write_whole(results / "peers.md", markdown(book.records()).encode())
            click.echo(line(cell, record))
    click.echo(f"\nWritten to {results / 'peers.md'}; every figure is in {results / 'peers.json'}.")


class Book:
    """All that was measured, by data set and cell, in one file."""

    def __init__(self, path: Path, task: str, force: bool) -> None:
        self._path, self._task, self._force = path, task, force
        self._records: dict[str, sides.Record] = {}
        if path.exists():
            self._records = json.loads(path.read_text())

    def kept(self, cell: Cell, key: str) -> sides.Record | None:
        """The record of this very cell, if there is a good one."""
        found = self._records.get(f"{self._task}/{cell.name}", {})
        good = found.get("key") == key and found["status"] == "ok"
        return found if good and not self._force else None

    def keep(self, cell: Cell, record: sides.Record) -> None:
        """Put a record on the disk."""
        self._records[f"{self._task}/{cell.name}"] = record
        write_whole(self._path, json.dumps(self._records, indent=1).encode())

    def records(self) -> list[sides.Record]:
        """All records of all data sets."""
        return list(self._records.values())


def line(cell: Cell, record: sides.Record) -> str:
    """What a cell gave, in a line."""
    if record["status"] != "ok":
        return f"  {cell.name:<28} {record['status']}: {record['reason']}"
    rate, took = record["figures"]["samples_per_second"], record["cell_seconds"]
    accuracy = f"HR@10 {record['metrics']['hr_at_10']:.4f}" if "metrics" in record else ""
    return f"  {cell.name:<28} {rate:>12,.0f} samples/s  {took:>4.0f} s  {accuracy}"


if __name__ == "__main__":
    main()
