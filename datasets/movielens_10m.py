"""MovieLens 10M: 10,000,054 ratings that 69,878 users gave 10,677 films.

movies.dat lists 4 more films, which nobody rated.
"""

from bench.data.archives import Layout

from .shared.movielens import CITATION, LICENCE
from .shared.movielens_releases import MAX_FILE_BYTES, release

TITLE = "MovieLens 10M"
DESCRIPTION = "10,000,054 film ratings by 69,878 users, at least 20 each, with film features"
SOURCE = "https://grouplens.org/datasets/movielens/10m/"
# GroupLens publishes an MD5 (ce571fd55effeba0271552578f2648bd); this is the SHA-256 of the file
# with that MD5, as several public projects record it.
SHA256 = {"ml-10m.zip": "813c411ccb6122564edfe752e7f80c4dcc5aa25fa94c93622f6877a7ba252862"}
COUNTS = {"users": 69_878, "items": 10_677, "interactions": 10_000_054}
__all__ = ["CITATION", "COUNTS", "DESCRIPTION", "LICENCE", "SHA256", "SOURCE", "TITLE", "load"]

LAYOUT = Layout(
    archive="ml-10m.zip",
    inside="ml-10M100K/",
    folder="ml-10M100K",
    ratings="ratings.dat",
    items="movies.dat",
    max_bytes=MAX_FILE_BYTES,
)

load = release(title=TITLE, page=SOURCE, layout=LAYOUT, sha256=SHA256, counts=COUNTS)
