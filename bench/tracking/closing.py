"""Runs of invocations that end: summed up and closed, or marked as killed where they were left.

A client here is MLflow's.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from bench.records.folder import Results
from bench.records.record import Record
from bench.tracking import fill, mapping, origin, store
from bench.tracking.experiments import belongs


def close(
    client: Any,
    invocation: str,
    records: Sequence[Record],
    files: Sequence[Path],
    *,
    ended: bool,
) -> None:
    """Give the runs of an invocation their summary, and end them, in each experiment.

    Args:
        client: of the store.
        invocation: its id.
        records: of it alone.
        files: to keep with it; those that are not there are left out.
        ended: whether its end was noted. If not, a run is not ended that was killed, or that
            another process still works on.
    """
    places = {each.experiment_id: each.tags for each in store.ours(client)}
    for parent in store.parents(client, list(places), invocation):
        tags = places[parent.info.experiment_id]
        judged = mapping.judged([each for each in records if belongs(each, tags)])
        fill.sum_up(client, parent, judged, files)
        killed = parent.info.status == "KILLED"
        if not ended and (killed or origin.busy_elsewhere(parent.data.tags)):
            continue
        good = all(record.status in ("ok", "skipped") for record in judged)
        end = mapping.milliseconds(max((r.ended for r in judged if r.ended), default=""))
        client.set_terminated(parent.info.run_id, "FINISHED" if good else "FAILED", end)


def close_killed(client: Any, invocation: str) -> None:
    """Mark as killed what is open of an invocation."""
    for parent in store.parents(client, store.ids(store.ours(client)), invocation):
        if parent.info.status == "RUNNING":
            _kill(client, parent.info.run_id, "writer")


def close_left(client: Any, left: Callable[[Mapping[str, str]], bool]) -> int:
    """Mark as killed the open runs whose tags say that they were left; how many there were."""
    places = store.ids(store.ours(client))
    running = store.runs(client, places, {}, "attributes.status = 'RUNNING'")
    found = [run.info.run_id for run in running if left(run.data.tags)]
    for run_id in found:
        _kill(client, run_id, "reconcile")
    return len(found)


@contextmanager
def held(results: Results) -> Iterator[bool]:
    """Whether nobody else holds the results; within the block nobody does then."""
    lock = FileLock(results.lock)
    try:
        results.path.mkdir(parents=True, exist_ok=True)
        lock.acquire(timeout=0)
    except (Timeout, OSError):
        yield False
        return
    try:
        yield True
    finally:
        lock.release()


def _kill(client: Any, run_id: str, by: str) -> None:
    """End a run that was killed; the tag says who found that."""
    client.set_tag(run_id, "bench.ended_by", by)
    client.set_terminated(run_id, "KILLED")
