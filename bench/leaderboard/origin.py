"""Where the data of a board came from, in words, and what is not verified of them.

A record says where its data came from as its loader knew it. Some data that published boards were
measured on are rebuilt; rebuilt.csv has what is known of them, by the hash of the data, and it says
more than their records do.
"""

import csv
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import NamedTuple

from bench.leaderboard.columns import different
from bench.records.record import Record

TABLE = Path(__file__).with_name("rebuilt.csv")
UNVERIFIED = "counts match, content not verified"
_OF_BEFORE = "counts verified"  # what loaders called it once


class Rebuilt(NamedTuple):
    """Data that are not the publisher's file, by their hash."""

    data_sha256: str
    source: str  # what is the publisher's, and what is not
    note: str  # what their maker says of them
    affects: str  # which models, and how; a sentence


def verified_lines(records: Iterable[Record]) -> list[str]:
    """Where data came from of which nothing is known to be amiss, a line for each source."""
    found = different(_source(record) for record in records)
    return [f"Source: {each}." for each in found if not _in_doubt(each)]


def doubtful_lines(records: Iterable[Record]) -> list[str]:
    """What is not the publisher's, or is not verified, and what that can affect."""
    records = list(records)
    known = rebuilt(TABLE)
    lines = [
        f"data: {each.source}; {each.note}. {each.affects}"
        for each in sorted({known[r.data_sha256] for r in records if r.data_sha256 in known})
    ]
    unknown = different(_source(r) for r in records if r.data_sha256 not in known)
    return lines + [f"data: {each}" for each in unknown if _in_doubt(each)]


@cache
def rebuilt(path: Path) -> Mapping[str, Rebuilt]:
    """What is known of rebuilt data, by their hash."""
    with path.open(encoding="utf-8", newline="") as file:
        return {line["data_sha256"]: Rebuilt(**line) for line in csv.DictReader(file)}


def _source(record: Record) -> str:
    known = rebuilt(TABLE).get(record.data_sha256)
    return known.source if known else record.source.replace(_OF_BEFORE, UNVERIFIED)


def _in_doubt(source: str) -> bool:
    return any(words in source for words in ("not verified", "not the publisher's", "other counts"))
