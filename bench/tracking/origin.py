"""The origin of a run: which process of which machine wrote it, from which results folder.

Nothing of MLflow is imported. A process id says nothing beyond one start of one machine, and
within it nothing beyond one namespace of process ids, as a container has.
"""

import os
import socket
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from uuid import uuid4

import psutil

from bench.records.folder import Results

FOLDER = "bench.results"  # the tag of the identity of the results folder
MACHINE = ("bench.host", "bench.boot", "bench.pid_namespace")
BOOT = Path("/proc/sys/kernel/random/boot_id")
NAMESPACE = Path("/proc/self/ns/pid")


@cache
def machine() -> dict[str, str]:
    """Tags of what process ids here hold for; without those that this system does not know."""
    found = {"bench.host": socket.gethostname(), "bench.boot": "", "bench.pid_namespace": ""}
    try:
        found["bench.boot"] = BOOT.read_text().strip()
        found["bench.pid_namespace"] = str(NAMESPACE.readlink())
    except OSError:  # no Linux
        pass
    return {name: value for name, value in found.items() if value}


def process() -> dict[str, str]:
    """Tags of this process."""
    return {
        **machine(),
        "bench.pid": str(os.getpid()),
        "bench.process_started": str(psutil.Process().create_time()),
    }


def of_this_machine(tags: Mapping[str, str]) -> bool:
    """Whether a run was written here, so that its process would be seen from here."""
    return all(tags.get(name, "") == machine().get(name, "") for name in MACHINE)


def gone(tags: Mapping[str, str]) -> bool:
    """Whether a run was written by a process that has ended, as can be told from here."""
    if not of_this_machine(tags):
        return False
    try:
        started = psutil.Process(int(tags.get("bench.pid", "0"))).create_time()
        # The number may belong to a later process by now. A second covers steps of the clock.
        ended: bool = abs(started - float(tags.get("bench.process_started", "0"))) > 1.0
        return ended
    except (psutil.Error, ValueError):
        return True


def busy_elsewhere(tags: Mapping[str, str]) -> bool:
    """Whether a run belongs to another process that still lives, as far as can be told."""
    own = of_this_machine(tags) and tags.get("bench.pid") == str(os.getpid())
    return not own and not gone(tags)


def identity(results: Results, *, make: bool = True) -> str:
    """What tells a results folder from all others, also from its copies; "" where it has none.

    It is random, and stands in the folder with the number of its own file, which a copy does not
    keep: a copy gets another. A folder that was moved, or is mounted elsewhere, keeps it.

    Args:
        results: the folder.
        make: whether to give it one where it lacks it; no other process may do so meanwhile.
    """
    file = results.identity
    try:
        known, _, number = file.read_text().strip().partition(" ")
        if known and number == str(file.stat().st_ino):
            return known
    except (OSError, ValueError):
        pass
    return _made(file) if make else ""


def _made(file: Path) -> str:
    made, temporary = uuid4().hex, file.with_name(f"{file.name}.{os.getpid()}.tmp")
    try:
        temporary.touch()
        temporary.write_text(f"{made} {temporary.stat().st_ino}\n")
        temporary.replace(file)
    except OSError:  # it is only read here
        return ""
    return made
