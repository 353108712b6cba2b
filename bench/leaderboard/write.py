"""The files of a board."""

from pathlib import Path

from bench.leaderboard import tables
from bench.leaderboard.html import html
from bench.leaderboard.sections import Section, sections
from bench.records import certificates
from bench.records.files import write_whole
from bench.records.folder import readable_canaries, readable_records


def board_of(results: Path) -> list[Section]:
    """The board of all that stands in the results: records, canaries and certificates."""
    return sections(
        readable_records(results), readable_canaries(results), certificates.verdicts(results)
    )


def files(board: list[Section]) -> dict[str, str]:
    """The files of a board by name. The same board gives the same text."""
    return {
        "leaderboard.md": tables.markdown(board),
        "leaderboard.csv": tables.comma_separated(board),
        "leaderboard.html": html(board),
    }


def write(board: list[Section], results: Path) -> None:
    """Write the files of a board into its results folder."""
    for name, text in files(board).items():
        write_whole(results / name, text.encode())
