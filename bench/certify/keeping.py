"""Laws of what can be kept of a model: its vectors, and its state.

They are about using a model after it was measured. What it ranks does not depend on them.
"""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bench.adapter import Embeddings
from bench.certify.rewrites import copied
from bench.certify.under_test import Broken, ModelUnderTest
from bench.interactions import Floats
from bench.kept.arrays import read_arrays, write_arrays
from bench.text import in_one_line

PAIRS = 1000  # of a user and an item, of which the score is compared
NEAR = 1e-4  # of the range of the scores, by which a product of vectors may miss one

# Shapes: U users, I items, d numbers in a vector.


def embeddings(subject: ModelUnderTest) -> str:
    """User . item gives the scores, and the last columns are biases as declared."""
    own = subject.fitted.embeddings()
    if own is None:
        return "no vectors of its own"
    _check_form(subject, own)
    _check_biases(own)
    rng = subject.rng(0)
    users, items = (rng.integers(len(side), size=PAIRS) for side in own[:2])
    products = (own.users[users].astype(np.float64) * own.items[items]).sum(axis=1)
    scores = subject.scores.astype(np.float64)
    missed = float(np.abs(products - scores[users, items]).max())
    span = float(np.ptp(scores)) or 1.0
    if missed > NEAR * span:
        raise Broken(f"user . item misses the score by up to {missed / span:.1g} of their range")
    width = own.items.shape[1]
    biases = f", {own.biases} of them biases" if own.biases else ""
    return f"{PAIRS:,} products of {width} numbers{biases} are the scores"


def _check_form(subject: ModelUnderTest, own: Embeddings) -> None:
    counts = subject.train.n_users, subject.train.n_items
    for name, side, count in zip(("users", "items"), own[:2], counts, strict=True):
        wanted = f"float32 [{count}, d]"
        if side.dtype != np.float32 or side.ndim != 2 or len(side) != count or not side.shape[1]:
            raise Broken(f"vectors of {name} must be {wanted}, not {side.dtype} {side.shape}")
        if not np.isfinite(side).all():
            raise Broken(f"vectors of {name} are not all finite")
    if own.users.shape[1] != own.items.shape[1]:
        raise Broken(
            f"vectors of users have {own.users.shape[1]} numbers, of items {own.items.shape[1]}"
        )
    if not 0 <= own.biases < own.items.shape[1]:
        raise Broken(f"of {own.items.shape[1]} numbers {own.biases} cannot be biases")


def _check_biases(own: Embeddings) -> None:
    """A bias is multiplied by the same for all users, or for all items; nothing else is."""
    same = _same_for_all(own.users) | _same_for_all(own.items)  # [d]
    first = len(same) - own.biases
    if not same[first:].all():
        column = first + int(np.argmin(same[first:]))
        raise Broken(f"column {column} is no bias: it differs between users, and between items")
    if same[:first].any():
        column = int(np.argmax(same[:first]))
        raise Broken(f"column {column} is a bias that is not declared as one of the last")


def _same_for_all(side: Floats) -> NDArray[np.bool_]:
    """The columns that are one number for all, but not 0, as where nothing was learned. [d]"""
    found: NDArray[np.bool_] = (side == side[:1]).all(axis=0) & (side[0] != 0)
    return found


def leave_state(subject: ModelUnderTest, path: Path) -> None:
    """Write the state of a fitted model for the law *kept*, or a text of what went wrong."""
    try:
        state = subject.fitted.state()
        if state is not None:
            write_arrays(state, path)
    except Exception as error:
        path.with_suffix(".txt").write_text(in_one_line(error), encoding="utf-8")
        return
    path.with_suffix(".done").touch()


def kept(subject: ModelUnderTest) -> str:
    """Restored in a process that it was not fitted in, its scores are the same, bit for bit."""
    path = subject.left
    if path is None or not path.with_suffix(".done").is_file():
        why = path.with_suffix(".txt") if path is not None else None
        reason = why.read_text(encoding="utf-8") if why is not None and why.is_file() else ""
        raise Broken(f"state(): {reason or 'the process ended'}")
    if not path.is_file():
        return "no state(): its vectors alone can be kept"
    adapter = subject.make()
    adapter.restore(read_arrays(path), copied(subject.train))
    found = subject.scores_of(adapter)
    differ = int((found.view(np.int32) != subject.expected.view(np.int32)).sum())
    if differ:
        raise Broken(f"{differ:,} of {found.size:,} scores of the restored model differ")
    return f"{found.size:,} scores of the restored model equal, bit for bit"
