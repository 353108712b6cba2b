"""The reference kernel: the same work everywhere, and what its times tell of a cell's clock."""

from functools import cache
from pathlib import Path

import numpy as np
import pytest
from hypothesis import strategies as st
from threadpoolctl import threadpool_info, threadpool_limits

from bench.records.folder import Results
from bench.records.record import Cell, Record
from bench.records.timings import AFTER, BEFORE, DRIFT, UNITS
from bench.running import reference
from bench.running.reference import Clock, Kernel, KernelTimes, with_kernel

CELL = Cell(dataset="d", protocol="loo-99", model="als", params={}, seed=0)
FOUND = Record(cell=CELL, key="0" * 16, status="ok", timings={"train_seconds": 3.0})
seconds = st.floats(1e-3, 1e3)


@pytest.fixture
def times(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """What the kernel takes from now on, time after time."""
    coming: list[float] = []
    monkeypatch.setattr(reference, "time_kernel", lambda before=None: coming.pop(0))
    return coming


def test_the_work_is_the_same_everywhere_and_for_ever() -> None:
    """Whole numbers: no library may come to another result. Times in its units depend on it."""
    product, gathered = reference.kernel().product(), reference.kernel().gather()
    assert (product.shape, gathered.shape) == ((768, 768), (8192, 64))
    assert product[:2, :3].tolist() == [[145, 62, 80], [31, -20, -10]]
    assert np.abs(product).sum(dtype=np.float64) == 26_099_994
    assert gathered[:2, :3].tolist() == [[52, 39, 53], [63, 42, 51]]
    assert gathered.sum(dtype=np.float64) == 29_333_149


def test_its_time_is_positive_and_of_one_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    threads = set()

    class Watched(Kernel):
        def product(self) -> np.ndarray:
            threads.update(p["num_threads"] for p in threadpool_info() if p["user_api"] == "blas")
            return super().product()

    watched = Watched()
    monkeypatch.setattr(reference, "kernel", lambda: watched)
    with threadpool_limits(2, user_api="blas"):
        assert reference.time_kernel() > 0
    assert threads == {1}


@pytest.mark.parametrize(
    ("before", "rounds"), [(None, 10), (79.0, 10), (65.0, 10), (99.0, 10), (63.0, 40), (101.0, 40)]
)
def test_a_time_unlike_the_one_before_is_looked_at_again(
    before: float | None, rounds: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[int] = []

    class Counted:
        def round(self) -> None:
            made.append(1)

    monkeypatch.setattr(reference, "kernel", Counted)
    monkeypatch.setattr(reference, "perf_counter", lambda: 2.0 * len(made))
    monkeypatch.delenv(reference.ROUNDS_VARIABLE, raising=False)
    assert reference.time_kernel(before) == 80
    assert len(made) == rounds


@pytest.mark.parametrize("rounds", [1, 3])
def test_the_time_is_of_the_whole_kernel_however_many_rounds_are_timed(
    rounds: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    rounds_made: list[int] = []  # a made-up clock, which goes by the rounds: two seconds each

    class Counted(Kernel):
        def round(self) -> None:
            rounds_made.append(1)

    monkeypatch.setattr(reference, "Kernel", Counted)
    monkeypatch.setattr(reference, "kernel", cache(reference.kernel.__wrapped__))
    monkeypatch.setattr(reference, "perf_counter", lambda: 2.0 * len(rounds_made))
    monkeypatch.setenv(reference.ROUNDS_VARIABLE, str(rounds))
    assert reference.time_kernel() == 2 * reference.ROUNDS
    assert len(rounds_made) == 1 + rounds  # one to warm up, once
    reference.time_kernel()
    assert len(rounds_made) == 1 + 2 * rounds


def test_between_two_cells_the_kernel_is_timed_once(times: list[float]) -> None:
    times += [1.0, 2.0, 1.0]
    clock = Clock()
    clock.before()
    assert clock.after(ok=True) == (1.0, 2.0)
    clock.before()
    assert clock.after(ok=True) == (2.0, 1.0)
    assert not times


def test_after_a_cell_without_figures_the_kernel_is_timed_anew_for_the_next(
    times: list[float],
) -> None:
    times += [1.0, 5.0, 6.0]
    clock = Clock()
    clock.before()
    assert clock.after(ok=False) is None
    clock.before()
    assert clock.after(ok=True) == (5.0, 6.0)


def test_what_was_not_timed_before_is_not_after(times: list[float]) -> None:
    assert Clock().after(ok=True) is None


def test_a_record_comes_back_with_the_clock_and_without(tmp_path: Path) -> None:
    results = Results(tmp_path)
    results.save(FOUND)
    assert results.read_records() == [FOUND]
    found = with_kernel(FOUND, KernelTimes(1.0, 2.0))
    results.save(found)
    assert results.read_records() == [found]
    assert found.timings == FOUND.timings | {BEFORE: 1.0, AFTER: 2.0, DRIFT: 1.0, UNITS: 2.0}
