"""`bench.run` from Python: what a script or a notebook defines is measured like any other model."""

import subprocess
import sys
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import bench
from bench.adapter import Run
from bench.interactions import Floats, Ids, Interactions
from bench.leaderboard.csv_columns import CSV_COLUMNS, MACHINE_COLUMNS
from bench.registry.models import adapter_class

BONUS = 0.25
PATIENCE = 1800.0


def plus(counts: Any) -> Any:
    return counts + BONUS


@dataclass(kw_only=True)
class Popular(bench.Adapter):
    """A model of this file."""

    power: float = 1.0

    def fit(self, train: Interactions, run: Run) -> None:
        counts = np.bincount(train.items, minlength=train.n_items)
        self._counts = plus(counts**self.power).astype(np.float32)

    def scores(self, users: Ids) -> Floats:
        return np.tile(self._counts, (len(users), 1))


def measured(folder: Path, *models: Any, track: Any = "off", **more: Any) -> bench.Board:
    """MLflow takes seconds; what is told to it by a run from Python is told as by the command."""
    results = folder / "results"
    return bench.run("synthetic", list(models), results=results, track=track, **more)


def keys(board: bench.Board) -> dict[str, str]:
    return {record.cell.name: record.key for record in board.records}


def test_models_by_name_class_and_instance(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    als = adapter_class("als")
    board = measured(folder, Popular(power=0.5), "popularity", als(factors=8, iterations=2))
    assert "[3/3] als" in capsys.readouterr().out
    records = {record.cell.model: record for record in board.records}
    assert {record.status for record in records.values()} == {"ok"}
    assert records["Popular"].cell.params == {"power": 0.5}
    assert records["als"].cell.params["factors"] == 8
    # The same order of items as popularity's, apart from ties, which neither breaks.
    for figure in ("hr_at_10_expected", "ndcg_at_10_expected"):
        assert records["Popular"].metrics[figure] == records["popularity"].metrics[figure]

    frame = board.to_frame()
    assert list(frame.columns) == [name for name, _ in (*CSV_COLUMNS, *MACHINE_COLUMNS)]
    table = pd.read_csv(folder / "results" / "leaderboard.csv")
    pd.testing.assert_frame_equal(frame, table)  # with the tiers, errors and intervals
    assert frame["tier"].notna().all() and len(frame) == 3
    assert frame["hr_at_10"].is_monotonic_decreasing
    assert "Popular" in repr(board) and "HR@10" in repr(board)
    html = board._repr_html_()
    assert html.count("<tr>") == 4 and "synthetic, loo-99" in html


def test_what_is_measured_is_kept_until_the_class_changes(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    empty = (folder / "results" / "mlflow.db").read_bytes()
    first = measured(folder, Popular, track="wait")
    capsys.readouterr()
    again = measured(folder, Popular(power=1.0))
    assert keys(again) == keys(first)
    assert "measured before" in capsys.readouterr().out
    monkeypatch.setattr(sys.modules[__name__], "BONUS", 0.5)
    told = (folder / "results" / "mlflow.db").read_bytes()
    assert told != empty
    changed = measured(folder, Popular, progress=False)
    assert (folder / "results" / "mlflow.db").read_bytes() == told
    assert keys(changed) != keys(first)
    assert capsys.readouterr().out == ""


def test_a_model_that_fails_has_a_row_and_ends_nothing(folder: Path) -> None:
    @dataclass(kw_only=True)
    class Broken(Popular):
        def fit(self, train: Interactions, run: Run) -> None:
            raise RuntimeError("no idea")

    models = {"mine": Broken, "base": Popular}
    board = bench.run("synthetic", models, results=folder / "results", track="off")
    records = {record.cell.label: record for record in board.records}
    assert records["mine"].status == "failed"
    assert records["mine"].reason == "RuntimeError: no idea"
    assert "raise RuntimeError" in records["mine"].traceback
    assert records["base"].status == "ok"
    assert "mine: failed, RuntimeError: no idea" in repr(board)


LOCK = threading.Lock()


@dataclass(kw_only=True)
class Locked(Popular):
    """Uses what no other process can have."""

    def fit(self, train: Interactions, run: Run) -> None:
        with LOCK:
            super().fit(train, run)


@dataclass(kw_only=True)
class als(Popular):
    """Has the name of a model that exists."""


class Bare(bench.Adapter):
    def fit(self, train: Interactions, run: Run) -> None: ...

    def scores(self, users: Ids) -> Floats:
        raise NotImplementedError


@pytest.mark.parametrize(
    ("models", "message"),
    [
        (["esae"], r"unknown model 'esae'\. Did you mean 'ease'\?"),
        ([Locked()], r"Locked cannot be handed to the process of a cell: cannot pickle '_thread"),
        ([als], "a model 'als' exists already; give the class another name"),
        ([Bare], "Bare must be a dataclass"),
        ([3], "models takes a model's name, an Adapter class or an instance of one, not 3"),
        (3, "models takes a list, each a model's name"),
        ([], "models is empty"),
        ([Popular(power="high")], "Popular.power must be a number, not 'high'"),  # type: ignore[arg-type]
        ([Popular(power=None)], "Popular.power must be a number, not None"),  # type: ignore[arg-type]
    ],
)
def test_a_mistake_is_one_line(folder: Path, models: Any, message: str) -> None:
    with pytest.raises(bench.UsageError, match=message) as error:
        bench.run("synthetic", models, results=folder / "results")
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("data", "more", "message"),
    [
        ("synthetc", {}, "unknown data set 'synthetc'. Did you mean 'synthetic'"),
        ("clicks.csv", {}, "unknown data set 'clicks.csv'; a file of your own is for --data"),
        ("synthetic:size=3", {}, "unknown parameter of synthetic 'size'"),
        (3, {}, "bench.run takes data by name, or what bench.read returns, not 'int'"),
        ("synthetic", {"protocol": "loo"}, "unknown protocol 'loo'"),
        ("synthetic", {"device": "gpu"}, "unknown device 'gpu'"),
        ("synthetic", {"seeds": "01"}, "seeds takes whole numbers from 0"),
        ("synthetic", {"seeds": []}, r"seeds must be whole numbers from 0, not \[\]"),
        (
            "synthetic",
            {"track": "never"},
            r"unknown way to track 'never'\. .*Known: later, off, wait",
        ),
        ("synthetic", {"threads": 0}, "threads must be 1 or more, not 0"),
        ("synthetic", {"cluster": "nowhere"}, "--cluster takes the address of a head, as 10.0.0.1"),
        ("synthetic", {"cluster": "10.0.0.1:1", "device": "cuda:1"}, "device cuda, not cuda:1"),
        ("synthetic", {"timeout": 0}, "timeout must be more than 0 seconds, not 0"),
    ],
)
def test_so_is_one_in_the_rest(folder: Path, data: Any, more: Any, message: str) -> None:
    with pytest.raises(bench.UsageError, match=message):
        bench.run(data, ["popularity"], results=folder / "results", **more)


def test_interactions_of_ones_own(folder: Path) -> None:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(
        {"user": rng.integers(40, size=2000), "item": rng.integers(150, size=2000)}
    )
    frame["time"] = pd.Timestamp("2020-01-01") + pd.to_timedelta(np.arange(2000), unit="h")
    data = bench.DataSet(Interactions.from_frame(frame), name="my clicks")
    where = {"results": folder / "results", "track": "off"}
    board = bench.run(data, "popularity", seeds=[0, 1], **where)
    assert {record.cell.dataset for record in board.records} == {"my clicks"}
    assert [record.cell.seed for record in board.records] == [0, 1]
    with pytest.raises(bench.Problem, match="nobody can be tested"):
        bench.run(bench.DataSet(Interactions.from_frame(frame[:3])), "popularity", **where)


SCRIPT = '''
from dataclasses import dataclass

import bench
from own_counts import counts


@dataclass(kw_only=True)
class Mine(bench.Adapter):
    """A model of a script, with a module beside it."""

    shift: "float" = 0.0

    def fit(self, train: "bench.Interactions", run: "bench.Run") -> None:
        self.kept = counts(train.items, train.n_items) + self.shift

    def scores(self, users):
        import numpy
        return numpy.tile(self.kept, (len(users), 1)).astype("float32")


board = bench.run("synthetic", [Mine(shift=2.0)], results="results")
print(board)
'''


def test_a_script_needs_no_guard_and_may_import_what_stands_beside_it(folder: Path) -> None:
    beside = folder / "scripts"
    beside.mkdir()
    (beside / "own_counts.py").write_text(
        "import numpy\ndef counts(items, n):\n    return numpy.bincount(items, minlength=n)\n"
    )
    (beside / "compare.py").write_text(SCRIPT)
    done = subprocess.run(
        [sys.executable, str(beside / "compare.py")],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("canaries: 8 of 8 within their bounds") == 2
    assert "[1/1] Mine " in done.stdout and "synthetic, loo-99" in done.stdout


def test_to_import_it_is_cheap() -> None:
    script = (
        "import sys, bench; assert bench.__version__; assert 'run' in dir(bench)\n"
        "assert not {'numpy', 'pandas', 'mlflow', 'click'} & sys.modules.keys()\n"
        "assert bench.run and bench.Board and 'pandas' not in sys.modules\n"
        "try: bench.walk\nexcept AttributeError as error: print(error)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "module 'bench' has no attribute 'walk'\n")
