"""Read files and members of archives, of a bounded size. Nothing is ever extracted."""

import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.data.fetch import DataUnavailable

# How members may be packed: others can ask for gigabytes of memory before the first byte is out.
METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)

MOST_REASON = 200  # characters


@dataclass(frozen=True, kw_only=True)
class Layout:
    """One way in which the files of a data set are packed."""

    archive: str  # "ml-100k.zip"
    inside: str  # where they stand in the archive: "ml-100k/"
    folder: str  # how the folder is called when someone has extracted it
    ratings: str
    items: str
    users: str = ""  # none where nothing is known of the users
    max_bytes: int = 1 << 28  # of one file: what is larger is not the data set


@dataclass(frozen=True, kw_only=True)
class Files:
    """The files of a data set, in a folder or in a zip archive."""

    layout: Layout
    path: Path
    inside: str | None = None  # the folder in the archive; None where path is a folder

    def read(self, name: str) -> bytes:
        """One file as it is. Raises DataUnavailable where it is missing or damaged."""
        if self.inside is None:
            return read_file(self.path / name, self.layout.max_bytes)
        return read_member(self.path, self.inside + name, self.layout.max_bytes)


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


def given_files(data_dir: Path, layouts: Sequence[Layout]) -> Files:
    """The files that someone put by hand: the archive, its folder, or a folder that holds either.

    Raises:
        DataUnavailable: none of the layouts is there; the message names what was looked for.
    """
    data_dir = Path(data_dir)
    for layout in layouts:
        for archive in (data_dir, data_dir / layout.archive):
            if archive.is_file():
                for inside in (layout.inside, ""):
                    if has_member(archive, inside + layout.ratings):
                        return Files(layout=layout, path=archive, inside=inside)
                if archive != data_dir:
                    raise DataUnavailable(
                        f"{archive} is no zip archive with {layout.inside}{layout.ratings} in it"
                    )
        for folder in (data_dir, data_dir / layout.folder):
            if (folder / layout.ratings).is_file():
                return Files(layout=layout, path=folder)
    if not data_dir.exists():
        raise DataUnavailable(f"{data_dir} does not exist")
    wanted = " or ".join(
        f"{layout.archive} or {layout.folder}/{layout.ratings}" for layout in layouts
    )
    raise DataUnavailable(f"{data_dir} is or holds none of: {wanted}")
