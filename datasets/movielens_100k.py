"""MovieLens 100K: 100,000 ratings that 943 users gave 1,682 films in 1997 and 1998."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bench.data.archives import Files, Layout, given_files
from bench.data.delimited import Table, read_columns, refuse_cut_off
from bench.data.fetch import Source, Url, Wheel, fetch, warn
from bench.data.fields import Kind
from bench.interactions import Features, Interactions

from .shared import movielens
from .shared.movielens import CITATION, LICENCE, RATING_COLUMNS, notice

TITLE = "MovieLens 100K"
DESCRIPTION = "100,000 film ratings by 943 users, at least 20 each, with user and film features"
SOURCE = "https://grouplens.org/datasets/movielens/100k/"
SHA256 = {
    "ml-100k.zip": "50d2a982c66986937beb9ffb3aa76efe955bf3d5c6b761f4e3a7cd717c6a3229",
    "u.data": "06416e597f82b7342361e41163890c81036900f418ad91315590814211dca490",
    "recbole-1.2.1-py3-none-any.whl": (
        "9c9948202011f37eb0a7c6768129313f00d6403ad221ec940d5e2d5d5f33a407"
    ),
}
COUNTS = {"users": 943, "items": 1682, "interactions": 100_000}
__all__ = ["CITATION", "COUNTS", "DESCRIPTION", "LICENCE", "SHA256", "SOURCE", "TITLE", "load"]

GROUPLENS = Layout(
    archive="ml-100k.zip",
    inside="ml-100k/",
    folder="ml-100k",
    ratings="u.data",
    users="u.user",
    items="u.item",
)
# RecBole carries the data set as an example, in its own "atomic files". Ratings and users are the
# publisher's to the byte; the films lack what we do not use.
RECBOLE = Layout(
    archive="recbole-1.2.1-py3-none-any.whl",
    inside="recbole/dataset_example/ml-100k/",
    folder="ml-100k",
    ratings="ml-100k.inter",
    users="ml-100k.user",
    items="ml-100k.item",
)
SOURCES: tuple[Source, ...] = (
    Url(
        url="https://files.grouplens.org/datasets/movielens/ml-100k.zip",
        file_name=GROUPLENS.archive,
        max_bytes=20_000_000,
        sha256=SHA256[GROUPLENS.archive],
    ),
    Wheel(
        requirement="recbole==1.2.1",
        file_name=RECBOLE.archive,
        max_bytes=20_000_000,
        sha256=SHA256[RECBOLE.archive],
    ),
)
RECBOLE_RATINGS_HEADER = "user_id:token\titem_id:token\trating:float\ttimestamp:float"
RECBOLE_USERS_HEADER = "user_id:token\tage:token\tgender:token\toccupation:token\tzip_code:token"
RECBOLE_ITEMS_HEADER = "item_id:token\tmovie_title:token_seq\trelease_year:token\tclass:token_seq"

USER_COLUMNS: dict[str, Kind] = {
    "id": "integer",
    "age": "number",
    "gender": "text",
    "occupation": "text",
    "zip": "text",
}
OCCUPATIONS = (
    "administrator",
    "artist",
    "doctor",
    "educator",
    "engineer",
    "entertainment",
    "executive",
    "healthcare",
    "homemaker",
    "lawyer",
    "librarian",
    "marketing",
    "none",
    "other",
    "programmer",
    "retired",
    "salesman",
    "scientist",
    "student",
    "technician",
    "writer",
)
GENRES = ("unknown", *movielens.GENRES)

Described = tuple[NDArray[np.int64], Features]  # original ids, ascending, and their features


def load(data_dir: Path | None = None) -> Interactions:
    """All ratings in the publisher's order, with the publisher's ids in ascending order.

    User features: age in years (dense); gender, occupation, region of the zip code. Item
    features: year (dense, NaN where unknown), 19 genres, titles without the year.

    Args:
        data_dir: ml-100k.zip or RecBole's wheel, the folder ml-100k, or a folder that holds one
            of them. None: from the cache, GroupLens, or RecBole's wheel on a package index.

    Raises:
        DataUnavailable: the files are not there, or damaged.
        BadData: a line of them cannot be used.
    """
    if data_dir is None:
        source, path = fetch(TITLE, SOURCES, notice=notice(TITLE, SOURCE))
        layout = RECBOLE if source.file_name == RECBOLE.archive else GROUPLENS
        files = Files(layout=layout, path=path, inside=layout.inside)
    else:
        files = given_files(data_dir, (GROUPLENS, RECBOLE))

    layout = files.layout
    data = files.read(layout.ratings)
    ratings = read_columns(
        data,
        name=layout.ratings,
        separator="\t",
        columns=RATING_COLUMNS,
        header=RECBOLE_RATINGS_HEADER if layout is RECBOLE else None,
    )
    read_features = _recbole_features if layout is RECBOLE else _grouplens_features
    (user_ids, user_features), (item_ids, item_features) = read_features(files)

    without_header = data.partition(b"\n")[2] if layout is RECBOLE else data
    found = movielens.sha256_of_bytes(without_header)
    published = found == SHA256["u.data"]
    carrier = layout.archive if files.inside is not None else f"{layout.folder}/"
    if published:
        source_text = f"GroupLens' u.data (SHA-256 verified), from {carrier}"
    else:
        refuse_cut_off(data, str(files.path))
        counts = {
            "users": len(user_ids),
            "items": len(item_ids),
            "interactions": len(ratings["user"]),
        }
        matches = movielens.in_words(counts, COUNTS)
        source_text = f"{carrier}, not the publisher's file (u.data has SHA-256 {found}): {matches}"
        warn(f"{files.path}: the ratings are not the publisher's file (SHA-256 {found[:16]}...)")
    interactions = movielens.assemble(
        ratings,
        user_ids,
        item_ids,
        user_features,
        item_features,
        name=layout.ratings,
        source=source_text,
    )
    if published:
        movielens.check_counts(interactions, COUNTS, str(files.path))
    return interactions


def _grouplens_features(files: Files) -> tuple[Described, Described]:
    """The users of u.user and the items of u.item."""
    users = read_columns(
        files.read(GROUPLENS.users), name=GROUPLENS.users, separator="|", columns=USER_COLUMNS
    )
    columns: dict[str, Kind] = {"id": "integer", "title": "text"}
    columns |= {"date": "text", "video date": "text", "url": "text"}  # not used
    columns |= {genre: "integer" for genre in GENRES}
    items = read_columns(
        files.read(GROUPLENS.items),
        name=GROUPLENS.items,
        separator="|",
        columns=columns,
        encoding="latin-1",
    )
    items = movielens.sorted_by_id(items, GROUPLENS.items)
    titles = [movielens.split_title(title) for title in items["title"]]
    genres = np.stack([items[genre] != 0 for genre in GENRES], axis=1)
    return (
        _users(users, GROUPLENS.users),
        (items["id"], movielens.item_features(titles, genres, GENRES)),
    )


def _recbole_features(files: Files) -> tuple[Described, Described]:
    """The same from RecBole's files, where someone split title and year."""
    users = read_columns(
        files.read(RECBOLE.users),
        name=RECBOLE.users,
        separator="\t",
        columns=USER_COLUMNS,
        header=RECBOLE_USERS_HEADER,
    )
    items = read_columns(
        files.read(RECBOLE.items),
        name=RECBOLE.items,
        separator="\t",
        columns={"id": "integer", "title": "text", "year": "text", "genres": "text"},
        header=RECBOLE_ITEMS_HEADER,
    )
    items = movielens.sorted_by_id(items, RECBOLE.items)
    titles = [_recbole_title(*row) for row in zip(items["title"], items["year"], strict=True)]
    genres = movielens.genre_matrix(map(str.split, items["genres"]), GENRES, RECBOLE.items)
    return (
        _users(users, RECBOLE.users),
        (items["id"], movielens.item_features(titles, genres, GENRES)),
    )


def _recbole_title(title: str, year: str) -> tuple[str, float]:
    if year.isdecimal() and len(year) == 4:
        return " ".join(title.split()), float(year)
    # The year is what stood in the last brackets: of "... (1995) (V)" it took the V.
    title, found = movielens.split_title(title)
    return "unknown" if title == "unkonwn" else title, found


def _users(table: Table, name: str) -> Described:
    table = movielens.sorted_by_id(table, name)
    features = movielens.user_features(
        table["age"],
        table["gender"],
        table["occupation"],
        table["zip"],
        known_occupations=OCCUPATIONS,
        name=name,
    )
    return table["id"], features
