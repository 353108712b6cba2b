"""Packed files written out: gzip, bz2, zstd, xz, or one file in a zip archive; no bombs."""

import contextlib
import lzma
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from bench.data.archives import METHODS
from bench.data.delimited import BadData
from bench.data.fetch import DataUnavailable
from bench.data.plain import PART, PlainFile, writing
from bench.text import first_line, one_line, quoted

# Tables shrink by 5 to 30 when they are packed. What shrinks by more, and is large, is a bomb.
MOST_TIMES, HARMLESS = 200, 1 << 28
MAGIC = {
    b"\x1f\x8b": "gzip",
    b"BZh": "bz2",
    b"\x28\xb5\x2f\xfd": "zstd",
    b"\xfd7zXZ\x00": "xz",
    b"PK\x03\x04": "zip",
    b"PK\x05\x06": "zip",
}


def unpacked(path: Path, name: str, scratch: Path) -> tuple[PlainFile, str]:
    """The file, unpacked where it is gzip, bz2, zstd, xz or a zip archive of one file; its name.

    Raises:
        DataUnavailable: it cannot be read, or there is no place to unpack it.
        BadData: damaged, cut off, an archive of several files, or a bomb.
    """
    plain = PlainFile(path=path)
    try:
        start = plain.start(8)
    except OSError as error:
        raise DataUnavailable(f"{path}: {error.strerror or error}") from None
    packing = next((MAGIC[magic] for magic in MAGIC if start.startswith(magic)), None)
    if packing is None:
        return plain, name
    target = scratch / f"{len(list(scratch.iterdir()))}"
    limit = max(HARMLESS, MOST_TIMES * path.stat().st_size)
    inner = name
    try:
        with contextlib.ExitStack() as stack:
            parts: Iterator[bytes]
            if packing == "zip":
                archive = stack.enter_context(zipfile.ZipFile(path))
                member = _only_member(archive, name)
                parts = _parts(stack.enter_context(archive.open(member)))
                inner = Path(member.filename).name
            elif packing == "xz":
                parts = _of_xz(stack.enter_context(path.open("rb")))
            else:
                import pyarrow as pa

                raw = stack.enter_context(pa.OSFile(str(path)))
                parts = _parts(stack.enter_context(pa.CompressedInputStream(raw, packing)))
            _copy(parts, target, name, limit)
    except (BadData, DataUnavailable):
        raise
    except Exception as error:  # damage has many names: zlib.error, LZMAError, BadZipFile, ...
        raise BadData(
            f"{name}: damaged or cut off ({packing}: {one_line(first_line(error))})"
        ) from None
    if inner == name and Path(name).suffix.lower() in (".gz", ".bz2", ".zst", ".xz", ".zstd"):
        inner = Path(name).stem
    return PlainFile(path=target), inner


def _of_xz(file: BinaryIO) -> Iterator[bytes]:
    """The text of a file of xz, one stream after the other. Raises LZMAError or EOFError.

    Python's own reader takes anything after the first stream for padding: what is damaged in a
    second one would be lost in silence.
    """
    packed = file.read(PART)
    while packed:
        stream = lzma.LZMADecompressor(lzma.FORMAT_XZ)
        while not stream.eof:
            if stream.needs_input and not packed and not (packed := file.read(PART)):
                raise EOFError("it ends within a stream")
            text = stream.decompress(packed, PART)
            packed = b""
            if text:
                yield text
        packed = stream.unused_data
        while not packed.lstrip(b"\0") and (packed := file.read(PART)):
            pass  # padding
        packed = packed.lstrip(b"\0")


def _only_member(archive: zipfile.ZipFile, name: str) -> zipfile.ZipInfo:
    members = [
        member
        for member in archive.infolist()
        if not member.is_dir() and not member.filename.startswith("__MACOSX/")
    ]
    if any(member.filename == "xl/workbook.xml" for member in members):
        raise BadData(f"{name}: a spreadsheet is not read; save it as CSV")
    if len(members) != 1:
        names = ", ".join(quoted(member.filename) for member in members[:5])
        raise BadData(f"{name}: an archive of one file is read, this has {len(members)}: {names}")
    if members[0].compress_type not in METHODS:
        raise BadData(f"{name}: packed by a method that is not read; deflate is")
    return members[0]


def _parts(stream: Any) -> Iterator[bytes]:
    return iter(lambda: stream.read(PART), b"")


def _copy(parts: Iterator[bytes], target: Path, name: str, limit: int) -> None:
    written = 0
    with writing(target) as file:
        for part in parts:
            written += len(part)
            if written > limit:
                raise BadData(f"{name}: unpacks to more than {limit:,} bytes; that is no table")
            file.write(part)
