"""Optuna's part of tuning: the next values to try, when to give a trial up, all kept in SQLite.

The sampler is TPE (Bergstra et al., NeurIPS 2011), seeded anew for each trial by the number of
trials before it, so that a study that was interrupted proposes what it would have proposed.

A trial is pruned when its best look at validation so far is among the worst quarter of what the
completed trials had at the same epoch. It is the median stopping rule (Golovin et al., KDD 2017,
section 3.2.2), but gentler: only survivors are completed, so that their median would soon leave
nothing but copies of the best.

Trials that are made at the same time are a round. Their values are proposed one after the other,
each as if those before it in the round had come to nothing good (the constant liar of Ginsbourger
et al., 2010, as Optuna's sampler has it), and they are pruned by the trials of earlier rounds
alone. So a study depends on the size of its rounds, and not on which of their trials ends first.
"""

import json
import logging
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import optuna
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)
from optuna.trial import FrozenTrial, TrialState

from bench.running.training import Epoch
from bench.space import Choice, Number, Range, Space
from bench.tuning.trials import BadStudy, Log, Trial

logging.getLogger("optuna").setLevel(logging.ERROR)

KEPT = 75.0  # percent of the completed trials that one must be among to go on
COMPLETED_FIRST = 5  # trials before any is pruned, and that must have come as far
FIRST_EPOCH = 5  # that a trial can be pruned at


def _kept_epoch(number: int) -> bool:
    """Epochs 1 to 10 are kept, then every fifth: each costs milliseconds of the disk's time."""
    return number <= 10 or number % 5 == 0


class Pruning:
    """Gives a trial up by what the trials had come to that were completed before it began.

    It can be handed to other threads and processes, as long as it has not been asked.
    """

    def __init__(self, completed: Sequence[FrozenTrial]) -> None:
        self._looks = [dict(trial.intermediate_values) for trial in completed]
        self._trial: optuna.Trial | None = None

    def __call__(self, epoch: Epoch) -> str:
        """Why the trial is given up at this epoch; "" where it goes on."""
        if epoch.validation is None or not _kept_epoch(epoch.number):
            return ""
        self._trial = self._trial or self._begun()
        self._trial.report(epoch.validation, epoch.number)
        worse = self._trial.should_prune()
        return f"pruned at epoch {epoch.number}: in the worst quarter there" if worse else ""

    def _begun(self) -> optuna.Trial:
        study = optuna.create_study(direction="maximize", pruner=_pruner())
        for looks in self._looks:  # the pruner sees no values
            study.add_trial(optuna.trial.create_trial(value=0.0, intermediate_values=looks))
        return study.ask()


def _pruner() -> optuna.pruners.BasePruner:
    return optuna.pruners.PercentilePruner(
        KEPT, COMPLETED_FIRST, FIRST_EPOCH, n_min_trials=COMPLETED_FIRST
    )


class Attempt:
    """A trial that is being made."""

    def __init__(
        self, study: optuna.Study, trial: optuna.Trial, params: dict[str, Any], pruning: Pruning
    ) -> None:
        self.number = trial.number
        self.params = params  # the proposed values alone
        self.pruning = pruning
        self._study, self._trial = study, trial

    def look(self, epoch: int, value: float, seconds: float) -> None:
        """Keep a look at validation, and what was spent by then."""
        if _kept_epoch(epoch):
            self._trial.report(value, epoch)
            self._trial.set_user_attr("seconds", seconds)  # a killed process cannot say it any more

    def keep(self, outcome: Trial) -> None:
        """Keep how the trial ended; it counts for others when it is settled."""
        for name in ("status", "reason", "params", "figures", "seconds"):
            self._trial.set_user_attr(name, getattr(outcome, name))

    def settle(self) -> None:
        """Let it count."""
        _settle(self._study, self.number)


def _settle(study: optuna.Study, number: int) -> None:
    """Close a trial by how it is kept; one of which nothing is kept counts as interrupted."""
    found = _trial(study.trials[number])
    if found.status == "ok":
        study.tell(number, found.value)
    else:
        pruned = found.status == "pruned"
        study.tell(number, state=TrialState.PRUNED if pruned else TrialState.FAIL)


