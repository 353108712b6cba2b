"""Write the report of a results folder."""

from pathlib import Path

from bench.embeddings.rows import EmbeddingsSection, read_board
from bench.leaderboard.known_items import families
from bench.leaderboard.sections import Section
from bench.protocol.task import Task
from bench.records.certificates import Certificate
from bench.records.files import BadRecord, load_all, write_whole
from bench.records.folder import Results
from bench.report.new_people import new_people_picture
from bench.report.page import page
from bench.report.users import users_of
from bench.report.view import section_view


def write_report(
    board: list[Section],
    results: Results,
    output: Path | None = None,
    *,
    task: Task | None = None,
    data_dir: Path | None = None,
    mark: str = "",
) -> Path:
    """Write the page of all sections of a board; where it stands is returned.

    Args:
        board: with statistics.
        results: where ledgers, certificates and trials stand.
        output: another place than the results folder.
        task: that a run has at hand, for groups of users.
        data_dir: the publisher's data, for the same.
        mark: a last line, by which it is known later: see `bench.report.again`.
    """
    certificates = load_all(Certificate, results.certificates, results.warn)
    sections = [
        section_view(section, number, results, certificates, users_of(section, task, data_dir))
        for number, section in enumerate(board)
    ]
    path = output or results.report
    pictures = [new_people_picture(family) for family in families(board)]
    content = page(sections, _embeddings(results), pictures) + mark
    write_whole(path, content.encode())
    return path


def _embeddings(results: Results) -> list[EmbeddingsSection]:
    """The board that `bench embeddings` wrote, if it did; of one that cannot be read it warns."""
    if not results.embeddings_table.exists():
        return []
    try:
        return read_board(results.embeddings_table)
    except BadRecord as error:
        results.warn(error)
        return []
