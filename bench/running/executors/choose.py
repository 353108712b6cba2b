"""Choose where the cells of a run are measured."""

from collections.abc import Callable, Mapping
from pathlib import Path

from bench import machine
from bench.protocol.task import Task
from bench.running.executors.executor import Executor
from bench.running.executors.one_by_one import OneByOne
from bench.running.executors.side_by_side import Cores, SideBySide
from bench.running.plan import Options, most_memory_mb

LEAST_MB = 1024  # of memory for a cell: what a model on small data takes with its libraries


def check_place(options: Options) -> None:
    """Whether cells can be measured where they are to be, before anything is touched.

    Raises:
        UsageError: that is no address of a cluster.
        Problem: nothing answers there, or Ray is not installed here.
    """
    if options.cluster:
        from bench.running.cluster.client import check_there

        check_there(options.cluster)


def executor_for(
    options: Options, tasks: Mapping[str, Task], work: Path, say: Callable[[str], None]
) -> Executor:
    """Where the cells of a run are measured.

    Args:
        options: of the run.
        tasks: by protocol.
        work: an existing folder.
        say: hears where there are fewer places than were asked for, and why.
    """
    if options.cluster:
        from bench.running.cluster.client import Cluster
        from bench.running.executors.on_cluster import OnCluster

        return OnCluster(Cluster(options.cluster), tasks, work, options, say)
    if options.jobs == 1:
        return OneByOne(tasks, work)
    cores = places(options.jobs, options.threads, say)
    return SideBySide(tasks, work, cores, most_memory_mb() // len(cores))


def places(jobs: int, threads: int, say: Callable[[str], None]) -> list[Cores]:
    """The cores of each cell that is measured beside others; never more than there are.

    Args:
        jobs: how many cells were asked for.
        threads: of each.
        say: hears where there are fewer, and why.
    """
    there, memory_mb = machine.cores(), most_memory_mb()
    by_cores, by_memory = max(1, len(there) // threads), max(1, memory_mb // LEAST_MB)
    count = min(jobs, by_cores, by_memory)
    if count < jobs:
        each = f" of {threads} threads each" if threads > 1 else ""
        why = (
            f"this process may use {len(there)} core{'s' if len(there) > 1 else ''}"
            if by_cores <= by_memory
            else f"{memory_mb:,} MB of memory may be used, {LEAST_MB:,} for each"
        )
        say(f"--jobs {jobs}: {count} at a time{each}, for {why}")
    return [tuple(there[n * threads : (n + 1) * threads]) for n in range(count)]
