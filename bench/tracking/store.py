"""MLflow's store: where it is, what of ours stands in it, and what it was not told.

A client here is MLflow's, as `bench.tracking.tracker` opens it; nothing of MLflow is imported.
"""

import os
import socket
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

import psutil

from bench.records.folder import Results
from bench.text import first_line
from bench.tracking import database, mapping


def store_address(results: Results) -> str:
    """Of the store of some results: $MLFLOW_TRACKING_URI, else a database among them."""
    return os.environ.get("MLFLOW_TRACKING_URI") or database.own(results)


def failure(uri: str, error: BaseException) -> str:
    """One line for what a store raised, without the password that its address may hold."""
    login = urlsplit(uri).netloc.rpartition("@")[0]
    # What failed in a request stands at the end of a long line about the request.
    text = str(error).rpartition("Caused by ")[2]
    reason = f"cannot use {uri}: {first_line(text or type(error).__name__)}"
    return reason.replace(f"{login}@", "") if login else reason


def ours(client: Any) -> list[Any]:
    """The experiments that bench made in a store that others may use too."""
    return [e for e in client.search_experiments() if "bench.dataset" in e.tags]


def ids(experiments: list[Any]) -> list[str]:
    """Of experiments, as a search for runs wants them."""
    return [experiment.experiment_id for experiment in experiments]


def runs(
    client: Any,
    experiments: list[str],
    tags: dict[str, str],
    condition: str = "",
    limit: int = 1000,
) -> list[Any]:
    """Runs with these tags, newest first."""
    wanted = [f"tags.`{name}` = '{value}'" for name, value in tags.items()]
    text = " and ".join([*wanted, condition] if condition else wanted)
    order = ["attributes.start_time DESC"]
    if not experiments:
        return []
    return list(client.search_runs(experiments, text, max_results=limit, order_by=order))


def parent(client: Any, experiment: str, invocation: str) -> Any | None:
    """The run of an invocation in an experiment, if there is one.

    A request that the server heard only after the client had given it up leaves another, with no
    cells below it: that one goes.
    """
    tags = {"bench.invocation": invocation or mapping.UNKNOWN}
    found = runs(client, [experiment], {"kind": "invocation", **tags})
    if len(found) > 1:
        cells = runs(client, [experiment], {"kind": "cell", **tags})
        used = {run.data.tags.get("mlflow.parentRunId") for run in cells}
        found.sort(key=lambda run: run.info.run_id not in used)
        for run in found[1:]:
            client.delete_run(run.info.run_id)
    return found[0] if found else None


class Ended:
    """Invocations that came to their end before the store was told so, as files of their names.

    Without such a note a run that is left open is one whose process was killed.
    """

    def __init__(self, results: Results) -> None:
        self._folder = results.tracking_ended

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(path.name for path in self._folder.glob("*")))

    def add(self, invocation: str) -> None:
        """Note an end; where nothing can be written the invocation will count as killed."""
        with suppress(OSError):
            self._folder.mkdir(parents=True, exist_ok=True)
            (self._folder / invocation).touch()

    def discard(self, invocation: str) -> None:
        """The store has been told."""
        with suppress(OSError):
            (self._folder / invocation).unlink()
            self._folder.rmdir()  # when it was the last


def orphaned(tags: Mapping[str, str]) -> bool:
    """Whether a run was left open by a process of this host that is gone."""
    if tags.get("bench.host") != socket.gethostname():
        return False
    try:
        started = psutil.Process(int(tags.get("bench.pid", "0"))).create_time()
        # The number may belong to a later process by now. A second covers steps of the clock.
        gone: bool = abs(started - float(tags.get("bench.process_started", "0"))) > 1.0
        return gone
    except (psutil.Error, ValueError):
        return True


def busy_elsewhere(tags: Mapping[str, str]) -> bool:
    """Whether a run belongs to another process that still lives, as far as can be told."""
    return tags.get("bench.pid") != str(os.getpid()) and not orphaned(tags)
