"""Figures of each tested user, whose mean over users is the figure of the record.

Call `user_figures(ledger)` for the exact NDCG@10, or name another of `FIGURES`:

    ndcg_at_10        among the sampled candidates, as other tables have it
    full_ndcg_at_10   among all untouched items
    exact_ndcg_at_10  sampled, averaged over all draws of the negatives (no sampling noise)

and likewise for hr, mrr, and the other cutoffs.
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import NamedTuple

import numpy as np

from bench.errors import unknown
from bench.evaluation.expectation import place_probabilities
from bench.evaluation.figures import CUTOFFS
from bench.evaluation.ledger import Ledger
from bench.evaluation.metrics import Standing, Values, hit_rates, ndcgs, reciprocal_ranks

DEFAULT = "exact_ndcg_at_10"


class Figure(NamedTuple):
    """A figure of each user."""

    title: str  # as "exact NDCG@10"
    of: Callable[[Ledger], Values]  # [m]


def user_figures(ledger: Ledger, figure: str = DEFAULT) -> Values:
    """The figure of each tested user, in [0, 1], in the order of the ledger. [m]

    Raises:
        UnknownName: there is no such figure.
    """
    if figure not in FIGURES:
        raise unknown("figure", figure, FIGURES)
    return FIGURES[figure].of(ledger)


def exact_hit_rates(ledger: Ledger, k: int) -> Values:
    """Share of all draws of the negatives in which the held-out item is among the top k. [m]"""
    return np.asarray(_places(ledger, k).sum(axis=1))


def exact_ndcgs(ledger: Ledger, k: int) -> Values:
    """The expected NDCG@k over all draws of the negatives. [m]"""
    return np.asarray(_places(ledger, k) @ (1 / np.log2(np.arange(k) + 2)))


def aucs(standing: Standing) -> Values:
    """The share of the other candidates that the held-out item is above; a tie is half. [m]"""
    others = standing.candidates - 1
    below = others - standing.better - standing.equal / 2
    return np.asarray(np.divide(below, others, where=others > 0, out=np.full(len(others), 0.5)))


def _places(ledger: Ledger, k: int) -> Values:
    return place_probabilities(ledger.full, ledger.sampled.candidates - 1, k)


def _figures() -> dict[str, Figure]:
    found = {}
    metrics = {"hr": ("HR", hit_rates), "ndcg": ("NDCG", ndcgs), "mrr": ("MRR", reciprocal_ranks)}
    for k in CUTOFFS:
        found[f"exact_hr_at_{k}"] = Figure(f"exact HR@{k}", partial(exact_hit_rates, k=k))
        found[f"exact_ndcg_at_{k}"] = Figure(f"exact NDCG@{k}", partial(exact_ndcgs, k=k))
        for name, (title, metric) in metrics.items():
            at_k = partial(metric, k=k)
            found[f"{name}_at_{k}"] = Figure(f"{title}@{k}", _of_sampled(at_k))
            found[f"full_{name}_at_{k}"] = Figure(f"full {title}@{k}", _of_full(at_k))
    found["mrr"] = Figure("MRR", _of_sampled(reciprocal_ranks))
    found["full_mrr"] = Figure("full MRR", _of_full(reciprocal_ranks))
    found["full_auc"] = Figure("full AUC", _of_full(aucs))
    return found


def _of_sampled(metric: Callable[[Standing], Values]) -> Callable[[Ledger], Values]:
    return lambda ledger: metric(ledger.sampled)


def _of_full(metric: Callable[[Standing], Values]) -> Callable[[Ledger], Values]:
    return lambda ledger: metric(ledger.full)


FIGURES: Mapping[str, Figure] = _figures()
