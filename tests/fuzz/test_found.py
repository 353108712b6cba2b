"""What fuzzing found once, and what must be said now."""

import zipfile
from copy import copy
from pathlib import Path

import numpy as np
import pytest
from command import bench_here
from data_files import FORMATS
from made import interactions

from bench.adapter import Adapter, Run
from bench.data.archives import has_member, read_member
from bench.data.fetch import DataUnavailable
from bench.errors import BadParameter
from bench.evaluation.evaluate import latencies, look
from bench.evaluation.scores import BadScores, checked
from bench.protocol.task import prepare
from bench.records.record import Cell, stem
from bench.registry.blame import BadSuite
from bench.registry.datasets import load_data
from bench.registry.names import summary
from bench.registry.parameters import as_type, complete, parse_setting
from bench.registry.suites import load
from bench.text import in_one_line

DATA = interactions([(user, item, item) for user in range(3) for item in range(user, 9)], 3, 12)


class Returning(Adapter):
    """Its scores are what it is told."""

    def __init__(self, scores: object) -> None:
        self._scores = scores

    def fit(self, train, run):
        pass

    def scores(self, users):
        return self._scores


@pytest.mark.parametrize(
    ("scores", "message"),
    [
        (np.zeros(12, "f4"), r"must return shape \(1, 12\), not \(12,\)"),
        (
            np.zeros((1, 3), "f4"),
            r"must return shape \(1, 12\), not \(1, 3\)",
        ),  # and wrote beyond it
        (np.zeros((1, 12)), "must return float32, not float64"),
        (np.full((1, 12), np.nan, "f4"), "returned NaN for user 1, item 0"),
    ],
)
def test_the_scores_of_one_user_are_checked(scores: object, message: str) -> None:
    with pytest.raises(BadScores, match=message):
        latencies(Returning(scores), DATA, np.array([1], dtype=np.int32), lambda: None)


def test_kinds_of_arrays() -> None:
    plain = np.ones((2, 3), dtype=np.float32)
    assert type(checked("scores", np.asmatrix(plain), (2, 3))) is np.ndarray
    with pytest.raises(BadScores, match="must return a numpy array, not MaskedArray"):
        checked("scores", np.ma.masked_array(plain), (2, 3))
    liar = type("Liar", (), {"__class__": np.ndarray})()
    with pytest.raises(BadScores, match="must return a numpy array, not Liar"):
        checked("scores", liar, (2, 3))


def test_candidates_that_a_model_changed() -> None:
    class Changing(Returning):
        def pair_scores(self, users, items):
            items[:] = 10**6
            return np.full(items.shape, np.nan, dtype=np.float32)

    task = prepare(DATA, "loo-99-validation")
    with pytest.raises(BadScores, match=r"pair_scores\(\) returned NaN for user 0, item \d"):
        look(Changing(None), task.train, task.cases)


def test_a_copy_of_interactions_shares_its_arrays_alone() -> None:
    other = copy(DATA)
    object.__setattr__(other, "items", None)
    assert DATA.items is not None
    assert not copy(DATA).items.flags.writeable


@pytest.mark.parametrize("samples", [-1, float("nan"), 2**70, "many"])
def test_samples_are_a_count(samples: object) -> None:
    with pytest.raises(ValueError, match="samples of epoch 1 must be a count, not "):
        Run().epoch(samples=samples)  # type: ignore[arg-type]


def test_words_of_exceptions() -> None:
    assert in_one_line(OSError("\udcff\x1b\n2")) == r"OSError: \udcff\x1b"
    assert len(in_one_line(ValueError("y" * 10**6))) < 520
    assert in_one_line(type("", (Exception,), {})()) == "an exception without a name"


def test_a_damaged_member(tmp_path: Path) -> None:
    path = tmp_path / "data.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a", b"12345" * 99)
    content = bytearray(path.read_bytes())
    content[50:60] = b"\xff" * 10
    path.write_bytes(content)
    with pytest.raises(DataUnavailable, match=r"data.zip: cannot read a \("):
        read_member(path, "a", 10**6)
    path.write_bytes(path.read_bytes()[:-30])
    assert not has_member(path, "a")


@pytest.mark.parametrize("value", [10**400, 16**9999, float("inf")], ids=["1", "2", "3"])
def test_numbers_that_are_no_float(value: float) -> None:
    with pytest.raises(BadParameter, match="x must be a finite number, not "):
        as_type(value, float, "x")


