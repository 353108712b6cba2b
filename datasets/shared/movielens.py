"""Columns of MovieLens files made into features and interactions; terms and citation."""

import hashlib
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.data.delimited import BadData, Table
from bench.data.fields import Kind
from bench.data.ids import positions
from bench.interactions import Features, Ids, Interactions
from bench.text import quoted

RATING_COLUMNS: Mapping[str, Kind] = {
    "user": "integer",
    "item": "integer",
    "rating": "number",
    "time": "time",
}

GENRES = (
    "Action",
    "Adventure",
    "Animation",
    "Children's",
    "Comedy",
    "Crime",
    "Documentary",
    "Drama",
    "Fantasy",
    "Film-Noir",
    "Horror",
    "Musical",
    "Mystery",
    "Romance",
    "Sci-Fi",
    "Thriller",
    "War",
    "Western",
)
GENDERS = ("F", "M")
# The first digit of a US zip code is a region of the country. The whole code is of no use as a
# feature: in 100K, 795 different ones among 943 users identify people rather than describe them.
REGIONS = (*"0123456789", "other")
# "(1995)", or "(1995) (V)" for a film that went straight to video
YEAR_IN_TITLE = re.compile(r"(.*\S)\s*\(([12][0-9]{3})\)(?:\s*\([A-Z]+\))?")
LICENCE = (
    "GroupLens: for research, with acknowledgement; no commercial use and no redistribution "
    "without permission; no endorsement implied"
)
CITATION = (
    "F. Maxwell Harper and Joseph A. Konstan. 2015. The MovieLens Datasets: History and Context. "
    "ACM Transactions on Interactive Intelligent Systems 5, 4, Article 19. "
    "https://doi.org/10.1145/2827872"
)


def sha256_of_bytes(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def sorted_by_id(table: Table, name: str) -> Table:
    """The rows in ascending order of their "id". Raises BadData where one occurs twice."""
    order = np.argsort(table["id"], kind="stable")
    ids = table["id"][order]
    if np.any(ids[1:] == ids[:-1]):
        raise BadData(f"{name}: id {ids[1:][ids[1:] == ids[:-1]][0]} occurs twice")
    return {column: values[order] for column, values in table.items()}


def user_features(
    ages: Iterable[Any],
    genders: Iterable[str],
    occupations: Iterable[Any],
    zip_codes: Iterable[str],
    *,
    known_occupations: Sequence[Any],
    name: str,
) -> Features:
    """Age in years (dense); gender, occupation and region of the zip code (categorical)."""
    columns = [
        codes(genders, GENDERS, "gender", name),
        codes(occupations, known_occupations, "occupation", name),
        codes(
            (code[:1] if code[:1] in REGIONS else "other" for code in zip_codes),
            REGIONS,
            "region",
            name,
        ),
    ]
    categorical = np.stack(columns, axis=1)
    return Features(
        categorical=categorical,
        categorical_names=("gender", "occupation", "region"),
        categorical_sizes=(len(GENDERS), len(known_occupations), len(REGIONS)),
        multi_hot=np.zeros((len(categorical), 0), dtype=np.bool_),
        multi_hot_names=(),
        dense=np.array([ages], dtype=np.float32).T,
        dense_names=("age",),
    )


def item_features(
    titles_and_years: Sequence[tuple[str, float]], genres: NDArray[np.bool_], names: Sequence[str]
) -> Features:
    """Year of release (dense, NaN where unknown), genres (multi-hot), titles (labels)."""
    return Features(
        categorical=np.zeros((len(genres), 0), dtype=np.int32),
        categorical_names=(),
        categorical_sizes=(),
        multi_hot=genres,
        multi_hot_names=tuple(names),
        dense=np.array([[year] for _, year in titles_and_years], dtype=np.float32).reshape(-1, 1),
        dense_names=("year",),
        labels=tuple(title for title, _ in titles_and_years),
    )


def codes(values: Iterable[Any], known: Sequence[Any], what: str, name: str) -> Ids:
    """Each value's place in `known`, int32. Raises BadData for a value that is not known."""
    place = {value: index for index, value in enumerate(known)}
    values = list(values)
    found = [place.get(value, -1) for value in values]
    if -1 in found:
        stranger = values[found.index(-1)]
        raise BadData(
            f"{name}: {what} {quoted(str(stranger))} is none of {', '.join(map(str, known))}"
        )
    return np.array(found, dtype=np.int32)


def genre_matrix(
    genres: Iterable[Iterable[str]], known: Sequence[str], name: str
) -> NDArray[np.bool_]:
    """[E, len(known)]: whether each entity has each genre. Raises BadData for an unknown one."""
    tagged = [codes(of_one, known, "genre", name) for of_one in genres]
    matrix = np.zeros((len(tagged), len(known)), dtype=np.bool_)
    for row, places in zip(matrix, tagged, strict=True):
        row[places] = True
    return matrix


def split_title(title: str) -> tuple[str, float]:
    """A title as "Toy Story (1995)" without its year, and the year; NaN where it has none."""
    title = " ".join(title.split())
    match = YEAR_IN_TITLE.fullmatch(title)
    return (match[1], float(match[2])) if match else (title, math.nan)


def assemble(
    ratings: Table,
    user_ids: NDArray[np.int64],
    item_ids: NDArray[np.int64],
    user_features: Features,
    item_features: Features,
    *,
    name: str,
    source: str,
) -> Interactions:
    """The ratings, in the file's order, over these users and items (ids ascending).

    Raises:
        BadData: a rating names a user or an item that is not listed; `name` is its file.
    """
    return Interactions(
        users=positions(ratings["user"], user_ids, "user", name),
        items=positions(ratings["item"], item_ids, "item", name),
        times=ratings["time"],
        ratings=ratings["rating"],
        n_users=len(user_ids),
        n_items=len(item_ids),
        user_ids=user_ids,
        item_ids=item_ids,
        user_features=user_features,
        item_features=item_features,
        source=source,
    )


def check_counts(interactions: Interactions, counts: Mapping[str, int], name: str) -> None:
    """Raises BadData where the publisher's own file does not have the counts it should have."""
    found = {
        "users": interactions.n_users,
        "items": interactions.n_items,
        "interactions": len(interactions),
    }
    if found != dict(counts):
        raise BadData(f"{name}: expected {dict(counts)}, found {found}")


def in_words(found: Mapping[str, int], counts: Mapping[str, int]) -> str:
    """What may be said of files whose checksum is not the publisher's, by their counts alone."""
    if found == counts:
        return "counts match, content not verified"
    return f"other counts, {dict(found)} instead of {dict(counts)}"


def notice(title: str, source: str) -> str:
    """What is printed before the first download."""
    return f"{title} ({source})\nTerms: {LICENCE}\nPlease cite: {CITATION}"
