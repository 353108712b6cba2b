"""Pages of files that a process has in memory, as libraries: a fork begins without them.

Linux hands a fork what its parent has written, but not what it has only read. Each page then counts
when the fork first touches it, and a job would seem to take the memory in which its libraries are.
"""

import ctypes
import re
from collections.abc import Iterator, Sequence
from mmap import PAGESIZE
from pathlib import Path
from typing import NamedTuple

ENTRY = 8  # bytes for each page in pagemap, see proc(5)
POPULATE_READ = 22  # see madvise(2); since Linux 5.14
PRESENT = re.compile(rb"[\x80-\xff]+")  # the highest bit of the highest byte of an entry


class Pages(NamedTuple):
    """Pages that follow each other."""

    address: int
    size: int  # bytes


def resident_pages_of_files() -> list[Pages]:
    """What this process has in memory of files; nothing where the system does not say."""
    try:
        return [pages for mapped in _mapped_files() for pages in _present(mapped)]
    except OSError:
        return []


def make_resident(found: Sequence[Pages]) -> None:
    """Have the same pages in memory in a fork of the process that they were found in."""
    advise = ctypes.CDLL(None).madvise
    for address, size in found:
        advise(ctypes.c_void_p(address), ctypes.c_size_t(size), POPULATE_READ)


def _mapped_files() -> Iterator[Pages]:
    for line in Path("/proc/self/maps").read_text().splitlines():
        place, rights, _, _, inode, *_ = line.split(maxsplit=5)
        if rights.startswith("r") and inode != "0":
            first, last = (int(each, 16) for each in place.split("-"))
            yield Pages(first, last - first)


def _present(mapped: Pages) -> Iterator[Pages]:
    with Path("/proc/self/pagemap").open("rb") as pagemap:
        pagemap.seek(mapped.address // PAGESIZE * ENTRY)
        entries = pagemap.read(mapped.size // PAGESIZE * ENTRY)
    for run in PRESENT.finditer(entries[ENTRY - 1 :: ENTRY]):
        first, last = run.span()
        yield Pages(mapped.address + first * PAGESIZE, (last - first) * PAGESIZE)
