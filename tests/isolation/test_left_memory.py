"""Files in shared memory: those that a job left go, and those that a process uses stay."""

import mmap
import os
import subprocess
import sys
from multiprocessing import get_context, resource_tracker
from multiprocessing.shared_memory import SharedMemory
from pathlib import Path
from subprocess import PIPE
from typing import Any

import pytest
from joblib.externals.loky.backend.synchronize import Lock as LokyLock

from bench.isolation import left_memory
from bench.isolation.left_memory import SHARED, present, remove_left

pytestmark = pytest.mark.skipif(not SHARED.is_dir(), reason="this system has no /dev/shm")


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file in a folder that stands for shared memory: in that itself other runs remove, too."""
    monkeypatch.setattr(left_memory, "SHARED", tmp_path)
    return tmp_path / "psm_bench_test"


def test_what_nobody_uses_goes(made: Path) -> None:
    before = present()
    made.write_bytes(b"left")
    assert made.name in present() - before
    remove_left(before)
    assert not made.exists()


def test_what_was_there_before_stays(made: Path) -> None:
    made.write_bytes(b"of another")
    remove_left(present())
    assert made.exists()


def test_what_is_called_otherwise_stays() -> None:
    """A person may keep a file there, as in any folder, and have it closed."""
    before = present()
    path = SHARED / f"bench_test_{os.getpid()}.npy"
    try:
        path.write_bytes(b"a person's")
        remove_left(before)
        assert path.exists()
    finally:
        path.unlink()


def test_what_multiprocessing_leaves_goes() -> None:
    before = present()
    block = SharedMemory(create=True, size=16)
    resource_tracker.unregister(block._name, "shared_memory")  # type: ignore[attr-defined]
    block.close()
    assert block.name in present() - before
    remove_left(before)
    assert not (SHARED / block.name).exists()


@pytest.mark.parametrize("mapped", [True, False])
def test_what_a_process_has_open_or_mapped_stays(mapped: bool, made: Path) -> None:
    before = present()
    made.write_bytes(b"in use")
    file = made.open("r+b")
    there = mmap.mmap(file.fileno(), 0) if mapped else None
    if mapped:
        file.close()
    remove_left(before)
    assert made.exists()
    if there is not None:
        there.close()
    file.close()
    remove_left(before)
    assert not made.exists()


def semaphore(kind: str) -> tuple[Any, Path]:
    """One that processes open by its name, as workers by spawn and those of joblib do."""
    made = LokyLock() if kind == "joblib" else get_context(kind).Lock()
    return made, SHARED / f"sem.{made._semlock.name.removeprefix('/')}"


@pytest.fixture
def removed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of what would be removed, which stays."""
    names: list[str] = []
    monkeypatch.setattr(Path, "unlink", lambda path: names.append(path.name))
    return names


@pytest.mark.parametrize("kind", ["spawn", "forkserver", "joblib"])
def test_a_semaphore_that_no_worker_has_opened_yet_stays(kind: str, removed: list[str]) -> None:
    """Its maker has it mapped under the name that it had while it was made."""
    before = present()
    made, path = semaphore(kind)
    assert path.name in present() - before
    remove_left(before)
    assert path.name not in removed
    del made


MAKER = """
from multiprocessing import get_context
lock = get_context("spawn").Lock()
print(lock._semlock.name, flush=True)
input()
"""


def test_a_semaphore_of_another_program_stays(removed: list[str]) -> None:
    before = present()
    with subprocess.Popen([sys.executable, "-c", MAKER], stdin=PIPE, stdout=PIPE) as maker:
        assert maker.stdout is not None
        name = maker.stdout.readline().decode().strip().removeprefix("/")
        remove_left(before)
        assert f"sem.{name}" not in removed
        maker.communicate(b"\n")


def test_a_system_without_shared_memory_has_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(left_memory, "SHARED", tmp_path / "none")
    assert present() == frozenset()
    remove_left(frozenset())
