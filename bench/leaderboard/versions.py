"""Versions of the data that stand in one folder: each has a name, and a section, of its own."""

from collections import defaultdict
from collections.abc import Iterable, Mapping

from bench.records.record import Record

DIGITS = 8  # of a hash, in a name
Place = tuple[str, str, str]


def place_of(record: Record) -> Place:
    """What records share that may be compared: data set, protocol, and the hash of the data."""
    return record.cell.dataset, record.cell.protocol, record.data_sha256


def names_of_data(records: Iterable[Record]) -> Mapping[Place, str]:
    """The name of the data set in each place, as "ml-100k".

    Where a folder has several versions of it under one protocol, the name has the beginning of the
    hash of the data: "ml-100k@dbbb8f47".
    """
    places = {place_of(record) for record in records}
    versions: dict[tuple[str, str], set[str]] = defaultdict(set)
    for dataset, protocol, data in places:
        versions[dataset, protocol].add(data)
    return {
        (dataset, protocol, data): f"{dataset}@{data[:DIGITS] or 'unknown'}"
        if len(versions[dataset, protocol]) > 1
        else dataset
        for dataset, protocol, data in places
    }
