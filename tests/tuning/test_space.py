"""Search spaces: every model declares one, around its defaults and the values that we publish."""

import json
from unittest.mock import create_autospec

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.errors import BadParameter, UnknownName
from bench.isolation.worker import Parent
from bench.registry import names, suites
from bench.registry.models import ModelSpec, adapter_class
from bench.registry.parameters import complete
from bench.running.describe import Describe, Described
from bench.space import (
    Number,
    Space,
    Whole,
    choice,
    from_plain,
    including,
    log,
    number,
    space,
    to_plain,
    whole,
)
from bench.tuning.run import space_of

MODELS = sorted(names.files("models"))
ROWS = [
    (name, row)
    for name in sorted(names.files("suites").keys() - {"quick"})
    for row in suites.load(name).rows
]


def asked(model: str) -> Described:
    """As `describe` does it in a process."""
    parent = create_autospec(Parent, instance=True)
    (row,) = Describe(rows=[ModelSpec(model, {})]).run(parent)["rows"]
    return Described(*json.loads(json.dumps(row)))


def test_a_space_takes_the_ranges_that_it_is_built_on_and_puts_its_own_first() -> None:
    shared = space(epochs=whole(5, 60), negatives=whole(2, 12))
    built = space(shared, negatives=whole(2, 24), factors=choice(8, 16))
    assert list(built.items()) == [
        ("factors", choice(8, 16)),
        ("epochs", whole(5, 60)),
        ("negatives", whole(2, 24)),
    ]
    assert shared["negatives"] == whole(2, 12)


def declared(model: str) -> Space:
    return space_of(model, asked(model))


@pytest.mark.parametrize("model", MODELS)
def test_every_model_with_hyper_parameters_declares_a_space_around_its_defaults(model: str) -> None:
    cls = adapter_class(model)
    defaults = complete(cls, model, {})
    assert declared(model).keys() == cls.search.keys()
    assert bool(cls.search) == bool(defaults)
    for name, each in cls.search.items():
        assert defaults[name] in each or defaults[name] is None, name  # None: off, not searched


@pytest.mark.parametrize("model", MODELS)
def test_every_value_of_a_choice_has_the_type_of_its_hyper_parameter(model: str) -> None:
    cls = adapter_class(model)
    for name, plain in to_plain(cls.search).items():
        for value in plain.get("values", [plain.get("low"), plain.get("high")]):
            complete(cls, model, {name: value})


@pytest.mark.parametrize("row", [row for _, row in ROWS], ids=[f"{n} {r.model}" for n, r in ROWS])
def test_the_values_of_the_published_suites_lie_inside(row: suites.SuiteRow) -> None:
    cls = adapter_class(row.model)
    params = complete(cls, row.model, row.params)
    searched = including(cls.search, params)
    outside = [n for n, each in cls.search.items() if n in searched and params[n] not in each]
    assert [n for n in outside if params[n] != 0] == []  # a part that weighs 0 is left out


def test_what_is_off_is_not_searched_until_it_is_on() -> None:
    declared = space(l2=log(1, 10), half_life=log(1, 100), weights=choice(None, "bm25"))
    off: dict[str, object] = {"l2": 2.0, "half_life": None, "weights": None}
    assert including(declared, off) == {n: declared[n] for n in ("l2", "weights")}
    assert including(declared, off | {"half_life": 200.0})["half_life"] == log(1, 200)


def test_no_search_goes_from_neumf_from_scratch_to_pre_trained_or_back() -> None:
    assert "pretraining" not in adapter_class("neumf").search  # two rows, two figures


def test_a_space_may_only_name_hyper_parameters() -> None:
    wrong = Described("ok", {"l2": 1.0}, search=to_plain(space(l3=log(1, 2))))
    with pytest.raises(UnknownName, match=r"search space of ease 'l3'\. Did you mean 'l2'"):
        space_of("ease", wrong)


def test_a_model_whose_space_is_none_is_measured_and_not_tuned(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(adapter_class("ease"), "search", 5)
    described = asked("ease")
    assert (described.status, described.reason) == ("ok", "")
    assert described.params == complete(adapter_class("ease"), "ease", {})
    with pytest.raises(BadParameter, match="no search space of ease: AttributeError: 'int'"):
        space_of("ease", described)


def test_a_space_comes_back_from_json() -> None:
    given_space = space(
        hidden=choice((32, 16), ()), l2=log(1e-4, 1), k=whole(1, 9, log=True), p=number(0, 1)
    )
    found = from_plain(json.loads(json.dumps(to_plain(given_space))))
    assert found["hidden"] == choice([32, 16], [])  # JSON has no tuples; the models' fields do
    assert {**found, "hidden": None} == {**given_space, "hidden": None}


@given(st.integers(-50, 50), st.integers(1, 50), st.integers(-200, 200))
def test_a_range_is_widened_to_include_a_value(low: int, width: int, value: int) -> None:
    for each in (Whole(low, low + width), Number(low, low + width), choice(low, low + width)):
        wider = each.including(value)
        assert value in wider
        assert low in wider and low + width in wider
        assert (wider == each) == (value in each)


def test_a_space_is_widened_by_the_values_to_start_from() -> None:
    found = including(space(k=choice(1, 2), l2=log(0.1, 1)), {"k": 3, "l2": 0.01, "other": 1})
    assert found == {"k": choice(1, 2, 3), "l2": log(0.01, 1)}


def test_a_logarithmic_range_that_must_include_zero_is_even() -> None:
    assert whole(1, 9, log=True).including(0) == whole(0, 9)
    assert log(0.1, 1).including(0.0) == number(0, 1)


@pytest.mark.parametrize(("low", "high"), [(2, 1), (1, 1), (0, 1), (-1, 1)])
def test_a_range_that_cannot_be_is_refused(low: int, high: int) -> None:
    with pytest.raises(ValueError, match=f"from a lower .*: {low}, {high}"):
        log(low, high)
