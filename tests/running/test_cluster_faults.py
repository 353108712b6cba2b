"""What goes wrong with a real Ray cluster of three nodes, and what comes of it."""

import fcntl
import os
import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import util
from pathlib import Path

import psutil
import pytest
from clusters import HEAD, Cluster, cluster, missing
from command import BENCH, PATIENCE, bench_here
from waiting import RUN, WAITING, until, words_of_waiting

from bench.records.folder import Results
from bench.running.cluster.node import PREFIX, YOUNG_SECONDS, remove_left

pytestmark = pytest.mark.slow  # a cluster starts in half a minute
real = pytest.mark.skipif(bool(missing()), reason=missing() or "there can be a cluster")

NODES = [f"10.99.0.{number}" for number in (1, 2, 3)]
# Another's program on the cluster, which has the CPUs of these nodes until it is ended.
HOLDS = """
import sys, time
import ray
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy as On

ray.init(address=sys.argv[1], log_to_driver=False)

@ray.remote(num_cpus=1)
def hold():
    print("held", flush=True)
    time.sleep(3600)

@ray.remote(num_cpus=0)
def here(path):
    open(path, "w").close()

for node in ray.nodes():
    if node["NodeManagerAddress"] in sys.argv[3:]:
        hold.options(scheduling_strategy=On(node["NodeID"], soft=False)).remote()
while ray.available_resources().get("CPU", 0) > 6 - len(sys.argv):
    time.sleep(0.1)
open(sys.argv[2], "w").close()
time.sleep(3600)
"""


