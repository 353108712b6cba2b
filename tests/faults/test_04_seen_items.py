"""Fault 4: a model recommends what the user has seen. It is masked, never an advantage."""

import pytest
from faulty import Outcome

from bench.protocol.task import prepare
from bench.registry.datasets import load_data


def test_a_repeater_gets_no_more_than_a_constant_model(outcome: Outcome) -> None:
    found = outcome.records["repeats_what_was_seen"].metrics
    constant = outcome.records["is_constant"].metrics
    for name in ("hr_at_10", "ndcg_at_10", "full_hr_at_10"):
        assert found[name] == pytest.approx(constant[name])


def test_no_seen_item_is_in_a_list(outcome: Outcome) -> None:
    train = prepare(load_data("synthetic", None), "loo-99").train
    ledger = outcome.ledger("repeats_what_was_seen")
    for user, items in zip(ledger.user_ids, ledger.recommended, strict=True):
        assert not set(items) & set(train.items[train.users == user])
