"""A run that is killed, wherever that is, and started again leaves what one leaves that was left
alone: the same accuracy on the board, the same metrics and ledgers, each cell once in MLflow, and
nothing else. A cell whose record is there is never measured again."""

import random
import shutil
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from os import cpu_count
from pathlib import Path
from time import sleep
from typing import NamedTuple

import psutil
import pytest
from command import PATIENCE
from killing import Left, Place, kill, left, measured_again

from bench.leaderboard.verify import Difference

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only there children die with it")
KILLED = -9  # the exit code
KILLS, KILLS_OF_A_ROUND = 40, 5  # at random moments
WORKERS = min(2, cpu_count() or 1)
PHASES = {
    *("import", "planning", "mlflow", "canaries", "clock", "start of a cell"),
    *("loading", "fit", "scoring", "journal"),
}
MODELS, SEEDS = "counted,stepwise,popularity,ease", "0,1"  # eight cells
Say = Callable[[str], None]


@pytest.fixture
def say(capsys: pytest.CaptureFixture[str]) -> Say:
    """Print what was measured, also where the test passes."""

    def aloud(text: str) -> None:
        with capsys.disabled():
            print(f"\n{text}", end="")

    return aloud


@contextmanager
def place(folder: Path, models: str = MODELS, seeds: str = SEEDS) -> Iterator[Place]:
    made = Place(folder, models, seeds)
    try:
        yield made
    finally:
        made.close()


def strike(place: Place, after: float, phase: str = "", *, alone: bool, held: bool = False) -> str:
    """Kill a run, so many seconds after its start or after the first beginning of a phase.

    Held, the run is a fork of a warm process, and its model `counted` waits in that phase.
    Its own processes end with it, and no record from before is touched. Returns what it was at;
    nothing when it had ended.
    """
    before, fits = place.recorded(), place.fits()
    hold, there = place.folder / "hold", place.folder / "held"
    there.unlink(missing_ok=True)
    hold.write_text(phase if held else "")
    pid, wait = place.start_warm() if held else place.start()
    running = psutil.Process(pid)
    while (held and not there.exists()) or (
        phase and phase not in (line.what for line in place.watched())
    ):
        assert running.status() != psutil.STATUS_ZOMBIE, f"there was no {phase}"
        sleep(0.002)
    sleep(after)
    children = kill(pid, alone=alone)
    code = wait()
    hold.unlink()
    assert code in (0, KILLED)
    assert not psutil.wait_procs(children, PATIENCE)[1]
    assert not measured_again(before, fits, place)
    return place.phase() if code == KILLED else ""


def finish(place: Place) -> Left:
    """Run to the end; what is left then."""
    before, fits = place.recorded(), place.fits()
    (place.folder / "errors").unlink(missing_ok=True)
    assert place.run() == 0
    assert not measured_again(before, fits, place)
    assert (place.folder / "errors").read_text() == ""
    assert not place.processes()
    return left(place)


def difference(found: Left, wanted: Left) -> str:
    """The names of what is not the same."""
    return ", ".join(n for n in Left._fields if getattr(found, n) != getattr(wanted, n))


def test_five_kills_change_nothing(tmp_path: Path, empty_store: Path, kept_canaries: Path) -> None:
    with place(tmp_path / "here", "stepwise,counted", "0") as here:
        shutil.copytree(kept_canaries, here.results, dirs_exist_ok=True)
        shutil.copy(empty_store, here.results / "mlflow.db")
        here.keep("start")
        wanted = finish(here)
        here.restore("start")
        assert here.run(kill_at="records/: flush") == KILLED
        assert strike(here, 0, "fit", alone=True, held=True) == "fit"
        assert strike(here, 0, "scoring", alone=False, held=True) == "scoring"  # leaves a process
        assert here.run(kill_at="leaderboard.csv: rename") == KILLED
        assert here.run(kill_at="mlflow set_terminated") == KILLED  # with who writes to it
        assert difference(finish(here), wanted) == ""
        assert here.fits() == {("stepwise", "0"): 1, ("counted", "0"): 3}


class Undisturbed(NamedTuple):
    """A run of the whole suite that nothing happened to."""

    left: Left
    steps: list[str]
    planned: float  # seconds until the tracking was opened
    ready: float  # until the first cell
    cell: float  # for a cell


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Undisturbed:
    with place(tmp_path_factory.mktemp("undisturbed") / "here") as here:
        assert here.start()[1]() == 0
        lines = here.watched()
        begins = {line.what: line.seconds for line in reversed(lines)}
        ready = begins["start of a cell"]
        return Undisturbed(
            left(here),
            [line.what for line in lines if line.kind == "step"],
            begins["mlflow"],
            ready,
            (lines[-1].seconds - ready) / len(here.recorded()),
        )


