"""Their mean over users is what the record says, for every figure that a record has."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from bench.errors import UnknownName
from bench.evaluation.figures import figures
from bench.evaluation.metrics import Standing
from bench.statistics.user_figures import FIGURES, aucs, user_figures
from tests.helpers.ledgers import made_up_ledger


@given(st.integers(1, 40), st.integers(0, 9), st.integers(0, 5), st.sampled_from([30, 400]))
def test_the_mean_over_users_is_the_figure_of_the_record(
    users: int, seed: int, ties: int, untouched: int
) -> None:
    ledger = made_up_ledger(users, seed, ties=ties, untouched=untouched)
    record = figures(ledger)
    record["exact_hr_at_10"] = record["hr_at_10_expected"]
    record["exact_ndcg_at_10"] = record["ndcg_at_10_expected"]
    shared = FIGURES.keys() & record.keys()
    assert len(shared) > 38  # three metrics at six cutoffs, sampled and full, and the exact ones
    for name in shared:
        values = user_figures(ledger, name)
        assert values.shape == (users,)
        assert values.mean() == pytest.approx(record[name], abs=1e-12)


def test_auc_is_that_of_scores() -> None:
    rng = np.random.default_rng(0)
    scores = rng.integers(0, 6, (50, 20))  # the first of each row is the held-out item's
    standing = Standing(
        better=(scores[:, 1:] > scores[:, :1]).sum(axis=1),
        equal=(scores[:, 1:] == scores[:, :1]).sum(axis=1),
        candidates=np.full(50, 20),
    )
    wanted = [roc_auc_score([1] + [0] * 19, row) for row in scores]
    np.testing.assert_allclose(aucs(standing), wanted)


def test_a_user_without_rivals_is_half_right() -> None:
    alone = Standing(*(np.array([n]) for n in (0, 0, 1)))
    assert aucs(alone).tolist() == [0.5]


def test_a_wrong_name_is_told_the_nearest() -> None:
    with pytest.raises(UnknownName, match="Did you mean 'exact_ndcg_at_10'"):
        user_figures(made_up_ledger(), "exact_ndcg@10")
