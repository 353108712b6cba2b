"""Cells side by side: the same figures in the same order, cores of their own, and nothing left."""

import csv
import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psutil
import pytest
from command import BENCH, PATIENCE, bench_here
from hypothesis import given
from hypothesis import strategies as st

from bench import machine
from bench.errors import BadParameter
from bench.isolation.process import Limits
from bench.leaderboard.marks import signs
from bench.leaderboard.sections import sections
from bench.records.folder import Results
from bench.records.record import Cell, Record
from bench.running.cell import Measured
from bench.running.executors import choose, side_by_side
from bench.running.executors.executor import Ended, Errand
from bench.running.executors.side_by_side import SideBySide
from bench.running.plan import Options

MODEL = '''"""Says where it runs, and takes the memory and the time that it is told."""

import os
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bench.adapter import Adapter


@dataclass(kw_only=True)
class Placed(Adapter):
    memory_mb: int = 0
    waits: bool = False

    def fit(self, train, run):
        name = f"{run.seed}.{time.monotonic_ns()}"
        Path("cores", name).write_text(" ".join(map(str, os.sched_getaffinity(0))))
        while self.waits and run.seed and not Path("go on").exists():
            time.sleep(0.01)
        self._table = np.ones(self.memory_mb << 20, dtype=np.uint8)
        self._scores = np.random.default_rng(run.seed).random(train.n_items, dtype=np.float32)

    def scores(self, users):
        return np.tile(self._scores, (len(users), 1))
'''
RUN = ("run", "--suite", "quick", "--model-path", "placed.py")


@pytest.fixture
def placed(folder: Path) -> Path:
    """A folder with that model."""
    (folder / "placed.py").write_text(MODEL)
    (folder / "cores").mkdir()
    return folder


