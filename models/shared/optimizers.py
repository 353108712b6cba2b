"""The optimizers of torch, complete.

At its first step an optimizer imports torch's compiler, for more than a second. Imported here, that
is over before the clock of the training starts.
"""

import torch._dynamo  # noqa: F401
from torch.optim import Adam, AdamW, Optimizer

__all__ = ["Adam", "AdamW", "slow_down"]


def slow_down(optimizer: Optimizer, first: float, last: float, done: float) -> None:
    """Let the learning rate fall evenly, from `first` to `last` times `first`.

    Args:
        done: the share of the training that is done.
    """
    for group in optimizer.param_groups:
        group["lr"] = first * (1 - (1 - last) * done)
