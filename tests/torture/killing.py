"""Runs of the command that are killed and started again, and what they leave."""

import csv
import json
import shutil
import sqlite3
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path
from signal import SIGKILL
from typing import Any, NamedTuple

import psutil

from bench.isolation.process import WORKER
from bench.isolation.template import PROGRAM
from bench.leaderboard.verify import verify
from bench.records.files import load
from bench.records.folder import Results
from bench.records.record import Record

HERE = Path(__file__).parent
WATCHED = [sys.executable, "-P", str(HERE / "watched.py")]
OWN_MODELS = ("counted", "stepwise")
PATHS = [f"--model-path={HERE / 'models' / name}.py" for name in OWN_MODELS]
# What may differ between two measurements of the same cell, in its record and on the board.
OF_A_RECORD = {"timings", "started", "ended", "invocation", "environment"}
OF_THE_BOARD = {
    *("train_seconds", "train_samples_per_second", "interactions_per_second", "train_cpu_seconds"),
    *("score_users_per_second", "latency_p50_ms", "latency_p99_ms", "peak_memory_mb"),
    *("total_memory_mb", "busy", "started", "git_commit", "load_before", "load_after"),
    *("reference_seconds_before", "reference_seconds_after", "reference_drift", "drifted"),
    "train_reference_units",
}


class Line(NamedTuple):
    """Of what `watched.py` writes down."""

    seconds: float  # since the start of the run
    kind: str  # phase or step
    what: str


class Left(NamedTuple):
    """What a finished run leaves that must not depend on what happened on the way."""

    board: list[dict[str, str]]  # without clocks and memory
    records: dict[str, Any]  # the same, by name
    ledgers: dict[str, bytes]
    mlflow: list[Any]  # cells
    files: list[str]


class Place:
    """A folder in which one command is given again and again."""

    def __init__(self, folder: Path, models: str, seeds: str) -> None:
        self.folder, self.results = folder, folder / "results"
        self.words = ["run", "--suite=suite.toml", f"--models={models}", f"--seeds={seeds}", *PATHS]
        self.words += ["--track=wait"]
        self.results.mkdir(parents=True)
        rows = [f'[[rows]]\nmodel = "{name}"\n' for name in models.split(",")]  # in this order
        (folder / "suite.toml").write_text("\n".join(['dataset = "synthetic"\n', *rows]))
        self._warm: subprocess.Popen[str] | None = None

    def keep(self, name: str) -> None:
        """Remember the folder as it is."""
        shutil.copytree(self.folder, self.folder.with_suffix(f".{name}"))

    def restore(self, name: str) -> None:
        """Make it again as it was then, at the same place: MLflow's paths are absolute."""
        shutil.rmtree(self.folder)
        shutil.copytree(self.folder.with_suffix(f".{name}"), self.folder)

    def start(self) -> tuple[int, Callable[[], int]]:
        """Start the command; its process, and what waits for its exit code."""
        (self.folder / "watch").write_text("")
        words = [*WATCHED, str(self.folder), "0", *self.words]
        with (self.folder / "output").open("a") as out, (self.folder / "errors").open("a") as err:
            running = subprocess.Popen(words, stdout=out, stderr=err)
        return running.pid, running.wait

    def start_warm(self, kill_at: int | str = 0) -> tuple[int, Callable[[], int]]:
        """The same as a fork of a process that has imported all that it needs."""
        if self._warm is None:
            pipe = subprocess.PIPE
            self._warm = subprocess.Popen(WATCHED, stdin=pipe, stdout=pipe, text=True)
        (self.folder / "watch").write_text("")
        stdin, stdout = self._warm.stdin, self._warm.stdout
        assert stdin is not None
        assert stdout is not None
        stdin.write(json.dumps([str(self.folder), str(kill_at), *self.words]) + "\n")
        stdin.flush()
        return int(stdout.readline()), lambda: int(stdout.readline())

    def run(self, kill_at: int | str = 0) -> int:
        """The exit code of the command, killed just before a step of its journal."""
        return self.start_warm(kill_at)[1]()

    def close(self) -> None:
        """End the process that the runs are forks of."""
        if self._warm is not None:
            self._warm.communicate()

    def watched(self) -> list[Line]:
        """What the last run wrote down."""
        lines = (line.split(" ", 2) for line in (self.folder / "watch").read_text().splitlines())
        return [Line(float(seconds), kind, what) for seconds, kind, what in lines]

    def phase(self) -> str:
        """What the last run was at when it ended; "between" is no phase."""
        phases = [line.what for line in self.watched() if line.kind == "phase"]
        return phases[-1] if phases else "import"

    def recorded(self) -> dict[Path, bytes]:
        """The records as they are."""
        return {path: path.read_bytes() for path in (self.results / "records").glob("*.json")}

    def fits(self) -> Counter[tuple[str, ...]]:
        """How often each model and seed was fitted."""
        path = self.folder / "fits"
        lines = path.read_text().splitlines() if path.exists() else []
        return Counter(tuple(line.split()) for line in lines)

    def processes(self) -> list[psutil.Process]:
        """What runs in the folder."""
        found = []
        for process in psutil.process_iter():
            with suppress(psutil.Error):
                if process.cwd() == str(self.folder):
                    found.append(process)
        return found


