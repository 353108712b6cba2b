"""Two models on the same users: what is found, for whom, and what would settle it."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from measured_models import ledger_of, write_models
from scipy import stats
from statsmodels.stats.multitest import multipletests

from bench.compare.pair import SameModel, pair
from bench.compare.pair_text import pair_json, pair_text
from bench.compare.strata import Grouping
from bench.evaluation.metrics import hit_rates
from bench.leaderboard.write import board_of
from bench.statistics.aligned import Aligned, Fits, load_aligned

USERS = 300


def aligned(folder: Path, **models: list[list[int]]) -> Aligned:
    results = write_models(folder, models)
    rows = board_of(results)[0].rows
    return load_aligned(
        results, {name: r.records for name in models for r in rows if r.model == name}
    )


def places(seed: int, scale: float, users: int = USERS) -> list[int]:
    draws = np.random.default_rng(seed).exponential(scale, users)
    return [int(place) for place in np.minimum(draws, 990)]


def thirds() -> Grouping:
    groups = np.arange(USERS) % 3
    groups[:4] = 3
    labels = ("a", "b", "c", "few")
    return Grouping(name="thirds", labels=labels, stem="for", endings=labels, groups=groups)


def test_strata_are_tested_as_scipy_and_statsmodels_do(tmp_path: Path) -> None:
    both = aligned(tmp_path, one=[places(1, 100)], other=[places(2, 140)])
    found = pair(both, "full_hr_at_10", {"thirds": thirds()})
    first, second = (hit_rates(fits.ledgers[0].full, 10) for fits in both.fits)
    assert found.difference.p == pytest.approx(stats.ttest_rel(first, second).pvalue)
    groups = thirds().groups
    p = [stats.ttest_rel(first[groups == g], second[groups == g]).pvalue for g in range(3)]
    adjusted = multipletests(p, method="holm")[1]
    assert [each.p for each in found.strata] == [*map(pytest.approx, adjusted), None]
    assert [each.users for each in found.strata] == [98, 99, 99, 4]
    assert found.strata[3].difference is None


@settings(max_examples=25)
@given(users=st.integers(20, 60), scale=st.floats(1, 200))
def test_the_other_way_round_it_is_the_same_with_the_other_sign(users: int, scale: float) -> None:
    ledgers = [ledger_of(places(1, scale, users)), ledger_of(places(2, 100, users))]
    fits = [Fits(name, (), (each,)) for name, each in zip("ab", ledgers, strict=True)]
    ids = ledgers[0].user_ids, ledgers[0].item_ids
    one = pair(Aligned((fits[0], fits[1]), *ids), "exact_ndcg_at_10")
    other = pair(Aligned((fits[1], fits[0]), *ids), "exact_ndcg_at_10")
    assert one.difference.mean == pytest.approx(-other.difference.mean)
    assert one.difference.p == pytest.approx(other.difference.p)
    assert one.difference.first_better == other.difference.second_better
    assert one.users_needed == other.users_needed
    by_user = {each.user: each.difference for each in one.examples}
    assert all(by_user[each.user] == -each.difference for each in other.examples)


def test_the_examples_are_those_who_differ_most(tmp_path: Path) -> None:
    mine, theirs = [500] * USERS, [500] * USERS
    mine[7], theirs[7] = 0, 900
    mine[9], theirs[9] = 900, 0
    theirs[11] = 1
    found = pair(aligned(tmp_path, a=[mine], b=[theirs]), "full_ndcg_at_10")
    assert [(each.user, each.item) for each in found.examples] == [(8, 107), (10, 109), (12, 111)]
    assert [each.first_place for each in found.examples] == [1, 901, 501]
    assert [each.second_place for each in found.examples] == [901, 1, 2]


def test_users_set_the_limit_where_seeds_agree(tmp_path: Path) -> None:
    one = places(3, 100)
    other = [*places(4, 100)]
    found = pair(aligned(tmp_path, a=[one] * 3, b=[other] * 3), "exact_ndcg_at_10")
    assert not found.significant
    assert found.seeds_needed is None
    assert found.users_needed > USERS
    text = pair_text(found, "d, p", [])
    assert "no number of seeds: the users set the limit" in text
    assert "One fit" not in text


def test_seeds_settle_what_they_make_unsure(tmp_path: Path) -> None:
    # All users of a fit rise and fall together, and a is better by little but for everybody.
    levels = [100, 90, 115]
    a = [[level - 12 + u % 3 for u in range(USERS)] for level in levels]
    b = [[level + u % 3 for u in range(USERS)] for level in levels[::-1]]
    found = pair(aligned(tmp_path, a=a, b=b), "exact_ndcg_at_10")
    assert not found.significant
    assert found.seeds_needed is not None and found.seeds_needed > 3
    assert found.users_needed < USERS
    said = f"{found.seeds_needed} seeds of each, if the difference is what it seems (now 3 and 3)"
    assert said in pair_text(found, "d, p", [])


def test_equal_models_are_called_equal(tmp_path: Path) -> None:
    same = places(5, 100)
    found = pair(aligned(tmp_path, a=[same], b=[same]), "exact_ndcg_at_10", {"thirds": thirds()})
    text = pair_text(found, "d, p", ["a note"])
    assert "They are not told apart: .000" in text
    assert "nothing; they are equal for these users" in text
    assert f"equal for {USERS}" in text
    assert text.endswith("a note")
    assert "NaN" not in pair_json(found, "d, p", [])


def test_a_sentence_for_each_grouping_names_what_is_not_significant(tmp_path: Path) -> None:
    mine, theirs = places(6, 50), places(7, 60)
    for user in range(0, USERS, 3):
        theirs[user] = mine[user] + 100
    both = aligned(tmp_path, a=[mine], b=[theirs])
    found = pair(both, "exact_ndcg_at_10", {"thirds": thirds()})
    text = pair_text(found, "data, loo", [])
    sentence = next(line for line in text.splitlines() if line.startswith("a's lead over b on"))
    assert sentence.startswith("a's lead over b on data is +.")
    assert " for a (32.7 % of users), " in sentence
    assert " b (33.0 %, not significant), " in sentence


def test_a_model_is_not_compared_with_itself(tmp_path: Path) -> None:
    with pytest.raises(SameModel, match="a is compared with itself"):
        pair(aligned(tmp_path, a=[places(1, 10)]), "exact_ndcg_at_10")


def test_too_few_users_for_strata_are_told(tmp_path: Path) -> None:
    few = [places(1, 10, 12)]
    grouping = Grouping(
        name="halves", labels=("a", "b"), stem="for", endings=("a", "b"), groups=np.arange(12) % 2
    )
    found = pair(aligned(tmp_path, a=few, b=[places(2, 10, 12)]), "hr_at_10", {"halves": grouping})
    assert "No stratum has 10 users in it and 10 beside it." in pair_text(found, "d, p", [])
