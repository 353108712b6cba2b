"""Cells of another library's model: what comes of them, whatever the library does."""

import dataclasses
import os
from pathlib import Path

import numpy as np
import psutil
import pytest
import tiny_library
from hanging import over_when_said

from bench.adapter import Run
from bench.interactions import Interactions
from bench.isolation import deadline, left_memory
from bench.isolation.process import Limits
from bench.isolation.warm import warm
from bench.peers.adapter import peer_class
from bench.peers.definition import Library
from bench.peers.known import with_peers
from bench.protocol.task import Task, prepare
from bench.records.record import Record
from bench.registry.datasets import load_data
from bench.registry.models import ModelSpec, adapter_class
from bench.registry.suites import Suite, SuiteRow
from bench.running import cell
from bench.running.describe import describe
from bench.running.display import Display
from bench.running.plan import planned
from bench.running.stages import BASE

LIMITS = Limits(seconds=600)
ROWS = (SuiteRow(model="tiny/popular"),)
FIT = "self.counts = tinyrec.counts(self.data.items, self.data.n_items) ** self.power"
SCORES = "return np.tile(self.counts, (len(users), 1))"


@pytest.fixture(scope="module")
def task() -> Task:
    return prepare(load_data("synthetic", None), "loo-99")


def measure(
    folder: Path, task: Task, *, fit: str = FIT, scores: str = SCORES, limits: Limits = LIMITS
) -> Record:
    """A cell whose library fits and scores by these lines."""
    side = tiny_library.SIDE.replace(FIT, fit.replace("\n", "\n        "))
    side = side.replace(SCORES, scores.replace("\n", "\n        "))
    (folder / "work").mkdir()
    library = tiny_library.library(folder / "tiny", side=side)
    with with_peers([library]), warm(folder / "work", BASE):
        suite = Suite(dataset="synthetic", rows=ROWS)
        (known,) = describe(suite, folder / "work")
        each = planned(ROWS[0], known, 0, task, "cpu", 1)
        with Display(1, "lines") as display:
            hear = display.begin(each.cell)
            record = cell.measure(each, task, limits, folder / "work", hear).record
    assert not list((folder / "work").iterdir())
    return record


def test_it_is_measured_as_any_other(tiny: Library, task: Task, tmp_path: Path) -> None:
    record = measure(tmp_path, task)
    assert record.status == "ok", record.reason
    train, cases = task.train, task.cases
    counts = np.bincount(train.items, minlength=train.n_items)
    own, theirs = counts[cases.held_out][:, None], counts[cases.negatives.items]
    # Within ties: as the best and as the worst of those that score the same.
    least = ((theirs >= own).sum(axis=1) < 10).mean()
    most = ((theirs > own).sum(axis=1) < 10).mean()
    assert least <= record.metrics["hr_at_10"] <= most
    assert record.cell.label == "Tiny 1.2 Popular"
    assert record.environment["peer"]["packages"] == {"numpy": "9.9.9", "tinyrec": "1.2"}
    assert record.timings["prepare_seconds"] > 0


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("raise KeyError('gone')", "Tiny: KeyError: 'gone'"),
        ("import sys; sys.exit(3)", "Tiny: SystemExit: 3"),
        ("import os; os._exit(3)", "Tiny: its process ended by itself with exit code 3 in fit()"),
        ("import os; os.abort()", "Tiny: its process was ended by SIGABRT in fit()"),
        ("epoch(samples=1, loss=float('nan'))", "the loss of epoch 1 is nan"),
    ],
)
def test_a_library_that_ends_in_training_is_a_row_with_its_reason(
    line: str, words: str, tiny: Library, task: Task, tmp_path: Path
) -> None:
    record = measure(tmp_path, task, fit=line)
    assert record.status == "failed"
    assert words in record.reason
    assert "\n" not in record.reason


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("return np.zeros((len(users), 201))", "scores() must return numbers [256, 200], not"),
        ("return np.zeros(200)", "not float64 [200]"),
        ("return 'scores'", "not <U6 []"),
        ("return np.full((len(users), 200), np.nan)", "scores() returned NaN for user"),
        ("return np.full((len(users), 200), 1e300)", "scores() returned infinity for user"),
        ("return None", "not object []"),
    ],
)
def test_scores_that_cannot_be_ranked_are_refused(
    line: str, words: str, tiny: Library, task: Task, tmp_path: Path
) -> None:
    record = measure(tmp_path, task, fit="pass", scores=line)
    assert record.status == "failed"
    assert words.replace("256", str(len(task.cases.users))) in record.reason


