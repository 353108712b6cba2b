"""The module of a data set: what it must have, and what its load must return."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from command import bench_here
from hypothesis import given
from hypothesis import strategies as st

import bench.datasets
from bench.errors import BadParameter
from bench.interactions import DataSet
from bench.registry.datasets import (
    BadDataSet,
    dataset_module,
    dataset_text,
    load_data,
    parse_dataset,
)
from bench.registry.names import files

GOOD = """
import numpy as np
from bench.interactions import Interactions
TITLE, DESCRIPTION, SOURCE, LICENCE, CITATION = "Made", "made up", "nowhere", "none needed", "none"
SHA256, COUNTS = {}, {}
ROWS = np.arange(9, dtype=np.int32)
def load(data_dir=None):
    return Interactions(
        users=ROWS // 3, items=ROWS, times=ROWS.astype(np.int64), n_users=3, n_items=9
    )
"""
Write = Callable[[str], Path]


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Write:
    """Writes the data set "made", as if it stood in datasets/."""
    monkeypatch.setattr(bench.datasets, "__path__", [*bench.datasets.__path__, str(tmp_path)])
    monkeypatch.setitem(sys.modules, "bench.datasets.made", None)  # type: ignore[arg-type]
    monkeypatch.delitem(sys.modules, "bench.datasets.made")

    def written(text: str) -> Path:
        path = tmp_path / "made.py"
        path.write_text(text)
        return path

    return written


def test_a_module_with_all_facts(write: Write, tmp_path: Path) -> None:
    write(GOOD)
    data = load_data("made", None)
    assert isinstance(data, DataSet)
    assert (len(data.interactions), data.published) == (9, None)
    done = bench_here(tmp_path, "data", "get", "made")
    assert done.returncode == 0, done.stderr
    assert done.stdout.endswith("none needed\nnone\n")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("LICENCE", "LICENSE", "lacks LICENCE; it has LICENSE. Needed: TITLE, DESCRIPTION, SOURCE"),
        ("CITATION", "CITE_AS", "lacks CITATION. Needed: TITLE"),
        ("TITLE", "Title", "lacks TITLE"),
        ("COUNTS = {}, {}", "COUNTS = {}, 9", "COUNTS must be a dictionary of users, items and"),
        ('"none needed"', "None", "lacks LICENCE"),
        ('"none needed"', "b'no'", "LICENCE must be text, not b'no'"),
        ("def load", "def loads", "lacks load; it has loads"),
        ("return Interactions(", "return dict(", "must return Interactions or a DataSet, not dict"),
    ],
)
def test_what_is_wrong_with_a_module_is_one_line(
    write: Write, tmp_path: Path, old: str, new: str, message: str
) -> None:
    assert old in GOOD
    path = write(GOOD.replace(old, new))
    done = bench_here(tmp_path, "data", "get", "made")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(f"bench: {path}")
    assert message in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_suite_of_a_module_without_facts_stops_before_it_measures(
    write: Write, tmp_path: Path
) -> None:
    write("")
    done = bench_here(tmp_path, "data", "audit", "made")
    assert done.returncode == 1 and "lacks TITLE" in done.stderr
    with pytest.raises(BadDataSet, match="lacks TITLE"):
        load_data("made", None)


@pytest.mark.parametrize("name", files("datasets"))
def test_every_data_set_has_its_facts(name: str) -> None:
    module = dataset_module(name)
    for fact in ("TITLE", "DESCRIPTION", "SOURCE", "LICENCE", "CITATION"):
        assert getattr(module, fact)
        assert "\n" not in getattr(module, fact)
    assert all(len(digest) == 64 for digest in module.SHA256.values())
    assert set(module.COUNTS) in ({"users", "items", "interactions"}, set())


@given(
    st.dictionaries(
        st.sampled_from(["path", "columns", "n", "where"]),
        st.recursive(
            st.text() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(-1e9, 1e9),
            lambda inner: (
                st.lists(inner, max_size=3)
                | st.dictionaries(st.text(min_size=1), inner, max_size=3)
            ),
        ),
    )
)
def test_parameters_as_text_are_read_as_they_were(parameters: dict[str, object]) -> None:
    assert parse_dataset(dataset_text("file", parameters)) == ("file", parameters)


@pytest.mark.parametrize(
    ("text", "parameters"),
    [
        ("file:path=ratings.csv", {"path": "ratings.csv"}),
        ('file:path="a,b.csv",min_user=3', {"path": "a,b.csv", "min_user": 3}),
        ("file:path=a.csv,columns=user=uid", {"path": "a.csv", "columns": "user=uid"}),
        ('file:path="a",columns={user="u,v"}', {"path": "a", "columns": {"user": "u,v"}}),
        ("synthetic:scale=10,seed=1", {"scale": 10, "seed": 1}),
    ],
)
def test_text_needs_quotes_only_where_it_has_a_comma(
    text: str, parameters: dict[str, object]
) -> None:
    assert parse_dataset(text)[1] == parameters


def test_a_data_set_has_the_name_it_was_asked_for_by_or_its_own(write: Write) -> None:
    write(GOOD)
    assert load_data("made", None).name == "made"
    wrapped = GOOD.replace(
        "return Interactions(", 'return DataSet(name="own", interactions=Interactions('
    )
    write(
        wrapped.replace("n_items=9\n    )", "n_items=9\n    ))").replace(
            "import Int", "import DataSet, Int"
        )
    )
    sys.modules.pop("bench.datasets.made")
    assert load_data("made", None).name == "own"


def test_a_parameter_without_a_default_must_be_given(write: Write) -> None:
    write(GOOD.replace("(data_dir=None)", "(data_dir=None, *, path: str)"))
    with pytest.raises(BadParameter, match=r"made needs a path, as made:path=..."):
        load_data("made", None)
