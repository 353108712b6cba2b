"""Data with anything wrong with it: it is read, or one line says what is wrong and where."""

import warnings
from collections import defaultdict
from pathlib import Path
from shutil import rmtree

import numpy as np
import pytest
from broken_archives import Given, archives, loose, unpacked
from command import bench_here
from data_files import FORMATS
from fuzzing import budget, fuzz
from hypothesis import strategies as st

from bench.interactions import Interactions
from bench.registry.datasets import load_data

MOST = 600  # characters of an error
# What an error must name: a file of the data, or the protocol that does not fit.
FEW = "nobody can be tested: of "
NAMED = tuple({name.rpartition("/")[2] for _, _, files, _ in FORMATS for name in files})


def put(folder: Path, given: Given) -> Path:
    """Write the data into an empty folder; what --data-dir has to be."""
    rmtree(folder, ignore_errors=True)
    folder.mkdir()
    for name, content in given.files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    if given.archive:
        (folder / given.archive).write_bytes(given.content)
    return folder / given.path


def audit(dataset: str, path: Path) -> tuple[int, str, list[str]]:
    """The exit code, which data it is, and what is said beside warnings of the project's own."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # one of Python's would be on the terminal
        done = bench_here(path.parent, "data", "audit", dataset, "--data-dir", str(path))
    said = [line for line in done.stderr.splitlines() if not line.startswith("warning: ")]
    which = [line for line in done.stdout.splitlines() if line.startswith("  data ")]
    done.stdout.encode()
    return done.returncode, "".join(which), said


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> dict[str, set[str]]:
    """For each data set which data its files are when nothing is wrong with them."""
    folder, found = tmp_path_factory.mktemp("plain") / "data", defaultdict(set)
    for dataset, _, files, _ in FORMATS:
        code, which, said = audit(dataset, put(folder, Given(dataset, "", unpacked(files))))
        assert (code, said) == (0, [])
        found[dataset].add(which)
    return found


def check_data(data: Interactions) -> None:
    """No number that a model would stumble over."""
    assert len(data) and data.times.min() >= 0
    assert data.ratings is not None and np.isfinite(data.ratings).all()
    for features in (data.user_features, data.item_features):
        if features is not None:
            assert not np.isinf(features.dense).any()


@budget(short=320, long=10_000)
def test_data(cases: int, tmp_path: Path, plain: dict[str, set[str]]) -> None:
    def check(given: Given) -> None:
        path = put(tmp_path / "data", given)
        code, which, said = audit(given.dataset, path)
        assert "Traceback" not in "".join(said)
        if given.same:
            assert (code, said) == (0, []) and which in plain[given.dataset]
        elif code == 0:
            assert which and not said
            check_data(load_data(given.dataset, path).interactions)
        else:
            assert code == 1 and len(said) == 1, said
            line = said[0]
            assert line.startswith("bench: ") and len(line) < MOST and line.isprintable(), line
            assert str(path) in line or any(name in line for name in NAMED) or FEW in line

    fuzz(st.one_of(loose(), archives()), check, cases)