@pytest.fixture(scope="module")
def there(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with cluster(tmp_path_factory.mktemp("c"), nodes=3) as found:
        yield found


@pytest.fixture
def waiting(tmp_path: Path) -> list[str]:
    return words_of_waiting(tmp_path)


def statuses(folder: Path) -> dict[int, str]:
    found = Results(folder / "results").read_records()
    return {record.cell.seed: record.status for record in found}


def nodes(folder: Path) -> set[str]:
    found = Results(folder / "results").read_records()
    return {record.environment["node"] for record in found}


def test_what_killed_processes_left_is_removed_and_nothing_else(tmp_path: Path) -> None:
    ages = {"left": 2 * YOUNG_SECONDS, "locked": 2 * YOUNG_SECONDS, "young": 0.0}
    for name, age in ages.items():
        folder = tmp_path / f"{PREFIX}{name}"
        (folder / "work").mkdir(parents=True)
        os.utime(folder, (time.time() - age,) * 2)
    (tmp_path / "other").mkdir()
    lock = os.open(tmp_path / f"{PREFIX}locked", os.O_RDONLY)
    fcntl.flock(lock, fcntl.LOCK_EX)
    remove_left(tmp_path)
    left = sorted(path.name for path in tmp_path.iterdir())
    assert left == [f"{PREFIX}locked", f"{PREFIX}young", "other"]
    os.close(lock)


@real
def test_another_version_of_ray_is_one_line(there: Cluster, tmp_path: Path) -> None:
    """The driver's is another one, by all but the version the same."""
    found = util.find_spec("ray")
    assert found is not None
    (tmp_path / "ray").mkdir()
    for path in Path(str(found.origin)).parent.iterdir():
        if path.name != "_version.py":
            (tmp_path / "ray" / path.name).symlink_to(path)
    (tmp_path / "ray" / "_version.py").write_text('version = "2.1.0"\ncommit = ""\n')
    done = there.bench("cluster", "check", HEAD, PYTHONPATH=str(tmp_path))
    assert (done.returncode, done.stderr.count("\n")) == (1, 1), done.stderr
    assert done.stderr.startswith(f"bench: cluster {HEAD}: ")
    assert "2.1.0" in done.stderr


@real
def test_a_model_that_only_the_driver_has_is_sent_along(there: Cluster, tmp_path: Path) -> None:
    """Its folder is a file system that no process but those of the driver can see."""
    shown, kept = tmp_path / "models", tmp_path / "kept"
    shown.mkdir()
    kept.mkdir()
    (kept / "waiting.py").write_text(WAITING.replace("import numpy as np", "from helper import np"))
    (kept / "helper.py").write_text("import numpy as np\n")
    mount = f"mount -t tmpfs none {shown} && cp {kept}/* {shown} && exec "
    words = [BENCH, *RUN, "--model-path", f"{shown}/waiting.py", "--models", "waiting"]
    words += ["--set", f"waiting.folder={tmp_path}", "--results", str(tmp_path / "results")]
    (tmp_path / "go on").touch()
    driver = there.start("unshare", "-m", "bash", "-c", mount + " ".join([*words, "--seeds=0,1"]))
    assert driver.wait(PATIENCE) == 0
    assert not list(shown.iterdir())
    assert statuses(tmp_path) == {0: "ok", 1: "ok"}


@contextmanager
def held(there: Cluster, folder: Path, *addresses: str) -> Iterator[None]:
    """Another has the CPUs of these nodes in this block."""
    (folder / "holds.py").write_text(HOLDS)
    words = [str(folder / "holds.py"), HEAD, str(folder / "is held"), *addresses]
    other = there.start(sys.executable, "-P", *words)
    try:
        until((folder / "is held").exists)
        yield
    finally:
        for each in psutil.Process(other.pid).children(recursive=True):
            each.kill()
        other.wait()


@real
def test_a_cluster_without_a_free_cpu_is_one_line(there: Cluster, tmp_path: Path) -> None:
    with held(there, tmp_path, *NODES):
        done = there.bench(*RUN, "--models", "popularity", "--results", str(tmp_path / "results"))
    assert (done.returncode, done.stderr.count("\n")) == (1, 1), done.stderr
    assert done.stderr == f"bench: cluster {HEAD}: no CPU is free, others have them all\n"
    assert not list((tmp_path / "results" / "records").glob("*"))


@real
def test_a_node_that_others_have_holds_nobody_up(there: Cluster, tmp_path: Path) -> None:
    with held(there, tmp_path, NODES[2]):
        words = ("--models", "popularity", "--seeds", "0,1,2")
        done = there.bench(*RUN, *words, "--results", str(tmp_path / "results"))
    assert done.returncode == 0, done.stdout + done.stderr
    assert nodes(tmp_path) <= set(NODES[:2])


@real
def test_a_disk_that_fills_takes_no_cell_with_it(
    there: Cluster, tmp_path: Path, waiting: list[str]
) -> None:
    small = tmp_path / "small"
    small.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=100m", "none", str(small)]
    assert there.start(*mount).wait(PATIENCE) == 0
    there.kill_node(2)
    there.add_node(2, TMPDIR=str(small))
    running = there.start(BENCH, *waiting, stdout=(tmp_path / "said").open("w"))
    on_small = lambda: [  # noqa: E731
        path for path in tmp_path.glob("began *") if str(small) in path.read_text()
    ]
    until(on_small)
    fill = ["bash", "-c", f"cat /dev/zero > {small}/filled 2> /dev/null"]
    there.start(*fill).wait(PATIENCE)
    (tmp_path / "go on").touch()
    assert running.wait(PATIENCE) == 0
    assert statuses(tmp_path) == {0: "ok", 1: "ok", 2: "ok"}
    assert nodes(tmp_path) <= {NODES[0], NODES[2]}
    said = (tmp_path / "said").read_text()
    assert said.count(f"node {NODES[1]} measures nothing: its disk is full, 0 MB are left") == 1
    done = there.bench("cluster", "check", HEAD)
    assert done.returncode == 1
    assert done.stdout.count("cannot measure: its disk is full, 0 MB are left") == 1


@real
def test_a_cell_that_its_node_has_no_memory_for_is_recorded(
    there: Cluster, tmp_path: Path, waiting: list[str]
) -> None:
    """The nodes take a file for what the system says of the memory, so that nothing is harmed."""
    plenty = Path("/proc/meminfo").read_text()
    little = "\n".join(
        "MemAvailable: 1000 kB" if line.startswith(("MemAvailable:", "MemFree:")) else line
        for line in plenty.splitlines()
    )
    shown = tmp_path / "meminfo"
    shown.write_text(plenty)
    assert there.start("mount", "--bind", str(shown), "/proc/meminfo").wait(PATIENCE) == 0
    try:
        running = there.start(BENCH, *waiting, "--seeds", "1")
        for number in (1, 2):
            until(lambda number=number: len(list(tmp_path.glob("began 1*"))) == number)  # type: ignore[misc]
            latest = max(tmp_path.glob("began 1*"), key=lambda path: path.stat().st_mtime_ns)
            until(latest.read_text)
            shown.write_text(little)
            job = Path(latest.read_text())
            until(lambda job=job: not there.serving(job))  # type: ignore[misc]
            shown.write_text(plenty)
        assert running.wait(PATIENCE) == 1
    finally:
        assert there.start("umount", "/proc/meminfo").wait(PATIENCE) == 0
    assert statuses(tmp_path) == {1: "oom"}


@real
def test_a_head_that_is_gone_ends_the_run_with_a_board_of_what_stands(
    there: Cluster, tmp_path: Path, waiting: list[str]
) -> None:
    """The last of this file: nothing is left of the cluster."""
    running = there.start(BENCH, *waiting, stderr=(tmp_path / "errors").open("w"))
    until(lambda: statuses(tmp_path) and list(tmp_path.glob("began [12]*")))
    there.kill_head()
    assert running.wait(PATIENCE) == 1
    until(lambda: not there.working())
    last = (tmp_path / "errors").read_text().splitlines()[-1]
    assert last.startswith("bench: the cluster is lost: its head is gone")
    assert last.endswith("; the same command goes on from here")
    assert "Traceback" not in (tmp_path / "errors").read_text()
    assert (tmp_path / "results" / "leaderboard.md").read_text().count("| waiting") == 1
    (tmp_path / "go on").touch()
    here = [word for word in waiting if word not in ("--cluster", HEAD)]
    done = bench_here(tmp_path, *here)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("measured before") == 1
    shutil.rmtree(tmp_path / "results")