def test_what_it_prints_is_kept_and_breaks_nothing(
    tiny: Library, task: Task, tmp_path: Path
) -> None:
    noise = "print('{\"failed\": 1}', flush=True)\nimport os; os.write(1, b'noise\\n')"
    failing = f"{noise}\nos.write(2, b'more')\nraise ValueError('in the end')"
    record = measure(tmp_path, task, fit=failing)
    assert record.reason == "LibraryFailed: Tiny: ValueError: in the end"
    assert all(word in record.output for word in ("failed", "noise", "more"))
    assert "raise ValueError('in the end')" in record.traceback  # of the library's own lines


def test_a_library_that_hangs_is_stopped(tiny: Library, task: Task, tmp_path: Path) -> None:
    said = tmp_path / "said"
    line = f"open({str(said / 'here')!r}, 'w').close()\nimport time; time.sleep(10**6)"
    with over_when_said(deadline.__name__, said):
        record = measure(tmp_path, task, fit=line, limits=dataclasses.replace(LIMITS, seconds=9e5))
    assert record.status == "timeout"


def test_memory_that_it_eats_is_limited(tiny: Library, task: Task, tmp_path: Path) -> None:
    limits = dataclasses.replace(LIMITS, memory_mb=1500)
    record = measure(tmp_path, task, fit="self.x = np.ones(10**10)", limits=limits)
    assert record.status == "oom"
    assert "Tiny: " in record.reason


def test_cpu_and_memory_are_those_of_the_library(tiny: Library, task: Task, tmp_path: Path) -> None:
    line = "import time\nself.x = np.ones(30 * 2**20)\n"
    line += f"while time.process_time() < 1.0: pass\ndel self.x\n{FIT}"
    record = measure(tmp_path, task, fit=line)
    assert record.status == "ok", record.reason
    assert 240 <= record.timings["peak_memory_mb"] < 400
    # The clock of the process began before training, with the import of numpy.
    assert record.timings["train_cpu_seconds"] > 0.3


def test_processes_and_files_that_it_leaves_go_with_the_cell(
    tiny: Library, task: Task, tmp_path: Path
) -> None:
    where = tmp_path / "where"
    line = f"""import os, subprocess, sys, tempfile
number = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(10**6)'],
                          start_new_session=True, env={{}}).pid
file = tempfile.mkstemp()[1]
open('log', 'w').close()
shared = f'/dev/shm/psm_left_by_{{os.getpid()}}'
if os.path.isdir('/dev/shm'): open(shared, 'w').write('x')
open({str(where)!r}, 'w').write('\\n'.join([str(number), file, os.getcwd(), shared]))
{FIT}"""
    before = left_memory.present()
    record = measure(tmp_path, task, fit=line)
    assert record.status == "ok", record.reason
    number, *files = where.read_text().splitlines()
    assert not psutil.pid_exists(int(number))
    assert not [path for path in files if Path(path).exists()]
    assert not {Path(files[-1]).name} & left_memory.present() - before


def test_a_missing_library_is_a_skipped_row(offline: Path, task: Task, tmp_path: Path) -> None:
    (tmp_path / "work").mkdir()
    row = SuiteRow(model="absent/popular")
    with with_peers([tiny_library.library(tmp_path / "absent")]):
        (known,) = describe(Suite(dataset="synthetic", rows=(row,)), tmp_path / "work")
    assert known.status == "skipped"
    assert known.reason == "needs peer absent; bench peers install absent"


