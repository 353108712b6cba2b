"""What a model says of itself is asked once, and again when what decides it has changed."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from bench.errors import BadParameter
from bench.isolation.warm import warm
from bench.registry import names, remembered
from bench.registry.suites import Suite, SuiteRow
from bench.running import describe as describing
from bench.running.describe import Described, describe
from bench.running.stages import BASE

MODEL = """
from dataclasses import dataclass
from beside_it import NUMBER
from bench.adapter import Adapter
from bench.space import space, whole

@dataclass(kw_only=True)
class Asked(Adapter):
    factors: int = NUMBER
    search = space(factors=whole(1, 9))

    def fit(self, train, run): pass
    def scores(self, users): pass
"""


@pytest.fixture(autouse=True)
def forks(tmp_path: Path) -> Iterator[None]:
    """Models are asked in forks, as in a run."""
    with warm(tmp_path, BASE):
        yield


@pytest.fixture(autouse=True)
def cache_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache of the user."""
    monkeypatch.setattr("platformdirs.user_cache_path", lambda name: tmp_path / "cache" / name)
    return tmp_path / "cache" / "bench"


@pytest.fixture
def model(tmp_path: Path) -> Path:
    path = tmp_path / "models" / "asked.py"
    path.parent.mkdir()
    path.write_text(MODEL)
    (path.parent / "beside_it.py").write_text("NUMBER = 3\n")
    names.add_model(path)
    return path


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The models that a process was started for."""
    found: list[str] = []
    inner = describing._ask

    def ask(specs: list[describing.ModelSpec], work: Path) -> list[Described]:
        found.extend(spec.model for spec in specs)
        return inner(specs, work)

    monkeypatch.setattr(describing, "_ask", ask)
    return found


def suite(*models: str, **params: object) -> Suite:
    rows = tuple(SuiteRow(model=name, params=dict(params)) for name in models)
    return Suite(dataset="synthetic", rows=rows)


def test_a_model_is_asked_again_when_it_or_what_is_beside_it_or_a_value_changes(
    model: Path, asked: list[str], tmp_path: Path
) -> None:
    first = describe(suite("asked", "popularity"), tmp_path)
    assert asked == ["asked", "popularity"]
    assert (first[0].status, first[0].params) == ("ok", {"factors": 3})
    assert describe(suite("asked", "popularity"), tmp_path) == first
    assert describe(suite("popularity"), tmp_path) == first[1:]
    assert asked == ["asked", "popularity"]
    assert describe(suite("asked", factors=5), tmp_path)[0].params == {"factors": 5}
    (model.parent / "beside_it.py").write_text("NUMBER = 4\n")
    assert describe(suite("asked"), tmp_path)[0].params == {"factors": 4}
    model.write_text(MODEL.replace("NUMBER\n    search", "NUMBER + 1\n    search"))
    assert describe(suite("asked"), tmp_path)[0].params == {"factors": 5}
    assert asked == ["asked", "popularity", "asked", "asked", "asked"]


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("import no_such_library\n" + MODEL, "skipped"),
        (MODEL.replace("class Asked", "1 / 0\nclass Asked"), "failed"),
        ("import os; os._exit(3)\n" + MODEL, "ok"),  # its cell says why
    ],
)
def test_what_is_no_good_answer_is_asked_for_each_time(
    text: str, status: str, model: Path, asked: list[str], tmp_path: Path
) -> None:
    model.write_text(text)
    for _ in range(2):
        assert describe(suite("asked"), tmp_path)[0].status == status
    assert asked == ["asked", "asked"]


def test_a_wrong_value_is_refused_each_time(model: Path, asked: list[str], tmp_path: Path) -> None:
    for _ in range(2):
        with pytest.raises(BadParameter, match="factor"):
            describe(suite("asked", factor=5), tmp_path)
    assert asked == ["asked", "asked"]


@pytest.mark.parametrize("content", ["", "{", "[]", '["failed", {}]', '{"answer": 1}'])
def test_a_damaged_answer_is_asked_for_again(
    content: str, model: Path, asked: list[str], cache_folder: Path, tmp_path: Path
) -> None:
    first = describe(suite("asked"), tmp_path)
    (kept,) = (cache_folder / "answers").iterdir()
    kept.write_text(content)
    assert describe(suite("asked"), tmp_path) == first
    assert asked == ["asked", "asked"]


def test_where_nothing_can_be_kept_each_is_asked(
    model: Path, asked: list[str], cache_folder: Path, tmp_path: Path
) -> None:
    cache_folder.parent.mkdir()
    cache_folder.touch()  # no folder
    for _ in range(2):
        assert describe(suite("asked"), tmp_path)[0].status == "ok"
    assert asked == ["asked", "asked"]


def test_of_too_many_facts_the_older_half_goes(
    cache_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remembered, "MOST", 4)
    for number in range(5):
        remembered.remember(f"some/{number}", number)
    assert len(list((cache_folder / "some").iterdir())) == 3
    assert remembered.remembered("some/4") == 4
