"""Parts of a person's scores: of each chosen item, and of what everybody likes."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class Shares(NamedTuple):
    """Of which parts a person's scores are the sum."""

    of_items: NDArray[np.float64]  #: [n, n_items], the part of each chosen item in every score
    of_all: NDArray[np.float64]  #: [n_items], the part of what everybody likes
