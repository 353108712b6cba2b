"""Interactions in a file of one's own: file:path=ratings.csv, or --data ratings.csv."""

from pathlib import Path
from typing import Any

from bench.data.options import ReadOptions
from bench.data.read import read_data
from bench.interactions import DataSet

TITLE = "A file of your own"
DESCRIPTION = "any table of interactions, as CSV or parquet; see the page on your own data"
SOURCE = "wherever you have it"
LICENCE = "yours"
CITATION = "none"
SHA256: dict[str, str] = {}
COUNTS: dict[str, int] = {}


def load(
    data_dir: Path | None = None,
    *,
    path: str,
    columns: Any = None,
    separator: Any = None,
    encoding: Any = None,
    events: Any = None,
    where: Any = None,
    min_rating: Any = None,
    since: Any = None,
    until: Any = None,
    min_user: Any = None,
    min_item: Any = None,
    order: Any = None,
    items: Any = None,
    users: Any = None,
    item_id: Any = None,
    user_id: Any = None,
    features: Any = None,
) -> DataSet:
    """Read the interactions.

    Args:
        data_dir: that a relative path starts from, instead of the working directory.
        path: of a file or a folder.
        columns: and all others: see `bench.data.options`.

    Raises:
        BadParameter, UnknownName: an option with a value that it does not take.
        BadData, DataUnavailable, UnclearColumns, NoTimes: see `bench.data.read`.
    """
    given = {
        "columns": columns,
        "separator": separator,
        "encoding": encoding,
        "events": events,
        "where": where,
        "min_rating": min_rating,
        "since": since,
        "until": until,
        "min_user": min_user,
        "min_item": min_item,
        "order": order,
        "items": items,
        "users": users,
        "item_id": item_id,
        "user_id": user_id,
        "features": features,
    }
    found = Path(path)
    return read_data(found if data_dir is None else data_dir / found, ReadOptions.of(given)).data
