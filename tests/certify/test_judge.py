"""Judging a law: ranks that are equal, rounding, and tolerances that a model declares."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from cheats import DATA, Good
from made import interactions

from bench.adapter import Adapter, Run, tolerate
from bench.certify.judge import Comparison, check
from bench.certify.under_test import ModelUnderTest
from bench.errors import UnknownName
from bench.interactions import Floats, Ids, Interactions


@dataclass(kw_only=True)
class Drawn(Adapter):
    """Draws by the number of a user."""

    tolerances = tolerate("users", "items", "rows", hit_rate=0.05, why="users draw by number")

    def fit(self, train: Interactions, run: Run) -> None:
        popular = np.bincount(train.items, minlength=train.n_items)
        noise = np.random.default_rng(run.seed).random((train.n_users, train.n_items))
        self._scores = np.float32(popular + 1e-3 * noise)

    def scores(self, users: Ids) -> Floats:
        return self._scores[users]


def test_a_hit_rate_within_the_declared_tolerance() -> None:
    found = check("users", [ModelUnderTest(Drawn, DATA)])
    assert found.status == "tolerance"
    assert found.evidence.endswith("tolerance 0.05: users draw by number")
    assert check("rows", [ModelUnderTest(Drawn, DATA)]).status == "pass"  # declared, and not needed


class GuessesByNumber(Drawn):
    """Knows that user 5 u + n wants item 7 + n."""

    tolerances = tolerate("users", hit_rate=0.05, why="no good one")

    def fit(self, train: Interactions, run: Run) -> None:
        self._scores = np.tile(np.arange(train.n_items, dtype=np.float32), (train.n_users, 1))
        users = np.arange(train.n_users)
        self._scores[users, 7 + users % 5] += 100


def test_a_hit_rate_beyond_the_declared_tolerance() -> None:
    chosen = [(user, item, item) for user in range(25) for item in (5, 6, 7 + user % 5)]
    found = check("users", [ModelUnderTest(GuessesByNumber, interactions(chosen, 25, 40))])
    assert found.status == "fail"
    assert "before 1.000" in found.evidence
    assert found.evidence.endswith("tolerance 0.05: no good one")


@pytest.mark.parametrize(("value", "status"), [(0.05, "tolerance"), (1e-4, "fail")])
def test_scores_within_a_declared_tolerance(value: float, status: str) -> None:
    class Near(Good):
        tolerances = tolerate("items", scores=value, why="ends early")

        def fit(self, train: Interactions, run: Run) -> None:
            super().fit(train, run)
            self._scores += np.linspace(0, 0.01 * self._scores.max(), train.n_items, dtype="f4")

    found = check("items", [ModelUnderTest(Near, DATA)])
    assert found.status == status
    assert found.evidence.endswith(f"tolerance {value:g}: ends early")


@pytest.mark.parametrize(
    "wrong",
    [
        {"why": " ", "scores": 0.01},
        {"why": "so"},
        {"why": "so", "scores": 0.01, "hit_rate": 0.01},
        {"why": "so", "scores": 0.5},
        {"why": "so", "hit_rate": -0.01},
    ],
)
def test_a_tolerance_has_a_reason_and_one_small_figure(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="toler"):
        tolerate("users", **wrong)


def test_tolerances_name_laws_that_have_them() -> None:
    class Misspelt(Good):
        tolerances = tolerate("user", scores=0.01, why="so")

    class OfTheWrongFigure(Good):
        tolerances = tolerate("threads", hit_rate=0.01, why="so")

    with pytest.raises(UnknownName, match="Did you mean 'users'"):
        check("form", [ModelUnderTest(Misspelt, DATA)])
    with pytest.raises(ValueError, match="'threads' takes a tolerance of scores"):
        check("form", [ModelUnderTest(OfTheWrongFigure, DATA)])


def test_rounding_is_told_from_a_change() -> None:
    scores = np.array([[1, 2, 3, 3]], dtype=np.float32)
    nearly = scores + np.array([[0, 0, 0, 2.4e-7]], dtype=np.float32)
    compared = Comparison.of(scores, nearly)
    assert (compared.equal, compared.ranks) == (2, 4)
    assert compared.difference == pytest.approx(1.2e-7, rel=0.01)
    assert Comparison.of(scores, 2 * scores).equal == 4
    assert Comparison.of(scores, -scores).equal == 0
