"""The nearest items of each item, in lists of ten, and what they say of a space of items."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import skew

from bench.embeddings.columns import LENGTH
from bench.embeddings.similarity import Similarity
from bench.evaluation.metrics import Counts, Values
from bench.interactions import Floats, Ids

BATCH = 256  # items whose rows of similarity are held at a time
SHIFT = 0  # seed of the order of equals

Lists = Ids  # [n, LENGTH]: the places of an item's neighbours among n items, nearest first, then -1


def neighbours(similarity: Similarity, compared: Ids, length: int = LENGTH) -> Lists:
    """The nearest of some items to each of them, itself left out. [n, length]

    A list ends where the similarity is 0: what has nothing in common with an item is no neighbour
    of it, and zeros would fill the list in the order of the catalogue. Equals stand in an order
    that is another one for each item, so that the catalogue's makes no hubs.

    Args:
        similarity: of all items of the catalogue.
        compared: those that are compared, ascending, [n].
        length: the most neighbours of an item.
    """
    n = len(compared)
    places = np.random.default_rng(SHIFT).permutation(n)
    found = np.full((n, length), -1, dtype=np.int32)
    for start in range(0, n, BATCH):
        rows = similarity.rows(compared[start : start + BATCH])[:, compared]
        for at, row in enumerate(rows, start=start):
            row[at] = 0.0
            found[at] = _nearest(row, (places - places[at]) % n, length)
    return found


def _nearest(row: Floats, order_of_equals: NDArray[np.int64], length: int) -> Ids:
    """The places of the largest values over zero, then -1. [n], [n] -> [length]"""
    least = 0.0 if len(row) <= length else float(np.partition(row, -length)[-length])
    candidates = np.flatnonzero((row >= least) & (row > 0))
    order = np.lexsort((order_of_equals[candidates], -row[candidates]))[:length]
    list_ = np.full(length, -1, dtype=np.int32)
    list_[: len(order)] = candidates[order]
    return list_


def occurrences_in_lists(lists: Lists) -> Counts:
    """In how many lists each item is: its k-occurrence. [n]"""
    return np.bincount(lists[lists >= 0], minlength=len(lists))


def lost(lists: Lists) -> float:
    """The share of items that are in nobody's list, so that no neighbour leads to them.

    They are the anti-hubs of Radovanovic, Nanopoulos & Ivanovic (2010, Hubs in space, JMLR 11), and
    what cannot be reached in Flexer & Stevens (2017, doi 10.1080/09298215.2017.1354891).
    """
    return float(np.mean(occurrences_in_lists(lists) == 0))


def skewness(lists: Lists) -> float:
    """The skewness of the k-occurrence: large where few items, hubs, are in most lists.

    S of Radovanovic et al. (2010), equation 1: the third standardised moment over all items. 0
    where all are in equally many.
    """
    counts = occurrences_in_lists(lists)
    return float(skew(counts)) if counts.std() > 0 else 0.0


def popularity_ratio(lists: Lists, users: Counts) -> float:
    """How many times as popular as an item its neighbours are, the geometric mean.

    Over each list first, then over items, so that a short list counts as much as a full one.

    Args:
        lists: of n items.
        users: who chose each of them in train, one at least. [n]
    """
    logarithms = np.log(users)
    return float(np.exp(_mean_of_lists(lists, logarithms[lists] - logarithms[:, None])))


def agreement(lists: Lists, labels: NDArray[np.bool_]) -> float:
    """The mean cosine of an item's set of labels, as genres, and its neighbours'.

    The share of labels in common where the sets are of equal size; the purity of a neighbourhood.
    Where one of two has no label nothing is known, and the pair does not count.

    Args:
        lists: of n items.
        labels: yes or no, [n, L].
    """
    sets = _unit_sets(labels)
    known = np.asarray(labels.any(axis=1))
    cosines = np.einsum("nl,nkl->nk", sets, sets[lists])
    cosines[~(known[:, None] & known[lists])] = np.nan
    return _mean_of_lists(lists, cosines)


def agreement_of_any(labels: NDArray[np.bool_]) -> float:
    """The same for neighbours at random: the mean cosine over all pairs of two items. [n, L]"""
    sets = _unit_sets(labels[labels.any(axis=1)])
    n = len(sets)
    if n < 2:
        return float("nan")
    return float((np.square(sets.sum(axis=0)).sum() - n) / (n * (n - 1)))


def years_apart(lists: Lists, years: Values) -> float:
    """The mean distance in years of an item and its neighbours. years is [n], NaN where unknown."""
    return _mean_of_lists(lists, np.abs(years[lists] - years[:, None]))


def overlap(lists: Lists, others: Lists) -> float:
    """The share of neighbours that two spaces have in common, the mean over items.

    |A and B| / max(|A|, |B|) for the lists of an item; one without neighbours in both does not
    count. Nothing has to be aligned for it, as for Procrustes' distance: vectors that differ by a
    rotation have the same neighbours. (Common for word vectors: Wendlandt, Kummerfeld & Mihalcea
    2018, Factors influencing the surprising instability of word embeddings, section 3.)
    """
    sizes = np.maximum((lists >= 0).sum(axis=1), (others >= 0).sum(axis=1))
    same = (lists[:, :, None] == others[:, None, :]) & (lists[:, :, None] >= 0)
    shared = same.any(axis=2).sum(axis=1)
    return _mean(shared[sizes > 0] / sizes[sizes > 0])


def stability(of_seeds: Sequence[Lists]) -> float:
    """The mean `overlap` over all pairs of seeds; NaN for one seed."""
    pairs = [
        overlap(lists, others)
        for place, lists in enumerate(of_seeds)
        for others in of_seeds[place + 1 :]
    ]
    return _mean(np.array(pairs))


def _mean_of_lists(lists: Lists, values: Values) -> float:
    """The mean over items of the mean over neighbours; of what is NaN nothing counts."""
    values = np.where(lists >= 0, values, np.nan)
    counts = (~np.isnan(values)).sum(axis=1)
    return _mean(np.nansum(values, axis=1)[counts > 0] / counts[counts > 0])


def _mean(values: Any) -> float:
    return float(np.mean(values)) if len(values) else float("nan")


def _unit_sets(labels: NDArray[np.bool_]) -> Values:
    sizes = labels.sum(axis=1, keepdims=True)
    return np.asarray(labels / np.sqrt(np.maximum(sizes, 1)))
