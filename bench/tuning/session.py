"""One model after the other: try values until the budget is spent."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from time import monotonic
from typing import Any

import click

from bench.hashing import key_of
from bench.isolation.process import Limits
from bench.protocol.protocols import VALIDATION
from bench.protocol.task import Task
from bench.records.folder import Results
from bench.records.record import TUNING, Record
from bench.records.timings import CPU
from bench.registry.suites import Suite, SuiteRow
from bench.running import cell as cells
from bench.running.describe import Described
from bench.running.display import Display
from bench.running.plan import Options, Planned, limits_of, planned
from bench.running.training import Epoch
from bench.space import Space, including, to_plain, words
from bench.text import one_line
from bench.tracking.aside import Tracking
from bench.tuning.study import Study
from bench.tuning.trials import Log, Trial

FAILURES = 5  # without any success, after which a model is given up


@dataclass(frozen=True, kw_only=True)
class Budget:
    """What each model may use, over all sessions of its study."""

    seconds: float  # of CPU time; on a GPU on the wall's clock. All that a trial costs counts
    trials: int | None = None  # that settle


@dataclass(kw_only=True)
class Session:
    """One `bench tune`: model after model, on one machine and one task."""

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

    def tune(
        self, row: SuiteRow, params: dict[str, Any], declared: Space, needs: Sequence[str] = ()
    ) -> Log:
        """Spend the budget of one row.

        Args:
            row: the model, with the values to start from.
            params: all its hyper-parameters; those not searched stay as they are.
            declared: its search space, widened where the start lies outside.
            needs: what the model needs of the data.

        Raises:
            KeyboardInterrupt: the user ended it; the trial is kept as interrupted.
        """
        name = row.label or row.model
        self._needs = needs
        space = including(declared, params)
        study = Study(
            self.place.study_file(name),
            self._key(row, params, space),
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
        while self._goes_on(log := study.log()):
            self._trial(study, row, params, self.budget.seconds - log.spent)
            self._say(study.log())
        return study.log()

    def _measured_by(self) -> dict[str, Any]:
        suite = self.suite
        facts = {
            "dataset": suite.dataset,
            "protocol": suite.protocol.removesuffix(VALIDATION),
            "min_rating": suite.min_rating,
            "eval_users": suite.eval_users,
        }
        return {name: value for name, value in facts.items() if value is not None}

    def _goes_on(self, log: Log) -> bool:
        hopeless = len(log.settled) >= FAILURES and not log.best()
        enough = self.budget.trials is not None and len(log.settled) >= self.budget.trials
        return not (hopeless or enough or log.exhausted or log.spent >= self.budget.seconds)

    def _trial(self, study: Study, row: SuiteRow, params: dict[str, Any], left: float) -> None:
        began = monotonic()
        attempt = study.begin()
        chosen = params | attempt.params
        heard: list[Epoch] = []

        def prune(epoch: Epoch) -> str:
            heard.append(epoch)
            if epoch.validation is None:
                return ""
            worse = attempt.look(epoch.number, epoch.validation, monotonic() - began)
            return f"pruned at epoch {epoch.number}: in the worst quarter there" if worse else ""

        cell = self._planned(row, chosen)
        limits = self._until_spent(cell, left)
        outcome = Trial(number=attempt.number, status="interrupted", params=chosen)
        spent: float | None = None  # CPU seconds, where they count and are known
        try:
            with Display(1, self.options.shown_on) as display:
                display.begin(cell.cell)
                came = cells.measure(cell, self.task, limits, self.work, display, prune)
            record = came.record
            spent = record.timings.get(CPU) if cell.cell.device == "cpu" else None
            outcome = replace(
                outcome, status=record.status, reason=record.reason, figures=record.metrics
            )
        finally:  # also when the user ends it
            seconds = monotonic() - began if spent is None else spent
            if outcome.status == "timeout" and seconds >= left:
                why = "stopped at the end of the budget"
                outcome = replace(outcome, status="budget", reason=why)
            attempt.end(replace(outcome, seconds=seconds))
        self._track(record, outcome, heard)

    def _until_spent(self, cell: Planned, left: float) -> Limits:
        """What a trial may use, when so many seconds of the budget are left."""
        limits = limits_of(cell, self.suite, self.options)
        if cell.cell.device == "cpu":
            return replace(limits, cpu_seconds=left)
        return replace(limits, seconds=min(limits.seconds, left))

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

    def _planned(self, row: SuiteRow, params: dict[str, Any]) -> Planned:
        where = (self.task, self.options.device, self.options.threads)
        return planned(row, Described("ok", params, needs=self._needs), self.seed, *where)

    def _key(self, row: SuiteRow, params: dict[str, Any], space: Space) -> str:
        """16 hex digits that change with anything that may change what a trial gives."""
        return key_of({"cell": self._planned(row, params).key, "space": to_plain(space)})

    def _say(self, log: Log) -> None:
        last, best = log.trials[-1], log.best()
        found = f"NDCG@10 {last.value:.4f}" if last.status == "ok" else last.reason or last.status
        so_far = f", best {best.value:.4f}" if best else ""
        click.echo(
            f"{one_line(log.name)} trial {last.number}: {found}{so_far},"
            f" {log.spent / 60:.3g} of {log.budget / 60:.3g} min"
        )
