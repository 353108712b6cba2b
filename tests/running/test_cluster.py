"""Cells on a real Ray cluster of three nodes, with real kills: the figures of one machine."""

import json
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from clusters import HEAD, Cluster, cluster, missing
from command import BENCH, PATIENCE, bench, bench_here
from waiting import RUN, until, words_of_waiting

from bench.records.folder import Results

pytestmark = [
    pytest.mark.slow,  # a cluster starts in half a minute
    pytest.mark.skipif(bool(missing()), reason=missing() or "there can be a cluster"),
]


@pytest.fixture(scope="module")
def there(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with cluster(tmp_path_factory.mktemp("c"), nodes=3) as found:
        yield found


@pytest.fixture
def waiting(tmp_path: Path) -> list[str]:
    return words_of_waiting(tmp_path)


def tables(results: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in (results / "ledgers").iterdir()}


def test_each_node_is_said_to_be_able_to_measure(there: Cluster) -> None:
    done = there.bench("cluster", "check", HEAD)
    assert done.returncode == 0, done.stdout + done.stderr
    lines = sorted(done.stdout.splitlines()[2:])
    assert [line.split()[0] for line in lines] == [f"10.99.0.{number}" for number in (1, 2, 3)]
    assert all(line.endswith("can measure") for line in lines)


@pytest.mark.parametrize(
    ("address", "code", "said"),
    [
        ("10.99.0.1:6398", 1, "bench: cluster 10.99.0.1:6398: nothing answers there"),
        ("10.99.0.1", 2, "bench: --cluster takes the address of a head, as 10.0.0.1:6379"),
        ("10.99.0.1:x", 2, "bench: --cluster takes the address of a head, as 10.0.0.1:6379"),
    ],
)
def test_a_wrong_address_is_one_line(there: Cluster, address: str, code: int, said: str) -> None:
    done = there.bench(*RUN[:-1], address, "--results", "nothing")
    assert (done.returncode, done.stderr.count("\n")) == (code, 1)
    assert done.stderr.startswith(said)
    assert not (there.folder / "nothing").exists()


def test_a_wrong_token_is_one_line(there: Cluster, tmp_path: Path) -> None:
    (tmp_path / "other").touch(0o600)
    (tmp_path / "other").write_text("f" * 64)
    done = there.bench("cluster", "check", HEAD, RAY_AUTH_TOKEN_PATH=str(tmp_path / "other"))
    assert (done.returncode, done.stderr.count("\n")) == (1, 1), done.stderr
    assert done.stderr.startswith(f"bench: cluster {HEAD}: ")
    assert "f" * 64 not in done.stderr


def test_ledgers_and_figures_are_those_of_one_machine(there: Cluster, tmp_path: Path) -> None:
    words = ("--models", "popularity,knn,als", "--seeds", "0,1")
    done = there.bench(*RUN, *words, "--results", str(tmp_path / "three"))
    assert done.returncode == 0, done.stdout + done.stderr
    alone = bench_here(tmp_path, *RUN[:-2], *words, "--results", "one")
    assert alone.returncode == 0, alone.stderr
    assert tables(tmp_path / "one") == tables(tmp_path / "three")
    records = Results(tmp_path / "three").read_records()
    assert len(records) == 6
    by_stem = {record.stem: record for record in Results(tmp_path / "one").read_records()}
    for record in records:
        assert record.metrics == by_stem[record.stem].metrics
        assert record.timings.keys() == by_stem[record.stem].timings.keys()
        assert record.environment["node"].startswith("10.99.0.")
        assert record.environment["ray"] and record.environment["host"]
    assert len({record.environment["node"] for record in records}) > 1
    assert bench(tmp_path, "verify", "three").returncode == 0


def test_a_process_that_dies_twice_is_recorded_and_the_rest_goes_on(
    there: Cluster, tmp_path: Path, waiting: list[str]
) -> None:
    running = there.start(BENCH, *waiting)
    began = lambda: len(list(tmp_path.glob("began 1*")))  # noqa: E731
    for number in (1, 2):
        until(lambda number=number: began() == number)  # type: ignore[misc]
        latest = max(tmp_path.glob("began 1*"), key=lambda path: path.stat().st_mtime_ns)
        until(latest.read_text)
        for each in there.serving(Path(latest.read_text())):
            each.kill()
    (tmp_path / "go on").touch()
    assert running.wait(PATIENCE) == 1
    found = {r.cell.seed: r.status for r in Results(tmp_path / "results").read_records()}
    assert found == {0: "ok", 1: "killed", 2: "ok"}


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_a_driver_that_ends_leaves_nothing_and_the_same_command_goes_on(
    number: signal.Signals, there: Cluster, tmp_path: Path, waiting: list[str]
) -> None:
    running = there.start(BENCH, *waiting)
    records = tmp_path / "results" / "records"
    until(lambda: list(records.glob("*.json")) and list(tmp_path.glob("began [12]*")))
    assert there.folders()
    (driver,) = there.drivers()
    driver.send_signal(number)
    assert running.wait(PATIENCE) in (130, 137, -9)
    until(lambda: not there.working() and not there.folders())
    assert [json.loads(path.read_text())["cell"]["seed"] for path in records.iterdir()] == [0]
    (tmp_path / "go on").touch()
    again = there.bench(*waiting)
    assert again.returncode == 0, again.stderr
    assert again.stdout.count("measured before") == 1
    assert len(tables(tmp_path / "results")) == 3


def test_a_node_with_another_library_is_left_out(there: Cluster, tmp_path: Path) -> None:
    other = tmp_path / "numpy-0.0.1.dist-info"
    other.mkdir()
    (other / "METADATA").write_text("Metadata-Version: 2.1\nName: numpy\nVersion: 0.0.1\n")
    there.kill_node(3)
    there.add_node(3, PYTHONPATH=str(tmp_path))
    done = there.bench("cluster", "check", HEAD)
    assert done.returncode == 1
    assert "10.99.0.3 " in done.stdout and "cannot measure: numpy 0.0.1 there" in done.stdout
    words = ("--models", "popularity", "--seeds", "0,1,2")
    done = there.bench(*RUN, *words, "--results", str(tmp_path / "results"))
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("node 10.99.0.3 measures nothing: numpy 0.0.1 there") == 1
    nodes = {r.environment["node"] for r in Results(tmp_path / "results").read_records()}
    assert nodes <= {"10.99.0.1", "10.99.0.2"}


def test_a_node_that_dies_takes_no_cell_with_it(
    there: Cluster, tmp_path: Path, waiting: list[str]
) -> None:
    running = there.start(BENCH, *waiting)
    until(lambda: list(tmp_path.glob("began 1*")) and list(tmp_path.glob("began 2*")))
    there.kill_node(2)
    (tmp_path / "go on").touch()
    assert running.wait(PATIENCE) == 0
    records = Results(tmp_path / "results").read_records()
    assert {record.cell.seed: record.status for record in records} == {0: "ok", 1: "ok", 2: "ok"}
