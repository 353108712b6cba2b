"""Measure a cluster of one machine: `make cluster-measure`.

The nodes are real, in a network of their own. Their cores are those of this machine, so that the
cells of the measurement wait and do not compute.
"""

import argparse
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "helpers"))
from clusters import HEAD, Cluster, cluster, missing
from command import BENCH, PATIENCE
from waiting import until

from bench.records.folder import Results

SLEEPING = '''"""Sleeps, and then is popularity."""

import time
from dataclasses import dataclass

import numpy as np

from bench.adapter import Adapter


@dataclass(kw_only=True)
class Sleeping(Adapter):
    seconds: float = 10.0

    def fit(self, train, run):
        time.sleep(self.seconds)
        counts = np.bincount(train.items, minlength=train.n_items)
        self._scores = np.float32(counts + np.random.default_rng(run.seed).random(train.n_items))

    def scores(self, users):
        return np.tile(self._scores, (len(users), 1))
'''
GONE_SECONDS = 30.0  # in which nothing may be left of a driver that was killed


def run(folder: Path, results: str, *words: str) -> list[str]:
    """The words of a run without MLflow."""
    return [BENCH, "run", "--track", "off", "--results", str(folder / results), *words]


def seeds(count: int) -> str:
    return ",".join(map(str, range(count)))


def seconds(there: Cluster | None, words: Sequence[str], errors: Path) -> float:
    """That a run takes, on a cluster or here.

    Raises:
        RuntimeError: it went wrong.
    """
    began = time.monotonic()
    with errors.open("w") as stderr:
        quiet = {"stdout": subprocess.DEVNULL, "stderr": stderr}
        if there is None:
            code = subprocess.run(words, **quiet, check=False).returncode
        else:
            code = there.start(*words, "--cluster", HEAD, **quiet).wait(PATIENCE)
    if code:
        raise RuntimeError(errors.read_text())
    return time.monotonic() - began


def sleeping(folder: Path, length: float) -> list[str]:
    """The words of the model that sleeps."""
    (folder / "sleeping.py").write_text(SLEEPING)
    path = str(folder / "sleeping.py")
    words = ["--suite", "quick", "--model-path", path, "--models", "sleeping"]
    return [*words, "--set", f"sleeping.seconds={length}"]


def overhead(folder: Path, cells: int) -> str:
    """Around a cell, by runs of few and of many cells that sleep half a second."""
    few, wanted = 2, sleeping(folder, 0.5)
    found = {}
    with cluster(folder, nodes=1) as there:
        for name, where in (("here", None), ("node", there)):
            took = [
                seconds(
                    where, run(folder, f"{name}{n}", *wanted, "--seeds", seeds(n)), folder / "e"
                )
                for n in (few, few + cells)
            ]
            found[name] = (took[1] - took[0]) / cells
    more = found["node"] - found["here"]
    return (
        f"overhead: a cell takes {found['here']:.2f} s here, {found['node']:.2f} s on a node of"
        f" one: {more:.2f} s more ({cells} cells of .5 s each)"
    )


