"""Optuna's part of tuning: the next values to try, when to give a trial up, all kept in SQLite.

The sampler is TPE (Bergstra et al., NeurIPS 2011), seeded anew for each trial by the number of
trials before it, so that a study that was interrupted proposes what it would have proposed.

A trial is pruned when its best look at validation so far is among the worst quarter of what the
completed trials had at the same epoch. It is the median stopping rule (Golovin et al., KDD 2017,
section 3.2.2), but gentler: only survivors are completed, so that their median would soon leave
nothing but copies of the best.
"""

import json
import logging
import sqlite3
from collections.abc import Iterator, Mapping
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

from bench.space import Choice, Number, Range, Space
from bench.tuning.trials import BadStudy, Log, Trial

logging.getLogger("optuna").setLevel(logging.ERROR)

KEPT = 75.0  # percent of the completed trials that one must be among to go on
COMPLETED_FIRST = 5  # trials before any is pruned, and that must have come as far
FIRST_EPOCH = 5  # that a trial can be pruned at


class Attempt:
    """A trial that is being made."""

    def __init__(self, study: optuna.Study, trial: optuna.Trial, params: dict[str, Any]) -> None:
        self.number = trial.number
        self.params = params  # the proposed values alone
        self._study, self._trial = study, trial

    def look(self, epoch: int, value: float, seconds: float) -> bool:
        """Keep a look at validation and what was spent by then; True when the trial is pruned.

        Epochs 1 to 10 are kept, then every fifth: each costs milliseconds of the disk's time.
        """
        if epoch > 10 and epoch % 5:
            return False
        self._trial.report(value, epoch)
        self._trial.set_user_attr("seconds", seconds)  # a killed process cannot say it any more
        return self._trial.should_prune()

    def end(self, outcome: Trial) -> None:
        """Keep how the trial ended."""
        for name in ("status", "reason", "params", "figures", "seconds"):
            self._trial.set_user_attr(name, getattr(outcome, name))
        if outcome.status == "ok":
            self._study.tell(self._trial, outcome.value)
        else:
            pruned = outcome.status == "pruned"
            self._study.tell(self._trial, state=TrialState.PRUNED if pruned else TrialState.FAIL)


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
                pruner=optuna.pruners.PercentilePruner(
                    KEPT, COMPLETED_FIRST, FIRST_EPOCH, n_min_trials=COMPLETED_FIRST
                ),
            )
            facts = {**vars(log), "opened": datetime.now(UTC).isoformat()}
            del facts["trials"]
            for name, value in facts.items():
                if self._study.user_attrs.get(name) != value:
                    self._study.set_user_attr(name, value)
            self._release()

    def _release(self) -> None:
        """Close the trial that a killed process left open: it counts as interrupted."""
        for trial in self._study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
            self._study.tell(trial.number, state=TrialState.FAIL)

    def log(self) -> Log:
        """All that was tried so far."""
        return _log(self._study)

    def begin(self) -> Attempt:
        """The next values: first those to start from, then what the sampler proposes."""
        settled = len(self.log().settled)
        self._study.sampler = optuna.samplers.TPESampler(seed=self._seed + settled)
        start = {name: self._start[name] for name in self._space}
        waiting = self._study.get_trials(deepcopy=False, states=(TrialState.WAITING,))
        if not settled and not waiting:  # one waits where a process was killed just here
            self._study.enqueue_trial({n: _encode(self._space[n], v) for n, v in start.items()})
        trial = self._study.ask({name: _distribution(r) for name, r in self._space.items()})
        found = {name: _decode(self._space[name], v) for name, v in trial.params.items()}
        return Attempt(self._study, trial, found if settled else start)


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
