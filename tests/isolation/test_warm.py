"""Jobs that are forked from a template: as in an interpreter of their own, and nothing is left."""

import importlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil
import pytest
from command import PATIENCE

from bench.isolation.marks import MARK, end_all
from bench.isolation.process import Ending, Limits, running
from bench.isolation.template import PROGRAM
from bench.isolation.warm import FRESH, Warm, warm
from bench.isolation.worker import Job
from bench.running.stages import BASE, stages_of_cell

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere nothing is forked")

JOBS = """import os, random, resource, signal, sys, time
from dataclasses import dataclass

class State:
    \"\"\"Of a process, as far as a job can see and change it.\"\"\"
    def run(self, parent):
        links = {fd: os.readlink(f"/proc/self/fd/{fd}") for fd in os.listdir("/proc/self/fd")
                 if os.path.exists(f"/proc/self/fd/{fd}")}
        handlers = {n: repr(signal.getsignal(n)) for n in range(1, 32)}
        return {
            "environment": {k: v for k, v in os.environ.items() if k != "BENCH_JOB"},
            "folder": os.environ["BENCH_JOB"] == str(parent.folder),
            "directory": os.getcwd(), "path": sys.path, "arguments": sys.argv[:1],
            "files": sorted(fd for fd, link in links.items() if "socket" not in link),
            "sockets": sum("socket" in link for link in links.values()),
            "handlers": handlers, "umask": os.umask(0o22), "nice": os.nice(0),
            "limits": [resource.getrlimit(n) for n in range(16)],
            "blocked": sorted(signal.pthread_sigmask(signal.SIG_BLOCK, [])),
            "leader": os.getsid(0) == os.getppid(), "hash": hash("word"),
            "threads": len(os.listdir("/proc/self/task")), "flags": list(sys.flags),
            "input": links["0"], "output": links["1"] == str(parent.folder / "output.txt"),
            "processor": sum(os.times()[:4]) < 60,
        }

class Spoils:
    def run(self, parent):
        os.environ["SPOILT"] = "yes"
        os.chdir("/")
        sys.path.insert(0, "/spoilt")
        sys.argv[:] = ["spoilt"]
        sys.modules["json"].spoilt = True
        random.seed(1)
        os.umask(0o77)
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
        self.file = os.open("/dev/null", os.O_RDONLY)
        return {"module": hasattr(sys.modules["json"], "spoilt")}

class Draws:
    def run(self, parent):
        import numpy
        return {"drawn": [random.random(), numpy.random.rand()],
                "spoilt": hasattr(sys.modules["json"], "spoilt")}

class Above:
    def run(self, parent):
        def parent_of(process):
            status = open(f"/proc/{process}/status").read()
            return int(status.partition("PPid:")[2].split()[0])
        template = parent_of(os.getppid())
        return {"template": template, "threads": len(os.listdir(f"/proc/{template}/task")),
                "files": len(os.listdir(f"/proc/{template}/fd"))}

@dataclass
class Ends:
    by: int
    def run(self, parent):
        os.kill(os.getpid(), self.by) if self.by else os._exit(7)

class Fills:
    def run(self, parent):
        bytearray(1 << 32)

class Leaves:
    \"\"\"A process that was forked and stands in a session of its own; and the guard is gone.\"\"\"
    def run(self, parent):
        if os.fork() == 0:
            os.setsid()
            time.sleep(1000)
        os.kill(os.getppid(), signal.SIGKILL)
        time.sleep(1000)

class Resident:
    \"\"\"MB of files in memory of the job, its template, and its guard, which is as forked.\"\"\"
    def run(self, parent):
        import numpy, scipy.sparse
        def status(process, name):
            text = open(f"/proc/{process}/status").read()
            return int(text.partition(name + ":")[2].split()[0])
        guard = os.getppid()
        found = {"job": os.getpid(), "guard": guard, "template": status(guard, "PPid")}
        return {name: status(process, "RssFile") / 1024 for name, process in found.items()}

class Busy:
    def run(self, parent):
        while sum(os.times()[:2]) < 0.5:
            pass
        return {}

class Waits:
    def run(self, parent):
        parent.tell("waits", os.getpid())
        time.sleep(1000)
"""
LIMITS = Limits(seconds=120)


@pytest.fixture(autouse=True)
def templates_end_with_their_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """As without tests, see `lasting_templates`."""
    monkeypatch.setattr("bench.isolation.warm.Warm", Warm)