def test_a_gpu_is_refused_before_a_process_is_started(tiny: Library) -> None:
    with with_peers([tiny.folder]):
        model = peer_class("tiny/popular")()
    assert model.unavailable("cuda") == "tiny/popular runs on the CPU alone"
    assert model.unavailable() == ""


def interactions() -> Interactions:
    return prepare(load_data("synthetic", None), "loo-99").train


EPOCHS = """for j in range(10):
    self.counts = np.full(self.data.n_items, j, dtype=np.float32)
    if epoch(samples=np.int64(7), loss=np.float32(0.5)):
        break"""


def test_a_fit_is_looked_at_and_ended_between_epochs(tiny: Library, tmp_path: Path) -> None:
    """Scores can be asked for while the library waits in its epoch, as in tuning."""
    train, seen = interactions(), []
    side = tiny_library.SIDE.replace(FIT, EPOCHS.replace("\n", "\n        "))
    with with_peers([tiny_library.library(tmp_path / "tiny", side=side)]):
        model = peer_class("tiny/popular")()

        def report(samples: int, loss: float | None) -> bool:
            seen.append((samples, loss, float(model.scores(np.array([3], np.int32))[0, 0])))
            return len(seen) == 3

        model.fit(train, Run(report=report))
    assert seen == [(7, 0.5, 0.0), (7, 0.5, 1.0), (7, 0.5, 2.0)]


def test_a_second_fit_starts_over_and_one_prepared_does_not_start_twice(
    tiny: Library, tmp_path: Path
) -> None:
    train = interactions()
    side = tiny_library.SIDE.replace(
        "self.data, self.power", "open('started', 'a').write('x')\n        self.data, self.power"
    ).replace(FIT, f"{FIT}\n        self.counts += len(open('started').read())")
    with with_peers([tiny_library.library(tmp_path / "tiny", side=side)]):
        model = peer_class("tiny/popular")(power=2.0)
        users = np.array([0, 5], np.int32)
        model.fit(train, Run())
        first = model.scores(users)
        model.prepare(train, Run())
        model.fit(train, Run())
        second = model.scores(users)
    counts = np.bincount(train.items, minlength=train.n_items).astype(np.float32) ** 2 + 1
    assert np.array_equal(first, np.tile(counts, (2, 1))) and np.array_equal(first, second)
    assert first.dtype == np.float32


def test_the_process_ends_with_its_model(tiny: Library) -> None:
    with with_peers([tiny.folder]):
        model = peer_class("tiny/popular")()
        model.fit(interactions(), Run())
        (child,) = [
            each
            for each in psutil.Process(os.getpid()).children()
            if "host.py" in " ".join(each.cmdline())
        ]
        del model
    assert not child.is_running()


def test_hyper_parameters_are_those_of_the_library(tiny: Library) -> None:
    from bench.errors import UnknownName
    from bench.registry.parameters import complete

    with with_peers([tiny.folder]):
        cls = peer_class("tiny/popular")
        assert complete(cls, "tiny/popular", {"power": 2}) == {"power": 2.0}
        with pytest.raises(UnknownName, match=r"'powr'. Did you mean 'power'\?"):
            complete(cls, *ModelSpec("tiny/popular", {"powr": 2}))
        with pytest.raises(UnknownName, match=r"unknown model of tiny 'popula'. Did you mean"):
            peer_class("tiny/popula")
        with pytest.raises(UnknownName, match=r"unknown library 'tiyn'. Did you mean 'tiny'"):
            peer_class("tiyn/popular")
        assert list(cls.search) == ["power"]
        with pytest.raises(UnknownName, match="tiny is a library; its models are tiny/popular"):
            adapter_class("tiny")
