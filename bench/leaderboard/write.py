"""The files of a board."""

from collections.abc import Iterable
from pathlib import Path

from bench.leaderboard import tables
from bench.leaderboard.html import html
from bench.leaderboard.rows import NOT_CERTIFIED, Verdicts
from bench.leaderboard.sections import sections
from bench.records import certificates
from bench.records.canaries import Canaries
from bench.records.files import write_whole
from bench.records.folder import readable_canaries, readable_records
from bench.records.record import Record


def write_board(results: Path) -> list[Record]:
    """Write the board of all that stands in the results; the records behind it."""
    records = readable_records(results)
    write(records, results, readable_canaries(results))
    return records


def write(records: Iterable[Record], folder: Path, canaries: Iterable[Canaries]) -> None:
    """Write leaderboard.md, leaderboard.csv and leaderboard.html into a results folder.

    Beside the records and canaries the folder's certificates decide what stands there. The canaries
    have no default: a board that is written without them loses that it is INVALID.
    """
    given = list(records), list(canaries), certificates.verdicts(folder)
    write_whole(folder / "leaderboard.md", to_markdown(*given).encode())
    write_whole(folder / "leaderboard.csv", to_csv(*given).encode())
    write_whole(folder / "leaderboard.html", to_html(*given).encode())


def to_csv(
    records: Iterable[Record],
    canaries: Iterable[Canaries] = (),
    verdicts: Verdicts = NOT_CERTIFIED,
) -> str:
    """Every figure at full precision, for programs."""
    return tables.comma_separated(sections(records, canaries, verdicts))


def to_markdown(
    records: Iterable[Record],
    canaries: Iterable[Canaries] = (),
    verdicts: Verdicts = NOT_CERTIFIED,
) -> str:
    """Tables for a page that people read, with what their columns mean."""
    return tables.markdown(sections(records, canaries, verdicts))


def to_html(
    records: Iterable[Record],
    canaries: Iterable[Canaries] = (),
    verdicts: Verdicts = NOT_CERTIFIED,
) -> str:
    """One page without dependencies: sortable tables and accuracy against training time."""
    return html(sections(records, canaries, verdicts))


def to_terminal(
    records: Iterable[Record],
    width: int,
    canaries: Iterable[Canaries] = (),
    verdicts: Verdicts = NOT_CERTIFIED,
) -> str:
    """Tables at most `width` columns wide; the least needed columns give way."""
    return tables.terminal(sections(records, canaries, verdicts), width)
