"""`bench embeddings`, and what `bench verify` and the report make of what it writes."""

from pathlib import Path

import pytest
from command import bench_here
from kept_and_ranked import keep

from bench.records.folder import Results
from bench.report.write import write_report


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("here")
    for seed in (0, 1):
        keep(folder / "results", "als", factors=4, seed=seed)
    return folder


def test_it_writes_a_board_that_verify_reads(kept: Path) -> None:
    ended = bench_here(kept, "embeddings", "-o", "board")
    assert ended.returncode == 0, ended.stderr
    assert "Written to board/embeddings.md and board/embeddings.csv" in ended.stdout
    assert ended.stdout.splitlines()[0] == "made-up, loo-99"
    assert "als, seed 1" in ended.stderr
    verified = bench_here(kept, "verify", "board")
    assert verified.returncode == 0
    assert verified.stdout == "board: 5 rows of embeddings, as on their page\n"
    page = kept / "board" / "embeddings.md"
    page.write_text(page.read_text() + "more")
    assert bench_here(kept, "verify", "board").returncode == 1


def test_another_way_to_compare_is_named(kept: Path) -> None:
    ended = bench_here(kept, "embeddings", "--by", "dot", "-o", "by-dot")
    assert ended.returncode == 0
    line = next(line for line in ended.stdout.splitlines() if line.startswith("als"))
    assert line.split()[3] == "dot"


def test_the_report_has_it(kept: Path) -> None:
    results = Results(kept / "results")
    assert "<h2>Embeddings</h2>" not in write_report([], results).read_text()
    bench_here(kept, "embeddings")
    page = write_report([], results).read_text()
    assert "<h2>Embeddings</h2>" in page and '<th scope="row" class="name">als</th>' in page
    results.embeddings_table.write_text("damaged")
    assert "<h2>Embeddings</h2>" not in write_report([], results).read_text()


def test_without_kept_models_it_says_what_to_do(tmp_path: Path) -> None:
    ended = bench_here(tmp_path, "embeddings")
    assert ended.returncode == 2
    assert ended.stderr == (
        "bench: no model with vectors is kept in results/models; bench run --keep keeps models\n"
    )
