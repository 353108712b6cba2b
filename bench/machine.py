"""The machine and its libraries, and how busy it and this process are."""

import os
import platform
import resource
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any

import psutil

NUMERIC_PACKAGES = (
    *("numpy", "scipy", "scikit-learn", "torch", "implicit", "pandas", "pyarrow"),
    *("numba", "llvmlite"),
)


@cache
def packages() -> dict[str, str]:
    """Versions of the libraries that a figure may depend on."""
    found = {"python": platform.python_version()}
    for name in NUMERIC_PACKAGES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


@cache
def environment() -> dict[str, Any]:
    """The machine and the state of the checkout, for the record."""
    return {
        "packages": packages(),
        "platform": platform.platform(),
        "cpu": _cpu_name(),
        "cores": os.cpu_count(),
        "memory_mb": memory_bytes() // 2**20,
        **_git(),
    }


def cores(root: Path = Path("/")) -> list[int]:
    """Cores that this process may use, by number: fewer where a container limits their time.

    Args:
        root: where the files of the control groups are sought, version 1 and 2.
    """
    if sys.platform != "linux":
        return list(range(os.cpu_count() or 1))
    found = sorted(os.sched_getaffinity(0))
    return found[: max(1, min(len(found), _cores_of_time(root)))]


def _cores_of_time(root: Path) -> int:
    """Whole cores that the control groups give time for; very many where they set no limit."""
    most = sys.maxsize
    for group, _ in _control_groups(root, ("cpu.max", "cpu.cfs_quota_us"), "cpu"):
        with suppress(OSError, ValueError):  # not there, or "max"
            if (group / "cpu.max").exists():
                quota, period = (group / "cpu.max").read_text().split()
            else:
                quota = (group / "cpu.cfs_quota_us").read_text()
                period = (group / "cpu.cfs_period_us").read_text()
            if int(quota) > 0:  # -1: no limit
                most = min(most, int(quota) // int(period))
    return most


def memory_bytes(root: Path = Path("/")) -> int:
    """Memory that processes here may use: the machine's, or less where a container limits it.

    Args:
        root: where the files of the control groups are sought, version 1 and 2.
    """
    found = int(psutil.virtual_memory().total)
    for group, name in _control_groups(root, ("memory.max", "memory.limit_in_bytes"), "memory"):
        with suppress(OSError, ValueError):  # not there, or "max"
            found = min(found, int((group / name).read_text()))
    return found


def _control_groups(root: Path, names: tuple[str, str], kind: str) -> Iterator[tuple[Path, str]]:
    """The folders of this process's groups, up to the outermost, and the file of the limit.

    Args:
        root: where they are sought.
        names: of the file, in versions 2 and 1.
        kind: of what is limited, as version 1 calls it.
    """
    try:
        lines = (root / "proc/self/cgroup").read_text().splitlines()
    except OSError:
        return
    mounted = root / "sys/fs/cgroup"
    for line in lines:
        number, _, rest = line.partition(":")
        kinds, _, path = rest.partition(":")
        if number == "0":
            top, name = mounted, names[0]
        elif kind in kinds.split(","):
            top, name = mounted / kind, names[1]
        else:
            continue
        inside = Path(path.lstrip("/"))
        for group in (inside, *inside.parents):  # in a container the innermost is often the top
            yield top / group, name


def gpu_count() -> int:
    """How many GPUs torch can use here; asked in another process, for it takes seconds to load."""
    asking = [sys.executable, "-P", "-c", "import torch; print(torch.cuda.device_count())"]
    done = subprocess.run(asking, capture_output=True, text=True)
    return int(done.stdout) if done.stdout.strip().isdecimal() else 0


def blas_kernel() -> str:
    """The kernel that numpy's BLAS has chosen for this CPU, as "openblas SkylakeX"; "" unknown."""
    from threadpoolctl import threadpool_info  # loads all that finds libraries

    numpys = [each for each in threadpool_info() if "numpy" in each["filepath"]]
    return next((f"{e['internal_api']} {e.get('architecture', '')}".strip() for e in numpys), "")


def load_average() -> float:
    """Runnable processes over the last minute."""
    return os.getloadavg()[0]


def reset_peak_memory() -> None:
    """Let `peak_memory_mb` start again from the present level, where the system can (Linux)."""
    for process in ["self", *_below()]:
        with suppress(OSError):
            Path(f"/proc/{process}/clear_refs").write_text("5")


def memory_mb() -> float:
    """Resident memory of this process and of those that it has started."""
    own = psutil.Process().memory_info().rss / 2**20
    return float(own + sum(_status_mb(process, "VmRSS") for process in _below()))


def peak_memory_mb() -> float:
    """The most resident memory of this process since the last reset, or since its start.

    That of each process that it has started and that still runs is added: they need not have had it
    at once.
    """
    try:
        own = _status_mb("self", "VmHWM")
    except (OSError, IndexError):
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak / (2**20 if sys.platform == "darwin" else 1024)
    return own + sum(_status_mb(process, "VmHWM") for process in _below())


def cpu_seconds() -> float:
    """CPU time of this process, all its threads and all processes that it has started."""
    times = os.times()
    own = times.user + times.system + times.children_user + times.children_system
    return own + sum(map(_cpu_seconds_of, _below()))


def _below() -> list[int]:
    """The processes that descend from this one and run; Linux lists them without a search."""
    found = [os.getpid()]
    for process in found:  # grows meanwhile
        for path in Path(f"/proc/{process}/task").glob("*/children"):
            with suppress(OSError):
                found += map(int, path.read_text().split())
    return found[1:]


def _status_mb(process: int | str, kind: str) -> float:
    """Memory of a process, as the system names it; 0 where another one has ended meanwhile."""
    try:
        status = Path(f"/proc/{process}/status").read_text()
        return int(status.partition(f"{kind}:")[2].split()[0]) / 1024
    except (OSError, IndexError):
        if process == "self":
            raise
        return 0.0


def _cpu_seconds_of(process: int) -> float:
    """CPU time of a process and of those of its children that have ended; 0 where it has ended."""
    try:
        fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
        return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")
    except (OSError, ValueError):
        return 0.0


def synchronizer(device: str) -> Callable[[], None]:
    """What waits until the device has done all that was asked of it."""
    if not device.startswith("cuda"):
        return lambda: None

    def wait() -> None:
        torch = sys.modules.get("torch")  # a model that uses the GPU has loaded it
        if torch is not None:
            torch.cuda.synchronize(device)

    return wait


def device_memory_mb(device: str) -> float | None:
    """The most GPU memory that torch has held, or None on the CPU."""
    torch = sys.modules.get("torch")
    if torch is None or not device.startswith("cuda"):
        return None
    return float(torch.cuda.max_memory_allocated(device) / 2**20)


def _cpu_name() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def _git() -> dict[str, Any]:
    """Commit of the checkout that this file stands in, and whether it was changed since."""
    folder = Path(__file__).resolve().parent.parent

    def ask(*words: str) -> str | None:
        try:
            done = subprocess.run(
                ["git", "-c", f"safe.directory={folder}", "-C", str(folder), *words],
                capture_output=True,
                text=True,
                timeout=10,
            )
        except (OSError, subprocess.TimeoutExpired):
            return None
        return done.stdout.strip() if done.returncode == 0 else None

    top = ask("rev-parse", "--show-toplevel")
    if top is None and (folder / ".git").exists():
        return {"git_commit": "unknown", "git_dirty": True}  # git is missing, or refuses
    if top is None or Path(top) != folder:
        return {"git_commit": "", "git_dirty": False}
    changed = ask("status", "--porcelain", "--untracked-files=no")
    return {"git_commit": ask("rev-parse", "HEAD") or "", "git_dirty": bool(changed)}
