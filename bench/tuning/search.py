"""The search for one model's values, round after round of trials, until the budget is spent."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from time import monotonic
from typing import Any

from bench.isolation.process import Limits
from bench.records.record import Record
from bench.records.timings import CPU
from bench.running.executors.executor import NODE
from bench.running.plan import Planned
from bench.running.training import Epoch
from bench.tuning.study import Attempt, Study
from bench.tuning.trials import Log, Trial, TrialStatus

FAILURES = 5  # without any success, after which a model is given up


@dataclass(frozen=True, kw_only=True)
class Budget:
    """What each model may use, over all sessions of its study."""

    seconds: float  # of CPU time; on a GPU on the wall's clock. All that a trial costs counts
    trials: int | None = None  # that settle


@dataclass(kw_only=True)
class Try:
    """A trial that is under way, or about to be."""

    attempt: Attempt
    planned: Planned
    seconds: float  # of the budget that it may take
    began: float = field(default_factory=monotonic)
    heard: list[Epoch] = field(default_factory=list)

    @property
    def by_cpu_time(self) -> bool:
        """Whether CPU time counts; on a GPU it would tell little."""
        return self.planned.cell.device == "cpu"

    def begin(self, limits: Limits) -> Limits:
        """It starts now; what it may use, of what any cell may."""
        self.began = monotonic()
        if self.by_cpu_time:
            return replace(limits, cpu_seconds=self.seconds)
        return replace(limits, seconds=min(limits.seconds, self.seconds))

    def spent(self, record: Record | None = None) -> float:
        """Seconds of the budget, where they are known from its record; else on the wall's clock."""
        known = record.timings.get(CPU) if record and self.by_cpu_time else None
        return monotonic() - self.began if known is None else known

    def hear(self, kind: str, value: Any) -> None:
        """Keep each epoch that its process tells of; on another node it begins anew."""
        if kind == NODE:
            self.began, self.heard = monotonic(), []
        elif kind == "epoch":
            self.heard.append(value)
            if value.validation is not None:
                self.attempt.look(value.number, value.validation, monotonic() - self.began)


class Search:
    """One study, and the trials of it that are under way."""

    def __init__(
        self,
        study: Study,
        budget: Budget,
        params: dict[str, Any],
        plan: Callable[[dict[str, Any]], Planned],
        most: int = 1,
    ) -> None:
        """Nothing is begun yet.

        Args:
            study: what was tried before.
            budget: of all its trials.
            params: all hyper-parameters; those not searched stay as they are.
            plan: the cell of some values.
            most: trials at a time.
        """
        self._study, self._budget, self._params, self._plan = study, budget, params, plan
        self._most = most
        self._waiting: list[Try] = []
        self._open: list[Try] = []
        self._ended: list[Try] = []  # in this round

    def log(self) -> Log:
        """All that was tried so far."""
        return self._study.log()

    def over(self) -> bool:
        """Whether nothing more will be tried."""
        if self._waiting or self._open:
            return False
        log = self.log()
        hopeless = len(log.settled) >= FAILURES and not log.best()
        enough = self._budget.trials is not None and len(log.settled) >= self._budget.trials
        return hopeless or enough or log.exhausted or log.spent >= self._budget.seconds

    def next(self) -> Try | None:
        """A trial to make; None before those under way have ended."""
        if not self._waiting and not self._open:
            self._begin_round()
        if not self._waiting:
            return None
        self._open.append(self._waiting.pop(0))
        return self._open[-1]

    def _begin_round(self) -> None:
        """So many trials that each can take as long as the longest so far; first one alone."""
        log = self.log()
        left = self._budget.seconds - log.spent
        count = 1
        if log.settled:
            longest = max(trial.seconds for trial in log.settled)
            count = min(self._most, max(1, int(left / max(longest, 1e-3))))
        if self._budget.trials is not None:
            count = min(count, self._budget.trials - len(log.settled))
        self._ended = []
        for attempt in self._study.begin(count):
            planned = self._plan(self._params | attempt.params)
            self._waiting.append(Try(attempt=attempt, planned=planned, seconds=left / count))

    def end(self, made: Try, record: Record) -> Trial:
        """Keep how a trial ended. Once all of its round have, they count, in their order."""
        status: TrialStatus = record.status
        reason, seconds = record.reason, made.spent(record)
        if status == "timeout" and seconds >= made.seconds:
            status, reason = "budget", "stopped at the end of the budget"
        outcome = replace(
            self._outcome(made),
            status=status,
            reason=reason,
            figures=record.metrics,
            seconds=seconds,
        )
        self._close(made, outcome)
        if not self._open and not self._waiting:
            self._settle()
        return outcome

    def interrupt(self) -> None:
        """Keep that what is under way was ended by the user."""
        for made in list(self._open):
            self._close(made, self._outcome(made))
        self._ended += self._waiting
        self._waiting = []
        self._settle()

    def _outcome(self, made: Try) -> Trial:
        return Trial(
            number=made.attempt.number,
            status="interrupted",
            params=self._params | made.attempt.params,
            seconds=made.spent(),
        )

    def _close(self, made: Try, outcome: Trial) -> None:
        made.attempt.keep(outcome)
        self._open.remove(made)
        self._ended.append(made)

    def _settle(self) -> None:
        for made in sorted(self._ended, key=lambda each: each.attempt.number):
            made.attempt.settle()
        self._ended = []
