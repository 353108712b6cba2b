"""Fault 42: the same cell on another CPU, of the same name even. The record says what its sums were
taken by, the key stays, and the board says "other machine"."""

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from command import bench_here
from records import read

from bench import machine
from bench.interactions import DataSet, Interactions
from bench.protocol.task import prepare
from bench.records.folder import Results
from bench.running.cell import facts_of
from bench.running.folder import keep_ids

ASK = (
    "from bench import compilation, machine; import numpy;"
    "print(compilation.instruction_set()); print(machine.blas_kernel())"
)


def asked(**environment: str) -> list[str]:
    """The instruction set and the kernel of BLAS of a process."""
    done = subprocess.run(
        [sys.executable, "-P", "-c", ASK],
        env=os.environ | environment,
        check=True,
        capture_output=True,
        text=True,
    )
    return done.stdout.splitlines()


def test_another_instruction_set_is_told() -> None:
    here, other = asked(), asked(NUMBA_CPU_NAME="generic", NUMBA_CPU_FEATURES="+sse2,-avx,+cx8")
    assert other[0] == "generic sse2"  # of vectors, and what is there
    assert here[0] != other[0]
    assert here[1] == other[1]


def test_another_kernel_of_blas_is_told() -> None:
    here, other = asked(), asked(OPENBLAS_CORETYPE="Nehalem")
    if not here[1].startswith("openblas") or here[1].endswith("Nehalem"):
        pytest.skip("numpy has no OpenBLAS that can choose here")
    assert other[1] == "openblas Nehalem"
    assert here[0] == other[0]


@pytest.mark.parametrize("said", [None, 3, "words", ["a", "b"], {"blas": {"deep": []}, "x": 1}])
def test_a_process_can_say_anything_of_what_it_computed_by(said: object) -> None:
    try:
        found = facts_of(said)
    except (TypeError, ValueError):  # then the cell has failed
        return
    assert found.keys() <= {"instruction_set", "blas", "fitted_on"}
    assert all(isinstance(each, str) and "\n" not in each for each in found.values())


@pytest.mark.slow
def test_a_record_and_its_board_say_what_it_was_measured_by(tmp_path: Path) -> None:
    words = ["run", "--dataset", "synthetic", "--models", "ease,popularity", "--track", "off"]
    assert bench_here(tmp_path, *words, "--results", "r").returncode == 0
    record = Results(tmp_path / "r").read_records()[0]
    expected = asked()
    assert [record.environment[name] for name in ("instruction_set", "blas")] == expected
    assert record.environment["fitted_on"] == "cpu"
    assert machine.environment().items() <= record.environment.items()


@pytest.mark.slow
def test_seeds_that_two_kernels_of_blas_summed_are_averaged_under_a_mark(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was measured counts as it did, and the board of both says so."""
    words = ["run", "--dataset", "synthetic", "--models", "popularity", "--track", "off"]
    words += ["--results", "r", "--seeds"]
    assert bench_here(tmp_path, *words, "0").returncode == 0
    monkeypatch.setenv("OPENBLAS_CORETYPE", "Nehalem")
    again = bench_here(tmp_path, *words, "0,1")
    assert again.stdout.count("measured before") == 1  # seed 0
    records = Results(tmp_path / "r").read_records()
    assert [each.cell.seed for each in records] == [0, 1]
    if len({each.environment["blas"] for each in records}) < 2:
        pytest.skip("numpy has no OpenBLAS that can choose here")
    assert len({each.environment["instruction_set"] for each in records}) == 1
    assert " other machine than most rows" in again.stdout
    (row,) = read((tmp_path / "r" / "leaderboard.csv").read_text(encoding="utf-8"))
    assert (row["seeds"], row["other_machine"]) == ("2", "yes")


DATA = Interactions(
    users=np.repeat(np.arange(4, dtype=np.int32), 3),
    items=np.tile(np.arange(3, dtype=np.int32), 4),
    times=np.arange(12),
    n_users=4,
    n_items=3,
)


@pytest.mark.parametrize("ids", [["x", "y", "z"], [7, 8, 9], [2, 1, 0]])
def test_items_that_ledgers_name_by_position_have_their_ids_beside_them(
    ids: list[str] | list[int], tmp_path: Path
) -> None:
    task = prepare(DataSet(replace(DATA, item_ids=np.array(ids))), "loo-99")
    for _ in range(2):
        keep_ids(task, Results(tmp_path), tmp_path)
    table = pq.ParquetFile(Results(tmp_path).items_of(task.data_sha256)).read()
    assert table.column("item_id").to_pylist() == task.train.item_ids.tolist() == ids
    assert [path.name for path in tmp_path.iterdir()] == ["items"]


def test_items_without_ids_of_their_own_need_no_table(tmp_path: Path) -> None:
    keep_ids(prepare(DataSet(DATA), "loo-99"), Results(tmp_path), tmp_path)
    assert not list(tmp_path.iterdir())
