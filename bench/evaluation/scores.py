"""Scores that are fit to be ranked."""

from typing import Any

import numpy as np

from bench.interactions import Floats, Ids, Interactions


class BadScores(ValueError):
    """A model returned something that cannot be ranked."""


def checked(method: str, given: Any, shape: tuple[int, ...]) -> Floats:
    """What a model's method returned, if it has the type and the shape that the contract asks for.

    Raises:
        BadScores: it has not; the message says what was wanted and what came.
    """
    kind = type(given)  # isinstance() would ask the value itself, which may lie
    if not issubclass(kind, np.ndarray) or issubclass(kind, np.ma.MaskedArray):
        raise BadScores(f"{method}() must return a numpy array, not {kind.__name__}")
    scores: Floats = np.asarray(given)  # a matrix or a memmap behaves in ways of its own
    if scores.shape != shape:
        raise BadScores(f"{method}() must return shape {shape}, not {scores.shape}")
    if scores.dtype != np.float32:
        raise BadScores(f"{method}() must return float32, not {scores.dtype}")
    return scores


def not_finite(
    method: str, scores: Floats, train: Interactions, users: Ids, items: Ids | None = None
) -> BadScores:
    """The error for scores of which one is NaN or infinite; it names the first.

    Args:
        method: that returned them.
        scores: of these users, [b], and items, [b, c]; None for the whole catalogue.
    """
    row, column = np.argwhere(~np.isfinite(scores))[0]
    user = train.user_ids[users[row]]
    item = train.item_ids[column if items is None else items[row, column]]
    value = {np.inf: "infinity", -np.inf: "-infinity"}.get(float(scores[row, column]), "NaN")
    return BadScores(f"{method}() returned {value} for user {user}, item {item}")
