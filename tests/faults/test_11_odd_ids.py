"""Fault 11: ids that are text, negative, huge or with gaps; users x items beyond 32 bits."""

import numpy as np
from faulty import BUSY, PIONEER, Outcome, odd_rows
from made import interactions

from bench.adapter import Run
from bench.evaluation.evaluate import evaluate
from bench.protocol.task import prepare
from bench.registry.models import adapter_class


def test_negative_and_huge_ids_come_back_as_they_were(odd: Outcome) -> None:
    ledger = odd.ledger("popularity")
    assert {BUSY, PIONEER} < set(ledger.user_ids.tolist())
    assert ledger.item_ids[ledger.user_ids == PIONEER].tolist() == [2**63 - 1]
    assert set(ledger.item_ids.tolist()) <= {item for _, item, _ in odd_rows()}


def test_ids_may_be_text() -> None:
    names = np.array(["Ann", "Bob", "Zoë"])
    items = np.array([f"film {n}" for n in range(9)])
    rows = [(user, user + 2 * n, n) for user in range(3) for n in range(4)]
    task = prepare(interactions(rows, user_ids=names, item_ids=items), "loo-99")
    model = adapter_class("popularity")()
    model.fit(task.train, Run())
    ledger = evaluate(model, task.train, task.cases).ledger
    assert ledger.user_ids.tolist() == ["Ann", "Bob", "Zoë"]
    assert ledger.item_ids.tolist() == ["film 6", "film 7", "film 8"]


def test_users_times_items_beyond_32_bits() -> None:
    users, n_items = [0, 70_000, 99_999], 99_999
    rows = [(user, item, 5) for user in users for item in (1, 50_000, 99_998, 50_000)]
    task = prepare(interactions(rows, 100_000, n_items), "loo-99")
    assert task.cases.users.tolist() == users
    assert task.cases.held_out.tolist() == [50_000] * 3
    assert task.train.items.tolist() == [1, 99_998] * 3
    for negatives in task.cases.negatives.items:
        assert len(set(negatives.tolist()) - {1, 50_000, 99_998}) == 99
