"""MovieLens 25M: 25,000,095 ratings that 162,541 users gave 59,047 films from 1995 to 2019.

movies.csv lists 3,376 more films, which nobody rated.
"""

from .shared.movielens import CITATION, LICENCE
from .shared.movielens_releases import csv_layout, release

TITLE = "MovieLens 25M"
DESCRIPTION = "25,000,095 film ratings by 162,541 users, at least 20 each, with film features"
SOURCE = "https://grouplens.org/datasets/movielens/25m/"
# GroupLens publishes an MD5 (6b51fb2759a8657d3bfcbfc42b592ada); this is the SHA-256 of the file
# with that MD5, as several public projects record it.
SHA256 = {"ml-25m.zip": "8b21cfb7eb1706b4ec0aac894368d90acf26ebdfb6aced3ebd4ad5bd1eb9c6aa"}
COUNTS = {"users": 162_541, "items": 59_047, "interactions": 25_000_095}
__all__ = ["CITATION", "COUNTS", "DESCRIPTION", "LICENCE", "SHA256", "SOURCE", "TITLE", "load"]

LAYOUT = csv_layout("ml-25m")

load = release(title=TITLE, page=SOURCE, layout=LAYOUT, sha256=SHA256, counts=COUNTS)
