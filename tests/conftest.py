"""Shared by all tests."""

import gc
import os
import shutil
import signal
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from lasting_templates import lasting_templates
from xdist.scheduler import LoadScopeScheduling

from bench.registry.names import with_models

# As the harness does for a cell: with more threads than idle cores, torch waits for itself.
for name in ("OMP", "OPENBLAS", "MKL"):
    os.environ.setdefault(f"{name}_NUM_THREADS", "1")

# A shell that starts the tests in the background has Ctrl-C ignored, also by all that they start.
signal.signal(signal.SIGINT, signal.default_int_handler)

# The first example pays for imports, and the machine is shared: time is no property of the code.
settings.register_profile("bench", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("bench")
# A second before and after each cell is for figures that somebody reads.
os.environ.setdefault("BENCH_REFERENCE_ROUNDS", "1")
# MLflow costs seconds of each command; tests of it say `--track wait`.
os.environ.setdefault("BENCH_TRACK", "off")


def scope_of(nodeid: str) -> str:
    """The file of a test, or the folder of faults: what is costly is made once for it."""
    file = nodeid.partition("::")[0]
    folder = file.rpartition("/")[0]
    return folder if folder.endswith("/faults") else file


class BySharedFixtures(LoadScopeScheduling):
    """Keeps together, in one of the processes that share the tests, what shares costly fixtures.

    (Marks of xdist_group do nothing: pytest 9.2 does not let xdist 3.8 change the names of tests,
    which is how it tells its groups.)
    """

    def _split_scope(self, nodeid: str) -> str:
        return scope_of(nodeid)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Costly files first, so that the processes that share them end at about the same time.

    A folder is the longest; of files, those of few tests start processes, and those of hundreds
    look at one thing in each file of the project.
    """
    tests = Counter(scope_of(item.nodeid) for item in items)

    def place(item: pytest.Item) -> tuple[bool, int]:
        scope = scope_of(item.nodeid)
        is_file = scope.endswith(".py")
        return is_file, tests[scope] * is_file

    items.sort(key=place)


def pytest_collection_finish() -> None:
    """Leave what all files have imported out of every later collection of garbage.

    Statsmodels asks for one in each correction for several tests: with all libraries loaded each
    takes half a second, a hundred times in a property of Holm's.
    """
    gc.collect()
    gc.freeze()


@pytest.hookimpl(optionalhook=True)  # where the tests run in one process
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> BySharedFixtures:
    config.option.loadscopereorder = False  # to the files of most tests first
    return BySharedFixtures(config, log)


@pytest.fixture(autouse=True)
def no_models_of_others() -> Iterator[None]:
    """A model from outside that a test adds is known to no other test."""
    with with_models(()):
        yield


@pytest.fixture(scope="session", autouse=True)
def templates(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """What cells of this process are forked from."""
    with lasting_templates(tmp_path_factory.mktemp("template")):
        yield


@pytest.fixture(scope="session")
def empty_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with MLflow's tables, which take seconds to make."""
    from bench.records.folder import Results
    from bench.tracking.tracker import Tracker

    folder = tmp_path_factory.mktemp("store")
    Tracker(Results(folder), f"sqlite:///{folder / 'mlflow.db'}").prepare()
    return folder / "mlflow.db"


@pytest.fixture(scope="session")
def kept_canaries(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Results with the canaries of the synthetic data, which a run then finds measured."""
    from bench.canaries import run
    from bench.isolation.warm import warm
    from bench.protocol.task import prepare
    from bench.records.folder import Results
    from bench.registry.datasets import load_data
    from bench.running.stages import BASE

    results = tmp_path_factory.mktemp("canaries")
    task = prepare(load_data("synthetic", None), "loo-99")
    work = tmp_path_factory.mktemp("work")
    with warm(work, BASE):
        Results(results).save(run.measure("synthetic", task, work))
    return results


@pytest.fixture
def folder(tmp_path: Path, empty_store: Path, kept_canaries: Path) -> Path:
    """A folder to run the command in; an MLflow store and the canaries are there already."""
    shutil.copytree(kept_canaries, tmp_path / "results")
    shutil.copy(empty_store, tmp_path / "results" / "mlflow.db")
    return tmp_path