@pytest.mark.torture
def test_forty_kills_at_random_moments(tmp_path: Path, undisturbed: Undisturbed, say: Say) -> None:
    cells = len(undisturbed.left.records)

    def one_round(seed: int) -> tuple[list[str], str]:
        rng, hit = random.Random(seed), []
        with place(tmp_path / str(seed) / "here") as here:
            while len(hit) < KILLS_OF_A_ROUND:
                begin = undisturbed.planned if hit else undisturbed.ready
                length = begin + (cells - len(here.recorded())) * undisturbed.cell
                phase = strike(here, rng.random() * length, alone=rng.random() < 0.5)
                if not phase:
                    break
                hit.append(phase)
            return hit, difference(finish(here), undisturbed.left)

    rounds: list[tuple[list[str], str]] = []
    with ThreadPoolExecutor(WORKERS) as pool:
        while (missing := KILLS - sum(len(hit) for hit, _ in rounds)) > 0:
            seeds = range(len(rounds), len(rounds) + -(-missing // KILLS_OF_A_ROUND))
            for hit, different in pool.map(one_round, seeds):
                rounds.append((hit, different))
                say(f"{', '.join(hit)}; {different or 'no difference'}")
    hits = Counter(phase for hit, _ in rounds for phase in hit)
    say(f"{hits.total()} kills at random moments: {dict(hits)}")
    assert [different for _, different in rounds if different] == []

    with place(tmp_path / "more" / "here") as here:
        rng = random.Random(KILLS)
        assert strike(here, 2 + rng.random(), "mlflow", alone=True)  # which makes its store
        for phase in sorted(PHASES - hits.keys()):  # that the moments have missed
            while not hits[phase]:
                hits[strike(here, rng.random() / 100, phase, alone=rng.random() < 0.5)] += 1
        assert difference(finish(here), undisturbed.left) == ""


@pytest.mark.torture
def test_a_kill_at_every_write(tmp_path: Path, undisturbed: Undisturbed, say: Say) -> None:
    """Of a run that has two cells left, and of one that finds neither store nor canaries."""
    nearly = [n for n, step in enumerate(undisturbed.steps, 1) if step == "ledger: write"][-2]

    def at_step(here: Place, name: str, number: int, step: str) -> str:
        here.restore(name)
        before, fits = here.recorded(), here.fits()
        try:
            assert here.run(kill_at=number) == KILLED
            assert not measured_again(before, fits, here)
            different = difference(finish(here), undisturbed.left)
            return f"before {step!r}, {number} from {name}: {different}" if different else ""
        except (AssertionError, Difference) as error:
            return f"before {step!r}, {number} from {name}: {str(error).splitlines()[0]}"

    def work(worker: int) -> tuple[list[str], list[str]]:
        """Every so many steps; all that were killed at, and what went wrong."""
        with place(tmp_path / str(worker) / "here") as here:
            assert here.run(kill_at=nearly) == KILLED
            here.keep("two left")
            finish(here)
            steps = [line.what for line in here.watched() if line.kind == "step"]
            (here.results / "mlflow.db").unlink()
            shutil.rmtree(here.results / "mlflow-artifacts")
            shutil.rmtree(here.results / "canaries")
            here.keep("no store")
            finish(here)
            anew = [line.what for line in here.watched() if line.kind == "step"]
            first = {step: number for number, step in reversed(list(enumerate(anew, 1)))}
            points = [("two left", n, step) for n, step in enumerate(steps, 1)]
            points += [("no store", n, step) for step, n in first.items() if step not in steps]
            points = points[worker::WORKERS]
            return [step for _, _, step in points], [at_step(here, *point) for point in points]

    with ThreadPoolExecutor(WORKERS) as pool:
        done = list(pool.map(work, range(WORKERS)))
    steps = Counter(step for names, _ in done for step in names)
    wrong = [reason for _, reasons in done for reason in reasons if reason]
    say(f"{steps.total()} kills at writes, {len(wrong)} with a difference: {dict(steps)}")
    assert wrong == []
    named = {"records/: flush", "mlflow set_terminated", "leaderboard.csv: rename", "ledger: write"}
    assert named <= steps.keys()