@pytest.fixture
def jobs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A module with jobs that the processes can import too."""
    (tmp_path / "jobs_of_a_test.py").write_text(JOBS)
    (tmp_path / "starts_a_thread.py").write_text(
        "import threading, time; threading.Thread(target=time.sleep, args=(900,)).start()\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path}:{os.environ.get('PYTHONPATH', '')}")
    yield importlib.import_module("jobs_of_a_test")
    del sys.modules["jobs_of_a_test"]


@pytest.fixture
def work(tmp_path: Path) -> Path:
    (tmp_path / "work").mkdir()
    return tmp_path / "work"


def answer(job: Job, work: Path, limits: Limits = LIMITS, stages: Any = ()) -> Ending:
    with running(job, limits, work, stages=stages) as child:
        for _ in child.messages():
            pass
        return child.end()


def test_a_fork_is_as_an_interpreter_of_its_own_also_after_one_that_spoilt_all(
    jobs: Any, work: Path
) -> None:
    fresh = answer(jobs.State(), work, stages=None).result
    drawn = []
    with warm(work, ["numpy"]):
        assert answer(jobs.State(), work).result == fresh
        for _ in range(2):
            assert answer(jobs.Spoils(), work).result == {"module": True}
            found = answer(jobs.Draws(), work).result
            assert not found["spoilt"]
            drawn += found["drawn"]
        assert answer(jobs.State(), work).result == fresh
        assert answer(jobs.State(), work, stages=[["decimal"], ["fractions"]]).result == fresh
    assert len(set(drawn)) == 4


def test_jobs_come_from_one_template_of_one_thread(jobs: Any, work: Path) -> None:
    with warm(work, BASE):
        found = [
            answer(jobs.Above(), work, stages=stages).result
            for stages in ((), (), stages_of_cell("popularity"), stages_of_cell("popularity"))
        ]
        templates = [psutil.Process(each) for each in {one["template"] for one in found}]
    assert os.getpid() not in (one["template"] for one in found)
    assert [one["threads"] for one in found] == [1, 1, 1, 1]
    assert found[0] == found[1]
    assert found[2]["template"] == found[3]["template"] != found[0]["template"]
    assert len(templates) == 2
    assert not psutil.wait_procs(templates, PATIENCE)[1]


def test_a_job_has_of_files_in_memory_what_its_template_has(jobs: Any, work: Path) -> None:
    with warm(work, ["numpy"]):
        found = answer(jobs.Resident(), work, stages=[["scipy.sparse"]]).result
    assert found["template"] > found["guard"] + 5
    assert found["job"] == pytest.approx(found["template"], abs=1)


def test_the_cpu_time_of_jobs_and_templates_is_counted_with_the_run(jobs: Any, work: Path) -> None:
    before = os.times()
    with warm(work, []):
        answer(jobs.Busy(), work)
        answer(jobs.Busy(), work, stages=[["decimal"]])
    after = os.times()
    assert sum(after[2:4]) - sum(before[2:4]) >= 1.0


@pytest.mark.slow  # loads torch
def test_a_template_with_torch_and_all_kernels_has_one_thread(jobs: Any, work: Path) -> None:
    with warm(work, BASE):
        for model in ("gmf", "sasrec"):
            found = answer(jobs.Above(), work, stages=stages_of_cell(model)).result
            assert (found["threads"], found["template"] == os.getpid()) == (1, False)


@pytest.mark.parametrize("by", [0, signal.SIGKILL, signal.SIGSEGV, signal.SIGABRT, 40])
def test_however_a_job_ends_it_is_told_as_of_a_process_of_its_own(
    by: int, jobs: Any, work: Path
) -> None:
    wanted = answer(jobs.Ends(by), work, stages=None)
    with warm(work, []):
        found = answer(jobs.Ends(by), work)
        assert found.cpu_seconds is not None
        assert replace(found, cpu_seconds=wanted.cpu_seconds) == wanted
        assert answer(jobs.State(), work).status == "ok"


def test_limits_are_kept(jobs: Any, work: Path) -> None:
    with warm(work, []):
        few = Limits(memory_mb=2000)
        assert answer(jobs.Fills(), work, few).status == "oom"
        late = answer(jobs.Waits(), work, Limits(seconds=0.5))
        assert (late.status, late.reason) == ("timeout", "stopped after 0.5 s")
        assert answer(jobs.Above(), work, Limits(threads=2)).result["template"] == os.getpid()


def marked(folder: Path) -> list[int]:
    found = []
    for process in psutil.process_iter():
        try:
            mark = process.environ().get(MARK, "")
        except psutil.Error:
            continue
        if mark and Path(mark).is_relative_to(folder.resolve()):
            found.append(process.pid)
    return found


def test_what_a_job_leaves_is_found_by_its_own_mark(jobs: Any, work: Path) -> None:
    with warm(work, []):
        with running(jobs.Waits(), LIMITS, work, stages=()) as other:
            assert next(kind for kind, _ in other.messages() if kind) == "waits"
            assert answer(jobs.Leaves(), work).status == "killed"
            left = marked(work)
            assert other.folder in {Path(psutil.Process(p).environ()[MARK]) for p in left}
            assert len(left) == 3  # the template, and the other job with its guard
        end_all(work)  # as the next run does: the template has the mark of all jobs together
        assert marked(work) == []


def test_a_template_that_was_killed_ends_its_jobs_and_another_comes(jobs: Any, work: Path) -> None:
    with warm(work, []):
        first = answer(jobs.Above(), work).result["template"]
        with running(jobs.Waits(), LIMITS, work, stages=()) as child:
            heard = ((kind, value) for kind, value in child.messages() if kind)
            job = psutil.Process(next(heard)[1])
            os.kill(first, signal.SIGKILL)
            assert list(heard) == []
            assert child.end().status == "killed"
        assert not psutil.wait_procs([job], PATIENCE)[1]
        second = answer(jobs.Above(), work).result["template"]
        assert second not in (first, os.getpid())


KILLED_RUN = """import sys, time
sys.path.insert(0, sys.argv[1])
import jobs_of_a_test as jobs
from pathlib import Path
from bench.isolation.process import Limits, running
from bench.isolation.warm import warm
work = Path(sys.argv[2])
with warm(work, []), running(jobs.Waits(), Limits(seconds=900), work, stages=[["decimal"]]) as job:
    for kind, _ in job.messages():
        if kind:
            (work / "there").touch()
