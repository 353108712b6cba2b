"""The module of a data set: what it must have, and what its load must return."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from command import bench_here

import bench.datasets
from bench.interactions import DataSet
from bench.registry.datasets import BadDataSet, dataset_module, load_data
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
