"""Write the report of a results folder."""

from pathlib import Path

from bench.leaderboard.sections import Section
from bench.protocol.task import Task
from bench.records.certificates import Certificate
from bench.records.files import load_all, write_whole
from bench.records.folder import Results
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
) -> Path:
    """Write the page of all sections of a board; where it stands is returned.

    Args:
        board: with statistics.
        results: where ledgers, certificates and trials stand.
        output: another place than the results folder.
        task: that a run has at hand, for groups of users.
        data_dir: the publisher's data, for the same.
    """
    certificates = load_all(Certificate, results.certificates, results.warn)
    sections = [
        section_view(section, number, results, certificates, users_of(section, task, data_dir))
        for number, section in enumerate(board)
    ]
    path = output or results.report
    write_whole(path, page(sections).encode())
    return path
