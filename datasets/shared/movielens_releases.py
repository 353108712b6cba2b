"""What MovieLens 10M and the later ones share: ratings of users of whom nothing else is known."""

import csv
import io
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bench.data.archives import Files, Layout, given_files
from bench.data.delimited import BadData, Table, read_columns
from bench.data.fetch import Url, fetch, sha256_of, warn
from bench.interactions import Ids, Interactions

from . import movielens
from .movielens import RATING_COLUMNS, notice

BASE_URL = "https://files.grouplens.org/datasets/movielens"
MAX_ARCHIVE_BYTES = 500_000_000
MAX_FILE_BYTES = 1 << 31  # the largest, ratings.csv of 32M, has 877 MB
MOST_IDS = 10**7  # a larger id is a mistake, and would ask for a large table

# In these files it is "Children", whatever their READMEs say.
GENRES = tuple(sorted({*movielens.GENRES, "Children", "IMAX"} - {"Children's"}))
NO_GENRES = "(no genres listed)"
RATINGS_HEADER = "userId,movieId,rating,timestamp"
FILMS_HEADER = "movieId,title,genres"


def csv_layout(name: str) -> Layout:
    """How 20M and the later ones are packed; `name` as in "ml-20m"."""
    return Layout(
        archive=f"{name}.zip",
        inside=f"{name}/",
        folder=name,
        ratings="ratings.csv",
        items="movies.csv",
        max_bytes=MAX_FILE_BYTES,
    )


def load_release(
    data_dir: Path | None,
    *,
    title: str,
    page: str,
    layout: Layout,
    sha256: str | None,
    counts: Mapping[str, int],
) -> Interactions:
    """All ratings in the publisher's order, with the publisher's ids in ascending order.

    The catalogue is the films that have a rating, as in movielens_1m, and for its reason. Item
    features: year (dense, NaN where unknown), 19 genres, titles without the year. A film without
    genres has none of the 19.

    Args:
        data_dir: the zip archive, the folder in it, or a folder that holds one of them. None: from
            the cache, or GroupLens.
        title, page: of the data set, for the messages.
        layout: with files that end in .csv or, with `::` between two fields, in .dat.
        sha256: of the archive; None for one that changes in time.
        counts: users, items and interactions; empty for one that changes in time.

    Raises:
        DataUnavailable: the files are not there, or damaged.
        BadData: a line of them cannot be used, or the publisher's own have other counts.
    """
    if data_dir is None:
        source = Url(
            url=f"{BASE_URL}/{layout.archive}",
            file_name=layout.archive,
            max_bytes=MAX_ARCHIVE_BYTES,
            sha256=sha256,
        )
        _, path = fetch(title, [source], notice=notice(title, page))
        files = Files(layout=layout, path=path, inside=layout.inside)
    else:
        files = given_files(data_dir, (layout,))

    is_csv = layout.ratings.endswith(".csv")
    ratings = read_columns(
        files.read(layout.ratings),
        name=layout.ratings,
        separator="," if is_csv else "::",
        columns=RATING_COLUMNS,
        header=RATINGS_HEADER if is_csv else None,
    )
    # Each column is given up when it is replaced: there are up to 32 million rows.
    user_ids, users = numbered(ratings.pop("user"), "user", layout.ratings)
    item_ids, items = numbered(ratings.pop("item"), "item", layout.ratings)

    content = files.read(layout.items)
    films = films_of_csv(content, layout.items) if is_csv else films_of_dat(content, layout.items)
    films = movielens.sorted_by_id(films, layout.items)
    rated = movielens.positions(item_ids, films["id"], "item", layout.ratings)
    tags = (
        [] if of_film == NO_GENRES else of_film.split("|") for of_film in films["genres"][rated]
    )
    found = {"users": len(user_ids), "items": len(item_ids), "interactions": len(users)}
    return Interactions(
        users=users,
        items=items,
        times=ratings["time"],
        ratings=ratings["rating"],
        n_users=len(user_ids),
        n_items=len(item_ids),
        user_ids=user_ids,
        item_ids=item_ids,
        item_features=movielens.item_features(
            [movielens.split_title(film) for film in films["title"][rated]],
            movielens.genre_matrix(tags, GENRES, layout.items),
            GENRES,
        ),
        source=_provenance(files, sha256, counts, found),
    )


