"""Measure all canaries, in the child process."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from bench.adapter import Adapter, Run
from bench.canaries.models import Told, canaries
from bench.canaries.targets import Target, targets
from bench.evaluation.bounds import margin
from bench.evaluation.evaluate import evaluate
from bench.evaluation.figures import figures
from bench.evaluation.scores import BadScores
from bench.interactions import Interactions
from bench.isolation.worker import Parent
from bench.protocol.task import Cases
from bench.records.canaries import Check
from bench.records.record import HEADLINE
from bench.text import in_one_line

# Scores of one canary, 0.5 GB if they were held at once: above it only some users are ranked.
MOST_SCORES = 1 << 27
REFUSED = "NaN refused"  # the one figure of the canary "nan"


@dataclass(kw_only=True)
class MeasureCanaries:
    """Fit the canaries, then rank the held-out items, which arrive only when all are fitted."""

    train: Interactions
    published: bool  # the negatives, see Task

    def run(self, parent: Parent) -> dict[str, Any]:
        def held_out() -> Cases:
            parent.tell("fitted")
            cases: Cases = parent.ask()
            return cases

        parent.tell("phase", "canaries")
        import_module("bench.evaluation.kernels")  # as for a cell
        found, users = measure_canaries(self.train, self.published, parent.folder, held_out)
        return {
            "users": users,
            "checks": {name: value for name, value in found.items() if not isinstance(value, str)},
            "errors": {name: value for name, value in found.items() if isinstance(value, str)},
        }


def measure_canaries(
    train: Interactions, published: bool, folder: Path, held_out: Callable[[], Cases]
) -> tuple[dict[str, list[Check] | str], int]:
    """The checks of each canary, or what it raised, and the number of users ranked.

    Args:
        train: ordered by user.
        published: the negatives are as published, and not drawn by us.
        folder: of the work.
        held_out: gives the cases; called when all canaries are fitted.
    """
    models = canaries(folder)
    errors: dict[str, str] = {}
    for name, model in models.items():
        try:
            model.fit(train, Run())
        except Exception as error:
            errors[name] = _raised(error)
    cases = some(held_out(), train.n_items)
    wanted = targets(train, cases, published)
    found: dict[str, list[Check] | str] = {}
    for name, model in models.items():
        try:
            found[name] = errors.get(name) or _measure(model, wanted.get(name, {}), train, cases)
        except Exception as error:  # a broken protocol may raise anywhere
            found[name] = _raised(error)
    return found, len(cases.users)


def some(cases: Cases, n_items: int) -> Cases:
    """The cases, or of many an evenly spaced part, so that a large catalogue costs seconds too."""
    most = max(1, MOST_SCORES // n_items)
    if len(cases.users) <= most:
        return cases
    return cases.take(np.linspace(0, len(cases.users) - 1, most).astype(np.int64))


def _measure(
    model: Adapter, wanted: Mapping[str, Target], train: Interactions, cases: Cases
) -> list[Check]:
    if isinstance(model, Told):
        model.tell(cases)  # after fit; no real model is told
    if not wanted:
        return [Check(REFUSED, float(_is_refused(model, train, cases)), 1.0, 0.0)]
    got = figures(evaluate(model, train, cases).ledger)
    checks = [Check(name, got[name], *target) for name, target in wanted.items()]
    for name in HEADLINE:
        if f"{name}_expected" not in wanted:  # as the board demands of every model
            allowed = margin(got[f"{name}_sampling_se"], len(cases.users))
            checks.append(Check(f"{name}_expected", got[f"{name}_expected"], got[name], allowed))
    return checks


def _is_refused(model: Adapter, train: Interactions, cases: Cases) -> bool:
    try:
        evaluate(model, train, cases)
    except BadScores:
        return True
    return False


def _raised(error: Exception) -> str:
    return f"raised {in_one_line(error)}"
