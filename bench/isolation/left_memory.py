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
        used = _used()
        for path in (SHARED / name for name in left):
            with suppress(OSError):
                if _file(path) not in used:
                    path.unlink()


def _file(path: Path) -> tuple[int, int]:
    """Which file it is, by whatever name: its device, and its number there."""
    found = path.stat()
    return found.st_dev, found.st_ino


def _used() -> set[tuple[int, int]]:
    """The files there that a process has open or mapped.

    Not their names: a semaphore is mapped by its maker before it has the one that others open.
    """
    found = set()
    for process in PROCESSES.glob("[0-9]*"):
        # Files come to be mapped, and are then closed: so what is open is looked at first.
        with suppress(OSError):  # gone meanwhile, or another user's
            for descriptor in (process / "fd").iterdir():
                with suppress(OSError):
                    if descriptor.readlink().is_relative_to(SHARED):
                        found.add(_file(descriptor))
        with suppress(OSError):
            mapped = (process / "maps").read_text(errors="replace").splitlines()
            found |= {_mapped(line) for line in mapped if f" {SHARED}/" in line}
    return found


def _mapped(line: str) -> tuple[int, int]:
    """The file of a line of /proc/PID/maps: addresses, rights, offset, device, number, path."""
    _, _, _, device, number, *_ = line.split()
    major, minor = (int(part, 16) for part in device.split(":"))
    return os.makedev(major, minor), int(number)
