"""Models over several data sets, by users' wins within each."""

from pathlib import Path

import numpy as np
import pytest
from measured_models import write_models

from bench.compare.selection import NoSection
from bench.compare.several import Field, fields_of, ranking
from bench.compare.several_text import ranking_text
from bench.errors import UnknownName


def field(name: str, **shares: float) -> Field:
    """A data set of 400 users; of two models the one with the larger share wins more."""
    rng = np.random.default_rng(len(name))
    values = np.stack([(rng.random(400) < share).astype(float) for share in shares.values()])
    return Field(name, tuple(shares), values + rng.random(values.shape) / 10)


def test_each_data_set_counts_the_same_whatever_its_size_and_figures() -> None:
    # a is better for 3 of 4 users of the small one, b for 3 of 4 of the large one.
    small = Field("small", ("a", "b"), np.tile([[0.9, 0.9, 0.9, 0.1], [0.8, 0.8, 0.8, 0.9]], 5))
    large = Field("large", ("a", "b"), np.tile([[0.1, 0.1, 0.1, 0.3], [0.2, 0.2, 0.2, 0.1]], 500))
    found = ranking([small, large], "ndcg")
    assert [round(each.value, 9) for each in found.strengths] == [0, 0]
    assert found.strengths[0].low < -0.1 and found.strengths[0].high > 0.1


def test_a_tie_is_half_a_win_of_each() -> None:
    # a wins half of the users, and the other half is equal: 75 % in all.
    one = Field("one", ("a", "b"), np.tile([[0.2, 0.5], [0.1, 0.5]], 100))
    two = Field("two", ("a", "b"), one.values)
    found = ranking([one, two], "ndcg")
    assert found.strengths[0].value - found.strengths[1].value == pytest.approx(np.log(3), abs=1e-6)


def test_intervals_hold_what_they_should() -> None:
    held = 0
    for seed in range(30):
        rng = np.random.default_rng(seed)
        fields = [
            Field(name, ("a", "b"), np.where(rng.random((1, 150)) < 0.6, [[1], [0]], [[0], [1]]))
            for name in ("one", "two")
        ]
        first = next(each for each in ranking(fields, "ndcg").strengths if each.model == "a")
        held += first.low <= np.log(0.6 / 0.4) / 2 <= first.high
    assert held >= 25  # of 28.5 expected; fewer have a probability of 2 %


def test_a_model_of_one_data_set_is_left_out_and_named() -> None:
    found = ranking([field("x", a=0.5, b=0.4, c=0.3), field("y", a=0.5, b=0.4)], "ndcg")
    assert {each.model for each in found.strengths} == {"a", "b"}
    assert found.alone == ("c",)
    assert "Left out, in one data set alone: c." in ranking_text(found)


def test_models_that_are_in_some_of_the_data_sets_are_ranked_too() -> None:
    fields = [field("x", a=0.9, b=0.5), field("yy", b=0.5, c=0.1), field("zzz", a=0.9, c=0.1)]
    found = ranking(fields, "ndcg")
    assert [(each.model, each.fields) for each in found.strengths] == [("a", 2), ("b", 2), ("c", 2)]
    assert found.strengths[0].best_place == found.strengths[0].worst_place == 1
    assert "a is the strongest." in ranking_text(found)


def test_equals_are_called_equals() -> None:
    found = ranking([field("x", a=0.5, b=0.5), field("yyy", a=0.5, b=0.5)], "ndcg")
    assert "Which is the strongest is open among" in ranking_text(found)


def test_what_cannot_be_ranked_is_refused() -> None:
    one = field("x", a=0.5, b=0.4)
    with pytest.raises(NoSection, match="two or more; this is one"):
        ranking([one], "ndcg")
    with pytest.raises(NoSection, match="share 1 model;"):
        ranking([one, field("y", a=0.5, c=0.4)], "ndcg")
    with pytest.raises(UnknownName, match="unknown model 'A'"):
        ranking([one, one], "ndcg", only=["A"])


def test_the_same_data_twice_are_refused(tmp_path: Path) -> None:
    places = [list(range(20)), list(range(20))]
    one = write_models(tmp_path / "one", {"a": places})
    two = write_models(tmp_path / "two", {"a": places})
    other = write_models(tmp_path / "other", {"a": places}, split_sha256="t")
    assert len(fields_of([one, other], "ndcg")) == 2
    with pytest.raises(NoSection, match=r"one .* and .*two .* have the same data and split"):
        fields_of([one, two], "ndcg")
    with pytest.raises(NoSection, match="is given twice"):
        fields_of([one, one], "ndcg")
