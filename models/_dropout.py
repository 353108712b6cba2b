"""Dropout whose randomness comes from a generator, not from torch's global state."""

import torch
from torch import Tensor


def kept(shape: torch.Size, chance: float, generator: torch.Generator) -> Tensor:
    """A mask that is false with this chance, up to 1 / 65,536: four entries share a draw."""
    count = shape.numel()
    draws = torch.empty(count // 4 + 1, dtype=torch.int64, device=generator.device)
    # Without bounds torch would leave the sign bit out, and with it half of every fourth number.
    draws.random_(-(2**63), None, generator=generator)
    bits = draws.view(torch.int16)[:count].view(shape)  # -32,768 .. 32,767
    return bits >= min(round(chance * 2**16), 2**16 - 1) - 2**15


def dropout(inputs: Tensor, chance: float, generator: torch.Generator | None) -> Tensor:
    """Zero entries with this chance and let the others grow; without a generator, none."""
    if generator is None or not chance:
        return inputs
    return inputs * kept(inputs.shape, chance, generator).to(inputs.dtype).div_(1 - chance)
