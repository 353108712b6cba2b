"""MovieLens 1M: 1,000,209 ratings that 6,040 users gave 3,706 films between 2000 and 2003."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from bench.data.archives import Files, Layout, given_files
from bench.data.delimited import BadData, read_columns
from bench.data.fetch import Source, Url, fetch, sha256_of, warn
from bench.interactions import Interactions

from .shared import movielens
from .shared.movielens import CITATION, GENRES, LICENCE, RATING_COLUMNS, notice

TITLE = "MovieLens 1M"
DESCRIPTION = "1,000,209 film ratings by 6,040 users, at least 20 each, with user and film features"
SOURCE = "https://grouplens.org/datasets/movielens/1m/"
# GroupLens publishes an MD5 (c4d9eecfca2ab87c1945afe126590906); this is the SHA-256 of the file
# with that MD5, as several public projects record it.
SHA256 = {"ml-1m.zip": "a6898adb50b9ca05aa231689da44c217cb524e7ebd39d264c56e2832f2c54e20"}
COUNTS = {"users": 6040, "items": 3706, "interactions": 1_000_209}
__all__ = ["CITATION", "COUNTS", "DESCRIPTION", "LICENCE", "SHA256", "SOURCE", "TITLE", "load"]

LAYOUT = Layout(
    archive="ml-1m.zip",
    inside="ml-1m/",
    folder="ml-1m",
    ratings="ratings.dat",
    users="users.dat",
    items="movies.dat",
)
SOURCES: tuple[Source, ...] = (
    Url(
        url="https://files.grouplens.org/datasets/movielens/ml-1m.zip",
        file_name=LAYOUT.archive,
        max_bytes=30_000_000,
        sha256=SHA256[LAYOUT.archive],
    ),
)
OCCUPATIONS = tuple(range(21))  # the publisher's README names them: 0 other, 1 academic, ...


def load(data_dir: Path | None = None) -> Interactions:
    """All ratings in the publisher's order, with the publisher's ids in ascending order.

    The catalogue is the 3,706 films that have a rating. movies.dat lists 177 more, but the papers
    that we compare with (NCF and those after it) rank among the rated ones, and more candidates
    that nobody ever chose would make every figure look better than theirs.

    User features: age (dense; the lower bound of a bracket, in years, 1 for "under 18"); gender,
    occupation, region of the zip code. Item features: year (dense, NaN where unknown), 18 genres,
    titles without the year.

    Args:
        data_dir: ml-1m.zip, the folder ml-1m, or a folder that holds one of them. None: from the
            cache, or GroupLens.

    Raises:
        DataUnavailable: the files are not there, or damaged.
        BadData: a line of them cannot be used.
    """
    if data_dir is None:
        _, path = fetch(TITLE, SOURCES, notice=notice(TITLE, SOURCE))
        files = Files(layout=LAYOUT, path=path, inside=LAYOUT.inside)
    else:
        files = given_files(data_dir, (LAYOUT,))

    ratings = read_columns(
        files.read(LAYOUT.ratings), name=LAYOUT.ratings, separator="::", columns=RATING_COLUMNS
    )
    users = read_columns(
        files.read(LAYOUT.users),
        name=LAYOUT.users,
        separator="::",
        columns={
            "id": "integer",
            "gender": "text",
            "age": "number",
            "occupation": "integer",
            "zip": "text",
        },
    )
    users = movielens.sorted_by_id(users, LAYOUT.users)
    items = read_columns(
        files.read(LAYOUT.items),
        name=LAYOUT.items,
        separator="::",
        columns={"id": "integer", "title": "text", "genres": "text"},
        encoding="latin-1",
    )
    items = movielens.sorted_by_id(items, LAYOUT.items)
    rated = np.isin(items["id"], ratings["item"])
    if not rated.any():
        raise BadData(f"{LAYOUT.items}: none of its films is rated in {LAYOUT.ratings}")
    items = {column: values[rated] for column, values in items.items()}

    found = {
        "users": len(users["id"]),
        "items": len(items["id"]),
        "interactions": len(ratings["user"]),
    }
    source, published = _provenance(files, found)
    interactions = movielens.assemble(
        ratings,
        users["id"],
        items["id"],
        movielens.user_features(
            users["age"],
            users["gender"],
            users["occupation"],
            users["zip"],
            known_occupations=OCCUPATIONS,
            name=LAYOUT.users,
        ),
        movielens.item_features(
            [movielens.split_title(title) for title in items["title"]],
            movielens.genre_matrix(
                (genres.split("|") for genres in items["genres"]), GENRES, LAYOUT.items
            ),
            GENRES,
        ),
        name=LAYOUT.ratings,
        source=source,
    )
    if published:
        movielens.check_counts(interactions, COUNTS, str(files.path))
    return interactions


def _provenance(files: Files, found: Mapping[str, int]) -> tuple[str, bool]:
    """Where the files come from, in words, and whether they are the publisher's for certain."""
    matches = movielens.in_words(found, COUNTS)
    if files.inside is None:
        warn(f"{files.path}: only {LAYOUT.archive} can be told from a copy that was changed")
        return f"{LAYOUT.folder}/, extracted by hand: {matches}", False
    digest = sha256_of(files.path)
    if digest == SHA256[LAYOUT.archive]:
        return f"GroupLens' {LAYOUT.archive} (SHA-256 verified)", True
    warn(f"{files.path}: not the publisher's file (SHA-256 {digest[:16]}...)")
    return f"{LAYOUT.archive}, not the publisher's file (SHA-256 {digest}): {matches}", False
