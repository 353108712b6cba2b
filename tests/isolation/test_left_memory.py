"""Files in shared memory: those that a job left go, and those that a process uses stay."""

import mmap
import os
from collections.abc import Iterator
from multiprocessing import resource_tracker
from multiprocessing.shared_memory import SharedMemory
from pathlib import Path

import pytest

from bench.isolation import left_memory
from bench.isolation.left_memory import SHARED, present, remove_left

pytestmark = pytest.mark.skipif(not SHARED.is_dir(), reason="this system has no /dev/shm")


@pytest.fixture
def made() -> Iterator[Path]:
    path = SHARED / f"psm_bench_test_{os.getpid()}"
    yield path
    path.unlink(missing_ok=True)


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


def test_a_system_without_shared_memory_has_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(left_memory, "SHARED", tmp_path / "none")
    assert present() == frozenset()
    remove_left(frozenset())
