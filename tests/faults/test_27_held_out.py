"""Fault 27: an adapter looks for the held-out items. It never receives them, and the memory of its
process does not hold them while fit runs."""

import re
import sys
import threading
import time
from pathlib import Path

import pytest
from command import PATIENCE
from faulty import Outcome, model, outcome_of, run

from bench.protocol.task import prepare
from bench.registry.datasets import load_data

STOP = (  # once in fit and once in scores: says its process, and waits to be looked at
    "here = __import__('pathlib').Path(FOLDER) / 'NAME';"
    " here.with_suffix('.new').write_text(str(os.getpid()));"
    " here.with_suffix('.new').replace(here) if not here.exists() else None;"
    " [time.sleep(0.01) for _ in iter(here.with_suffix('.seen').exists, True)]"
)
CHUNK = 1 << 24


def test_no_object_of_the_protocol_is_in_the_process(outcome: Outcome) -> None:
    found = outcome.records["looks_for_what_is_held_out"]
    assert (found.status, found.reason) == ("failed", "LookupError: []")


def holds(pid: int, wanted: bytes) -> bool:
    """Whether the memory of a process holds these bytes."""
    maps = Path(f"/proc/{pid}/smaps").read_text()
    regions = re.findall(r"^([0-9a-f]+)-([0-9a-f]+) r.*?^Rss: +(\d+) kB", maps, re.M | re.S)
    with Path(f"/proc/{pid}/mem").open("rb", buffering=0) as memory:
        for first, beyond, resident in regions:
            if resident == "0":
                continue
            for start in range(int(first, 16), int(beyond, 16), CHUNK):
                try:
                    memory.seek(start)
                    part = memory.read(min(CHUNK + len(wanted), int(beyond, 16) - start))
                except (OSError, OverflowError, ValueError):  # a page that cannot be read
                    continue
                if wanted in part:
                    return True
    return False


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_the_memory_of_the_process_holds_them_only_after_fit(folder: Path) -> None:
    task = prepare(load_data("synthetic", None), "loo-99")
    wanted = task.cases.held_out[:32].tobytes()
    stops = {
        name: STOP.replace("FOLDER", repr(str(folder))).replace("NAME", name)
        for name in ("fit", "scores")
    }
    scores = f"{stops['scores']}; return np.zeros((len(users), self.n), dtype=np.float32)"
    found: dict[str, object] = {}

    def look() -> None:
        for name in stops:
            place = folder / name
            while not place.exists():
                time.sleep(0.01)
            try:
                found[name] = holds(int(place.read_text()), wanted)
            except OSError as error:
                found[name] = error
            place.with_suffix(".seen").touch()

    looker = threading.Thread(target=look, daemon=True)
    looker.start()
    code = run(folder, [model(folder, "waits_to_be_seen", stops["fit"], scores)])
    assert outcome_of(code, folder).records["waits_to_be_seen"].status == "ok"
    looker.join(PATIENCE)
    if any(isinstance(value, PermissionError) for value in found.values()):
        pytest.skip("the memory of another process may not be read here")
    assert found == {"fit": False, "scores": True}
