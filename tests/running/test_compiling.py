"""Compilation is a phase of its own: told, on a clock of its own, and paid once."""

import os
from pathlib import Path

import pytest

from bench.registry import names
from bench.registry.suites import Suite, SuiteRow
from bench.running.describe import describe

MODEL = """
from dataclasses import dataclass
from numba.core.types import int64
from bench.adapter import Adapter
from bench.compilation import kernel

@kernel(int64(int64))
def doubled(number):
    return 2 * number

@dataclass(kw_only=True)
class Compiled(Adapter):
    factors: int = 3

    def fit(self, train, run): pass
    def scores(self, users): pass
"""


@pytest.fixture(autouse=True)
def model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A model with a kernel; answers and kernels are kept nowhere yet."""
    monkeypatch.setattr("platformdirs.user_cache_path", lambda name: tmp_path / "cache" / name)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "of-processes"))
    path = tmp_path / "models" / "compiled_here.py"
    path.parent.mkdir()
    path.write_text(MODEL)
    names.add_model(path)


def test_it_is_told_and_timed_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (first,) = describe(with_factors(3), tmp_path)
    assert first.compile_seconds > 0
    said = capsys.readouterr().out
    assert said.startswith("compiling what compiled_here needs, once ...\ncompiled in ")
    (again,) = describe(with_factors(3), tmp_path)  # the answer is kept, without the seconds
    assert again == first._replace(compile_seconds=0.0)
    (changed,) = describe(with_factors(5), tmp_path)  # asked again, and the kernel is kept
    assert changed.compile_seconds == 0.0
    assert capsys.readouterr().out == ""


def with_factors(factors: int) -> Suite:
    row = SuiteRow(model="compiled_here", params={"factors": factors})
    return Suite(dataset="synthetic", rows=(row,))


def test_where_nothing_can_be_written_it_is_kept_for_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    work = tmp_path / "work"
    work.mkdir()
    inside = tmp_path / "inside"  # of the processes: root can write everywhere
    inside.mkdir()
    (inside / "sitecustomize.py").write_text("import os; os.access = lambda path, mode: False\n")
    monkeypatch.setenv("PYTHONPATH", f"{inside}:{os.environ.get('PYTHONPATH', '')}")
    assert describe(with_factors(1), work)[0].compile_seconds > 0
    assert [path.name[:8] for path in work.iterdir()] == ["kernels-"]
    assert describe(with_factors(2), work)[0].compile_seconds == 0.0
