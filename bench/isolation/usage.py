"""Memory and CPU time of the processes of a job, while they run."""

import psutil


def family(first: int, *, guard: bool = False) -> list[psutil.Process]:
    """The processes of a job, with all that they have started; none where it has ended.

    Args:
        first: the number of the job's guard.
        guard: whether it is among them.
    """
    try:
        top = psutil.Process(first)
        return [top] * guard + list(top.children(recursive=True))
    except psutil.Error:
        return []


def memory_mb(processes: list[psutil.Process]) -> float:
    """Of those that are still there."""
    total = 0
    for process in processes:
        try:
            total += process.memory_info().rss
        except psutil.Error:
            continue
    return total / 2**20


def cpu_seconds(processes: list[psutil.Process]) -> float:
    """Of those that are still there, and of all that they have waited for."""
    total = 0.0
    for process in processes:
        try:
            total += sum(process.cpu_times()[:4])
        except psutil.Error:
            continue
    return total
