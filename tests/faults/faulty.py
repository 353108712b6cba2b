"""Models that go wrong in every way, and data with everything odd in it. All of it is made up."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import psutil
from command import BENCH, bench_here

from bench.cli.run import run_suite
from bench.evaluation.ledger import Ledger, load
from bench.records.folder import Results
from bench.records.record import Record
from bench.registry import names
from bench.registry.suites import Suite, SuiteRow
from bench.running.plan import Options

HEAD = '''"""A model that goes wrong."""
import ctypes, os, random, signal, subprocess, sys, time
from dataclasses import dataclass
import numpy as np
from bench.adapter import Adapter

@dataclass(kw_only=True)
class Broken(Adapter):
    def fit(self, train, run):
        self.n = train.n_items
        FIT

    def scores(self, users):
        SCORES
'''
ZEROS = "return np.zeros((len(users), self.n), dtype=np.float32)"
NAN = ZEROS.replace("zeros(", "full(").replace(", dtype", ", np.nan, dtype")
TABLE = (
    "self.table = np.random.default_rng(0).random((train.n_users, self.n), dtype=np.float32);"
    " self.buffer = np.empty((1024, self.n), dtype=np.float32, order='F')"
)
MEMORY_LIMIT = 900  # MB, of all models here


STARTED = tempfile.TemporaryDirectory()
HANGING = Path(STARTED.name, "hanging")


def asleep(number: int) -> str:
    """How long a process sleeps that a model leaves behind: its name, for this run of the tests."""
    return f"98{number}.{os.getpid()}"


def started(number: int) -> Path:
    """What is there once that process was started."""
    return Path(STARTED.name, asleep(number))


def daemon(number: int, before: str = "") -> str:
    """Code that starts a process of a session of its own, whose parent is gone."""
    line = f"{before} sleep {asleep(number)} & touch {started(number)}"
    return f"subprocess.Popen(['sh', '-c', {line!r}], start_new_session=True).wait()"


def hanging(name: str) -> str:
    """Code that says that a model hangs from here on: see `hanging.over_when_said`."""
    return f"open({str(HANGING / name)!r}, 'w').close()"


def left_behind(number: int) -> list[psutil.Process]:
    """The processes of that name which are there; one must have been started."""
    assert started(number).exists()
    wanted = ["sleep", asleep(number)]
    return [p for p in psutil.process_iter(["cmdline"]) if p.info["cmdline"] == wanted]


class Case(NamedTuple):
    """A model, and how its cell has to end."""

    status: str
    reason: str = ""  # what it must contain
    fit: str = "pass"
    scores: str = ZEROS
    timeout: float | None = None  # the suite's


HOARD = "hoard = b'1' * (500 << 20); import time; time.sleep(3600)"
HOARDING = f'{sys.executable} -c "{HOARD}" &'
CASES = {
    # 1
    "is_nan": Case("failed", "NaN for user 0, item 0", scores=NAN),
    # 2
    "is_constant": Case("ok"),
    "is_coarse": Case("ok", fit=TABLE, scores="return np.round(3 * self.table[users])"),
    # 3
    "has_a_wrong_shape": Case(
        "failed", "must return shape (300, 200), not (300, 7)", scores=ZEROS.replace("self.n", "7")
    ),
    "gives_arrays": Case("ok", fit=TABLE, scores="return self.table[users]"),
    "gives_a_buffer": Case(
        "ok",
        fit=TABLE,
        scores="found = self.buffer[:len(users)]; found[:] = self.table[users]; return found",
    ),
    # 4
    "repeats_what_was_seen": Case(
        "ok",
        fit="self.seen = train.matrix().toarray()",
        scores="return 100 * self.seen[users]",
    ),
    # 14
    "raises_in_fit": Case("failed", "RuntimeError: no idea", fit="raise RuntimeError('no idea')"),
    "raises_in_scores": Case("failed", "KeyError: 'lost'", scores="raise KeyError('lost')"),
    "exits": Case("failed", "SystemExit: 3", fit="sys.exit(3)"),
    "diverges": Case("failed", "diverged", fit="run.epoch(samples=1, loss=float('nan'))"),
    # 15
    "segfaults_beside_a_daemon": Case("killed", "SIGSEGV", fit=f"{daemon(1)}; ctypes.string_at(0)"),
    "exits_at_once": Case("killed", "exit code 3, without a result", fit="os._exit(3)"),
    "is_killed": Case(
        "killed", "SIGKILL", fit=f"{daemon(6, 'env -i')}; os.kill(os.getpid(), signal.SIGKILL)"
    ),
    "eats_memory": Case(
        "oom", "Unable to allocate", fit="self.hoard = [np.ones(2**24) for _ in range(100)]"
    ),
    "eats_memory_in_a_daemon": Case(
        "oom",
        "took more than 900 MB",
        fit=f"subprocess.Popen(['sh', '-c', {HOARDING!r}], start_new_session=True); {HOARD}",
    ),
    # 16
    "hangs": Case(
        "timeout",
        "stopped after 1200 s",
        fit=f"signal.signal(signal.SIGTERM, signal.SIG_IGN); {daemon(3)}; {daemon(4, 'env -i')};"
        f" subprocess.Popen(['sleep', '{asleep(5)}']); open('{started(5)}', 'w');"
        f" {hanging('hangs')}; time.sleep(3600)",
        timeout=1200,
    ),
    "hangs_in_native_code": Case(
        "timeout",
        "stopped after 1300 s",
        fit="signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals());"
        f" {hanging('hangs_in_native_code')};"
        " ctypes.PyDLL(None).sleep(3600)",  # never gives the interpreter back
        timeout=1300,
    ),
    # 25
    "looks_at_its_threads": Case(
        "ok",
        fit="from threadpoolctl import threadpool_info;"
        " found = [pool['num_threads'] for pool in threadpool_info()];"
        " names = ['OMP', 'OPENBLAS', 'MKL', 'NUMBA', 'NUMEXPR'];"
        " found += [int(os.environ[f'{name}_NUM_THREADS']) for name in names];"
        " assert run.threads == 1 and set(found) == {1}, found",
    ),
    # 26
    "changes_its_input": Case("failed", "read-only", fit="train.items[0] = 1"),
    # 27
    "looks_for_what_is_held_out": Case(
        "failed",
        "LookupError: []",
        fit="import gc; found = {type(o).__name__ for o in gc.get_objects()};"
        " raise LookupError(sorted(found & {'Cases', 'Task', 'Split', 'Negatives'}))",
    ),
}

# These are measured: numbers of numpy are numbers. Only a missing library is a reason
# to skip.
REPORTS = "run.epoch(samples=np.int64(3), loss=np.float32(0.5))"
LEAVES = f"random.seed(1); np.random.seed(1); {daemon(2)}; {daemon(7, 'env -i')}"
IMPORT_SECONDS, FIT_SECONDS = 1.5, 0.7
WAITS = f"time.time = lambda: -1e9; time.sleep({FIT_SECONDS})"  # and sets the clock back
BESIDE = {
    "reports_numpy": HEAD.replace("FIT", REPORTS).replace("SCORES", ZEROS),
    "wants_more": "import no_such_library\n" + HEAD.replace("FIT", "pass").replace("SCORES", ZEROS),
    # 25, 30: waits on import, so long that it shows, and in fit
    "waits": f"import time; time.sleep({IMPORT_SECONDS})\n"
    + HEAD.replace("FIT", WAITS).replace("SCORES", ZEROS),
    # 15, 26: a good end, and something left behind
    "leaves_things": HEAD.replace("FIT", LEAVES).replace("SCORES", ZEROS),
}


def model(folder: Path, name: str, fit: str = "pass", scores: str = ZEROS) -> str:
    """Write a model, make it known, and return its name."""
    path = folder / f"{name}.py"
    path.write_text(HEAD.replace("FIT", fit).replace("SCORES", scores))
    return names.add_model(path)


def run(folder: Path, rows: Iterable[SuiteRow | str], data_dir: Path | None = None, **more) -> int:
    """Run rows, or models, with the real runner in this process; the exit code of the command.

    MLflow is told nothing unless `track` says so.
    """
    more = {"track": "off", **more}
    suite = {name: more.pop(name) for name in list(more) if name in Suite.__annotations__}
    rows = tuple(SuiteRow(model=row) if isinstance(row, str) else row for row in rows)
    chosen = Suite(**{"dataset": "synthetic", **suite}, rows=rows)
    return run_suite(
        chosen, Options(results=Results(folder / "results"), data_dir=data_dir, **more)
    )


class Finished(NamedTuple):
    """What a command left."""

    code: int
    out: str
    err: str


def command(*words: object) -> Finished:
    """The command as a user types it, but in this process: a tenth of the time."""
    done = bench_here(Path.cwd(), *map(str, words))
    return Finished(done.returncode, done.stdout, done.stderr)


Rated = tuple[int, int, int]  # user, item, time


def made_100k(folder: Path, rows: Iterable[Rated], unrated: Iterable[int] = ()) -> Path:
    """Write interactions in the form of MovieLens 100K, for --data-dir."""
    rows = list(rows)
    folder.mkdir(parents=True)
    (folder / "u.data").write_text("".join(f"{u}\t{i}\t4\t{t}\n" for u, i, t in rows))
    users = sorted({user for user, _, _ in rows})
    (folder / "u.user").write_text("".join(f"{user}|30|F|other|12345\n" for user in users))
    items = sorted({item for _, item, _ in rows} | set(unrated))
    flags = "|".join(["1", *["0"] * 18])
    (folder / "u.item").write_text("".join(f"{i}|Film {i} (1990)||||{flags}\n" for i in items))
    return folder


ONCE, TWICE, TIED, REPEATING, BUSY, PIONEER = 1, 2, 3, 4, -9, 2**62
CATALOGUE = [-3, 0, *range(7, 70), *range(10_000, 10_060), 2**40, 2**40 + 1, 2**63 - 1]


def odd_rows() -> list[Rated]:
    """Ratings of users who are odd each in a way of their own, among some who are not."""
    rows = [
        (user, CATALOGUE[(7 * user + 3 * n) % 120], 100 + n)
        for user in range(20, 40)
        for n in range(8)
    ]
    rows += [(ONCE, 7, 100)]
    rows += [(TWICE, 7, 100), (TWICE, 8, 101)]
    rows += [(TIED, 9, 100), (TIED, 11, 105), (TIED, 13, 105), (TIED, 12, 105)]  # of these, 12
    rows += [(REPEATING, 15, 100), (REPEATING, 16, 101), (REPEATING, 17, 102), (REPEATING, 15, 109)]
    rows += [(BUSY, item, 100 + n) for n, item in enumerate(CATALOGUE[:50])]
    rows += [(PIONEER, 20, 100), (PIONEER, 21, 101), (PIONEER, 22, 102), (PIONEER, 2**63 - 1, 103)]
    return rows


def waiting(folder: Path) -> Path:
    """A model whose fit says that it is there, and waits for a file called "go on"."""
    fit = (
        f"{daemon(8, 'env -i')};"
        " from pathlib import Path; here = Path(FOLDER); (here / 'fitting').touch();"
        " [time.sleep(0.01) for _ in iter(lambda: (here / 'go on').exists(), True)]"
    ).replace("FOLDER", repr(str(folder)))
    path = folder / "waiting.py"
    path.write_text(HEAD.replace("FIT", fit).replace("SCORES", ZEROS))
    return path


# The command as a run of an hour is: MLflow is told between any two cells.
LIVE = (
    "from bench.tracking import aside; aside.LIVE_SECONDS = 0.0; from bench.cli import main; main()"
)


def start_and_wait_for_the_fit(folder: Path, *, live: bool = False) -> subprocess.Popen[bytes]:
    """A run of the command that has measured one model and is fitting another."""
    words = ["--models", "popularity,waiting", "--model-path", str(waiting(folder))]
    words += ["--track", "wait"]
    command = [sys.executable, "-P", "-c", LIVE] if live else [BENCH]
    running = subprocess.Popen(
        [*command, "run", "--suite", "quick", *words], cwd=folder, stdout=subprocess.DEVNULL
    )
    while not (folder / "fitting").exists():
        assert running.poll() is None
        time.sleep(0.01)
    return running


def mlflow_runs(folder: Path, kind: str) -> list[str]:
    """The states of MLflow's runs of that kind."""
    from mlflow import MlflowClient

    client = MlflowClient(f"sqlite:///{folder / 'results' / 'mlflow.db'}")
    experiments = [found.experiment_id for found in client.search_experiments()]
    return [r.info.status for r in client.search_runs(experiments, f"tags.kind = '{kind}'")]


class Outcome(NamedTuple):
    """What a run left behind."""

    code: int
    records: dict[str, Record]  # by the name on the board
    results: Path

    def ledger(self, name: str) -> Ledger:
        return load(self.ledger_path(name))

    def ledger_path(self, name: str) -> Path:
        return Results(self.results).ledger_of(self.records[name])


def outcome_of(code: int, folder: Path) -> Outcome:
    results = folder / "results"
    return Outcome(
        code, {found.cell.name: found for found in Results(results).read_records()}, results
    )
