"""ALS on a real Spark, here and by two workers, against its equations; nothing of it is left."""

import os
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from threading import Event, Thread
from typing import Any

import numpy as np
import psutil
import pytest

from bench.adapter import Run
from bench.interactions import Floats
from bench.isolation.process import Limits, running
from bench.protocol.task import prepare
from bench.registry.models import ModelSpec, adapter_class, load_module
from bench.registry.suites import Suite, SuiteRow
from bench.running.describe import Described, describe
from bench.running.job import Measure

pytest.importorskip("pyspark")
from bench.models.shared import spark

DATA = load_module("datasets", "synthetic").load(n_users=40, n_items=30, interactions_per_user=8)
TRAIN = replace(prepare(DATA, "loo-99").train, n_users=42, user_ids=np.arange(42))
VALUES: dict[str, Any] = {"factors": 5, "iterations": 2, "blocks": 2}
QUICK = "-XX:TieredStopAtLevel=1"  # what Java compiles by takes half as long, and computes the same
LOOPBACK = {"127.0.0.1", "::ffff:127.0.0.1"}
LONGEST = 300  # seconds to wait for what takes some


real = pytest.mark.skipif(spark.no_java() != "", reason=f"there is no Java: {spark.no_java()}")


def javas() -> list[psutil.Process]:
    """What runs Java below this process."""
    return [each for each in psutil.Process().children(recursive=True) if "java" in each.name()]


def fitted(run: Run, **params: Any) -> Any:
    model = adapter_class("als_spark")(**VALUES | params)
    model.fit(TRAIN, run)
    return model


def solved(model: Any, chosen: Floats, fixed: Floats) -> Floats:
    """Each user's vector, with a weight for every pair (Hu et al. 2008, equation 4), in float64."""
    fixed, rows = fixed.astype(np.float64), []
    for row in chosen:
        left = fixed.T @ np.diag(1 + model.alpha * row) @ fixed
        left += model.l2 * row.sum() * np.eye(fixed.shape[1])
        right = fixed.T @ ((1 + model.alpha) * row)
        rows.append(np.linalg.solve(left, right) if row.any() else np.zeros(len(right)))
    return np.array(rows, dtype=np.float32)


class Seen:
    """The addresses that Java listens on, and how many processes of it there were."""

    def __init__(self) -> None:
        self.addresses: set[str] = set()
        self.pids: set[int] = set()
        self._over = Event()
        self._thread = Thread(target=self._look)

    def _look(self) -> None:
        while not self._over.wait(0.2):
            for process in javas():
                try:
                    found = process.net_connections()
                except psutil.Error:
                    continue
                self.pids.add(process.pid)
                self.addresses |= {each.laddr.ip for each in found if each.status == "LISTEN"}

    def __enter__(self) -> "Seen":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()


