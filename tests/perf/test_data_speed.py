"""How long reading takes: a million made rows in each format, and 25 million of a CSV."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import reading

from bench.data.delimited import read_columns
from bench.registry.models import load_module

ROWS = 1_000_000
FORMATS = {"tab": "\t", "double colon": "::", "comma": ","}


@pytest.fixture(scope="module")
def rows() -> list[tuple[int, int, int, int]]:
    rng = np.random.default_rng(0)
    columns = (
        rng.integers(1, 6041, ROWS),
        rng.integers(1, 3953, ROWS),
        rng.integers(1, 6, ROWS),
        rng.integers(9e8, 1e9, ROWS),
    )
    return list(zip(*(column.tolist() for column in columns), strict=True))


@pytest.mark.parametrize("form", FORMATS)
def test_reading_a_million_ratings(benchmark: Any, form: str, rows: list[Any]) -> None:
    separator = FORMATS[form]
    text = "\n".join(separator.join(map(str, row)) for row in rows).encode()
    columns = {"user": "integer", "item": "integer", "rating": "number", "time": "time"}
    found = benchmark.pedantic(
        read_columns,
        (text,),
        {"name": "made", "separator": separator, "columns": columns},
        rounds=3,
    )
    assert len(found["user"]) == ROWS


@pytest.fixture(scope="module")
def clicks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """25 million interactions as CSV, with headers of their own."""
    path = tmp_path_factory.mktemp("clicks") / "clicks.csv"
    reading.make(25, path)
    return path


@pytest.mark.parametrize("reader", reading.READERS)
def test_reading_25_million_rows(
    benchmark: Any, reader: str, clicks: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In this order: what the first reads is in the cache of the second."""
    monkeypatch.setenv(reading.CACHE, str(clicks.parent))
    read = reading.READERS[reader]
    arrays = benchmark.pedantic(read, (clicks,), rounds=1)
    assert arrays > 16 * 24e6


def test_making_synthetic_data(benchmark: Any, tmp_path: Path) -> None:
    load = load_module("datasets", "synthetic").load
    sizes = {"n_users": 6040, "n_items": 3706, "interactions_per_user": 165.0}
    found = benchmark.pedantic(load, (), sizes, rounds=3)
    assert found.n_users == 6040
