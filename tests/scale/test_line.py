"""The line of sizes: its stages are measured from a file, and the page has each with its limit."""

import json
from pathlib import Path

import line
import line_page
import numpy as np
import pytest
import reading
from scale_steps import DotProduct

import bench
from bench.adapter import Run
from bench.evaluation.tiles import vectors
from bench.protocol.split import in_order
from bench.registry.models import load_module


@pytest.fixture
def measured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, object]:
    made = load_module("datasets", "synthetic").load(n_users=60, n_items=140)
    monkeypatch.setattr(
        "bench.registry.datasets.load_data", lambda name, folder: bench.DataSet(made)
    )
    monkeypatch.setattr(line, "ROUNDS", 1)
    monkeypatch.setattr(line, "SAMPLE", 20)
    monkeypatch.setenv(reading.CACHE, str(tmp_path / "cache"))
    reading.make(1, tmp_path / "clicks.parquet")
    return line.measure(100, tmp_path / "clicks.parquet")  # as if it were the largest


def test_every_stage_is_measured(measured: dict[str, object]) -> None:
    assert list(measured["steps"]) == list(line_page.STAGES)  # type: ignore[call-overload]
    assert (measured["users"], measured["tested"], measured["ranked"]) == (60, 60, 20)


def test_full_ranks_are_by_vectors(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vectors, "LEAST_ITEMS", 1)
    train = load_module("datasets", "synthetic").load(n_users=60, n_items=140)
    model = DotProduct()
    model.fit(train, Run())
    assert vectors.offered(model, in_order(train), np.arange(60, dtype=np.int32)) is not None


def test_a_size_that_there_is_not_is_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["line.py", "--sizes", "1,2"])
    with pytest.raises(SystemExit):
        line.main()
    assert capsys.readouterr().err.endswith("--sizes takes some of 1,10,25,100, not 2\n")


def test_the_page_has_every_stage_at_every_size(
    measured: dict[str, object], tmp_path: Path
) -> None:
    stages = {stage: {"cpu_seconds": 2.0, "peak_mb": 1500.0} for stage in line_page.STAGES}
    known = {"interactions": 10**7, "users": 20_000, "items": 10_000, "tested": 20_000}
    for size in (10, 100):
        given = {**measured, **known, "size": size, "ranked": 20_000, "steps": stages}
        given |= {"product_ns": 2.0, "copy_ns": 0.5}
        if size == 100:
            given["ranked"] = 5_000
        (tmp_path / f"line-{size}.json").write_text(json.dumps(given))
    line_page.write(tmp_path, tmp_path / "scale.md")
    text = (tmp_path / "scale.md").read_text()
    assert "| split | 2.00 / 0.16 / 1,500 | 2.00 / 0.16 / 1,500 |" in text
    assert "| full ranks | 2.00 / 0.40 / 1,500 | 8.00\\* / 0.40 / 1,500 |" in text
    assert "| all; without full ranks | 18, 16 | 36, 28 |" in text
    # 5 stages of 2 s and 2 of 8 s for 1/100 of the interactions; 8 s for 1/15,000 of the scores.
    assert "| all but full ranks | 43 min on one core |" in text
    assert "| full ranks of a cell | 33.3 core-hours: 31.2 min |" in text
