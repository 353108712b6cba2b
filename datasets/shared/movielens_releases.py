"""MovieLens 10M and the later ones: ratings of users of whom nothing else is known."""

from collections.abc import Callable, Mapping
from pathlib import Path

from bench.data.archives import Files, Layout, given_files
from bench.data.delimited import BadData, read_columns
from bench.data.fetch import Url, fetch, sha256_of, warn
from bench.data.fields import Kind
from bench.data.ids import numbered, positions
from bench.interactions import Interactions

from . import movielens
from .movielens import RATING_COLUMNS, notice

BASE_URL = "https://files.grouplens.org/datasets/movielens"
MAX_ARCHIVE_BYTES = 500_000_000
MAX_FILE_BYTES = 1 << 31  # the largest, ratings.csv of 32M, has 877 MB

# In these files it is "Children", whatever their READMEs say.
GENRES = tuple(sorted({*movielens.GENRES, "Children", "IMAX"} - {"Children's"}))
NO_GENRES = "(no genres listed)"
RATINGS_HEADER = "userId,movieId,rating,timestamp"
FILMS_HEADER = "movieId,title,genres"
FILM_COLUMNS: Mapping[str, Kind] = {"id": "integer", "title": "text", "genres": "text"}


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


def release(
    *, title: str, page: str, layout: Layout, sha256: Mapping[str, str], counts: Mapping[str, int]
) -> Callable[[Path | None], Interactions]:
    """The `load` of a data set.

    Args:
        title, page: of the data set, for the messages.
        layout: with files that end in .csv or, with `::` between two fields, in .dat.
        sha256: of the archive, by its name; empty for one that changes in time.
        counts: users, items and interactions; empty for one that changes in time.
    """

    def load(data_dir: Path | None = None) -> Interactions:
        """All ratings in the publisher's order, with the publisher's ids in ascending order.

        The catalogue is the films that have a rating, as in movielens_1m, and for its reason. Item
        features: year (dense, NaN where unknown), 19 genres, titles without the year. A film
        without genres has none of the 19. Of the users nothing is known.

        Args:
            data_dir: the zip archive, the folder in it, or a folder that holds one of them. None:
                from the cache, or GroupLens.

        Raises:
            DataUnavailable: the files are not there, or damaged.
            BadData: a line of them cannot be used, or the publisher's own have other counts.
        """
        files = _files(data_dir, title, page, layout, sha256.get(layout.archive))
        return _read(files, sha256.get(layout.archive), counts)

    return load


def _files(
    data_dir: Path | None, title: str, page: str, layout: Layout, sha256: str | None
) -> Files:
    """Those that were given, or fetched ones."""
    if data_dir is not None:
        return given_files(data_dir, (layout,))
    source = Url(
        url=f"{BASE_URL}/{layout.archive}",
        file_name=layout.archive,
        max_bytes=MAX_ARCHIVE_BYTES,
        sha256=sha256,
    )
    _, path = fetch(title, [source], notice=notice(title, page))
    return Files(layout=layout, path=path, inside=layout.inside)


def _read(files: Files, sha256: str | None, counts: Mapping[str, int]) -> Interactions:
    """What `load` returns; sha256 and counts are those of the publisher's archive."""
    layout = files.layout
    is_csv = layout.ratings.endswith(".csv")
    separator = "," if is_csv else "::"
    ratings = read_columns(
        files.read(layout.ratings),
        name=layout.ratings,
        separator=separator,
        columns=RATING_COLUMNS,
        header=RATINGS_HEADER if is_csv else None,
    )
    # Each column is given up when it is replaced: there are up to 32 million rows.
    user_ids, users = numbered(ratings.pop("user"), "user", layout.ratings)
    item_ids, items = numbered(ratings.pop("item"), "item", layout.ratings)

    films = read_columns(
        files.read(layout.items),
        name=layout.items,
        separator=separator,
        columns=FILM_COLUMNS,
        header=FILMS_HEADER if is_csv else None,
        quotes=is_csv,  # a title with a comma stands in quotes
    )
    films = movielens.sorted_by_id(films, layout.items)
    rated = positions(item_ids, films["id"], "item", layout.ratings)
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
    matches = movielens.in_words(found, counts)
    if extracted and found == counts:
        return f"{layout.folder}/, extracted by hand: {matches}"
    fault = f"SHA-256 {digest}" if digest else f"expected {dict(counts)}, found {dict(found)}"
    warn(f"{files.path}: not the publisher's ({fault})")
    if extracted:
        return f"{layout.folder}/, not the publisher's ({fault})"
    return f"{layout.archive}, not the publisher's ({fault}): {matches}"
