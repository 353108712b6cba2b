"""Records and ledgers come back as they were written, or not at all."""

import json
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.evaluation import ledger
from bench.evaluation.figures import figures
from bench.evaluation.ledger import BESIDE, Beside, Ledger
from bench.evaluation.metrics import Standing, gini
from bench.records import record
from bench.records.files import BadRecord, load
from bench.records.folder import Results
from bench.records.record import Cell, Record

CELL = Cell(dataset="d", protocol="loo-99", model="als", params={"factors": 8}, seed=0)
RECORD = Record(cell=CELL, key="0123456789abcdef", status="ok", metrics={"hr_at_10": 0.5})


def a_ledger(users: int = 5, seed: int = 0) -> Ledger:
    rng = np.random.default_rng(seed)

    def standing(candidates: int) -> Standing:
        better = rng.integers(0, candidates // 2, users)
        equal = rng.integers(0, candidates // 3, users)
        return Standing(better, equal, np.full(users, candidates))

    return Ledger(
        user_ids=np.arange(users) * 3,
        item_ids=np.array([f"item {n}" for n in range(users)]),
        sampled=standing(100),
        full=standing(400),
        recommended=rng.integers(-1, 400, (users, 10)).astype(np.int32),
        novelty=rng.random(users, dtype=np.float32),
        popularity=rng.random(users, dtype=np.float32),
        diversity=None if seed % 2 else rng.random(users, dtype=np.float32),
        n_items=400,
        beside=Beside(*standing(300), rng.integers(0, 11, users)) if seed % 3 == 0 else None,
    )


@given(st.integers(1, 30), st.integers(0, 50))
def test_a_ledger_comes_back_with_all_its_figures(users: int, seed: int) -> None:
    import tempfile

    written = a_ledger(users, seed)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "ledgers" / "x.parquet"
        ledger.save(written, path)
        read = ledger.load(path)
        first = path.read_bytes()
        ledger.save(read, path)
        assert path.read_bytes() == first
    assert figures(read) == figures(written)
    assert read.user_ids.tolist() == written.user_ids.tolist()
    assert read.item_ids.tolist() == written.item_ids.tolist()


def test_columns_of_a_pool_are_there_where_a_protocol_has_one(tmp_path: Path) -> None:
    for seed in (1, 3):
        path = tmp_path / f"{seed}.parquet"
        ledger.save(a_ledger(seed=seed), path)
        names = pq.read_table(path).column_names
        assert set(BESIDE) & set(names) == set(BESIDE if seed == 3 else ())
        assert (ledger.load(path).beside is None) == (seed == 1)
    without_one = pq.read_table(path).drop_columns(["cold_in_top"])
    pq.write_table(without_one, path)
    with pytest.raises(BadRecord, match=r"3\.parquet: not a ledger: 'cold_in_top'"):
        ledger.load(path)


@pytest.mark.parametrize("content", [b"", b"PAR1", b"not parquet at all"])
def test_a_broken_ledger_is_an_error_that_names_the_file(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.parquet").write_bytes(content)
    with pytest.raises(BadRecord, match=r"x\.parquet: not a ledger"):
        ledger.load(tmp_path / "x.parquet")


def test_gini_of_equal_and_of_single_recommendations() -> None:
    assert gini(np.array([3, 3, 3, 3])) == pytest.approx(0)
    assert gini(np.array([0, 0, 0, 8])) == pytest.approx(0.75)
    assert gini(np.zeros(4, dtype=np.int64)) == 0


def test_a_record_comes_back(tmp_path: Path) -> None:
    path = Results(tmp_path).save(RECORD)
    assert load(Record, path) == RECORD
    assert Results(tmp_path).read_records() == [RECORD]
    assert path.stem == RECORD.stem == "d.loo-99.als.s0.0123456789abcdef"


def test_a_number_that_is_none_is_never_written(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        Results(tmp_path).save(replace(RECORD, metrics={"hr_at_10": float("nan")}))
    assert Results(tmp_path).read_records() == []


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        '{"schema": 1}',
        json.dumps(asdict(RECORD) | {"schema": 99}),
        json.dumps(asdict(RECORD) | {"surprise": 1}),
        json.dumps(asdict(RECORD))[:-20],
    ],
)
def test_a_broken_record_is_an_error_that_names_the_file(tmp_path: Path, text: str) -> None:
    (tmp_path / "x.json").write_text(text)
    with pytest.raises(BadRecord, match=r"x\.json"):
        load(Record, tmp_path / "x.json")


def test_a_name_with_odd_characters_makes_a_plain_file_name() -> None:
    cell = replace(CELL, label="../als (tuned)")
    assert "/" not in record.stem(cell, "k")
    assert " " not in record.stem(cell, "k")
