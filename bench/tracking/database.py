"""MLflow's store among some results: its address, and its artifacts, which move with the results.

Nothing of MLflow is imported. What MLflow calls an experiment or a run has the absolute address of
its artifacts in the database; that of results that were copied or moved is mended here.
"""

import os
import shutil
import sqlite3
import tempfile
from collections.abc import Callable
from contextlib import closing, suppress
from functools import cache
from pathlib import Path
from urllib.parse import unquote, urlsplit

from bench.records.folder import Results

SQLITE = "sqlite:///"
DATABASE_SECONDS = 5.0  # for another program that writes to the database
ODD = "?%"  # signs with a meaning of their own in the address of a database
_links: list[tempfile.TemporaryDirectory[str]] = []  # gone with this process


def own(results: Results) -> str:
    """Address of the database among some results."""
    folder = results.path
    if any(sign in str(folder) for sign in ODD):
        folder = _link(folder)
    return f"{SQLITE}{folder / results.database.name}"


@cache
def _link(folder: Path) -> Path:
    """Another path to a folder, for this process: MLflow reads odd signs in one path three ways."""
    _links.append(tempfile.TemporaryDirectory(prefix="bench-mlflow-"))
    link = Path(_links[-1].name) / "results"
    link.symlink_to(folder, target_is_directory=True)
    return link


def check_database(uri: str) -> tuple[int, int] | None:
    """Raise at once what MLflow would try again and again: a file that is locked or no database.

    Returns the file's device and number on it; None where there is no file.

    Raises:
        sqlite3.Error: it cannot be written.
    """
    path = Path(uri.removeprefix(SQLITE))
    if not uri.startswith(SQLITE) or not path.exists():
        return None
    with closing(sqlite3.connect(path, timeout=DATABASE_SECONDS)) as database:
        database.execute("BEGIN IMMEDIATE")
        database.rollback()
    return path.stat().st_dev, path.stat().st_ino


def make_database(uri: str, opened: Callable[[str], object], empty: Path) -> None:
    """Make a missing database aside: MLflow cannot go on with one that was cut off halfway.

    MLflow makes the tables of its first version and then brings them up to date, which takes ten
    seconds; so an empty database is kept, and copied.

    Args:
        uri: of the database.
        opened: opens a database as MLflow does, which makes its tables.
        empty: where an empty one of the same versions is kept; it may be missing or damaged.
    """
    path = Path(uri.removeprefix(SQLITE))
    if path.exists():
        return
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    if not _copied(empty, temporary):
        opened(f"{SQLITE}{temporary}")
        with suppress(OSError, sqlite3.Error):  # no place for it: it is made again next time
            _keep_empty(temporary, empty)
    temporary.replace(path)


def _copied(empty: Path, path: Path) -> bool:
    """Whether an empty database was there, and whole, and is now at the path."""
    try:
        shutil.copyfile(empty, path)
        with closing(sqlite3.connect(path)) as database:
            database.execute("SELECT version_num FROM alembic_version")  # a file may be cut off
            if database.execute("PRAGMA integrity_check").fetchone() == ("ok",):
                return True
    except (OSError, sqlite3.Error):
        pass
    path.unlink(missing_ok=True)
    return False


def _keep_empty(made: Path, empty: Path) -> None:
    """Keep a copy without experiments: MLflow makes the first where there is none."""
    empty.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=empty.parent) as folder:
        copy = Path(shutil.copyfile(made, Path(folder) / empty.name))
        with closing(sqlite3.connect(copy)) as database, database:
            database.execute("DELETE FROM experiments")
        copy.replace(empty)


def move_along(results: Results) -> int:
    """Let the artifacts of our experiments be those of these results; how many addresses changed.

    An artifact that is not here, but is where its address says, keeps it.

    Raises:
        sqlite3.Error: the database cannot be written.
    """
    here = results.artifacts.as_uri()
    if not results.database.exists():
        return 0
    with closing(sqlite3.connect(results.database)) as database, database:
        ours = "SELECT experiment_id FROM experiment_tags WHERE key = 'bench.dataset'"
        changed = database.execute(
            f"UPDATE experiments SET artifact_location = ? WHERE experiment_id IN ({ours})"
            " AND artifact_location != ? AND artifact_location LIKE 'file:%'",
            (here, here),
        ).rowcount
        elsewhere = database.execute(
            f"SELECT run_uuid, artifact_uri FROM runs WHERE experiment_id IN ({ours})"
            " AND substr(artifact_uri, 1, ?) != ? AND artifact_uri LIKE 'file:%'",
            (len(here) + 1, f"{here}/"),
        ).fetchall()
        for run, address in elsewhere:
            end = "/".join(address.split("/")[-2:])  # the run, and "artifacts"
            if (results.artifacts / end).exists() or not Path(_path(address)).exists():
                moved = (f"{here}/{end}", run)
                database.execute("UPDATE runs SET artifact_uri = ? WHERE run_uuid = ?", moved)
                changed += 1
    return changed


def _path(address: str) -> str:
    return unquote(urlsplit(address).path)
