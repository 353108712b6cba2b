"""Measure the harness's own stages from 1 to 100 M interactions, and write docs/scale.md.

    .venv/bin/python tests/scale/line.py --sizes 1,10

Each size has a process of its own, and what is measured already is not measured again.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from time import process_time
from typing import Any

import line_page
import numpy as np
import reading
from scale_steps import DotProduct, Steps

SIZES = ("1", "10", "25", "100")
MOST_TO_RANK = 25  # beyond this size a sample is ranked, and the time of all computed
SAMPLE = 20_000
ROUNDS = 20
COMPILED = "bench.evaluation.kernels.tiles"


def measure(size: int, path: Path) -> dict[str, Any]:
    """From a parquet file to a ledger, stage by stage; path lies where the cache may be, too."""
    from bench import machine
    from bench.adapter import Run
    from bench.api.read import read
    from bench.evaluation import ledger
    from bench.evaluation.figures import figures
    from bench.evaluation.fitted import evaluate_fitted
    from bench.hashing import fingerprint
    from bench.interactions import DataSet
    from bench.isolation import transfer
    from bench.protocol.audit import audit
    from bench.protocol.negatives import sample, some_users
    from bench.protocol.split import in_order, leave_one_out
    from bench.protocol.task import Cases

    limits = {"product_ns": product_nanoseconds(), "copy_ns": copy_nanoseconds()}
    load, steps = machine.load_average(), Steps()
    user, item, time = reading.COLUMNS
    data = steps.take("read", lambda: read(path, user=user, item=item, time=time).interactions)
    split = steps.take("split", lambda: leave_one_out(in_order(data)))
    negatives = steps.take("negatives", lambda: sample(split, stream="0/test"))
    cases = Cases(split.users, split.held_out, negatives)
    whole = DataSet(data)
    train = [split.train.users, split.train.items, split.train.times]
    steps.take(
        "audit and hashes",
        lambda: (
            audit(whole, whole, split, split, negatives),
            fingerprint(data),
            fingerprint([*train, *cases.parts()]),
        ),
    )
    steps.take("hand-over", lambda: transfer.write((split.train, cases), path.with_name("train")))
    model = DotProduct()
    model.fit(split.train, Run())
    ranked = cases
    if size > MOST_TO_RANK:
        some = some_users(split, SAMPLE, stream="0/users")
        ranked = cases.take(cases.users.searchsorted(some.users))
    steps.take(line_page.ONCE, lambda: import_module(COMPILED))
    found = steps.take("full ranks", lambda: evaluate_fitted(model, split.train, ranked))
    steps.take("metrics", lambda: figures(found.ledger))
    steps.take("ledger", lambda: ledger.save(found.ledger, path.with_name("ledger.parquet")))
    return {
        "size": size,
        "interactions": len(data),
        "users": data.n_users,
        "items": data.n_items,
        "tested": len(cases.users),
        "ranked": len(ranked.users),
        **limits,
        "file_mb": path.stat().st_size / 2**20,
        "steps": steps.found,
        "load_before": load,
        "environment": machine.environment(),
    }


def product_nanoseconds() -> float:
    """Of a score as a dot product of 64 numbers, the least of some rounds."""
    random = np.random.default_rng(0)
    users, items = (random.standard_normal((n, 64), dtype=np.float32) for n in (512, 8192))
    return least(lambda: users @ items.T) / (len(users) * len(items))


def copy_nanoseconds() -> float:
    """Of a byte that is copied in memory, the least of some rounds."""
    given = np.ones(1 << 26, dtype=np.uint8)
    copied = np.empty_like(given)
    return least(lambda: np.copyto(copied, given)) / len(given)


def least(step: Callable[[], Any]) -> float:
    """Nanoseconds of the processor."""
    found = []
    for _ in range(ROUNDS):
        began = process_time()
        step()
        found.append(process_time() - began)
    return min(found) * 1e9


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--sizes", default=",".join(SIZES), help="in millions of interactions")
    parser.add_argument("--results", type=Path, default=Path("results"))
    parser.add_argument("--page", type=Path, default=Path("docs/scale.md"))
    parser.add_argument("--force", action="store_true", help="measure again what is measured")
    parser.add_argument("--measure", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--file", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        print(json.dumps(measure(options.measure, options.file)))
        return 0
    sizes = options.sizes.split(",")
    if unknown := set(sizes) - set(SIZES):
        parser.error(f"--sizes takes some of {','.join(SIZES)}, not {','.join(sorted(unknown))}")
    folder = options.results / "scale"
    folder.mkdir(parents=True, exist_ok=True)
    import_module(COMPILED)  # so that no process has to compile it
    for size in sizes:
        kept = folder / f"line-{size}.json"
        if options.force or not kept.exists():
            print(f"stages at {size} M interactions", flush=True)
            kept.write_text(json.dumps(in_processes(size), indent=1))
        line_page.write(folder, options.page)
    return 0


def in_processes(size: str) -> dict[str, Any]:
    """One makes the file, and another one reads it, whose memory is its own."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "clicks.parquet"
        script = str(Path(__file__).with_name("reading.py"))
        subprocess.run([sys.executable, script, "--make", size, "--file", path], check=True)
        done = subprocess.run(
            [sys.executable, __file__, "--measure", size, "--file", path],
            env=os.environ | reading.ONE_THREAD | {reading.CACHE: str(Path(folder) / "cache")},
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
        found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
        return found


if __name__ == "__main__":
    sys.exit(main())