def test_whole_numbers_fit_into_64_bits() -> None:
    with pytest.raises(BadParameter, match="x must fit into 64 bits, unlike a very large int"):
        as_type(16**9999, int, "x")


def test_settings_that_are_no_toml() -> None:
    for text in ("9" * 5000, "[" * 100_000):
        assert parse_setting(f"ease.l2={text}") == ("ease", "l2", text)


def test_defaults_that_no_record_can_hold() -> None:
    from dataclasses import make_dataclass

    cls = make_dataclass("Model", [("most", float, float("inf"))], kw_only=True)
    with pytest.raises(TypeError, match=r"model.most must be text, a finite number, .* not inf"):
        complete(cls, "model", {})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x = " + "[" * 3000, "its brackets are nested too deeply"),
        ("memory_limit = 99999999999999", "memory_limit must be 0 to 1099511627776 MB, not 9999"),
        ('[[rows]]\nmodel = "ease"\nlabel = "a\\nb"', "label must be one printable line"),
        ('[[rows]]\nmodel = "popularity"\nparams = { l2 = 1979-05-27 }', "l2 must be text, a "),
        (
            '[[rows]]\nmodel = "ease"\nparams = { l2 = 1979-05-27 }',
            "ease.l2 must be text, a finite",
        ),
        ('[[rows]]\nmodel = "popularity"\nparams = { l2 = 1979-05-27 }', "l2 must be text, a "),
    ],
)
def test_suites(text: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    rows = "" if "rows" in text else '\n[[rows]]\nmodel = "ease"'
    path.write_text(f'dataset = "synthetic"\n{text}{rows}')
    with pytest.raises(BadSuite, match=message):
        load(str(path))


def test_a_suite_with_a_wrong_parameter_of_its_data_set(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text('# Mine.\ndataset = "synthetic:sead=1"\n[[rows]]\nmodel = "popularity"')
    done = bench_here(tmp_path, "run", "--suite", str(path), "--dry-run")
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert done.stderr.startswith(f"bench: {path}, line 2: unknown parameter of synthetic 'sead'")


@pytest.mark.parametrize(
    "parameters",
    ["n_users=1000000000000", "popularity_shift=-5", "popularity_exponent=1e300"],
)
def test_synthetic_data_of_no_sense(parameters: str) -> None:
    with pytest.raises(BadParameter, match=f"synthetic:{parameters}: "):
        load_data(f"synthetic:{parameters}", None)


def test_seeds_of_too_many_digits(tmp_path: Path) -> None:
    done = bench_here(tmp_path, "run", "--suite", "quick", "--seeds", "9" * 5000)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert done.stderr.startswith("bench: --seeds takes whole numbers from 0, of up to 18 digits")


@pytest.mark.parametrize(
    ("dataset", "file", "old", "new", "message"),
    [
        ("movielens_latest_small", "movies.csv", b"War", b"9" * 5000, "genre '999"),
        ("ncf_ml_1m", "ml-1m.train.rating", b"0\t5\t", b"0\t-5\t", "-5 is no index of a user or i"),
    ],
)
def test_a_wrong_value_is_shown_in_short_with_its_file(
    dataset: str, file: str, old: bytes, new: bytes, message: str, tmp_path: Path
) -> None:
    files = next(files for name, _, files, _ in FORMATS if name == dataset)
    for name, content in files.items():
        changed = content.replace(old, new, 1) if name.endswith(file) else content
        (tmp_path / name.rpartition("/")[2]).write_bytes(changed)
    done = bench_here(tmp_path, "data", "audit", dataset, "--data-dir", str(tmp_path))
    assert done.returncode == 1 and len(done.stderr) < 400
    assert done.stderr.startswith(f"bench: {file}: {message}")


def test_names_of_files_are_not_too_long() -> None:
    cell = Cell(dataset="漢" * 300, protocol="loo-99", model="ease", params={}, seed=0)
    name = stem(cell, "0123456789abcdef")
    assert len(name.encode()) < 230 and name.endswith(".0123456789abcdef")


def test_a_model_that_no_parser_reads(tmp_path: Path) -> None:
    for text in ("x = 1\0", f"x = {'-' * 20_000}1"):
        (tmp_path / "model.py").write_text(text)
        assert summary(tmp_path / "model.py").startswith("cannot be read: ")
