"""The files of a board."""

from bench.leaderboard import tables
from bench.leaderboard.html import html
from bench.leaderboard.sections import Section, sections
from bench.records.files import write_whole
from bench.records.folder import BOARDS, Results


def board_of(results: Results) -> list[Section]:
    """The board of all that stands in the results: records, canaries and certificates."""
    return sections(results.read_records(), results.read_canaries(), results.verdicts())


def files(board: list[Section]) -> dict[str, str]:
    """The files of a board by name. The same board gives the same text."""
    texts = tables.markdown(board), tables.comma_separated(board), html(board)
    return dict(zip(BOARDS, texts, strict=True))


def write(board: list[Section], results: Results) -> None:
    """Write the files of a board into its results folder."""
    for name, text in files(board).items():
        write_whole(results.path / name, text.encode())
