"""Read files and members of archives, of a bounded size. Nothing is ever extracted."""

import zipfile
from pathlib import Path

from bench.fetch import DataUnavailable

# How members may be packed: others can ask for gigabytes of memory before the first byte is out.
METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)

MOST_REASON = 200  # characters


def read_member(archive: Path, member: str, max_bytes: int) -> bytes:
    """One member of a zip archive, by its exact name; nothing else is read and nothing extracted.

    Raises:
        DataUnavailable: no zip archive, no such member, damaged, or larger than `max_bytes`.
    """
    try:
        with zipfile.ZipFile(archive) as opened:
            if opened.getinfo(member).compress_type not in METHODS:
                raise NotImplementedError("neither stored nor deflated")
            with opened.open(member) as stream:
                # What the archive says of its size may be a lie.
                content = stream.read(max_bytes + 1)
    except KeyError:
        raise DataUnavailable(f"{archive} holds no {member}") from None
    except OSError as error:
        raise DataUnavailable(f"{archive}: {error.strerror or error}") from None
    except Exception as error:  # damage has many names: BadZipFile, zlib.error, LZMAError, ...
        reason = str(error)[:MOST_REASON]  # it may have a member's name of 64 kB
        raise DataUnavailable(f"{archive}: cannot read {member} ({reason})") from None
    if len(content) > max_bytes:
        raise DataUnavailable(f"{archive}: {member} is larger than {max_bytes:,} bytes")
    return content


def has_member(archive: Path, member: str) -> bool:
    """Whether this is a zip archive with a member of this exact name."""
    try:
        with zipfile.ZipFile(archive) as opened:
            return member in opened.namelist()
    except Exception:  # as in read_member
        return False


def read_file(path: Path, max_bytes: int) -> bytes:
    """A whole file.

    Raises:
        DataUnavailable: missing, not readable, or larger than `max_bytes`.
    """
    try:
        with path.open("rb") as stream:
            content = stream.read(max_bytes + 1)
    except OSError as error:
        raise DataUnavailable(f"{path}: {error.strerror or error}") from None
    if len(content) > max_bytes:
        raise DataUnavailable(f"{path} is larger than {max_bytes:,} bytes")
    return content
