"""Every figure of a ledger, by its name."""

import numpy as np

from bench.evaluation.expectation import expected
from bench.evaluation.ledger import Beside, Ledger
from bench.evaluation.metrics import (
    Standing,
    gini,
    hit_rates,
    ndcgs,
    reciprocal_ranks,
    standard_error,
)
from bench.records.record import HEADLINE

CUTOFFS = (1, 5, 10, 20, 50, 100)


def figures(ledger: Ledger) -> dict[str, float]:
    """Every metric of a ledger. Names are those of MLflow, where "@" is not allowed."""
    found = summary(ledger.sampled) | summary(ledger.full, "full_")
    exact = expected(ledger.full, ledger.sampled.candidates - 1, k=10)
    found["hr_at_10_expected"] = exact.hit_rate
    found["hr_at_10_sampling_se"] = exact.hit_rate_sampling_se
    found["ndcg_at_10_expected"] = exact.ndcg
    found["ndcg_at_10_sampling_se"] = exact.ndcg_sampling_se
    times_recommended = np.bincount(
        ledger.recommended[ledger.recommended >= 0], minlength=ledger.n_items
    )
    found["coverage_at_10"] = float((times_recommended > 0).mean())
    found["gini_at_10"] = gini(times_recommended)
    found["novelty_at_10"] = float(ledger.novelty.mean(dtype=np.float64))
    found["popularity_at_10"] = float(ledger.popularity.mean(dtype=np.float64))
    if ledger.diversity is not None:
        found["diversity_at_10"] = float(ledger.diversity.mean(dtype=np.float64))
    if ledger.beside is not None:
        found |= _beside(ledger.beside, ledger)
    found["test_users"] = float(len(ledger))
    return found


def _beside(beside: Beside, ledger: Ledger) -> dict[str, float]:
    """Figures of a protocol with a pool, as `cold-items`, where the pool are the cold items."""
    found = summary(beside.standing, "beside_")
    exists = (ledger.recommended >= 0).sum(axis=1)
    found["cold_share_at_10"] = float((beside.cold_in_top / np.maximum(exists, 1)).mean())
    # Where all candidates tie, a model cannot tell them apart.
    found["all_tied"] = float((ledger.full.equal == ledger.full.candidates - 1).mean())
    return found


def summary(standing: Standing, prefix: str = "") -> dict[str, float]:
    """The means over users: hr_at_k, ndcg_at_k and mrr_at_k for every cutoff, and mrr.

    At 10 there are also the standard error over users (`_se`) and, for the worst and the best
    order of the ties, `_low` and `_high`.
    """
    found: dict[str, float] = {}
    for k in CUTOFFS:
        found[f"{prefix}hr_at_{k}"] = float(hit_rates(standing, k).mean())
        found[f"{prefix}ndcg_at_{k}"] = float(ndcgs(standing, k).mean())
        found[f"{prefix}mrr_at_{k}"] = float(reciprocal_ranks(standing, k).mean())
    found[f"{prefix}mrr"] = float(reciprocal_ranks(standing).mean())
    for name, metric in zip(HEADLINE, (hit_rates, ndcgs), strict=True):
        found[f"{prefix}{name}_se"] = standard_error(metric(standing, 10))
        found[f"{prefix}{name}_low"] = float(metric(standing.pessimistic(), 10).mean())
        found[f"{prefix}{name}_high"] = float(metric(standing.optimistic(), 10).mean())
    return found
