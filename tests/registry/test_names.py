"""Names of models, data sets and suites: what is typed wrong is named, with what would be right."""

from pathlib import Path

import pytest

from bench.errors import UnknownName
from bench.registry import names
from bench.registry.models import adapter_class
from bench.registry.names import NameTaken
from bench.registry.sources import source_sha256

ROOT = Path(__file__).resolve().parents[2]


def test_every_file_that_is_not_shared_is_found() -> None:
    expected = {path.stem for path in (ROOT / "models").glob("*.py")}
    assert names.files("models").keys() == expected
    assert {"movielens_100k", "synthetic"} <= names.files("datasets").keys()
    assert {"ml-100k", "quick"} <= names.files("suites").keys()


@pytest.mark.parametrize(
    ("kind", "typed", "meant"),
    [
        ("models", "esae", "ease"),
        ("datasets", "ml-100k", "movielens_100k"),
        ("suites", "q", "quick"),
    ],
)
def test_the_nearest_name_is_given(kind: str, typed: str, meant: str) -> None:
    with pytest.raises(UnknownName, match=rf"unknown .* '{typed}'\. Did you mean '{meant}'"):
        names.find(kind, typed)  # type: ignore[arg-type]


def test_a_file_without_exactly_one_adapter_is_refused(tmp_path: Path) -> None:
    (tmp_path / "no_adapter_here.py").write_text('"""Nothing."""\n')
    name = names.add_model(tmp_path / "no_adapter_here.py")
    with pytest.raises(TypeError, match="must define one Adapter, not none"):
        adapter_class(name)


def test_a_model_from_outside_may_not_take_a_name(tmp_path: Path) -> None:
    (tmp_path / "ease.py").write_text("")
    with pytest.raises(NameTaken, match="exists already"):
        names.add_model(tmp_path / "ease.py")
    with pytest.raises(UnknownName, match=r"needs a \.py file"):
        names.add_model(tmp_path / "missing.py")


def test_models_from_outside_are_known_in_their_block_alone(tmp_path: Path) -> None:
    one, two, other = (tmp_path / name for name in ("one.py", "two.py", "other/one.py"))
    (tmp_path / "other").mkdir()
    for path in (one, two, other):
        path.write_text("")
    with names.with_models([one]) as outer:
        assert (outer, names.added_models()) == (["one"], [one])
        with names.with_models([two, one]) as inner:  # one twice is one
            assert (inner, names.added_models()) == (["two", "one"], [one, two])
            names.add_model(two)
        assert names.added_models() == [one]
        with pytest.raises(NameTaken, match="'one' exists already"), names.with_models([other]):
            pass
        with pytest.raises(KeyError), names.with_models([two]):
            raise KeyError
        assert names.added_models() == [one]
    assert names.added_models() == []
    assert "one" not in names.files("models")


def test_a_file_that_is_no_python_does_not_stop_the_list(tmp_path: Path) -> None:
    (tmp_path / "broken_model.py").write_text("def broken(:")
    names.add_model(tmp_path / "broken_model.py")
    assert names.summary(names.files("models")["broken_model"]).startswith("cannot be read")
    assert len(source_sha256("broken_model")) == 64
