"""Made-up ledgers, and results folders with them."""

from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np

from bench.evaluation import ledger
from bench.evaluation.figures import figures
from bench.evaluation.ledger import Ledger
from bench.evaluation.metrics import Standing
from bench.records.folder import Results
from bench.records.record import Record
from tests.helpers.records import made_up


def made_up_ledger(
    users: int = 40, seed: int = 0, *, skill: float = 2.0, untouched: int = 400, ties: int = 0
) -> Ledger:
    """A ledger in which the held-out items stand the nearer to the top the higher the skill is."""
    rng = np.random.default_rng(seed)
    full = Standing(
        better=np.minimum((untouched * rng.random(users) ** skill).astype(np.int64), untouched - 1),
        equal=np.zeros(users, dtype=np.int64),
        candidates=np.full(users, untouched),
    )
    equal = np.minimum(rng.integers(0, ties + 1, users), untouched - 1 - full.better)
    full = full._replace(equal=equal)
    drawn = np.full(users, min(99, untouched - 1))
    better = rng.hypergeometric(full.better, untouched - 1 - full.better, drawn)
    tied = np.minimum(full.equal, rng.integers(0, 2, users))
    tied = np.minimum(tied, drawn - better)
    return Ledger(
        user_ids=np.arange(users),
        item_ids=np.arange(users) + 1000,
        sampled=Standing(better, tied, drawn + 1),
        full=full,
        recommended=rng.integers(0, untouched, (users, 10)).astype(np.int32),
        novelty=rng.random(users, dtype=np.float32),
        popularity=rng.random(users, dtype=np.float32),
        diversity=None,
        n_items=untouched,
    )


def keep(results: Results, model: str, its_ledger: Ledger, **changes: Any) -> Record:
    """A record and its ledger, written into a results folder."""
    key = sha256(repr((model, changes)).encode()).hexdigest()[:16]
    made = made_up(model, 0.5, key=key, **changes)
    made = replace(made, metrics=figures(its_ledger), timings={"train_seconds": 2.5})
    ledger.save(its_ledger, results.ledger_of(made))
    results.save(made)
    return made


def some_results(folder: Path, skills: dict[str, float], *, seeds: int = 2) -> Results:
    """A results folder with these models, all tested on the same users."""
    results = Results(folder)
    for place, (model, skill) in enumerate(skills.items()):
        for seed in range(seeds):
            made = made_up_ledger(seed=100 * place + seed, skill=skill)
            keep(results, model, made, seed=seed)
    return results
