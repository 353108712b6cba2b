"""MovieLens latest-small: about 100,000 ratings by about 600 users; it changes in time."""

from pathlib import Path

from bench.interactions import Interactions

from .shared.movielens import CITATION, LICENCE
from .shared.movielens_releases import csv_layout, load_release

TITLE = "MovieLens latest-small"
DESCRIPTION = "about 100,000 film ratings by about 600 users, for development, with film features"
SOURCE = "https://grouplens.org/datasets/movielens/latest/"
# GroupLens replaces the file now and then: no checksum and no counts hold for good.
SHA256: dict[str, str] = {}
COUNTS: dict[str, int] = {}
__all__ = ["CITATION", "COUNTS", "DESCRIPTION", "LICENCE", "SHA256", "SOURCE", "TITLE", "load"]

LAYOUT = csv_layout("ml-latest-small")


def load(data_dir: Path | None = None) -> Interactions:
    """All ratings in the publisher's order; the films that have a rating.

    Item features: year (dense, NaN where unknown), 19 genres, titles without the year. Of the
    users nothing is known.

    `source` names the SHA-256 of the archive: the publisher replaces it now and
    then, and figures of one version are not those of another.

    Args:
        data_dir: ml-latest-small.zip, the folder ml-latest-small, or a folder that holds one of
            them. None: from the cache, or GroupLens.

    Raises:
        DataUnavailable: the files are not there, or damaged.
        BadData: a line of them cannot be used.
    """
    return load_release(
        data_dir,
        title=TITLE,
        page=SOURCE,
        layout=LAYOUT,
        sha256=None,
        counts=COUNTS,
    )
