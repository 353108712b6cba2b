"""One of each kind of what a results folder keeps as JSON; and kept models."""

from pathlib import Path
from typing import Any

import numpy as np

from bench.adapter import Run
from bench.hashing import fingerprint, key_of
from bench.interactions import Features, Interactions
from bench.kept.leave import leave
from bench.kept.manifest import Kind
from bench.kept.model import KeptModel
from bench.kept.put import Fitted, put_model
from bench.kept.take import Left, taken
from bench.records.canaries import Canaries, Check
from bench.records.certificates import Certificate, Finding
from bench.records.folder import Results
from bench.records.record import Cell, Record
from bench.records.standings import PairStanding, RowStanding, Standings
from bench.registry.models import ModelSpec, complete_adapter
from bench.registry.parameters import complete
from bench.registry.sources import source_sha256

CELL = Cell(dataset="d", protocol="loo-99", model="als", params={"factors": [8, 4]}, seed=0)
RECORD = Record(cell=CELL, key="0" * 16, status="ok", metrics={"hr_at_10": 0.5})
CANARIES = Canaries(
    dataset="d",
    protocol="loo-99",
    key="1" * 16,
    checks={"oracle": (Check("hr_at_10", 1.0, 1.0, 0.0), Check("ndcg_at_10", None, 1.0, 0.0))},
)
CERTIFICATE = Certificate(
    model="als",
    code_sha256="c" * 64,
    params={},
    seed=0,
    findings=(Finding("form", "pass", "fine"), Finding("users", "fail", "2 ranks differ")),
)
STANDINGS = Standings(
    dataset="d",
    protocol="loo-99",
    key="2" * 16,
    figure="exact_ndcg_at_10",
    users=943,
    rows=(
        RowStanding("als", ("d.loo-99.als.s0.0",), 1, "a", True, {"exact_ndcg_at_10": 0.4}),
        RowStanding("ease", ("d.loo-99.ease.s0.0",), 2, "b", True, {"exact_ndcg_at_10": 0.3}),
    ),
    pairs=(PairStanding("als", "ease", 0.1, 0.01, 0.08, 0.12, 0.001),),
    detectable=0.012,
    detectable_in_all=0.02,
)
KINDS = (RECORD, CANARIES, CERTIFICATE, STANDINGS)

TITLES = {  # with year and genres
    "Alien": (1979, ("Horror", "Sci-Fi")),
    "Aliens": (1986, ("Action", "Sci-Fi")),
    "Blade Runner": (1982, ("Sci-Fi",)),
    "The Terminator": (1984, ("Action", "Sci-Fi")),
    "The Thing": (1982, ("Horror", "Sci-Fi")),
    "Star Wars": (1977, ("Action", "Sci-Fi")),
    "Toy Story": (1995, ("Animation", "Comedy")),
    "Toy Story 2": (1999, ("Animation", "Comedy")),
    "Aladdin": (1992, ("Animation", "Musical")),
    "The Lion King": (1994, ("Animation", "Musical")),
    "Antz": (1998, ("Animation",)),
    "Mulan": (1998, ("Animation",)),
    "The Godfather": (1972, ("Crime", "Drama")),
    "The Godfather: Part II": (1974, ("Crime", "Drama")),
    "Chasing Amy": (1997, ("Comedy",)),
    "Se7en": (1995, ("Crime",)),
}


def films(n_users: int = 40, seed: int = 0) -> Interactions:
    """Users who like the first six films of TITLES, or the next six, and some others.

    The last film has no user. Ids of items are 101, 102, ...; of users 1, 2, ...
    """
    rng = np.random.default_rng(seed)
    n = len(TITLES)
    genres = sorted({genre for _, each in TITLES.values() for genre in each})
    pairs = []
    for user in range(n_users):
        group = 6 * (user % 2) + rng.permutation(6)[:4]
        others = 12 + rng.permutation(n - 13)[: user % 3]
        pairs += [(user, item) for item in (*group, *others)]
    users, items = np.ascontiguousarray(np.array(pairs, dtype=np.int32).T)
    features = Features(
        categorical=np.zeros((n, 0), dtype=np.int32),
        categorical_names=(),
        categorical_sizes=(),
        multi_hot=np.array([[genre in each for genre in genres] for _, each in TITLES.values()]),
        multi_hot_names=tuple(genres),
        dense=np.array([[year] for year, _ in TITLES.values()], dtype=np.float32),
        dense_names=("year",),
        labels=tuple(TITLES),
    )
    return Interactions(
        users=users,
        items=items,
        times=np.arange(len(users), dtype=np.int64),
        n_users=n_users,
        n_items=n,
        user_ids=np.arange(1, n_users + 1),
        item_ids=np.arange(101, 101 + n),
        item_features=features,
    )


FILMS = films()


def made_up_kept(
    folder: Path,
    model: str = "als",
    *,
    seed: int = 0,
    dataset: str = "made-up",
    ndcg: float = 0.4,
    train: Interactions | None = None,
    vectors: np.ndarray[Any, Any] | None = None,
    biases: int = 0,
    kind: Kind = "vectors",
    with_state: bool = True,
    second: int = 0,
    label: str = "",
    **params: Any,
) -> KeptModel:
    """A kept model with its record in a results folder, really fitted and really written.

    Args:
        folder: of the results.
        model: a model's name; it is fitted, to `train`.
        seed, dataset: of the cell.
        ndcg: exact NDCG@10 in its record: the model with the largest is the best one.
        train: what is learned from; by default `FILMS`.
        vectors: instead of those of the fit: float32 [I, d]. Then nothing is fitted, and no state
            is kept.
        biases, kind: of these vectors.
        with_state: False: its vectors are kept alone.
        second: of the time when it was fitted.
        label: of its row.
        params: hyper-parameters.
    """
    results, train = Results(folder), FILMS if train is None else train
    adapter = complete_adapter(ModelSpec(model, params))
    cell = Cell(
        dataset=dataset,
        protocol="loo-99",
        model=model,
        params=complete(type(adapter), model, params),
        seed=seed,
        label=label,
    )
    key = key_of({"cell": vars(cell)})
    record = Record(
        cell=cell,
        key=key,
        status="ok",
        metrics={"hr_at_10": 0.5, "ndcg_at_10_expected": ndcg},
        data_sha256=fingerprint(train),
        split_sha256=fingerprint([train.users, train.items]),
        code_sha256=source_sha256(model),
        started=f"2026-11-28T12:00:{second:02d}.000+00:00",
    )
    results.save(record)
    if vectors is not None:
        fitted = Fitted(kind=kind, items=vectors, biases=biases)
    else:
        adapter.fit(train, Run(seed=seed))
        left = results.work
        left.mkdir(parents=True, exist_ok=True)
        said = leave(adapter, train, left)
        said["restorable"] &= with_state
        fitted = taken(Left.read(said), left, train)
    return KeptModel.read(put_model(fitted, record, train, results))