@pytest.fixture(scope="module")
def local(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Any, Any, Seen]]:
    """Two fits by one Spark on this machine, and what was seen meanwhile."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JAVA_TOOL_OPTIONS", QUICK)
        folder = tmp_path_factory.mktemp("spark")
        patch.setenv(spark.CELL, str(folder))
        with Seen() as seen:
            one, other = fitted(Run(seed=3)), fitted(Run(seed=3))
        yield one, other, seen
        spark.end()
    assert javas() == [] and list(folder.iterdir()) == []


def described(folder: Path) -> Described:
    (found,) = describe(Suite(dataset="synthetic", rows=(SuiteRow(model="als_spark"),)), folder)
    return found


def test_it_is_skipped_where_there_is_no_java(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))  # where answers are kept
    found = described(tmp_path)
    assert (found.status, found.reason[:22]) == ("skipped", "needs Java 17 or newer")
    assert str(tmp_path) in found.reason and "\n" not in found.reason
    row = ModelSpec("als_spark", {})
    job = Measure(row=row, seed=0, device="cpu", threads=1, train=TRAIN, looks=None)
    with running(job, Limits(seconds=LONGEST), tmp_path) as child:
        list(child.messages())
        assert child.end().status == "skipped"  # where it was there when it was described


def test_where_spark_runs_is_a_parameter_or_a_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    model = adapter_class("als_spark")
    monkeypatch.delenv("SPARK_MASTER", raising=False)
    assert (model().place(), model(master="yarn").place()) == ("local", "yarn")
    monkeypatch.setenv("SPARK_MASTER", "spark://host:7077")
    assert (model().place(), model(master="yarn").place()) == ("spark://host:7077", "yarn")
    assert model().memory_needed(10, 10, 10) is None  # the cluster's
    assert model(master="local[2]").memory_needed(10, 10, 10) > 2**29


def test_here_it_listens_on_the_loopback_and_elsewhere_as_the_cluster_says(tmp_path: Path) -> None:
    here = spark.settings("local", 3, 1024, tmp_path)
    assert here["spark.driver.bindAddress"] == here["spark.driver.host"] == "127.0.0.1"
    assert here["spark.ui.enabled"] == "false"
    assert "-XX:ActiveProcessorCount=3" in here["spark.driver.extraJavaOptions"]
    there = spark.settings("spark://host:7077", 3, 1024, tmp_path)
    assert there["spark.executor.cores"] == "3"
    assert not {name for name in there if name.startswith(("spark.driver.host", "spark.auth"))}
    assert "SPARK_LOCAL_IP" not in spark.environment("spark://host:7077", tmp_path)


def test_the_environment_is_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPARK_LOCAL_IP", "before")
    monkeypatch.delenv("SPARK_LOCAL_DIRS", raising=False)
    with spark.variables({"SPARK_LOCAL_IP": "1", "SPARK_LOCAL_DIRS": "2"}):
        assert os.environ["SPARK_LOCAL_IP"] == "1"
    assert os.environ["SPARK_LOCAL_IP"] == "before" and "SPARK_LOCAL_DIRS" not in os.environ


@real
@pytest.mark.slow
def test_vectors_of_users_are_those_of_their_equations(local: Any) -> None:
    model = local[0]
    chosen = TRAIN.matrix().toarray()
    np.testing.assert_allclose(model._users, solved(model, chosen, model._items), atol=1e-5)
    assert not model._users[-1].any()  # somebody without an item
    np.testing.assert_allclose(model.welcome(TRAIN)._users, model._users, atol=1e-5)


@real
@pytest.mark.slow
def test_the_same_seed_gives_the_same_vectors_on_one_thread(local: Any) -> None:
    one, other = local[:2]
    assert np.array_equal(one._items, other._items) and np.array_equal(one._users, other._users)


@real
@pytest.mark.slow
def test_two_workers_give_the_vectors_of_one_machine_and_nothing_is_left(
    local: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = local[2]
    assert seen.addresses and seen.addresses <= LOOPBACK
    # Workers keep their files below Spark's own folder: here it is another.
    home, own = tmp_path / "home", Path(spark.pyspark.__file__).parent
    home.mkdir()
    for part in ("bin", "jars"):
        (home / part).symlink_to(own / part)
    monkeypatch.setenv("SPARK_HOME", str(home))
    monkeypatch.setenv("JAVA_TOOL_OPTIONS", QUICK)
    folder = tmp_path / "cell"
    folder.mkdir()
    monkeypatch.setenv(spark.CELL, str(folder))
    monkeypatch.setenv("SPARK_MASTER", "local-cluster[2,1,1024]")
    with Seen() as seen:
        two = fitted(Run(seed=3))
        assert len(javas()) >= 3  # Spark's own, and one of each worker; that of one thread is gone
    assert seen.addresses <= LOOPBACK
    assert len(list((home / "work").glob("app-*/*"))) == 2
    np.testing.assert_allclose(two._items, local[0]._items, atol=1e-4)
    np.testing.assert_allclose(two._users, local[0]._users, atol=1e-4)
    spark.end()
    assert javas() == [] and list(folder.iterdir()) == []


@real
@pytest.mark.slow
def test_java_ends_with_a_cell_that_is_killed(tmp_path: Path) -> None:
    row = ModelSpec("als_spark", VALUES | {"iterations": 10_000})
    job = Measure(row=row, seed=0, device="cpu", threads=1, train=TRAIN, looks=None)
    with running(job, Limits(seconds=LONGEST), tmp_path) as child:
        started = time.monotonic()
        while not (there := javas()) and time.monotonic() < started + LONGEST:
            next(child.messages())
        assert there
        child.kill()
    psutil.wait_procs(there, timeout=60)
    assert not [each for each in there if each.is_running()] and list(tmp_path.iterdir()) == []
