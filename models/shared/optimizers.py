"""The optimizers of torch, complete.

At its first step an optimizer imports torch's compiler, for more than a second. Imported here, that
is over before the clock of the training starts.
"""

import torch._dynamo  # noqa: F401
from torch.optim import Adam, AdamW

__all__ = ["Adam", "AdamW"]
