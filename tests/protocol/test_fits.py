"""Features and a published split that do not fit are refused before anything is measured."""

from dataclasses import replace

import numpy as np
import pytest

from bench.adapter import Run
from bench.evaluation.evaluate import evaluate
from bench.interactions import DataSet, Features, Interactions, PublishedSplit
from bench.protocol.fits import Misfit
from bench.protocol.task import prepare
from bench.registry.models import adapter_class

INTERACTIONS = Interactions(
    users=np.repeat(np.arange(4, dtype=np.int32), 3),
    items=np.tile(np.arange(3, dtype=np.int32), 4),
    times=np.arange(12),
    n_users=4,
    n_items=6,
)
REPEATED = [
    ("user", [1, 2, 2, 3], "two users have the id '2'"),
    ("user", ["b", "a", "c", "a"], "two users have the id 'a'"),
    ("item", [9, 1, 2, 3, 4, 9], "two items have the id '9'"),
]
SPLIT = PublishedSplit(
    users=np.arange(4, dtype=np.int32),
    held_out=np.full(4, 2, dtype=np.int32),
    negatives=np.full((4, 3), 5, dtype=np.int32),
)


def table(rows: int) -> Features:
    return Features(
        categorical=np.zeros((rows, 1), dtype=np.int32),
        categorical_names=("kind",),
        categorical_sizes=(1,),
        multi_hot=np.zeros((rows, 0), dtype=np.bool_),
        multi_hot_names=(),
        dense=np.zeros((rows, 0), dtype=np.float32),
        dense_names=(),
    )


@pytest.mark.parametrize("rows", [3, 5])
@pytest.mark.parametrize("kind", ["user", "item"])
def test_a_table_with_too_few_or_too_many_rows(kind: str, rows: int) -> None:
    data = DataSet(replace(INTERACTIONS, **{f"{kind}_features": table(rows)}))
    with pytest.raises(Misfit, match=rf"^{kind}_features have {rows} rows, for \d {kind}s$"):
        prepare(data, "loo-99")


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("negatives", 6, "negatives of the split must lie in 0..5, not 6"),
        ("negatives", -2, "negatives of the split must lie in 0..5, not -2"),
        ("negatives", 2**31 - 1, "negatives of the split must lie in 0..5, not 2147483647"),
        ("held_out", 6, "held-out items of the split must lie in 0..5, not 6"),
        ("users", 4, "users of the split must lie in 0..3, not 4"),
    ],
)
def test_a_split_that_names_what_is_not_there(name: str, value: int, said: str) -> None:
    array = getattr(SPLIT, name).copy()
    array.flat[-1] = value
    with pytest.raises(Misfit) as raised:
        prepare(DataSet(INTERACTIONS, replace(SPLIT, **{name: array})), "ncf-files")
    assert str(raised.value) == said


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("negatives", np.full(4, 5), "negatives of the split must be 2-dimensional, not 1"),
        ("users", np.arange(4)[:, None], "users of the split must be 1-dimensional, not 2"),
        ("held_out", np.full(4, 2.5), "held-out items of the split must be whole numbers, not flo"),
        ("users", np.array(list("abcd")), "users of the split must be whole numbers, not <U1"),
        ("users", np.array([0, 1, 1, 3]), "the split tests user 1 twice"),
        ("users", np.array([3, 1, 0, 3]), "the split tests user 3 twice"),
    ],
)
def test_a_split_that_is_no_numbers_or_has_a_user_twice(
    name: str, value: np.ndarray, said: str
) -> None:
    with pytest.raises(Misfit) as raised:
        prepare(DataSet(INTERACTIONS, replace(SPLIT, **{name: value})), "ncf-files")
    assert str(raised.value).startswith(said)


def test_a_split_of_64_bits_ranks_as_one_of_32() -> None:
    wide = {name: getattr(SPLIT, name).astype(np.int64) for name in vars(SPLIT)}
    wide["users"] = SPLIT.users.tolist()
    model = adapter_class("popularity")()
    ledgers = []
    for split in (SPLIT, replace(SPLIT, **wide)):
        task = prepare(DataSet(INTERACTIONS, split), "ncf-files")
        model.fit(task.train, Run())
        ledgers.append(evaluate(model, task.train, task.cases).ledger)
    assert ledgers[0].full.better.tolist() == ledgers[1].full.better.tolist()


def test_a_split_of_other_lengths() -> None:
    data = DataSet(INTERACTIONS, replace(SPLIT, negatives=SPLIT.negatives[:3]))
    with pytest.raises(Misfit, match=r"\[3, 4\] users, held-out items and negatives"):
        prepare(data, "ncf-files")


def test_what_fits_is_prepared() -> None:
    whole = replace(INTERACTIONS, user_features=table(4), item_features=table(6))
    assert prepare(DataSet(whole, SPLIT), "ncf-files").dataset is not None


@pytest.mark.parametrize(("kind", "ids", "said"), REPEATED)
def test_two_with_one_id(kind: str, ids: list[int] | list[str], said: str) -> None:
    """Features, titles and ledgers go by it."""
    data = DataSet(replace(INTERACTIONS, **{f"{kind}_ids": np.array(ids)}))
    with pytest.raises(Misfit, match=f"^{said}; ids must differ$"):
        prepare(data, "loo-99")


def test_ids_in_any_order_fit() -> None:
    ids = np.array(["b", "a", "d", "c"])
    assert prepare(DataSet(replace(INTERACTIONS, user_ids=ids)), "loo-99").train.n_users == 4
