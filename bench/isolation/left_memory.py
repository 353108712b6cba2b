"""Files in shared memory that a job has left: they have no process, and would hold memory for good.

Linux keeps them in /dev/shm, where no folder tells whose they are. Only files of names that Python
and torch give are removed: another program may keep there what it has not open.
"""

import os
from contextlib import suppress
from pathlib import Path

SHARED = Path("/dev/shm")
PROCESSES = Path("/proc")
# Of multiprocessing (its blocks and its locks), and of tensors that torch shares.
NAMES = ("psm_", "sem.", "torch_")


def present() -> frozenset[str]:
    """The files of this user that are there now, and have such names."""
    found = set()
    with suppress(OSError):
        for entry in os.scandir(SHARED):
            with suppress(OSError):
                if not entry.name.startswith(NAMES) or not entry.is_file(follow_symlinks=False):
                    continue
                if entry.stat().st_uid == os.getuid():
                    found.add(entry.name)
    return frozenset(found)


def remove_left(before: frozenset[str]) -> None:
    """Remove what has come since then, and is open or mapped in no process of this user.

    What another program has made meanwhile, and uses, stays.
    """
    left = present() - before
    if left:
        for name in left - _used():
            with suppress(OSError):
                (SHARED / name).unlink()


def _used() -> set[str]:
    """Names of the files there that a process has open or mapped."""
    found = set()
    for process in PROCESSES.glob("[0-9]*"):
        # Files come to be mapped, and are then closed: so what is open is looked at first.
        with suppress(OSError):  # gone meanwhile, or another user's
            for descriptor in (process / "fd").iterdir():
                with suppress(OSError):
                    found.add(_name(str(descriptor.readlink())))
        with suppress(OSError):
            mapped = (process / "maps").read_text(errors="replace").splitlines()
            found |= {_name(line.partition("/")[2]) for line in mapped if str(SHARED) in line}
    return found


def _name(path: str) -> str:
    return path.removeprefix("/").removeprefix(f"{str(SHARED)[1:]}/")
