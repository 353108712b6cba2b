"""`make scale`: its suites are whole, and its page says what was and what was not measured."""

from dataclasses import replace
from pathlib import Path

import pytest
import scale
import scale_page
from records import made_up

from bench.records.folder import Results
from bench.registry import suites
from bench.registry.datasets import load_data


@pytest.mark.parametrize("size", ["1", "100"])
def test_the_suite_of_a_size_is_whole(tmp_path: Path, size: str) -> None:
    path = tmp_path / "scale.toml"
    path.write_text(scale.suite_of(size, ["als", "neumf"], 600))
    found = suites.load(str(path))
    assert (found.dataset, found.eval_users) == (f"synthetic:scale={size}", 10_000)
    assert [row.params for row in found.rows] == [
        {"iterations": 1, "factors": 64},
        {"epochs": 1, "factors": 64},
    ]


def test_the_page_tells_of_every_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import scale_steps

    # The steps of a size, with data of no size.
    monkeypatch.setattr(scale_steps, "load_data", lambda name, folder: load_data("synthetic", None))
    measured = scale_steps.measure(1)
    folder = tmp_path / "scale"
    folder.mkdir()
    for size in (1, 10):
        scale_steps.save({**measured, "size": size}, folder / f"harness-{size}.json")
    als = made_up("als", 0.5, dataset="synthetic:scale=10")
    more = {"score_seconds": 2.0, "score_users_per_second": 5e3, "latency_p50_ms": 0.1}
    Results(folder).save(replace(als, timings=als.timings | more | {"total_memory_mb": 300.0}))
    late = made_up("mf", dataset="synthetic:scale=10", status="timeout", reason="stopped")
    Results(folder).save(replace(late, key="0" * 16))
    scale_page.write(tmp_path, ["als", "mf", "neumf"])
    text = (tmp_path / "scale.md").read_text()
    assert text.count("| 5,896 | 300 | 200 |") == 2
    lines = [line for line in text.splitlines() if line.startswith("| 5,896 | als")]
    assert "not measured" in lines[0]
    assert "| 2.5 | 1.23 M | 2.00 | 5 k | 0.10 | 120 | 300 |" in lines[1]
    assert "| 5,896 | mf | timeout: stopped |" in text
    assert text.count("| neumf | not measured |") == 2
    assert "<svg" in (tmp_path / "images" / "scale.svg").read_text()
    before = (tmp_path / "images" / "scale.svg").read_bytes()
    scale_page.write(tmp_path, ["als", "mf", "neumf"])
    assert (tmp_path / "images" / "scale.svg").read_bytes() == before
