"""`bench.read`: files and tables in memory, by the reader of the command."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from command import bench_here

import bench
from bench.hashing import fingerprint
from bench.interactions import Interactions
from bench.records.folder import Results
from bench.registry.models import load_module

MADE = load_module("datasets", "synthetic").load(n_users=60, n_items=150, features=False)
NAMES = {"user": "uid", "item": "sku", "time": "ts"}
FRAME = MADE.to_frame().rename(columns=NAMES)


def table(kind: str, folder: Path) -> Any:
    if kind == "path":
        FRAME.to_csv(folder / "clicks.csv", index=False)
        return str(folder / "clicks.csv")
    made = {"pandas": lambda: FRAME, "polars": lambda: pl.from_pandas(FRAME)}
    return made.get(kind, lambda: pa.table(FRAME))()


@pytest.mark.parametrize("kind", ["path", "pandas", "polars", "pyarrow"])
def test_the_same_rows_are_the_same_data_wherever_they_are(kind: str, tmp_path: Path) -> None:
    found = bench.read(table(kind, tmp_path), **NAMES, name="mine")
    by_hand = Interactions.from_frame(FRAME, **NAMES)
    assert fingerprint(found.interactions) == fingerprint(by_hand)
    assert found.data.name == "mine"
    pd.testing.assert_frame_equal(found.to_frame().rename(columns=NAMES), FRAME, check_dtype=False)
    assert "user: column 'uid'" in repr(found) and "user: column &#x27;uid" in found._repr_html_()


def test_options_are_those_of_the_command(tmp_path: Path) -> None:
    found = bench.read(FRAME, **NAMES, min_user=10, since="2001-10-01")
    counts = np.bincount(found.interactions.users)
    assert counts.min() >= 10 and len(found.interactions) < len(FRAME)
    assert "min_user 10" in repr(found)
    with pytest.raises(bench.UsageError, match="unknown option of the data 'min_users'"):
        bench.read(FRAME, min_users=10)
    with pytest.raises(bench.UsageError, match=r"'usr'\. Did you mean 'user'\?"):
        bench.read(FRAME, usr="uid")
    with pytest.raises(bench.UsageError, match=r"unknown column .* 'nobody'"):
        bench.read(FRAME, user="nobody")
    with pytest.raises(bench.UsageError, match="there is no column of times"):
        bench.read(FRAME.drop(columns="ts"), user="uid", item="sku")
    with pytest.raises(bench.UsageError, match=r"bench\.read takes a path, or a table of pandas"):
        bench.read(3)
    with pytest.raises(bench.Problem, match=r"no\.csv: No such file"):
        bench.read(tmp_path / "no.csv")


def test_a_run_finds_what_the_command_measured(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(folder)
    table("path", folder)
    words = ["--data", "clicks.csv", "--columns", "user=uid,item=sku,time=ts"]
    done = bench_here(folder, "run", "--models", "popularity", *words)
    assert done.returncode == 0, done.stderr
    board = bench.run(bench.read("clicks.csv", **NAMES), ["popularity"], track="off")
    assert "measured before" in capsys.readouterr().out
    (record,) = Results(folder / "results").read_records()
    assert [each.key for each in board.records] == [record.key]


def test_a_table_of_items_in_memory_is_read_and_leaves_no_path() -> None:
    items = pd.DataFrame({"sku": FRAME["sku"].unique()[:5], "title": list("abcde")})
    data = bench.read(FRAME, **NAMES, items=items).data.interactions
    assert data.item_features is not None and data.item_features.labels is not None
    labels = dict(zip(data.item_ids.tolist(), data.item_features.labels, strict=True))
    assert {labels[sku] for sku in items["sku"]} == set("abcde")
    assert "items=items.parquet" in data.source and "/" not in data.source


@pytest.mark.parametrize(
    ("order", "protocol"), [("file", "loo-99-order-file"), ("random", "loo-99-random")]
)
def test_without_times_the_order_gives_the_protocol(
    order: str, protocol: str, folder: Path
) -> None:
    data = bench.read(FRAME.drop(columns="ts"), user="uid", item="sku", order=order)
    where = {"results": folder / "results", "track": "off"}
    board = bench.run(data, ["popularity", "sasrec"], timeout=300, **where)
    status = {record.cell.model: record.status for record in board.records}
    assert {record.cell.protocol for record in board.records} == {protocol}
    assert status == {"popularity": "ok", "sasrec": "skipped" if order == "random" else "ok"}
