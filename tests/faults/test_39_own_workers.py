"""Fault 39: a model's own workers by spawn, forkserver or joblib, and helper files beside it."""

from pathlib import Path

import pytest
from faulty import HEAD, ZEROS, outcome_of, run

from bench.registry import names

WORKERS = {
    "forks": "multiprocessing.get_context('fork').Pool",
    "spawns": "multiprocessing.get_context('spawn').Pool",
    "has_a_server": "multiprocessing.get_context('forkserver').Pool",
    "has_an_executor": "Executor",
}
WITH_POOL = """
def double(number):
    return helped(2 * number)

def Executor(workers):
    from concurrent.futures import ProcessPoolExecutor
    return ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("spawn"))
"""
IN_POOL = """
        with POOL(1) as pool:
            assert list(pool.map(double, [1, 2])) == [3, 5]
"""
IN_JOBLIB = """
        from joblib import Parallel, delayed
        assert Parallel(n_jobs=2)(delayed(double)(n) for n in [1, 2]) == [3, 5]
"""
HELPER = "def helped(number):\n    return number + STEP\n"


def text(fit: str, first: str) -> str:
    head = HEAD.replace("FIT", fit).replace("SCORES", ZEROS)
    head = head.replace("@dataclass", f"{WITH_POOL}\n@dataclass", 1)
    return head.replace("import ctypes", f"{first}\nimport multiprocessing\nimport ctypes", 1)


@pytest.mark.slow
def test_all_kinds_of_workers_and_helpers_work(folder: Path) -> None:
    (folder / "twist_so.py").write_text(HELPER.replace("STEP", "1"))
    (folder / "_twist_so.py").write_text("from twist_so import helped\n")
    other = folder / "other"
    other.mkdir()
    (other / "_twist_so.py").write_text(HELPER.replace("STEP", "7"))
    texts = {
        name: text(IN_POOL.replace("POOL", pool), "from ._twist_so import helped")
        for name, pool in WORKERS.items()
    }
    texts["has_joblib"] = text(IN_JOBLIB, "from twist_so import helped")
    texts["imports_late"] = text("from ._twist_so import helped", "helped = None")
    paths = [folder / f"{name}.py" for name in texts]
    for path in paths:
        path.write_text(texts[path.stem])
    # Another helper of the same name, in another folder.
    paths.append(other / "stands_elsewhere.py")
    assertion = "assert list(map(double, [1, 2])) == [9, 11]"
    paths[-1].write_text(text(assertion, "from ._twist_so import helped"))
    with names.with_models(paths) as models:
        code = run(folder, models)
    ends = {
        name: (found.status, found.reason)
        for name, found in outcome_of(code, folder).records.items()
    }
    assert ends == dict.fromkeys(models, ("ok", ""))


def test_what_stands_beside_a_model_is_no_model(tmp_path: Path) -> None:
    (tmp_path / "lonely.py").write_text(text("pass", "helped = None"))
    (tmp_path / "helper_so.py").write_text("")
    with names.with_models([tmp_path / "lonely.py"]):
        assert "lonely" in names.files("models")
        assert "helper_so" not in names.files("models")