@pytest.fixture
def two_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a machine with two cores; where it has one, both are that one."""
    there = sorted(os.sched_getaffinity(0))
    monkeypatch.setattr(machine, "cores", lambda: [there[0], there[-1]])


def tables(results: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in (results / "ledgers").iterdir()}


@pytest.mark.usefixtures("two_cores")
def test_figures_ledgers_board_and_kept_models_are_those_of_one_after_the_other(
    placed: Path,
) -> None:
    words = (*RUN, "--models", "popularity,placed,knn", "--seeds", "0,1", "--keep")
    one = bench_here(placed, *words, "--results", "one")
    two = bench_here(placed, *words, "--results", "results", "--jobs", "2")
    assert one.returncode == two.returncode == 0, two.stdout + two.stderr
    assert tables(placed / "one") == tables(placed / "results")
    assert len(tables(placed / "one")) == 6
    first, second = (Results(placed / name).read_records() for name in ("one", "results"))
    by_stem = {record.stem: record for record in first}
    for record in second:
        assert record.metrics == by_stem[record.stem].metrics
        assert record.environment["jobs"] == 2
        assert record.timings.keys() == by_stem[record.stem].timings.keys()
        assert "jobs" not in by_stem[record.stem].environment
    # The kernel has run before the first cell and after the last, and no other time.
    assert len({record.timings["reference_seconds_before"] for record in second}) == 1
    assert len({record.timings["reference_seconds_after"] for record in second}) == 1
    ((alone,), (beside,)) = sections(first), sections(second)
    assert [row.model for row in alone.rows] == [row.model for row in beside.rows]
    assert all("≤" in signs(row) for row in beside.rows)
    assert not any("≤" in signs(row) for row in alone.rows)
    assert "its times are upper bounds" in two.stdout
    for name, flags in (("one", {None}), ("results", {"yes"})):
        with (placed / name / "leaderboard.csv").open(newline="") as lines:
            assert {row.get("side_by_side") for row in csv.DictReader(lines)} == flags
    kept = sorted(path.relative_to(placed / "one") for path in placed.glob("one/models/*/state.*"))
    assert kept
    for path in kept:
        assert (placed / "one" / path).read_bytes() == (placed / "results" / path).read_bytes()
    again = bench_here(placed, *words, "--jobs", "2")
    assert again.stdout.count("measured before") == 6


def test_each_cell_has_a_core_of_its_own(placed: Path) -> None:
    words = (*RUN, "--models", "placed", "--set", "placed.waits=true", "--seeds", "1,2")
    with subprocess.Popen(
        [BENCH, *words, "--jobs", "2"], cwd=placed, stdout=subprocess.DEVNULL
    ) as running:
        if len(machine.cores()) > 1:
            while len(list((placed / "cores").iterdir())) < 2:  # both at the same time
                assert running.poll() is None
                time.sleep(0.01)
        (placed / "go on").touch()
        assert running.wait(PATIENCE) == 0
    found = {path.read_text() for path in (placed / "cores").iterdir()}
    assert all(cores.isdecimal() for cores in found)
    assert len(found) == min(2, len(machine.cores()))


@pytest.mark.usefixtures("two_cores")
def test_what_needs_more_than_its_share_of_the_memory_is_measured_alone(
    placed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(choose, "most_memory_mb", lambda: 2048)
    words = (*RUN, "--models", "placed,popularity", "--set", "placed.memory_mb=1500", "--jobs", "2")
    done = bench_here(placed, *words)
    assert done.returncode == 0, done.stdout + done.stderr
    records = {record.cell.model: record for record in Results(placed / "results").read_records()}
    assert records["popularity"].environment["jobs"] == 2
    assert "jobs" not in records["placed"].environment
    assert len(list((placed / "cores").iterdir())) == 2  # tried, and measured again


@pytest.mark.usefixtures("two_cores")
def test_a_model_that_fails_beside_others_ends_nothing(placed: Path) -> None:
    (placed / "broken.py").write_text(MODEL.replace("self._table =", "raise KeyError(run.seed)  #"))
    words = ("--model-path", "broken.py", "--models", "placed,broken,popularity", "--jobs", "2")
    done = bench_here(placed, *RUN, *words)
    assert done.returncode == 1
    records = {record.cell.model: record for record in Results(placed / "results").read_records()}
    assert {name: record.status for name, record in records.items()} == {
        **{"placed": "ok", "popularity": "ok", "broken": "failed"}
    }
    assert "reference_drift" not in records["broken"].timings


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_ended_in_the_middle_it_keeps_what_it_has_and_goes_on(
    number: signal.Signals, placed: Path
) -> None:
    words = (*RUN, "--models", "placed", "--set", "placed.waits=true", "--seeds", "0,1,2")
    words = (*words, "--jobs", "2")
    with subprocess.Popen(
        [BENCH, *words], cwd=placed, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as running:
        records = placed / "results" / "records"
        waiting = min(2, len(machine.cores()))
        while (
            not list(records.glob("*.json")) or len(list((placed / "cores").iterdir())) <= waiting
        ):
            assert running.poll() is None
            time.sleep(0.01)
        children = psutil.Process(running.pid).children(recursive=True)
        assert children
        running.send_signal(number)
        code = running.wait(PATIENCE)
    assert code == (-number if number == signal.SIGKILL else 130)
    assert not psutil.wait_procs(children, PATIENCE)[1]
    assert [json.loads(path.read_text())["cell"]["seed"] for path in records.iterdir()] == [0]
    assert "| placed" in (placed / "results" / "leaderboard.md").read_text()
    (placed / "go on").touch()
    done = bench_here(placed, *words)
    assert done.returncode == 0
    assert done.stdout.count("measured before") == 1
    assert len(tables(placed / "results")) == 3


@given(st.integers(1, 64), st.integers(1, 8), st.integers(1, 16), st.integers(100, 64_000))
def test_there_are_never_more_places_than_cores_and_memory_allow(
    jobs: int, threads: int, cores: int, memory_mb: int
) -> None:
    said: list[str] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(machine, "cores", lambda: list(range(cores)))
        patch.setattr(choose, "most_memory_mb", lambda: memory_mb)
        found = choose.places(jobs, threads, said.append)
    used = [core for each in found for core in each]
    assert 1 <= len(found) <= jobs
    assert len(used) == len(set(used)) and set(used) <= set(range(cores))
    assert len(found) == 1 or all(len(each) == threads for each in found)
    assert len(found) == 1 or memory_mb // len(found) >= choose.LEAST_MB
    assert len(said) == (len(found) < jobs)
    assert all(line.startswith(f"--jobs {jobs}: {len(found)} at a time") for line in said)


def test_no_jobs_and_jobs_on_one_gpu_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(BadParameter, match="jobs must be 1 or more, not 0"):
        Options(results=Results(tmp_path), jobs=0)
    monkeypatch.setattr(machine, "gpu_count", lambda: 1)
    with pytest.raises(BadParameter, match="device cuda: one cell at a time, not 2 jobs"):
        Options(results=Results(tmp_path), jobs=2, device="cuda")


def test_what_waits_for_a_cell_that_is_measured_alone_comes_after_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As trials of a study do, each of which is chosen by what the ones before came to."""
    record = Record(
        cell=Cell(dataset="made-up", protocol="loo", model="large", params={}, seed=0),
        key="0" * 16,
        status="ok",
    )
    ended: list[Errand] = []

    def errands() -> Iterator[Errand | None]:
        for number in range(3):
            limits = Limits(memory_mb=1500 if number else 500)
            errand = Errand(planned=[], limits=limits, clocked=False)
            yield errand
            while errand not in ended:
                yield None

    def measured(errand: Errand, tasks: object, work: object) -> list[Measured]:
        large = errand.limits.memory_mb == 1000  # the share: it would take more
        return [Measured(replace(record, status="oom" if large else "ok"))]

    monkeypatch.setattr(side_by_side, "measured_here", measured)
    with SideBySide({}, tmp_path, [(), ()], share_mb=1000) as executor:
        for event in executor.results(errands()):
            if isinstance(event, Ended):
                assert [each.record.status for each in event.measured] == ["ok"]
                ended.append(event.errand)
    assert [errand.limits.memory_mb for errand in ended] == [500, 1500, 1500]
