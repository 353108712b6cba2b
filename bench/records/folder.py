"""All that can be read in a results folder."""

from pathlib import Path

import click

from bench.records import canaries, record
from bench.records.canaries import Canaries
from bench.records.files import BadRecord
from bench.records.record import Record


def readable_records(results: Path) -> list[Record]:
    """All records of the results that this bench can read; of others it says so, once."""
    return record.load_all(results, say_left_out)


def readable_canaries(results: Path) -> list[Canaries]:
    """All canaries of the results that this bench can read; of others it says so, once."""
    return canaries.load_all(results, say_left_out)


_said: set[str] = set()


def say_left_out(error: BadRecord) -> None:
    """Name a file that is no record, once."""
    if str(error) not in _said:
        _said.add(str(error))
        click.echo(f"left out: {error}", err=True)
