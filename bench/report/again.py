"""The report at the end of a run, which is made again only where something has changed.

To draw it takes seconds. So its last line says what it was made of; nothing here loads what draws.
"""

from importlib import metadata
from pathlib import Path

from bench.hashing import key_of, of_files
from bench.leaderboard.sections import Section
from bench.protocol.task import Task
from bench.records.folder import Results

CODE = "py", "jinja", "css", "js", "csv"  # endings of what a report is made by


def keep_report(board: list[Section], results: Results, task: Task) -> None:
    """Write the report of a results folder, unless it is there already.

    Args:
        board: with statistics.
        results: where the report, and all that is in it, stand.
        task: of the run.
    """
    mark = f"<!-- made of {made_of(board, results, task)} -->\n"
    if not _ends(results.report, mark):
        from bench.report.write import write_report

        write_report(board, results, task=task, mark=mark)


def made_of(board: list[Section], results: Results, task: Task) -> str:
    """16 hex digits that change with anything that may change the report."""
    tuned = [path for place in results.studies() for path in place.records.glob("*.json")]
    kept = results.records, results.canaries, results.certificates, results.statistics
    files = [*(path for folder in kept for path in folder.glob("*.json")), *tuned]
    if results.embeddings_table.exists():
        files.append(results.embeddings_table)
    code = Path(__file__).parents[1]
    parts = {
        "files": of_files(files, results.path),
        # Statistics are known by the ledgers that they are of.
        "ledgers": [each.standings.key if each.standings else each.no_statistics for each in board],
        "task": [task.dataset, task.protocol, task.data_sha256, task.split_sha256],
        "code": of_files((path for kind in CODE for path in code.rglob(f"*.{kind}")), code),
        "altair": metadata.version("altair"),
    }
    return key_of(parts)


def _ends(path: Path, mark: str) -> bool:
    try:
        with path.open("rb") as file:
            file.seek(-len(mark), 2)
            return file.read() == mark.encode()
    except (OSError, ValueError):
        return False
