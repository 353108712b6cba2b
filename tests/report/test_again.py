"""At the end of a run the report is made again where anything of it has changed, and only there."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from bench.leaderboard.write import board_of
from bench.protocol.task import Task, prepare
from bench.records.folder import Results
from bench.registry.datasets import load_data
from bench.report import again
from bench.report.again import keep_report
from bench.report.charts import charts
from bench.report.drawn import drawn_charts

PUBLISHED = Path(__file__).resolve().parents[2] / "results" / "ml-100k-all"


@pytest.fixture(scope="module")
def task() -> Task:
    return prepare(load_data("synthetic", None), "loo-99")


@pytest.fixture
def results(tmp_path: Path) -> Results:
    """Some of a published board."""
    for kind, ending in (("records", "json"), ("ledgers", "parquet")):
        (tmp_path / kind).mkdir()
        for name in ("ease", "popularity", "random"):
            for path in (PUBLISHED / kind).glob(f"*.{name}.s0.*.{ending}"):
                shutil.copy(path, tmp_path / kind)
    assert len(Results(tmp_path).read_records()) == 3
    return Results(tmp_path)


def written(results: Results, task: Task) -> bool:
    """Whether a run wrote the report anew."""
    before = results.report.stat().st_mtime_ns if results.report.exists() else None
    keep_report(board_of(results), results, task)
    return results.report.stat().st_mtime_ns != before


def test_it_is_made_again_where_something_has_changed(results: Results, task: Task) -> None:
    assert written(results, task)
    assert not written(results, task)
    copied = Results(results.path.with_name("copied"))
    shutil.copytree(results.path, copied.path, copy_function=shutil.copyfile)
    assert not written(copied, task)
    first = results.read_records()[0]
    results.save(replace(first, timings=first.timings | {"train_seconds": 99.0}))
    assert written(results, task)
    assert written(results, replace(task, split_sha256="another"))
    content = results.report.read_bytes()
    for damaged in (b"", content[:-5], content[: len(content) // 2]):
        results.report.write_bytes(damaged)
        assert written(results, replace(task, split_sha256="another"))
        assert results.report.read_bytes() == content


def test_it_is_made_again_by_other_code(
    results: Results, task: Task, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert written(results, task)
    (tmp_path / "code" / "report").mkdir(parents=True)
    monkeypatch.setattr(again, "__file__", str(tmp_path / "code" / "report" / "again.py"))
    assert written(results, task)
    assert not written(results, task)
    (tmp_path / "code" / "page.js").write_text("// another\n")
    assert written(results, task)


def test_the_charts_of_a_page_are_those_that_altair_writes_also_where_they_are_remembered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("platformdirs.user_cache_path", lambda name: tmp_path / name)
    wanted = json.dumps(charts())
    assert json.dumps(drawn_charts()) == wanted
    monkeypatch.setattr("bench.report.charts.charts", lambda: pytest.fail("drawn again"))
    assert json.dumps(drawn_charts()) == wanted
    (kept,) = (tmp_path / "bench" / "charts").iterdir()
    kept.write_text("{}")
    with pytest.raises(pytest.fail.Exception, match="drawn again"):
        drawn_charts()
