"""The log of a study: what was tried for one model, what it cost and what came out."""

from dataclasses import dataclass, field
from typing import Any, Literal

from bench.errors import Problem

OBJECTIVE = "ndcg_at_10_expected"  # NDCG@10 averaged over all draws of negatives: no sampling noise
TrialStatus = Literal[
    "ok", "pruned", "failed", "timeout", "oom", "killed", "skipped", "budget", "interrupted"
]
CUT_OFF = ("budget", "interrupted")  # no fault of the values: they are tried again when it goes on


class BadStudy(Problem, ValueError):
    """A file that is no study of ours."""


@dataclass(frozen=True, kw_only=True)
class Trial:
    """One attempt at values for the hyper-parameters."""

    number: int  # from 0
    status: TrialStatus
    params: dict[str, Any]  # every hyper-parameter of the model
    seconds: float = 0.0  # of the budget, process start and validation included
    reason: str = ""  # one line: why the status is not ok
    figures: dict[str, float] = field(default_factory=dict)  # on the validation items, when ok
    looks: dict[int, float] = field(default_factory=dict)  # validation HR@10 by epoch, some epochs

    @property
    def value(self) -> float:
        """What the study makes as large as it can."""
        return self.figures[OBJECTIVE]


@dataclass(frozen=True, kw_only=True)
class Log:
    """All trials of one model on one data set."""

    name: str  # of the row: the model, or its label
    model: str
    dataset: str
    protocol: str  # that the trials were judged by
    seed: int
    budget: float  # seconds
    searched: str  # the space, for people to read; "" when there is nothing to search
    chosen: list[str] = field(default_factory=list)  # hyper-parameters that were searched or given
    suite: dict[str, Any] = field(default_factory=dict)  # what a suite to measure it must say
    trials: tuple[Trial, ...] = ()

    @property
    def spent(self) -> float:
        """Seconds of the budget that are used up."""
        return sum(trial.seconds for trial in self.trials)

    @property
    def settled(self) -> tuple[Trial, ...]:
        """The trials that came to an end of their own."""
        return tuple(trial for trial in self.trials if trial.status not in CUT_OFF)

    @property
    def exhausted(self) -> bool:
        """Whether nothing is left to try: without a search space, one trial is all."""
        return not self.searched and bool(self.settled)

    def steps(self) -> list[tuple[float, Trial]]:
        """Each trial that was the best so far, with the seconds spent when it was known."""
        found: list[tuple[float, Trial]] = []
        spent = 0.0
        for trial in self.trials:
            spent += trial.seconds
            if trial.status == "ok" and (not found or trial.value > found[-1][1].value):
                found.append((spent, trial))
        return found

    def best(self) -> Trial | None:
        """The best trial of all; the earlier of two equal ones."""
        steps = self.steps()
        return steps[-1][1] if steps else None

    def known_at(self, seconds: float) -> bool:
        """Whether so much time was spent, or nothing was left to try before."""
        return self.spent >= seconds or self.exhausted

    def best_within(self, seconds: float) -> Trial | None:
        """What was best after so much time; None before there was any, or when it is not known."""
        if not self.known_at(seconds):
            return None
        found = [trial for spent, trial in self.steps() if spent <= seconds]
        return found[-1] if found else None
