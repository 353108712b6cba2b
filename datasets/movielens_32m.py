"""MovieLens 32M: 32,000,204 ratings that 200,948 users gave 84,432 films from 1995 to 2023.

movies.csv lists 3,153 more films, which nobody rated.
"""

from .shared.movielens import CITATION, LICENCE
from .shared.movielens_releases import csv_layout, release

TITLE = "MovieLens 32M"
DESCRIPTION = "32,000,204 film ratings by 200,948 users, at least 20 each, with film features"
SOURCE = "https://grouplens.org/datasets/movielens/32m/"
# GroupLens publishes an MD5 (d472be332d4daa821edc399621853b57); this is the SHA-256 that several
# public projects record for the file.
SHA256 = {"ml-32m.zip": "e4a68655d7386b8f95f2f2424b2ff975dfdd15ffd59e0d864a14dca43e99d6ee"}
COUNTS = {"users": 200_948, "items": 84_432, "interactions": 32_000_204}
__all__ = ["CITATION", "COUNTS", "DESCRIPTION", "LICENCE", "SHA256", "SOURCE", "TITLE", "load"]

LAYOUT = csv_layout("ml-32m")

load = release(title=TITLE, page=SOURCE, layout=LAYOUT, sha256=SHA256, counts=COUNTS)
