"""The files of a board."""

from bench.leaderboard import tables
from bench.leaderboard.html import html
from bench.leaderboard.sections import Section, sections
from bench.leaderboard.statistics import with_statistics
from bench.records.files import write_whole
from bench.records.folder import BOARDS, Results


def board_of(results: Results, *, compute: bool = True) -> list[Section]:
    """The board of all that stands in the results: records, canaries, certificates and ledgers.

    Args:
        results: whose.
        compute: whether to compute statistics that are not kept of the same ledgers.
    """
    board = sections(
        results.read_records(),
        results.read_canaries(),
        results.verdicts(),
        results.read_tie_rules(),
    )
    return with_statistics(board, results, compute=compute)


def files(board: list[Section]) -> dict[str, str]:
    """The files of a board by name. The same board gives the same text."""
    texts = tables.markdown(board), tables.comma_separated(board), html(board)
    return dict(zip(BOARDS, texts, strict=True))


def write(board: list[Section], results: Results) -> None:
    """Write the files of a board into its results folder, and keep its statistics."""
    kept = results.read_standings()
    for section in board:
        found = section.standings
        if found is not None and found != kept.get((section.dataset, section.protocol)):
            results.save(found)
    for name, text in files(board).items():
        write_whole(results.path / name, text.encode())
