"""What spaces are judged by: labels, questions, and that ledgers are of the same data."""

from dataclasses import replace

import numpy as np
import pytest
from kept import films
from kept_and_ranked import TASK

from bench.canaries.models import Popularity
from bench.embeddings.criteria import LEAST_USERS, Criteria, OtherData, criteria
from bench.evaluation.evaluate import evaluate
from bench.evaluation.ledger import Ledger
from bench.interactions import Features, Interactions
from bench.kept.catalogue import Catalogue
from bench.protocol.task import prepare


def ledger_of(task: object = TASK) -> Ledger:
    model = Popularity()
    model.fit(task.train, None)
    return evaluate(model, task.train, task.cases).ledger


def with_users(**features: object) -> Interactions:
    n = TASK.train.n_users
    nothing = {
        "categorical": np.zeros((n, 0), dtype=np.int32),
        "categorical_names": (),
        "categorical_sizes": (),
        "multi_hot": np.zeros((n, 0), dtype=bool),
        "multi_hot_names": (),
        "dense": np.zeros((n, 0), dtype=np.float32),
        "dense_names": (),
    }
    return replace(TASK.train, user_features=Features(**(nothing | features)))


def found(train: Interactions = TASK.train) -> Criteria:
    return criteria(train, Catalogue.of(train), ledger_of())


def test_only_items_with_enough_users_are_compared() -> None:
    ours, counts = found(), np.bincount(TASK.train.items, minlength=TASK.train.n_items)
    assert ours.compared.tolist() == np.flatnonzero(counts >= LEAST_USERS).tolist()
    assert ours.users.tolist() == counts[ours.compared].tolist()
    assert 0 < len(ours.compared) < TASK.train.n_items


def test_labels_are_those_of_the_items() -> None:
    ours, features = found(), TASK.train.item_features
    assert features is not None
    used = features.multi_hot.any(axis=0)
    order = np.argsort(np.array(features.multi_hot_names)[used])
    np.testing.assert_array_equal(ours.genres, features.multi_hot[ours.compared][:, used][:, order])
    np.testing.assert_array_equal(ours.years, features.dense[ours.compared, 0])


def test_the_question_is_what_comes_after_the_last_item() -> None:
    ours = found()
    last = {user: item for user, item in zip(TASK.train.users, TASK.train.items, strict=True)}
    wanted = [
        (last[user], item)
        for user, item in zip(TASK.cases.users, TASK.cases.held_out, strict=True)
        if last[user] in ours.compared
    ]
    assert list(zip(ours.asked.previous, ours.asked.held_out, strict=True)) == wanted


@pytest.mark.parametrize(("name", "size", "labels"), [("gender", 2, 1), ("Sex", 3, 3)])
def test_gender_by_its_names(name: str, size: int, labels: int) -> None:
    column = np.arange(TASK.train.n_users, dtype=np.int32)[:, None] % size
    columns = np.hstack([column * 0, column])
    train = with_users(
        categorical=columns, categorical_names=("job", name), categorical_sizes=(1, size)
    )
    gender = found(train).gender
    assert gender is not None
    np.testing.assert_array_equal(gender, column == np.arange(labels))


def test_without_gender_there_is_none() -> None:
    assert found().gender is None
    assert found(with_users()).gender is None


def test_a_ledger_of_other_data_is_refused() -> None:
    everything = films(80)  # the held-out items too
    with pytest.raises(OtherData, match="hold out"):
        criteria(everything, Catalogue.of(everything), ledger_of())
    of_more = ledger_of(prepare(films(90), "loo-99"))
    with pytest.raises(OtherData, match="user or an item"):
        criteria(TASK.train, Catalogue.of(TASK.train), of_more)
