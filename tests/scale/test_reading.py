"""The measurement of reading: all readers find the same rows, and the page tells of each."""

from pathlib import Path

import pytest
import reading

import bench
from bench.registry import suites
from bench.registry.models import load_module


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_every_reader_reads_what_was_made(
    form: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = load_module("datasets", "synthetic").load(n_users=60, n_items=40)
    monkeypatch.setattr(
        "bench.registry.datasets.load_data", lambda name, folder: bench.DataSet(made)
    )
    monkeypatch.setenv(reading.CACHE, str(tmp_path / "cache"))
    path = tmp_path / f"clicks.{form}"
    reading.make(1, path)
    sizes = {name: read(path) / len(made) for name, read in reading.READERS.items()}
    assert sizes["bench, the first time"] == sizes["bench, from its cache"] == 16
    assert sizes["pandas"] == 24 if form == "csv" else 16  # bytes of a row
    assert list((tmp_path / "cache" / "tables").iterdir())


def test_the_page_has_a_line_for_each_reader() -> None:
    figures = {"seconds": 1.5, "cpu_seconds": 1.25, "peak_mb": 30.0, "arrays_mb": 20.0}
    found = {25: {"file": {"mb": 489.2}, **dict.fromkeys(reading.READERS, figures)}}
    text = reading.page(found)
    for name in reading.READERS:
        assert f"| 25 M | csv, 489 MB | {name} | 1.50 | 1.2 | 30.0 | 20.0 |" in text


def test_the_suite_of_a_large_catalogue_is_whole() -> None:
    suite = suites.load(str(Path(__file__).with_name("catalogue.toml")))
    assert {row.model for row in suite.rows} >= {"popularity", "knn", "userknn", "slim", "ease"}
    assert "n_items=40981" in suite.dataset and suite.timeout == 300
