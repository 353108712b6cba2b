"""Parameters of models and data sets: what is typed wrong is named, with what would be right."""

import pytest

from bench.adapter import Adapter
from bench.errors import BadParameter, UnknownName
from bench.registry.datasets import load_data, parse_dataset
from bench.registry.models import adapter_class
from bench.registry.parameters import complete, parse_setting


def ease() -> type[Adapter]:
    return adapter_class("ease")


def test_a_whole_number_may_stand_for_a_float() -> None:
    found = complete(ease(), "ease", {"l2": 3})["l2"]
    assert (found, type(found)) == (3.0, float)


def test_an_unknown_parameter_names_the_nearest() -> None:
    with pytest.raises(UnknownName, match=r"unknown parameter of ease 'l3'. Did you mean 'l2'"):
        complete(ease(), "ease", {"l3": 3})


@pytest.mark.parametrize("value", ["three", True, [1.0], None])
def test_a_value_of_another_type_is_refused(value: object) -> None:
    with pytest.raises(BadParameter, match=r"ease\.l2 must be a number, not"):
        complete(ease(), "ease", {"l2": value})


def test_a_word_outside_the_choice_names_the_nearest() -> None:
    with pytest.raises(UnknownName, match=r"knn\.weights 'bm52'. Did you mean 'bm25'"):
        complete(adapter_class("knn"), "knn", {"weights": "bm52"})


def test_settings_are_read_as_toml_or_as_text() -> None:
    assert parse_setting("als.factors=32") == ("als", "factors", 32)
    assert parse_setting("ncf.layers=[64, 32]") == ("ncf", "layers", [64, 32])
    assert parse_setting("knn.weights=bm25") == ("knn", "weights", "bm25")
    with pytest.raises(BadParameter, match=r"takes model\.parameter=value"):
        parse_setting("factors=32")


def test_a_data_set_may_have_parameters() -> None:
    assert parse_dataset("synthetic") == ("synthetic", {})
    assert parse_dataset("synthetic:scale=10, strength=.5") == (
        "synthetic",
        {"scale": 10, "strength": ".5"},
    )
    data = load_data("synthetic:n_users=7,seed=3", None).interactions
    assert data.n_users == 7


@pytest.mark.parametrize(
    ("text", "error", "message"),
    [
        ("synthetic:users=7", UnknownName, "unknown parameter of synthetic 'users'. Did you mean"),
        ("synthetic:n_users=many", BadParameter, "n_users must be a whole number, not 'many'"),
        ("synthetic:n_users", BadParameter, "takes name:parameter=value, as synthetic:scale=10"),
        ("synthetic:", BadParameter, "takes name:parameter=value"),
        ("synthetic:scale=7", UnknownName, r"scale '7'.* Known: 0, 1, 10, 100, 25"),
        ("synthetic:n_users=0", BadParameter, "synthetic:n_users=0: n_users must be at least 1"),
        ("movielens_100k:scale=1", UnknownName, "unknown parameter of movielens_100k 'scale'"),
        ("syntetic:scale=1", UnknownName, "Did you mean 'synthetic'"),
    ],
)
def test_a_wrong_parameter_of_a_data_set_is_named(
    text: str, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        load_data(text, None)
