"""What can be wrong with a zip archive: its bytes, its members, what it says of itself."""

import gzip
import io
import struct
import zipfile
from typing import NamedTuple

from broken_files import files
from data_files import FORMATS, Files
from hypothesis import strategies as st

READ = [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED]
REFUSED = [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA]  # nothing bounds what their reading takes
BOMB = 20_000_000  # bytes that a small member becomes; less than is allowed
HEADER, ENTRY, END = b"PK\x03\x04", b"PK\x01\x02", b"PK\x05\x06"


class Given(NamedTuple):
    """What stands in a folder, or in a file."""

    dataset: str
    archive: str  # the file's name; none: the files stand in a folder
    files: Files
    content: bytes = b""  # of the archive
    same: bool = False  # whether it is the data as it should be
    path: str = ""  # what --data-dir names, below the folder


def packed(members: Files, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(name), content, method)
    return buffer.getvalue()


def renamed(members: Files, name: str, old: str) -> Files:
    return {name if key == old else key: content for key, content in members.items()}


@st.composite
def members(draw: st.DrawFn, good: Files) -> bytes:
    """An archive that is whole, with other members than it should have."""
    name = draw(st.sampled_from(sorted(good)))
    short = name.rpartition("/")[2]
    match draw(st.integers(0, 8)):
        case 0:
            return packed({})
        case 1:
            others = [f"../{name}", f"/{name}", name.upper(), name.replace("/", "\\"), short]
            others += [f"{name}/", f"{name}\0x", f"a/{name}", f"C:\\{short}", "é漢" + short, ""]
            return packed(renamed(good, draw(st.sampled_from(others)), name))
        case 2:  # an archive in an archive
            return packed({"inner.zip": packed(good)} | dict.fromkeys([name], packed(good)))
        case 3:
            return packed(good | {name: bytes(BOMB)})
        case 4:
            return packed(good | {name: b"1\t" * (BOMB // 20)})
        case 5:
            return packed(good | {f"other {n}": b"" for n in range(2000)})
        case 6:  # the same name twice
            buffer = io.BytesIO(packed(good))
            with zipfile.ZipFile(buffer, "a") as archive:
                info = zipfile.ZipInfo(name)
                archive.filelist.append(info)
                archive.NameToInfo.pop(name)
                archive.writestr(zipfile.ZipInfo(name), b"second")
                archive.filelist.remove(info)
            return buffer.getvalue()
        case 7:
            return gzip.compress(packed(good), mtime=0)
        case _:
            return good[name]


@st.composite
def damaged(draw: st.DrawFn, whole: bytes) -> bytes:
    """An archive cut short, with bits turned over, or with lies in its headers."""
    match draw(st.integers(0, 4)):
        case 0:
            return whole[: draw(st.integers(0, len(whole)))]
        case 1:
            return whole[draw(st.integers(1, len(whole))) :]
        case 2:
            junk = draw(st.binary(max_size=30))
            return draw(st.sampled_from([junk + whole, whole + junk, whole * 2]))
        case 3:  # a field of a header: versions, flags, method, times, CRC, sizes, lengths, offset
            signature = draw(st.sampled_from([HEADER, ENTRY, END]))
            places = [n for n in range(len(whole)) if whole.startswith(signature, n)]
            place = draw(st.sampled_from(places)) + draw(st.integers(4, 45))
            value = draw(st.sampled_from([0, 1, 8, 0x7FFF, 0x8000, 0xFFFF]))
            place = min(place, len(whole) - 2)
            return whole[:place] + struct.pack("<H", value) + whole[place + 2 :]
        case _:
            found = bytearray(whole)
            for _ in range(draw(st.integers(1, 3))):
                found[draw(st.integers(0, len(found) - 1))] ^= 1 << draw(st.integers(0, 7))
            return bytes(found)


@st.composite
def archives(draw: st.DrawFn) -> Given:
    """An archive with something wrong with it, or with nothing."""
    dataset, archive, good, _ = draw(st.sampled_from([each for each in FORMATS if each[1]]))
    method = draw(st.sampled_from(READ + REFUSED))
    whole = packed(good, method)
    content = draw(st.one_of(members(good), damaged(whole), damaged(whole), st.just(whole)))
    path = draw(st.sampled_from(["", archive]))
    return Given(dataset, archive, {}, content, content == whole and method in READ, path)


@st.composite
def loose(draw: st.DrawFn) -> Given:
    """Files with something wrong with one of them, in a folder or packed."""
    dataset, archive, found, same = draw(files())
    if archive and draw(st.booleans()):
        content = packed(found)
        return Given(dataset, archive, {}, content, same, draw(st.sampled_from(["", archive])))
    below = unpacked(found)
    return Given(dataset, "", below, same=same, path=draw(st.sampled_from(["", folder_of(below)])))


def unpacked(members: Files) -> Files:
    """The files as they stand in a folder."""
    return {name.replace("recbole/dataset_example/", ""): members[name] for name in members}


def folder_of(files: Files) -> str:
    return next(iter(files)).partition("/")[0]
