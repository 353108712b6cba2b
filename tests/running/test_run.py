"""What a model reports of its training, by the run it is handed."""

import math
import warnings
from typing import Any

import numpy as np
import pytest
import torch

from bench.adapter import Run


def context() -> Run:
    return Run(seed=0, params={})


@pytest.mark.parametrize(
    "loss",
    [0.5, np.float32(0.5), np.array(0.5), torch.tensor(0.5), torch.tensor(0.5, requires_grad=True)],
    ids=["float", "float32", "array", "tensor", "tensor with its gradient"],
)
def test_a_loss_of_any_kind_is_taken_without_a_warning(loss: Any) -> None:
    run = Run()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        run.epoch(samples=7, loss=loss)
    assert [epoch.loss for epoch in run.curve] == [0.5]


@pytest.mark.parametrize("loss", [math.nan, math.inf, torch.tensor(math.nan, requires_grad=True)])
def test_a_loss_that_is_no_number_ends_the_training(loss: Any) -> None:
    with pytest.raises(FloatingPointError, match=r"the loss of epoch 1 is (nan|inf)"):
        Run().epoch(samples=7, loss=loss)
