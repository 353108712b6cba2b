"""Shared by the tests of faults."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import faulty
import pytest
from faulty import Outcome, outcome_of
from hanging import over_when_said

from bench.registry import names
from bench.registry.suites import SuiteRow


@pytest.fixture(autouse=True)
def clean(monkeypatch: pytest.MonkeyPatch) -> None:
    """MLflow's store is that of the folder."""
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)


@pytest.fixture(scope="session")
def stored(
    tmp_path_factory: pytest.TempPathFactory, empty_store: Path, kept_canaries: Path
) -> Iterator[Path]:
    """As `folder`, for what all tests share."""
    folder = tmp_path_factory.mktemp("faults")
    shutil.copytree(kept_canaries, folder / "results")
    shutil.copy(empty_store, folder / "results" / "mlflow.db")
    yield folder


@pytest.fixture(scope="session")
def outcome(stored: Path) -> Outcome:
    """One run of all the broken models, and of good ones among them."""
    with pytest.MonkeyPatch.context() as patch, names.with_models(()):
        patch.delenv("MLFLOW_TRACKING_URI", raising=False)
        for name in ("OMP", "OPENBLAS", "MKL"):
            patch.setenv(f"{name}_NUM_THREADS", "64")
        rows = []
        for name, case in faulty.CASES.items():
            faulty.model(stored, name, case.fit, case.scores)
            rows.append(SuiteRow(model=name, timeout=case.timeout))
        for name, text in faulty.BESIDE.items():
            (stored / f"{name}.py").write_text(text)
            rows.append(SuiteRow(model=names.add_model(stored / f"{name}.py")))
        rows += [SuiteRow(model="random"), SuiteRow(model="ease")]
        with over_when_said("bench.isolation.deadline", faulty.HANGING):
            code = faulty.run(stored, rows, memory_limit=faulty.MEMORY_LIMIT)
        return outcome_of(code, stored)


@pytest.fixture(scope="session")
def odd(tmp_path_factory: pytest.TempPathFactory, empty_store: Path) -> Outcome:
    """A run on data in which everything is odd."""
    folder = tmp_path_factory.mktemp("odd")
    (folder / "results").mkdir()
    shutil.copy(empty_store, folder / "results" / "mlflow.db")
    data = faulty.made_100k(folder / "ml-100k", faulty.odd_rows())
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("MLFLOW_TRACKING_URI", raising=False)
        code = faulty.run(folder, ["popularity"], data_dir=data, dataset="movielens_100k")
    return outcome_of(code, folder)
