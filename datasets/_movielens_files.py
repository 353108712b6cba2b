"""What the MovieLens data sets share: terms, citation, and finding the files."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.fetch import DataUnavailable
from bench.files import has_member, read_file, read_member

LICENCE = (
    "GroupLens: for research, with acknowledgement; no commercial use and no redistribution "
    "without permission; no endorsement implied"
)
CITATION = (
    "F. Maxwell Harper and Joseph A. Konstan. 2015. The MovieLens Datasets: History and Context. "
    "ACM Transactions on Interactive Intelligent Systems 5, 4, Article 19. "
    "https://doi.org/10.1145/2827872"
)


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


def notice(title: str, source: str) -> str:
    """What is printed before the first download."""
    return f"{title} ({source})\nTerms: {LICENCE}\nPlease cite: {CITATION}"
