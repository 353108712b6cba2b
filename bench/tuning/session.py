"""Models one after the other, or side by side: try values until the budget of each is spent."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import click

from bench.hashing import key_of
from bench.protocol.protocols import VALIDATION
from bench.protocol.task import Task
from bench.records.folder import Results
from bench.records.record import TUNING, Record
from bench.registry.suites import Suite, SuiteRow
from bench.running.describe import Described
from bench.running.display import Display
from bench.running.executors.choose import executor_for
from bench.running.executors.executor import Ended, Errand, Errands
from bench.running.plan import Options, Planned, limits_of, planned
from bench.running.training import Epoch
from bench.space import Space, including, to_plain, words
from bench.text import one_line
from bench.tracking.aside import Tracking
from bench.tuning.search import Budget, Search, Try
from bench.tuning.study import Study
from bench.tuning.trials import Log, Trial


class Tuned(NamedTuple):
    """A row that is to be tuned, and what its model says of itself."""

    row: SuiteRow
    params: dict[str, Any]  # all hyper-parameters; those not searched stay as they are
    declared: Space  # widened where the start lies outside
    needs: Sequence[str] = ()  # of the data


@dataclass(kw_only=True)
class Session:
    """One `bench tune`: models on one task, wherever their trials run."""

    suite: Suite
    task: Task  # see `bench.tuning.run.validation_task`
    budget: Budget
    options: Options
    seed: int
    work: Path
    place: Results  # of the studies
    tracking: Tracking
    records: list[Record] = field(default_factory=list)  # of the trials made here

    def __post_init__(self) -> None:
        if not self.task.tuning:
            raise ValueError(f"tuning needs a task without test items, not {self.task.protocol}")

    def tune(self, rows: Sequence[Tuned], over: Callable[[], object] = lambda: None) -> list[Log]:
        """Spend the budget of each row; what came of all.

        One model comes after the other, as far as there are not places for several.

        Args:
            rows: the models, with the values to start from.
            over: called when a study is over.

        Raises:
            KeyboardInterrupt: the user ended it; trials are kept as interrupted.
        """
        tasks = {self.task.protocol: self.task}
        executor = executor_for(self.options, tasks, self.work, click.echo)
        searches: list[Search] = []
        made: dict[int, tuple[Search, Try]] = {}  # by the errand
        with (
            executor,
            Display(len(rows), self.options.shown_on, places=executor.places) as display,
        ):
            coming = self._searches(rows, executor.places, searches)
            errands = self._errands(coming, executor.places, made, display, over)
            try:
                for event in executor.results(errands):
                    if isinstance(event, Ended):
                        search, attempt = made.pop(id(event.errand))
                        (measured,) = event.measured
                        display.leave(attempt.planned.cell)
                        before = len(search.log().trials)
                        outcome = search.end(attempt, measured.record)
                        self._track(measured.record, outcome, attempt.heard)
                        _say(search.log(), before, display)
            finally:  # also when the user ends it
                for search in searches:
                    search.interrupt()
        return [search.log() for search in searches]

    def _searches(
        self, rows: Sequence[Tuned], places: int, begun: list[Search]
    ) -> Iterator[Search]:
        """The study of each row, opened when it is its turn."""
        for each in rows:
            begun.append(self._search(each, max(1, places // len(rows))))
            yield begun[-1]

    def _errands(
        self,
        coming: Iterator[Search],
        places: int,
        made: dict[int, tuple[Search, Try]],
        display: Display,
        over: Callable[[], object],
    ) -> Errands:
        """The next trial of the first study that has one, of as many studies as there are places.

        That is None while all of them wait for trials that are under way.
        """

        def goes_on(search: Search) -> bool:
            if search.over():
                display.count()
                over()
                return False
            return True

        going: list[Search] = []
        while True:
            going = list(filter(goes_on, going))
            going += islice(filter(goes_on, coming), places - len(going))
            if not going:
                return
            found = ((each, each.next()) for each in going)
            search, attempt = next(((s, a) for s, a in found if a is not None), (going[0], None))
            if attempt is None:
                yield None
                continue
            errand = self._errand(attempt, display)
            made[id(errand)] = search, attempt
            yield errand

    def _errand(self, attempt: Try, display: Display) -> Errand:
        shown = display.begin(attempt.planned.cell)

        def hear(kind: str, value: Any) -> None:
            attempt.hear(kind, value)
            shown(kind, value)

        limits = limits_of(attempt.planned, self.suite, self.options)
        return Errand(
            planned=[attempt.planned],
            limits=attempt.begin(limits),
            clocked=False,
            hear=hear,
            prune=attempt.attempt.pruning,
        )

    def _search(self, tuned: Tuned, most: int) -> Search:
        row, params = tuned.row, tuned.params
        name = row.label or row.model
        space = including(tuned.declared, params)
        study = Study(
            self.place.study_file(name),
            key_of({"cell": self._planned(tuned, params).key, "space": to_plain(space)}),
            Log(
                name=name,
                model=row.model,
                dataset=self.task.dataset,
                protocol=self.task.protocol,
                seed=self.seed,
                budget=self.budget.seconds,
                searched=words(space) if space else "",
                chosen=[name for name in params if name in space or name in row.params],
                suite=self._measured_by(),
            ),
            space,
            params,
        )
        return Search(study, self.budget, params, partial(self._planned, tuned), most)

    def _measured_by(self) -> dict[str, Any]:
        suite = self.suite
        facts = {
            "dataset": suite.dataset,
            "protocol": suite.protocol.removesuffix(VALIDATION),
            "min_rating": suite.min_rating,
            "eval_users": suite.eval_users,
        }
        return {name: value for name, value in facts.items() if value is not None}

    def _track(self, record: Record, trial: Trial, heard: list[Epoch]) -> None:
        """Keep the record beside the studies, and log it to MLflow; no budget pays for that."""
        record = replace(
            record,
            reason=trial.reason,
            curve=record.curve or [epoch._asdict() for epoch in heard],
            suite=f"{TUNING}{self.suite.name or record.cell.name}",
            invocation=self.tracking.invocation,
        )
        self.records.append(record)
        self.place.save(record)
        self.tracking.log(record)

    def _planned(self, tuned: Tuned, params: dict[str, Any]) -> Planned:
        where = (self.task, self.options.device, self.options.threads)
        described = Described("ok", params, needs=tuned.needs)
        return planned(tuned.row, described, self.seed, *where)


def _say(log: Log, before: int, display: Display) -> None:
    """Tell of the trials that count since so many did."""
    for place in range(before, len(log.trials)):
        so_far = replace(log, trials=log.trials[: place + 1])
        last, best = so_far.trials[-1], so_far.best()
        found = f"NDCG@10 {last.value:.4f}" if last.status == "ok" else last.reason or last.status
        ahead = f", best {best.value:.4f}" if best else ""
        display.line(
            f"{one_line(log.name)} trial {last.number}: {found}{ahead},"
            f" {so_far.spent / 60:.3g} of {log.budget / 60:.3g} min"
        )
