"""Items that nobody has in train: a model that knows items by their numbers knows nothing of them.

Their vectors would stay as they were drawn, so that such an item scored by its number and the seed.
So they are zero, or equal where a loss has moved them: all such items score the same, but for what
a model knows of their features.
"""

import numpy as np
from numpy.typing import NDArray

from bench.interactions import Ids


def unseen(observed: Ids, count: int) -> NDArray[np.int64]:
    """Those of 0..count-1 that do not occur in observed [n]."""
    return np.flatnonzero(np.bincount(observed, minlength=count) == 0)
