"""Results folders of several machines, to merge."""

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

from ledgers import keep, made_up_ledger

from bench.leaderboard.merge.merge import merge
from bench.records.canaries import Canaries, Check
from bench.records.folder import Results

DATA, SPLIT = "ab" * 32, "cd" * 32
HERE = {"cpu": "Here", "cores": 2, "memory_mb": 8192}
THERE = {"cpu": "There", "cores": 64, "memory_mb": 8192}
CANARIES = Canaries(
    dataset="ml-100k",
    protocol="loo",
    key="0123456789abcdef",
    checks={"constant": (Check("hr_at_10", 0.1, 0.1, 1e-9),)},
    users=40,
    data_sha256=DATA,
    split_sha256=SPLIT,
    started="2026-01-01T00:00:00+00:00",
)


def measured(
    folder: Path, models: dict[str, float], machine: dict[str, Any] = HERE, **changes: Any
) -> Results:
    """A results folder of a machine, with its canaries."""
    results = Results(folder)
    basis = {"data_sha256": DATA, "split_sha256": SPLIT, "environment": machine} | changes
    for place, (model, skill) in enumerate(models.items()):
        for seed in (0, 1):
            made = made_up_ledger(seed=10 * place + seed, skill=skill)
            keep(results, model, made, seed=seed, **basis)
    seconds = float(len(machine["cpu"]))
    results.save(replace(CANARIES, seconds=seconds, split_sha256=basis["split_sha256"]))
    return results


def merged(into: Results, *folders: Results) -> Any:
    work = into.path / ".work"
    work.mkdir(parents=True, exist_ok=True)
    try:
        return merge(folders, into, work)
    finally:
        shutil.rmtree(work)


def content(results: Results) -> dict[str, tuple[bytes, int]]:
    """All files but locks, with when they were written."""
    files = [each for each in results.path.rglob("*") if each.is_file()]
    return {
        str(each.relative_to(results.path)): (each.read_bytes(), each.stat().st_mtime_ns)
        for each in files
        if not each.name.endswith("lock")
    }
