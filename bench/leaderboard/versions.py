"""Versions of the data that stand in one folder: each has a name, and a section, of its own."""

from collections import defaultdict
from collections.abc import Iterable, Mapping

from bench.records.record import Record

DIGITS = 8  # of a hash, in a name
Place = tuple[str, str, str, str]


def place_of(record: Record) -> Place:
    """What records share that may be compared: data set, protocol, and the hashes of both."""
    return record.cell.dataset, record.cell.protocol, record.data_sha256, record.split_sha256


def names_of_data(records: Iterable[Record]) -> Mapping[Place, str]:
    """The name of the data set in each place, as "ml-100k".

    Where a folder has several versions of it under one protocol, the name has the beginning of the
    hash of the data: "ml-100k@dbbb8f47"; where it has several splits of one, also of the split's.
    """
    places = {place_of(record) for record in records}
    data: dict[tuple[str, str], set[str]] = defaultdict(set)
    splits: dict[tuple[str, str, str], set[str]] = defaultdict(set)
    for dataset, protocol, its_data, its_split in places:
        data[dataset, protocol].add(its_data)
        splits[dataset, protocol, its_data].add(its_split)
    found = {}
    for place in places:
        dataset, protocol, its_data, its_split = place
        hashes = [its_data] if len(data[dataset, protocol]) > 1 else []
        if len(splits[dataset, protocol, its_data]) > 1:
            hashes = [its_data, its_split]
        digits = ".".join(each[:DIGITS] or "unknown" for each in hashes)
        found[place] = f"{dataset}@{digits}" if digits else dataset
    return found
