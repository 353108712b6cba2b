"""What a model reports of its training, by the run it is handed."""

import math
import warnings
from typing import Any

import numpy as np
import pytest
import torch

from bench.adapter import Run
from bench.running.training import Epoch, Training


@pytest.mark.parametrize(
    "loss",
    [0.5, np.float32(0.5), np.array(0.5), torch.tensor(0.5), torch.tensor(0.5, requires_grad=True)],
    ids=["float", "float32", "array", "tensor", "tensor with its gradient"],
)
def test_a_loss_of_any_kind_is_taken_without_a_warning(loss: Any) -> None:
    heard: list[tuple[int, float | None]] = []
    run = Run(report=lambda *told: bool(heard.append(told)))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        run.epoch(samples=7, loss=loss)
    assert heard == [(7, 0.5)]


@pytest.mark.parametrize("loss", [math.nan, math.inf, torch.tensor(math.nan, requires_grad=True)])
def test_a_loss_that_is_no_number_ends_the_training(loss: Any) -> None:
    with pytest.raises(FloatingPointError, match=r"the loss of epoch 1 is (nan|inf)"):
        Run().epoch(samples=7, loss=loss)


def test_a_model_gets_no_clock_and_no_curve() -> None:
    run = Training(look=lambda: 0.5).run(seed=3, device="cuda", threads=2)
    names = {name for name in dir(run) if not name.startswith("_")}
    assert names == {"seed", "device", "threads", "epoch"}
    assert (run.seed, run.device, run.threads) == (3, "cuda", 2)


def test_what_a_model_makes_of_its_run_changes_neither_clock_nor_curve() -> None:
    training = Training()
    run = training.run()
    run.epoch(samples=7, loss=0.5)
    run.curve, run.looked_seconds, run.look = [], 1e9, None  # type: ignore[attr-defined]
    run.epoch(samples=9)
    assert [(e.number, e.samples, e.loss) for e in training.curve] == [(1, 7, 0.5), (2, 9, None)]
    assert 0 < training.curve[0].seconds <= training.curve[1].seconds <= training.seconds() < 60


@pytest.mark.parametrize(
    "said",
    [
        ["first"],
        "first",
        None,
        [1, 0.1, 1, math.nan, None],
        [1, math.inf, 1, 0.5, None],
        [1, 0.1, "1", 0.5, None],
        [1.5, 0.1, 1, 0.5, None],
        [True, 0.1, 1, 0.5, None],
        [1, None, 1, 0.5, None],
    ],
)
def test_a_point_that_a_process_cannot_have_come_to_is_refused(said: Any) -> None:
    with pytest.raises((TypeError, ValueError)):
        Epoch.read(said)
    assert Epoch.read([1, 0.1, 7, None, 0.5]) == Epoch(1, 0.1, 7, None, 0.5)