def kill(pid: int, *, alone: bool) -> list[psutil.Process]:
    """Kill a run; the processes that must be gone soon.

    Alone, all below it must go. Else its jobs, their keepers and what they are forked from are
    killed with it, so that what a model has started is left to the next run.
    """
    try:
        parent = psutil.Process(pid)
        below = parent.children(recursive=True)
        parent.send_signal(SIGKILL)
    except psutil.NoSuchProcess:
        return []
    if alone:
        return below
    own = [child for child in below if _is_worker(child)]
    for child in own:
        with suppress(psutil.NoSuchProcess):
            child.send_signal(SIGKILL)
    return own


def _is_worker(process: psutil.Process) -> bool:
    try:
        return bool({WORKER, PROGRAM} & set(process.cmdline()))
    except psutil.Error:
        return False


def measured_again(before: dict[Path, bytes], fits: Counter[Any], place: Place) -> list[str]:
    """The records of before that a run has changed, and their cells that it has fitted again."""
    now, fits_now = place.recorded(), place.fits()
    found = [f"{path.name} was written again" for path in before if now.get(path) != before[path]]
    for path in before:
        cell = load(Record, path).cell
        key = (cell.model, str(cell.seed))
        if fits_now[key] > fits[key]:
            found.append(f"{path.name}: fitted again")
    return found


def left(place: Place) -> Left:
    """What a finished run left; that its figures follow from its ledgers is checked here."""
    results = place.results
    verify(Results(results))
    with (results / "leaderboard.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    records = Results(results).read_records()
    ledgers = {path.name: path.read_bytes() for path in (results / "ledgers").iterdir()}
    files = [
        str(path.relative_to(results))
        for path in results.rglob("*")
        if "mlflow-artifacts" not in path.parts and path.is_file()
    ]
    return Left(
        [{name: row[name] for name in row if name not in OF_THE_BOARD} for row in rows],
        {found.stem: _without_clocks(found) for found in records},
        ledgers,
        sorted(cells_in_mlflow(results, ledgers)),
        sorted(files),
    )


def _without_clocks(found: Record) -> str:
    values = {name: value for name, value in vars(found).items() if name not in OF_A_RECORD}
    curve = [{n: v for n, v in epoch.items() if n != "seconds"} for epoch in found.curve]
    return json.dumps(values | {"cell": vars(found.cell), "curve": curve}, sort_keys=True)


def cells_in_mlflow(results: Path, ledgers: dict[str, bytes]) -> list[Any]:
    """Key, status, parent's kind, parameters and accuracy of each cell's run in the store.

    Its artifacts must be its record and the ledger of the results.
    """
    with closing(sqlite3.connect(results / "mlflow.db")) as store:

        def pairs(table: str, run: str) -> list[Any]:
            text = f"SELECT key, value FROM {table} WHERE run_uuid = ? ORDER BY key"
            return store.execute(text, [run]).fetchall()

        active = "SELECT run_uuid, status FROM runs WHERE lifecycle_stage = 'active'"
        runs = dict(store.execute(active).fetchall())
        tags = {run: dict(pairs("tags", run)) for run in runs}
        found = []
        for run, status in runs.items():
            kind, key = tags[run]["kind"], tags[run].get("bench.key")
            assert status in ("FINISHED", "KILLED"), f"{kind} {key} is {status} in MLflow"
            if kind != "cell":
                continue
            folder = results / "mlflow-artifacts" / run / "artifacts"
            artifacts = {path.name: path.read_bytes() for path in folder.iterdir()}
            assert json.loads(artifacts.pop("record.json"))["key"] == key
            assert artifacts.items() <= ledgers.items(), f"artifacts of {key} in MLflow"
            parent = tags[tags[run]["mlflow.parentRunId"]]["kind"]
            accuracy = [pair for pair in pairs("latest_metrics", run) if "_at_" in pair[0]]
            found.append((key, status, parent, pairs("params", run), accuracy))
    return found