class Study:
    """The trials of one model, in a file; the same key goes on where it stopped.

    Args:
        path: of the database. A study with another key is begun beside the others in it.
        key: changes with whatever makes figures not comparable.
        log: what it is about; its trials do not count.
        space: for the hyper-parameters. It includes the start.
        start: the values of the first trial.
    """

    def __init__(
        self, path: Path, key: str, log: Log, space: Space, start: Mapping[str, Any]
    ) -> None:
        self._space, self._start, self._seed = space, start, log.seed
        path.parent.mkdir(parents=True, exist_ok=True)
        with _readable(path):
            self._study = optuna.create_study(
                study_name=key,
                storage=_storage(path),
                direction="maximize",
                load_if_exists=True,
            )
            facts = {**vars(log), "opened": datetime.now(UTC).isoformat()}
            del facts["trials"]
            for name, value in facts.items():
                if self._study.user_attrs.get(name) != value:
                    self._study.set_user_attr(name, value)
            self._release()

    def _release(self) -> None:
        """Close the trials that a killed process left open."""
        for trial in self._study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
            _settle(self._study, trial.number)

    def log(self) -> Log:
        """All that was tried so far."""
        return _log(self._study)

    def begin(self, count: int = 1) -> list[Attempt]:
        """The next values: first those to start from, then what the sampler proposes.

        Args:
            count: of trials that are made at the same time. None of them knows of the others but
                their values, so that it does not matter which ends first.
        """
        completed = self._study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
        settled = len(self.log().settled)
        return [self._begin(settled, place, completed) for place in range(count)]

    def _begin(self, settled: int, place: int, completed: Sequence[FrozenTrial]) -> Attempt:
        self._study.sampler = optuna.samplers.TPESampler(seed=self._seed + settled + place)
        start = {name: self._start[name] for name in self._space}
        waiting = self._study.get_trials(deepcopy=False, states=(TrialState.WAITING,))
        first = not settled and not place
        if first and not waiting:  # one waits where a process was killed just here
            self._study.enqueue_trial({n: _encode(self._space[n], v) for n, v in start.items()})
        trial = self._study.ask({name: _distribution(r) for name, r in self._space.items()})
        found = {name: _decode(self._space[name], v) for name, v in trial.params.items()}
        return Attempt(self._study, trial, start if first else found, Pruning(completed))


def read(path: Path) -> Log | None:
    """The study of a file that was worked at last; None when it holds none.

    Raises:
        BadStudy: the file is not one of ours.
    """
    with _readable(path):
        studies = optuna.study.get_all_study_summaries(storage=_storage(path))
        whole = [study for study in studies if "opened" in study.user_attrs]  # it is written last
        if not whole:
            return None
        newest = max(whole, key=lambda study: str(study.user_attrs["opened"]))
        return _log(optuna.load_study(study_name=newest.study_name, storage=_storage(path)))


def _storage(path: Path) -> optuna.storages.RDBStorage:
    return optuna.storages.RDBStorage(f"sqlite:///{path}")


@contextmanager
def _readable(path: Path) -> Iterator[None]:
    try:
        if path.exists():
            with closing(sqlite3.connect(path)) as database:
                database.execute("PRAGMA schema_version").fetchone()
        yield
    except (sqlite3.DatabaseError, optuna.exceptions.StorageInternalError, KeyError) as error:
        raise BadStudy(f"{path}: not a study of bench tune: {error}") from error


def _log(study: optuna.Study) -> Log:
    known = study.user_attrs
    facts = {name: known[name] for name in Log.__dataclass_fields__ if name != "trials"}
    trials = study.get_trials(deepcopy=False)
    ended = [trial for trial in trials if trial.state.is_finished()]
    return Log(**facts, trials=tuple(_trial(trial) for trial in ended))


def _trial(trial: FrozenTrial) -> Trial:
    known = {k: v for k, v in trial.user_attrs.items() if k in Trial.__dataclass_fields__}
    known = {"status": "interrupted", "params": {}} | known
    return Trial(number=trial.number, looks=dict(trial.intermediate_values), **known)


def _distribution(each: Range) -> BaseDistribution:
    if isinstance(each, Choice):
        return CategoricalDistribution([_encode(each, value) for value in each.values])
    if isinstance(each, Number):
        return FloatDistribution(each.low, each.high, log=each.log)
    return IntDistribution(each.low, each.high, log=each.log)


def _encode(each: Range, value: Any) -> Any:
    """A value as Optuna keeps it: a choice as JSON text, as it takes no lists."""
    return json.dumps(value) if isinstance(each, Choice) else value


def _decode(each: Range, value: Any) -> Any:
    if isinstance(each, Choice):
        return json.loads(value)
    return float(f"{value:.3g}") if isinstance(each, Number) else value