"""


def test_a_run_that_is_killed_leaves_neither_template_nor_job(jobs: Any, work: Path) -> None:
    folder = str(work.parent)
    run = subprocess.Popen([sys.executable, "-P", "-c", KILLED_RUN, folder, str(work)])
    while not (work / "there").exists():
        assert run.poll() is None
        time.sleep(0.01)
    below = psutil.Process(run.pid).children(recursive=True)
    assert len([each for each in below if PROGRAM in each.cmdline()]) == 4  # with stage, guard, job
    run.kill()
    run.wait()
    assert not psutil.wait_procs(below, PATIENCE)[1]


@pytest.mark.parametrize("module", ["starts_a_thread", "no_such_module"])
def test_where_a_template_is_not_fit_jobs_have_interpreters_of_their_own(
    module: str, jobs: Any, work: Path
) -> None:
    with warm(work, []):
        alone = answer(jobs.Above(), work, stages=[[module]])
        assert alone.result["template"] == os.getpid()
        assert answer(jobs.Above(), work).result["template"] != os.getpid()
    with warm(work, [module]):
        assert answer(jobs.Above(), work).result["template"] == os.getpid()


def test_a_template_of_another_environment_is_not_used(
    jobs: Any, work: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with warm(work, []):
        before = answer(jobs.State(), work).result
        monkeypatch.setenv("SET_MEANWHILE", "yes")
        monkeypatch.chdir(tmp_path)
        after = answer(jobs.State(), work).result
    assert after["environment"] == before["environment"] | {"SET_MEANWHILE": "yes"}
    assert after["directory"] == str(tmp_path)


def test_jobs_under_way_stay_when_the_environment_changes(
    jobs: Any, work: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with warm(work, []), running(jobs.Waits(), LIMITS, work, stages=()) as other:
        waiting = psutil.Process(next(value for kind, value in other.messages() if kind))
        monkeypatch.setenv("SET_MEANWHILE", "yes")
        found = answer(jobs.State(), work).result
        assert found["environment"]["SET_MEANWHILE"] == "yes"
        assert waiting.is_running()
        other.kill()
        template = answer(jobs.Above(), work).result["template"]
        assert template != os.getpid()  # nothing is under way any more


def test_forks_can_be_forbidden(jobs: Any, work: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(FRESH, "1")
    with warm(work, []):
        assert answer(jobs.Above(), work).result["template"] == os.getpid()
