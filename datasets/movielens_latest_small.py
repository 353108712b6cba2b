"""MovieLens latest-small: about 100,000 ratings by about 600 users; it changes in time.

`source` names the SHA-256 of the archive: the publisher replaces it now and then, and figures of
one version are not those of another.
"""

from .shared.movielens import CITATION, LICENCE
from .shared.movielens_releases import csv_layout, release

TITLE = "MovieLens latest-small"
DESCRIPTION = "about 100,000 film ratings by about 600 users, for development, with film features"
SOURCE = "https://grouplens.org/datasets/movielens/latest/"
# GroupLens replaces the file now and then: no checksum and no counts hold for good.
SHA256: dict[str, str] = {}
COUNTS: dict[str, int] = {}
__all__ = ["CITATION", "COUNTS", "DESCRIPTION", "LICENCE", "SHA256", "SOURCE", "TITLE", "load"]

LAYOUT = csv_layout("ml-latest-small")

load = release(title=TITLE, page=SOURCE, layout=LAYOUT, sha256=SHA256, counts=COUNTS)
