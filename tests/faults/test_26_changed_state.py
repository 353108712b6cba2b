"""Fault 26: an adapter changes the training arrays or the global random state. The arrays are
read-only, and each cell has a process, and thus a random state, of its own."""

import numpy as np
from faulty import Outcome

from bench.adapter import Run
from bench.evaluation.evaluate import evaluate
from bench.protocol.task import prepare
from bench.registry.datasets import load_data
from bench.registry.models import adapter_class


def test_the_training_arrays_cannot_be_changed(outcome: Outcome) -> None:
    found = outcome.records["changes_its_input"]
    assert (found.status, "read-only" in found.reason) == ("failed", True)


def test_a_seed_that_another_model_set_changes_nothing(outcome: Outcome) -> None:
    assert outcome.records["leaves_things"].status == "ok"  # measured before this one:
    measured = outcome.ledger("random")
    task = prepare(load_data("synthetic", None), "loo-99")
    model = adapter_class("random")()
    model.fit(task.train, Run(seed=0))
    alone = evaluate(model, task.train, task.cases).ledger
    np.testing.assert_array_equal(measured.recommended, alone.recommended)
    np.testing.assert_array_equal(measured.full.better, alone.full.better)
