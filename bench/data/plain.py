"""Files made plain: text in another encoding, or separated by "::", is written out once.

pyarrow reads plain files by itself, without Python in its threads; and where a row is at fault, the
plain file is at hand for finding the line.
"""

import codecs
import contextlib
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, BinaryIO

from bench.data.delimited import BYTE_ORDER_MARK, BadData
from bench.data.fetch import DataUnavailable, cache_folder
from bench.text import first_line, one_line

PART = 1 << 20  # bytes
STALE_SECONDS = 86_400.0
MOST_LINE = 1 << 24  # bytes
# In place of a separator of several characters: made for this, and in no text.
CONTROLS = (b"\x1f", b"\x1e", b"\x1d", b"\x1c")


@dataclass(frozen=True, kw_only=True)
class PlainFile:
    """A file that holds what a table's file holds, as it is or unpacked and translated."""

    path: Path
    separator: str | None = None  # one character in place of several, if that was needed
    said: str | None = None  # those several

    @property
    def translated(self) -> bool:
        """Whether the separator is another: then a quote is a character like any other."""
        return self.separator is not None

    def start(self, size: int = PART) -> bytes:
        """The first bytes."""
        with self.path.open("rb") as file:
            return file.read(size)

    def ends_in_a_line_end(self) -> bool:
        with self.path.open("rb") as file:
            file.seek(0, os.SEEK_END)
            file.seek(max(0, file.tell() - 1))
            return file.read(1) in (b"\n", b"\r")


@dataclass(frozen=True)
class Snapshot:
    """What tells that a file is not written to while it is read."""

    path: Path
    found: tuple[int, ...]

    @classmethod
    def of(cls, path: Path) -> "Snapshot":
        """Raises DataUnavailable where there is no such file, or it cannot be read."""
        return cls(path, identity(path))

    def check(self) -> None:
        """Raises BadData where the file is another by now."""
        if identity(self.path) != self.found:
            raise BadData(
                f"{self.path.name}: changed while it was read; try again when it is whole"
            )


def identity(path: Path) -> tuple[int, ...]:
    """Size, times and place on the disk. Raises DataUnavailable where it cannot be looked at."""
    try:
        found = path.stat()
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or str(error)
        raise DataUnavailable(f"{path}: {why}") from None
    return (found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino, found.st_dev)


@contextlib.contextmanager
def scratch_folder() -> Iterator[Path]:
    """A folder for what is written out, in the cache folder if possible, gone afterwards."""
    where: Path | None = cache_folder() / "scratch"
    try:
        assert where is not None
        where.mkdir(parents=True, exist_ok=True)
        if not os.access(where, os.W_OK):
            where = None
        else:
            _remove_stale(where)
    except OSError:
        where = None
    with tempfile.TemporaryDirectory(prefix="reading-", dir=where) as folder:
        yield Path(folder)


def age_seconds(path: Path) -> float:
    """Since a file or folder was last changed, by the wall clock, which dates files."""
    found = path.stat()
    return time.time() - max(found.st_mtime, found.st_ctime)


def _remove_stale(where: Path) -> None:
    """What processes left that were killed a day ago, or earlier."""
    for path in where.iterdir():
        with contextlib.suppress(OSError):
            if age_seconds(path) > STALE_SECONDS:
                shutil.rmtree(path, ignore_errors=True)


@contextlib.contextmanager
def writing(target: Path) -> Iterator[BinaryIO]:
    """A new file. Raises DataUnavailable where the disk is full or refuses."""
    with target.open("wb") as file:
        try:
            yield _Scratch(file)  # type: ignore[misc]
        except _NotWritten as error:
            raise DataUnavailable(f"cannot write into {target.parent}: {error}") from None


class _NotWritten(Exception):
    pass


@dataclass
class _Scratch:
    """Tells faults of writing from those of what is read."""

    file: BinaryIO

    def write(self, part: bytes) -> int:
        try:
            return self.file.write(part)
        except OSError as error:
            raise _NotWritten(error.strerror or str(error)) from None


def as_utf8(plain: PlainFile, name: str, encoding: str, scratch: Path) -> PlainFile:
    """The text in UTF-8. Raises BadData for bytes that are no text in the encoding."""
    if codecs.lookup(encoding).name in ("utf-8", "ascii", "utf-8-sig"):
        start = plain.start(4)
        if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            raise BadData(f"{name}: looks like UTF-16; --encoding utf-16 reads it")
        return plain
    decoder = codecs.getincrementaldecoder(encoding)()
    line = 1

    def decoded(part: bytes, final: bool) -> bytes:
        nonlocal line
        try:
            text = decoder.decode(part, final).encode()
        except UnicodeError as error:
            given: Any = getattr(error, "object", b"")[: getattr(error, "start", 0)]
            bad_line = line + given.count(b"\n" if isinstance(given, bytes) else "\n")
            raise BadData(
                f"{name}, line {bad_line}: not {encoding} text ({one_line(first_line(error))})"
            ) from None
        line += text.count(b"\n")
        return text

    path = _translated(plain, scratch, decoded)
    return replace(plain, path=path)


def with_one_separator(plain: PlainFile, name: str, separator: str, scratch: Path) -> PlainFile:
    """The text with one character in place of a separator of several, as "::".

    Raises:
        BadData: the text holds all of the characters that might stand for it.
    """
    wanted = separator.encode()
    for control in CONTROLS:
        if not _holds(plain.path, control):
            break
    else:
        raise BadData(f"{name}: has control characters in it, and cannot be split at {separator!r}")
    rest = b""

    def replaced(part: bytes, final: bool) -> bytes:
        nonlocal rest
        text = rest + part
        # Up to the end of a line: a separator may go on in the next part.
        cut = len(text) if final else text.rfind(b"\n") + 1
        rest = text[cut:]
        if len(rest) > MOST_LINE:
            raise BadData(f"{name}: a line of more than {MOST_LINE:,} bytes")
        return text[:cut].replace(wanted, control)

    path = _translated(plain, scratch, replaced)
    return replace(plain, path=path, separator=control.decode(), said=separator)


def _holds(path: Path, wanted: bytes) -> bool:
    with path.open("rb") as file:
        return any(wanted in part for part in iter(lambda: file.read(PART), b""))


def _translated(plain: PlainFile, scratch: Path, change: Callable[[bytes, bool], bytes]) -> Path:
    target = scratch / f"{len(list(scratch.iterdir()))}"
    with plain.path.open("rb") as source, writing(target) as file:
        part = source.read(PART).removeprefix(BYTE_ORDER_MARK)
        while part:
            file.write(change(part, False))
            part = source.read(PART)
        file.write(change(b"", True))
    return target
