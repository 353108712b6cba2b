"""Measure how long reading takes beside pandas and polars, and write results/scale-reading.md.

    .venv/bin/python tests/scale/reading.py --sizes 25

Each reader has a process of its own, and all read the same file in the same run. What is read is
`synthetic` data of so many million interactions: CSV at 25 with headers of its own, parquet at 100.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path
from time import perf_counter, process_time, sleep
from typing import Any

import psutil

FORMS = {1: "csv", 25: "csv", 100: "parquet"}  # by millions of interactions
COLUMNS = ("uid", "sku", "ts")
CACHE = "BENCH_DATA_DIR"  # where what was read is kept
ONE_THREAD = {f"{library}_NUM_THREADS": "1" for library in ("OMP", "OPENBLAS", "MKL")}
TEXT = """# Reading

`make scale` on `synthetic` data, all readers on the same file in the same run, each in a process of
its own: {machine}; other work may have run beside it. *peak* is the most memory that it had
beyond its start, pages of files left out; *arrays* is what the data take in the end, in bench by
32-bit numbers of users and items. pandas and polars read the columns alone: bench also numbers the
ids, checks every value, and keeps the result for the next time.

{table}
"""


def make(size: int, path: Path) -> None:
    """Write so many million interactions."""
    import pyarrow as pa
    from pyarrow import csv, parquet

    from bench.registry.datasets import load_data

    data = load_data(f"synthetic:scale={size},features=false", None).interactions
    columns = dict(zip(COLUMNS, (data.users, data.items, data.times), strict=True))
    table = pa.table(columns)
    if path.suffix == ".csv":
        csv.write_csv(table, path)
    else:
        parquet.write_table(table, path, row_group_size=1 << 20)


def by_bench(path: Path) -> int:
    import bench

    data = bench.read(path, user="uid", item="sku", time="ts").interactions
    for array in (data.users, data.items, data.times):
        array.max()  # what is mapped is read
    return int(data.users.nbytes + data.items.nbytes + data.times.nbytes)


def by_pandas(path: Path) -> int:
    import pandas as pd

    frame = pd.read_csv(path) if path.suffix == ".csv" else pd.read_parquet(path)
    return int(frame.memory_usage(index=False).sum())


def by_polars(path: Path) -> int:
    import polars as pl

    frame = pl.read_csv(path) if path.suffix == ".csv" else pl.read_parquet(path)
    return int(frame.estimated_size())


READERS: dict[str, Callable[[Path], int]] = {
    "bench, the first time": by_bench,
    "bench, from its cache": by_bench,
    "pandas": by_pandas,
    "polars": by_polars,
}


def measure(reader: str, path: Path) -> dict[str, float]:
    """One reader in this process. Of memory without pages of files, which are the system's."""
    for library in ("bench.api.read", "pandas", "polars", "pyarrow.csv", "pyarrow.parquet"):
        __import__(library)
    process, ended = psutil.Process(), threading.Event()

    def held() -> int:
        found = process.memory_info()
        return int(found.rss - found.shared)

    start = peak = held()

    def watch() -> None:
        nonlocal peak
        while not ended.is_set():
            peak = max(peak, held())
            sleep(0.02)

    watcher = threading.Thread(target=watch)
    watcher.start()
    began, began_cpu = perf_counter(), process_time()
    arrays = READERS[reader](path)
    seconds, cpu_seconds = perf_counter() - began, process_time() - began_cpu
    ended.set()
    watcher.join()
    return {
        "seconds": seconds,
        "cpu_seconds": cpu_seconds,
        "peak_mb": (peak - start) / 2**20,
        "arrays_mb": arrays / 2**20,
    }


def in_process(reader: str, path: Path, cache: Path) -> dict[str, float]:
    """One reader in a process of its own, whose cache is in a folder."""
    done = subprocess.run(
        [sys.executable, __file__, "--measure", reader, "--file", str(path)],
        env=os.environ | ONE_THREAD | {CACHE: str(cache)},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def measure_all(size: int) -> dict[str, dict[str, float]]:
    """All readers, one after the other, on a file of so many million interactions."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"clicks.{FORMS[size]}"
        words = [sys.executable, __file__, "--make", str(size), "--file", str(path)]
        subprocess.run(words, check=True)  # its memory goes with it
        found = {name: in_process(name, path, Path(folder) / "cache") for name in READERS}
        return {"file": {"mb": path.stat().st_size / 2**20}, **found}


def page(found: dict[int, dict[str, dict[str, float]]]) -> str:
    """results/scale-reading.md"""
    from bench import machine

    environment = machine.environment()
    lines = [
        ["interactions", "file", "reader", "seconds", "CPU s", "peak MB", "arrays MB"],
        ["---"] * 7,
    ]
    for size, readers in sorted(found.items()):
        file = f"{FORMS[size]}, {readers['file']['mb']:.0f} MB"
        for name in READERS:
            figures = readers[name]
            lines.append(
                [f"{size} M", file, name, f"{figures['seconds']:.2f}"]
                + [f"{figures[key]:.1f}" for key in ("cpu_seconds", "peak_mb", "arrays_mb")]
            )
    where = f"{environment['cpu']}, {environment['cores']} cores, load {machine.load_average():.1f}"
    return TEXT.format(machine=where, table="\n".join(f"| {' | '.join(each)} |" for each in lines))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--sizes", default="25,100", help="in millions of interactions")
    parser.add_argument("--results", type=Path, default=Path("results"))
    parser.add_argument("--measure", help=argparse.SUPPRESS)
    parser.add_argument("--make", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--file", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.make:
        make(options.make, options.file)
    elif options.measure:
        print(json.dumps(measure(options.measure, options.file)))
    else:
        found: dict[int, Any] = {}
        kept = options.results / "scale" / "reading.json"
        if kept.exists():
            found = {int(size): each for size, each in json.loads(kept.read_text()).items()}
        for size in map(int, options.sizes.split(",")):
            found[size] = measure_all(size)
            print(json.dumps({size: found[size]}), flush=True)
        kept.parent.mkdir(parents=True, exist_ok=True)
        kept.write_text(json.dumps(found, indent=1))
        (options.results / "scale-reading.md").write_text(page(found))
    return 0


if __name__ == "__main__":
    sys.exit(main())
