"""Clocks and memory count the processes that this one has started, while they run."""

import subprocess
import sys
from collections.abc import Iterator

import pytest

from bench import machine

# Uses a second of CPU time and 100 MB, says so, and stays.
BUSY = """
import sys, time
whole = bytearray(100 * 2**20)
while time.process_time() < 1.0:
    pass
print("done", flush=True)
sys.stdin.read()
"""
DEEPER = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {BUSY!r}])"


@pytest.fixture(params=[BUSY, DEEPER], ids=["child", "grandchild"])
def busy(request: pytest.FixtureRequest) -> Iterator["subprocess.Popen[bytes]"]:
    program, pipe = request.param, subprocess.PIPE
    with subprocess.Popen([sys.executable, "-c", program], stdin=pipe, stdout=pipe) as child:
        assert child.stdout is not None and child.stdin is not None
        assert child.stdout.readline() == b"done\n"
        yield child
        child.stdin.close()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux lists them without a search")
def test_what_they_take_counts(busy: "subprocess.Popen[bytes]") -> None:
    memory, peak, seconds = machine.memory_mb(), machine.peak_memory_mb(), machine.cpu_seconds()
    assert busy.stdin is not None
    busy.stdin.close()
    busy.wait()
    assert memory - machine.memory_mb() > 95
    assert peak - machine.peak_memory_mb() > 95
    # What has ended counts as before, by what it left.
    assert machine.cpu_seconds() - seconds < 1
    assert seconds >= 1


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux can restart a peak")
def test_a_peak_is_restarted_for_them_too() -> None:
    program = f"{BUSY.partition('while')[0]}del whole; print('done', flush=True); sys.stdin.read()"
    pipe = subprocess.PIPE
    with subprocess.Popen([sys.executable, "-c", program], stdin=pipe, stdout=pipe) as child:
        assert child.stdout is not None and child.stdin is not None
        child.stdout.readline()
        before = machine.peak_memory_mb()
        machine.reset_peak_memory()
        assert before - machine.peak_memory_mb() > 90
        child.stdin.close()
