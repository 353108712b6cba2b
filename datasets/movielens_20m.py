"""MovieLens 20M: 20,000,263 ratings that 138,493 users gave 26,744 films from 1995 to 2015.

movies.csv lists 534 more films, which nobody rated.
"""

from .shared.movielens import CITATION, LICENCE
from .shared.movielens_releases import csv_layout, release

TITLE = "MovieLens 20M"
DESCRIPTION = "20,000,263 film ratings by 138,493 users, at least 20 each, with film features"
SOURCE = "https://grouplens.org/datasets/movielens/20m/"
# GroupLens publishes an MD5 (cd245b17a1ae2cc31bb14903e1204af3); this is the SHA-256 of the file
# with that MD5, as several public projects record it.
SHA256 = {"ml-20m.zip": "96f243c338a8665f6bcc89c53edf6ee39162a846940de6b7c8c48aeada765ff3"}
COUNTS = {"users": 138_493, "items": 26_744, "interactions": 20_000_263}
__all__ = ["CITATION", "COUNTS", "DESCRIPTION", "LICENCE", "SHA256", "SOURCE", "TITLE", "load"]

LAYOUT = csv_layout("ml-20m")

load = release(title=TITLE, page=SOURCE, layout=LAYOUT, sha256=SHA256, counts=COUNTS)
