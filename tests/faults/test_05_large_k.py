"""Fault 5: k is larger than the number of candidates. The figure is defined, nothing crashes."""

from made import interactions

from bench.adapter import Run
from bench.evaluation.evaluate import evaluate
from bench.evaluation.figures import figures
from bench.protocol.task import prepare
from bench.registry.models import adapter_class


def test_three_candidates_for_cutoffs_up_to_a_hundred() -> None:
    rows = [(user, item, item) for user in range(9) for item in range(user % 3, 3 + user % 3)]
    task = prepare(interactions(rows), "loo-99")
    model = adapter_class("popularity")()
    model.fit(task.train, Run())
    found = figures(evaluate(model, task.train, task.cases).ledger)
    for name in ("hr_at_5", "hr_at_10", "hr_at_100", "full_hr_at_10", "full_hr_at_100"):
        assert found[name] == 1
    assert 0.5 < found["ndcg_at_10"] == found["ndcg_at_100"] <= 1
