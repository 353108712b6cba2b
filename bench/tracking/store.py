"""MLflow's store as it was left: what of ours stands there, and what it was not told.

A client here is MLflow's, as `bench.tracking.client` opens it; nothing of MLflow is imported.
"""

from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

from bench.records.folder import Results
from bench.tracking import mapping

PAGE = 1000  # MLflow gives no more at once


def ours(client: Any) -> list[Any]:
    """The experiments that bench made in a store that others may use too."""
    found = _pages(lambda token: client.search_experiments(max_results=PAGE, page_token=token))
    return [e for e in found if "bench.dataset" in e.tags]


def ids(experiments: list[Any]) -> list[str]:
    """Of experiments, as a search for runs wants them."""
    return [experiment.experiment_id for experiment in experiments]


def runs(
    client: Any, experiments: list[str], tags: dict[str, str], condition: str = ""
) -> list[Any]:
    """All runs with these tags, newest first."""

    def page(token: str | None) -> Any:
        text = _condition(tags, condition)
        return client.search_runs(
            experiments, text, max_results=PAGE, order_by=NEWEST, page_token=token
        )

    return list(_pages(page)) if experiments else []


def newest(client: Any, experiments: list[str]) -> Any | None:
    """The run that began last, if there is one."""
    if not experiments:
        return None
    found = list(client.search_runs(experiments, "", max_results=1, order_by=NEWEST))
    return found[0] if found else None


NEWEST = ["attributes.start_time DESC"]


def _condition(tags: dict[str, str], more: str) -> str:
    wanted = [f"tags.`{name}` = '{value}'" for name, value in tags.items()]
    return " and ".join([*wanted, more] if more else wanted)


def _pages(page: Callable[[str | None], Any]) -> Iterator[Any]:
    token: str | None = None
    while True:
        found = page(token)
        yield from found
        token = found.token
        if not token:
            return


def parents(client: Any, experiments: list[str], invocation: str) -> list[Any]:
    """The run of an invocation in each experiment that has one.

    A request that the server heard only after the client had given it up leaves another, with no
    cells below it: that one goes.
    """
    tags = {"bench.invocation": invocation or mapping.UNKNOWN}
    found: dict[str, list[Any]] = {}
    for run in runs(client, experiments, {"kind": "invocation", **tags}):
        found.setdefault(run.info.experiment_id, []).append(run)
    for experiment, several in found.items():
        if len(several) > 1:
            cells = runs(client, [experiment], {"kind": "cell", **tags})
            used = {run.data.tags.get("mlflow.parentRunId") for run in cells}
            several.sort(key=lambda run: run.info.run_id not in used)
            for run in several[1:]:
                client.delete_run(run.info.run_id)
    return [several[0] for several in found.values()]


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
