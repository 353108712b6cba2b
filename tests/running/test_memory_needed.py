"""A model that says beforehand what memory it needs."""

from pathlib import Path

from command import bench_here

from bench.records.folder import Results

# EASE of 20,000 items holds 1,526 MB, popularity next to nothing.
MADE = "synthetic:n_items=20000,n_users=300"


def run(folder: Path, limit_mb: int) -> dict[str, tuple[str, str]]:
    done = bench_here(
        folder,
        *("run", "--models", "ease,popularity", "--dataset", MADE, "--eval-users", "50"),
        *("--memory-limit", str(limit_mb)),
    )
    assert done.returncode == 0, done.stderr
    records = Results(folder / "results").read_records()
    return {each.cell.model: (each.status, each.reason) for each in records}


def test_a_model_that_would_need_more_than_its_limit_is_skipped(tmp_path: Path) -> None:
    found = run(tmp_path, 1400)
    status, reason = found["ease"]
    assert status == "skipped"
    assert reason.startswith("would take 1,") and "MB of memory for 20,000 items" in reason
    assert reason.endswith("more than the limit of 1,400 MB")
    assert found["popularity"] == ("ok", "")