def speed(folder: Path, cells: int) -> str:
    """Of four nodes beside one, by cells of ten seconds; one gets a fifth of the cells."""
    took = {}
    for nodes, count in ((1, max(2, cells // 5)), (4, cells)):
        inside = folder / str(nodes)
        inside.mkdir()
        words = run(inside, "results", *sleeping(inside, 10.0), "--seeds", seeds(count))
        with cluster(inside, nodes=nodes) as there:
            took[nodes] = seconds(there, words, inside / "errors") / count
    return (
        f"speed: {cells} cells of 10 s took {took[4] * cells:.0f} s on four nodes of one core, with"
        f" all that a run does; one node takes {took[1]:.2f} s a cell ({max(2, cells // 5)}"
        f" cells): {took[1] / took[4]:.2f} times as fast"
    )


def tables(results: Path) -> dict[str, bytes]:
    """The ledgers, by name."""
    return {path.name: path.read_bytes() for path in (results / "ledgers").iterdir()}


def ranks(results: Path) -> list[str]:
    """The lines of the board without clocks and machines: model and figures."""
    lines = (results / "leaderboard.csv").read_text().splitlines()
    names = lines[0].split(",")
    kept = [n for n, name in enumerate(names) if name == "model" or "@" in name]
    return [",".join(line.split(",")[n] for n in kept) for line in lines]


def equal(one: Path, other: Path) -> str:
    """Whether two folders have the same ledgers and figures, and the second is verified."""
    verified = subprocess.run([BENCH, "verify", str(other)], capture_output=True, check=False)
    answers = {
        "ledgers": tables(one) == tables(other),
        "board": ranks(one) == ranks(other),
        "verify": verified.returncode == 0,
    }
    wrong = [name for name, right in answers.items() if not right]
    return f"not the same: {', '.join(wrong)}" if wrong else "ledgers, board and verify the same"


def lost(folder: Path, suite: Sequence[str]) -> str:
    """A suite with three seeds on three nodes, one of which is killed in the middle."""
    words = [*suite, "--seeds", "0,1,2"]
    seconds(None, run(folder, "one", *words), folder / "errors")
    cells = len(tables(folder / "one"))
    with cluster(folder, nodes=3) as there:
        running = there.start(*run(folder, "three", *words), "--cluster", HEAD)
        until(lambda: len(list((folder / "three" / "records").glob("*.json"))) >= cells // 2)
        there.kill_node(2)
        code = running.wait(PATIENCE)
    on = {each.environment["node"] for each in Results(folder / "three").read_records()}
    return (
        f"lost: {cells} cells on {len(on)} nodes, one killed in the middle, exit code {code}:"
        f" {equal(folder / 'one', folder / 'three')}"
    )


def kills(folder: Path, count: int, seed: int) -> str:
    """The driver killed at random moments, and the same command again and again.

    Three of four moments are while it measures, the others from its start on.
    """
    chance, words = random.Random(seed), [*sleeping(folder, 1.0), "--seeds", seeds(4 * count)]
    seconds(None, run(folder, "one", *words), folder / "errors")
    slowest, before, waiting, number = 0.0, 0, 0, 0

    def records() -> int:
        return len(list((folder / "three" / "records").glob("*.json")))

    with cluster(folder, nodes=3) as there:
        code: int | None = None
        while number < count and code is None:
            driver = there.start(*run(folder, "three", *words), "--cluster", HEAD)
            while number % 4 and driver.poll() is None and records() == before:
                time.sleep(0.05)
            wait = chance.uniform(0.0, 4.0)
            try:
                code = driver.wait(wait)
            except subprocess.TimeoutExpired:
                number += 1
                for each in there.drivers():
                    each.send_signal(signal.SIGKILL)
                driver.wait()
                began = time.monotonic()
                until(lambda: not there.working())
                slowest = max(slowest, time.monotonic() - began)
                measured = records()
                waiting += measured == before
                print(f"  kill {number} after {wait:.1f} s: {measured} cells there", flush=True)
                before = measured
            if code is not None and number < count:  # done before its time: begin anew
                shutil.rmtree(folder / "three")
                code, before = None, 0
        code = there.start(*run(folder, "three", *words), "--cluster", HEAD).wait(PATIENCE)
        until(lambda: not there.working())
        left = there.folders()
    return (
        f"kills: the driver killed {number} times (seed {seed}; {waiting} times before another cell"
        f" was kept), last exit code {code}: {equal(folder / 'one', folder / 'three')}; the last"
        f" process on a node was gone after {slowest:.1f} s"
        f"{'' if slowest < GONE_SECONDS else ', TOO LATE'}; {len(left)} folders left on nodes"
    )


def main() -> int:
    """Measure the parts that are asked for, and print a line for each."""
    if missing():
        print(f"no cluster here: {missing()}", file=sys.stderr)
        return 1
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--parts", default="overhead,speed,lost,kills")
    asked.add_argument("--cells", type=int, default=100, help="of ten seconds, for the speed")
    asked.add_argument("--kills", type=int, default=20)
    asked.add_argument("--seed", type=int, default=0, help="of the moments of the kills")
    given = asked.parse_args()
    parts: dict[str, Callable[[Path], str]] = {
        "overhead": lambda folder: overhead(folder, 10),
        "speed": lambda folder: speed(folder, given.cells),
        "lost": lambda folder: lost(folder, ["--suite", "quick"]),
        "kills": lambda folder: kills(folder, given.kills, given.seed),
    }
    print(f"load average {os.getloadavg()[0]:.1f} on {len(os.sched_getaffinity(0))} cores")
    for name in words_of(given.parts, parts):
        with tempfile.TemporaryDirectory(prefix="bench-c-") as folder:  # short: sockets lie in it
            print(parts[name](Path(folder)), flush=True)
    return 0


def words_of(text: str, known: Iterable[str]) -> list[str]:
    """Names with commas between them, all of which are known."""
    names = text.split(",")
    if unknown := set(names) - set(known):
        raise SystemExit(f"--parts takes {','.join(known)}, not {','.join(sorted(unknown))}")
    return names


if __name__ == "__main__":
    sys.exit(main())