def numbered(ids: NDArray[np.int64], what: str, name: str) -> tuple[NDArray[np.int64], Ids]:
    """The distinct ids, ascending, and where each of `ids` stands among them, int32 [n].

    By a table of all ids up to the largest: nothing is sorted.

    Raises:
        BadData: an id is negative or too large; `what` and `name` say what it is and of which file.
    """
    lowest, highest = ids.min(), ids.max()
    if lowest < 0 or highest >= MOST_IDS:
        stranger = lowest if lowest < 0 else highest
        raise BadData(f"{name}: {what} {stranger} is no id; they lie in 0..{MOST_IDS - 1}")
    occurs = np.zeros(highest + 1, dtype=np.bool_)
    occurs[ids] = True
    place = np.cumsum(occurs, dtype=np.int32) - np.int32(1)
    return np.flatnonzero(occurs), place[ids]


def films_of_dat(content: bytes, name: str) -> Table:
    """The columns "id", "title" and "genres" of movies.dat. Raises BadData."""
    return read_columns(
        content,
        name=name,
        separator="::",
        columns={"id": "integer", "title": "text", "genres": "text"},
    )


def films_of_csv(content: bytes, name: str) -> Table:
    """The same of movies.csv, where a title with a comma stands in quotes. Raises BadData."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadData(f"{name}: byte 0x{content[error.start]:02X} is not utf-8 text") from None
    rows = csv.reader(io.StringIO(text, newline=""))
    films = []
    try:
        header = ",".join(next(rows, []))
        if header != FILMS_HEADER:
            raise BadData(
                f"{name}, line 1: expected the header {FILMS_HEADER!r}, not {header[:60]!r}"
            )
        last = rows.line_num
        for row in rows:
            first, last = last + 1, rows.line_num
            if first != last:
                raise BadData(f"{name}, line {first}: a quote is not closed")
            if not row:  # a blank line
                continue
            if len(row) != 3:
                raise BadData(f"{name}, line {first}: expected 3 fields, found {len(row)}")
            if not (row[0].isascii() and row[0].isdigit() and len(row[0]) < 19):
                raise BadData(f"{name}, line {first}: movieId {row[0][:60]!r} is no id")
            films.append((int(row[0]), row[1], row[2]))
    except csv.Error as error:
        raise BadData(f"{name}, line {rows.line_num}: {error}") from None
    if not films:
        raise BadData(f"{name}: no lines after the header")
    ids, titles, genres = zip(*films, strict=True)
    return {
        "id": np.array(ids, dtype=np.int64),
        "title": np.array(titles, dtype=object),
        "genres": np.array(genres, dtype=object),
    }


def _provenance(
    files: Files, sha256: str | None, counts: Mapping[str, int], found: Mapping[str, int]
) -> str:
    """Where the files come from, in words, with a warning where they are not the publisher's.

    Raises:
        BadData: the archive is the publisher's, and the counts are not.
    """
    layout = files.layout
    extracted = files.inside is None
    digest = None if extracted else sha256_of(files.path)
    if not counts:
        if extracted:
            return f"{layout.folder}/, extracted by hand; the data set changes in time"
        return f"{layout.archive}, which changes in time; this one has SHA-256 {digest}"
    if digest == sha256:
        if found != counts:
            raise BadData(f"{files.path}: expected {dict(counts)}, found {dict(found)}")
        return f"GroupLens' {layout.archive} (SHA-256 verified)"
    if extracted and found == counts:
        return f"{layout.folder}/, extracted by hand, counts verified"
    fault = f"SHA-256 {digest}" if digest else f"expected {dict(counts)}, found {dict(found)}"
    warn(f"{files.path}: not the publisher's ({fault})")
    carrier = f"{layout.folder}/" if extracted else layout.archive
    return f"{carrier}, not the publisher's ({fault})"
