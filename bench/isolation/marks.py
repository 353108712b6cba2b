"""Find and end what jobs have left behind, by a mark in the environment of their processes."""

from contextlib import suppress
from pathlib import Path
from time import sleep

import psutil

MARK = "BENCH_JOB"  # the job's folder, for its process and all that descend from it
SWEEPS = 100  # for what starts processes faster than they are ended
PAUSE_SECONDS = 0.01


def end_all(folder: Path) -> None:
    """End what jobs in a folder, or below it, have left behind."""
    for _ in range(SWEEPS):
        if not (left := _marked(folder.resolve())):
            break
        end(left)
        sleep(PAUSE_SECONDS)


def _marked(folder: Path) -> list[psutil.Process]:
    """The processes that descend from a job there, wherever they stand in the tree now."""
    found = []
    for process in psutil.process_iter():
        try:
            if Path(process.environ().get(MARK, "/")).is_relative_to(folder):
                found.append(process)
        except (psutil.Error, OSError):  # gone meanwhile, or another user's
            continue
    return found


def end(processes: list[psutil.Process]) -> None:
    """Kill these, as far as they are there and ours."""
    for process in processes:
        with suppress(psutil.Error):
            process.kill()
