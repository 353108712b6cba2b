"""The board: records in, rows and tables out. The same records in any order give the same bytes."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter
from pathlib import Path

from bench import certificates, gate, render
from bench.canary_record import Canaries
from bench.record import Record, write_whole
from bench.rows import NOT_CERTIFIED, Row, Verdicts, by_age, rows


@dataclass(frozen=True)
class Section:
    """The rows that may be compared with each other: one data set under one protocol."""

    dataset: str
    protocol: str
    rows: tuple[Row, ...]
    records: tuple[Record, ...]  # behind the rows, oldest first
    canaries: tuple[Canaries, ...] = ()  # that vouch for them
    invalid: tuple[str, ...] = ()  # why none of it can be believed


def sections(
    records: Iterable[Record],
    canaries: Iterable[Canaries] = (),
    verdicts: Verdicts = NOT_CERTIFIED,
) -> list[Section]:
    """The rows under their data set and protocol, with the canaries that vouch for them."""
    found, canaries = [], list(canaries)
    place = attrgetter("dataset", "protocol")
    for (dataset, protocol), group in groupby(rows(records, verdicts), place):
        members = tuple(group)
        behind = sorted((record for row in members for record in row.records), key=by_age)
        vouching = gate.vouching(canaries, behind)
        invalid = tuple(gate.invalid(vouching, behind))
        found.append(Section(dataset, protocol, members, tuple(behind), tuple(vouching), invalid))
    return found


def to_csv(
    records: Iterable[Record],
    canaries: Iterable[Canaries] = (),
    verdicts: Verdicts = NOT_CERTIFIED,
) -> str:
    """Every figure at full precision, for programs."""
    return render.comma_separated(sections(records, canaries, verdicts))


def to_markdown(
    records: Iterable[Record],
    canaries: Iterable[Canaries] = (),
    verdicts: Verdicts = NOT_CERTIFIED,
) -> str:
    """Tables for a page that people read, with what their columns mean."""
    return render.markdown(sections(records, canaries, verdicts))


def to_html(
    records: Iterable[Record],
    canaries: Iterable[Canaries] = (),
    verdicts: Verdicts = NOT_CERTIFIED,
) -> str:
    """One page without dependencies: sortable tables and accuracy against training time."""
    return render.html(sections(records, canaries, verdicts))


def to_terminal(
    records: Iterable[Record],
    width: int,
    canaries: Iterable[Canaries] = (),
    verdicts: Verdicts = NOT_CERTIFIED,
) -> str:
    """Tables at most `width` columns wide; the least needed columns give way."""
    return render.terminal(sections(records, canaries, verdicts), width)


def write(records: Iterable[Record], folder: Path, canaries: Iterable[Canaries]) -> None:
    """Write leaderboard.md, leaderboard.csv and leaderboard.html into a results folder.

    Beside the records and canaries the folder's certificates decide what stands there. The canaries
    have no default: a board that is written without them loses that it is INVALID.
    """
    given = list(records), list(canaries), certificates.verdicts(folder)
    write_whole(folder / "leaderboard.md", to_markdown(*given).encode())
    write_whole(folder / "leaderboard.csv", to_csv(*given).encode())
    write_whole(folder / "leaderboard.html", to_html(*given).encode())
