"""Files of results: written whole or not at all."""

import os
from contextlib import suppress
from pathlib import Path

import psutil

from bench.errors import Problem


class BadRecord(Problem, ValueError):
    """A file that is no record, or no ledger, that this bench can read."""


def write_whole(path: Path, content: bytes) -> None:
    """Write a file under a temporary name, flush it to the disk, then rename it.

    Raises:
        OSError: no space left, a read-only folder, ...; nothing is left of the file then.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with temporary.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError:
        with suppress(OSError):
            temporary.unlink()
        raise
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)  # or a power cut could undo the renaming
    finally:
        os.close(folder)


def remove_unfinished(folder: Path) -> None:
    """Remove the temporary files in a folder that processes left there which are gone."""
    for path in folder.glob(".*.tmp*"):
        number = path.name.rpartition(".tmp")[0].rpartition(".")[2]
        if number.isdecimal() and not psutil.pid_exists(int(number)):
            path.unlink(missing_ok=True)
