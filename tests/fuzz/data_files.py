"""The files of each data set that is read from files, with a few made-up ratings in them."""

from collections.abc import Iterable

from bench.datasets.shared import ncf as _ncf
from bench.datasets.shared.movielens_releases import FILMS_HEADER, RATINGS_HEADER

from bench.datasets import movielens_100k, movielens_latest_small

Files = dict[str, bytes]  # by the path in an archive, or in a folder

# User, item, rating, time: each user has 5 of the 8 items.
RATED = [
    (user, 1 + (3 * user + 2 * n) % 8, 1 + (user + n) % 5, 900_000_000 + 7 * n + user)
    for user in range(1, 7)
    for n in range(5)
]
USERS, ITEMS = range(1, 7), range(1, 9)


def table(rows: Iterable[Iterable[object]], separator: str, header: str = "") -> bytes:
    lines = [separator.join(map(str, row)) for row in rows]
    return "".join(f"{line}\n" for line in ([header] if header else []) + lines).encode()


def grouplens_100k() -> Files:
    flags = [0, 1, *[0] * 17]
    return {
        "ml-100k/u.data": table(RATED, "\t"),
        "ml-100k/u.user": table(((u, 20 + u, "F", "other", f"{u}4321") for u in USERS), "|"),
        "ml-100k/u.item": table(
            ((i, f"Film {i} (199{i})", "01-Jan-1995", "", "", *flags) for i in ITEMS), "|"
        ),
    }


def recbole_100k() -> Files:
    stem = "recbole/dataset_example/ml-100k/ml-100k"
    users, items = movielens_100k.RECBOLE_USERS_HEADER, movielens_100k.RECBOLE_ITEMS_HEADER
    return {
        f"{stem}.inter": table(RATED, "\t", movielens_100k.RECBOLE_RATINGS_HEADER),
        f"{stem}.user": table(((u, 20 + u, "F", "other", f"{u}4321") for u in USERS), "\t", users),
        f"{stem}.item": table(((i, f"Film {i}", 1990, "Action War") for i in ITEMS), "\t", items),
    }


def dat_1m() -> Files:
    return {
        "ml-1m/ratings.dat": table(RATED, "::"),
        "ml-1m/users.dat": table(((u, "F", 25, 3, f"{u}4321") for u in USERS), "::"),
        "ml-1m/movies.dat": table(((i, f"Film {i} (199{i})", "War|Drama") for i in ITEMS), "::"),
    }


def dat_10m() -> Files:
    films = ((i, f"Film {i} (199{i})", "War|Drama") for i in ITEMS)
    return {
        "ml-10M100K/ratings.dat": table(RATED, "::"),
        "ml-10M100K/movies.dat": table(films, "::"),
    }


def csv_small() -> Files:
    films = ((i, f'"Film, {i} (199{i})"', "War|Drama") for i in ITEMS)
    folder = movielens_latest_small.LAYOUT.folder
    return {
        f"{folder}/ratings.csv": table(RATED, ",", RATINGS_HEADER),
        f"{folder}/movies.csv": table(films, ",", FILMS_HEADER),
    }


def ncf() -> Files:
    last = {user: (user - 1, item - 1, rating, time) for user, item, rating, time in RATED}
    train = [(u - 1, i - 1, r, t) for u, i, r, t in RATED if (u - 1, i - 1) != last[u][:2]]
    negatives = [
        (f"({user},{item})", *((item + n) % 8 for n in range(_ncf.N_NEGATIVES)))
        for user, item, _, _ in last.values()
    ]
    return {
        "ncf/ml-1m.train.rating": table(train, "\t"),
        "ncf/ml-1m.test.rating": table(last.values(), "\t"),
        "ncf/ml-1m.test.negative": table(negatives, "\t"),
    }


# Data set, archive (none: only as a folder), files and the separator of their fields.
FORMATS: list[tuple[str, str, Files, bytes]] = [
    ("movielens_100k", "ml-100k.zip", grouplens_100k(), b"\t"),
    ("movielens_100k", movielens_100k.RECBOLE.archive, recbole_100k(), b"\t"),
    ("movielens_1m", "ml-1m.zip", dat_1m(), b"::"),
    ("movielens_10m", "ml-10m.zip", dat_10m(), b"::"),
    ("movielens_latest_small", "ml-latest-small.zip", csv_small(), b","),
    ("ncf_ml_1m", "", ncf(), b"\t"),
]
