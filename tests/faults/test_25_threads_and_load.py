"""Fault 25: more BLAS or OpenMP threads than cores, or other work on the machine. The threads of a
cell are fixed and recorded, as is the load; a row is marked where CPU and wall time disagree."""

from conftest import Outcome


def test_the_threads_are_those_of_the_run_whatever_the_environment_says(outcome: Outcome) -> None:
    found = outcome.records["looks_at_its_threads"]  # run with OMP_NUM_THREADS=64 and such
    assert (found.status, found.cell.threads) == ("ok", 1), found.reason


def test_the_load_is_recorded(outcome: Outcome) -> None:
    for found in outcome.records.values():
        assert {"load_before", "load_after"} <= found.timings.keys()


def test_a_row_whose_cpu_time_is_not_its_wall_time_is_marked(outcome: Outcome) -> None:
    found = outcome.records["waits"]
    assert found.status == "ok", found.reason
    assert found.timings["train_cpu_seconds"] < found.timings["train_seconds"]
    (row,) = (
        line
        for line in (outcome.results / "leaderboard.md").read_text().splitlines()
        if "| waits " in line
    )
    assert "‡" in row
