"""A person's own file as the data of a run: by `--data` and its flags, or a suite's [data]."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bench.data.options import ReadOptions
from bench.errors import BadParameter
from bench.protocol.protocols import PROTOCOLS, by_order
from bench.registry.datasets import dataset_text, parse_dataset

DATASET = "file"  # which reads it; its parameters are the path and the options


def own_dataset(path: Path, given: Mapping[str, Any], *, folder: Path | None = None) -> str:
    """The data set in a file, as it is asked for: `file:path="ratings.csv",min_user=5`.

    Args:
        path: of the file or folder.
        given: options of `bench.data.options`, as text or as TOML has them.
        folder: that relative paths start from, instead of the working directory.

    Raises:
        UnknownName, BadParameter: there is no such option, or not with such a value.
    """
    options = ReadOptions.of(given, folder=folder).given()
    whole = path if folder is None else folder / path
    return dataset_text(DATASET, {"path": str(whole), **options})


def agreed(dataset: str, protocol: str, min_rating: float | None) -> tuple[str, str, float | None]:
    """Data set, protocol and minimum rating as they fit each other.

    What a file is to be read by says which protocol of its kind is meant, and the other way round.
    Other data sets have nothing of this.

    Raises:
        BadParameter: the file is to be read in another order than the protocol's.
    """
    name, given = parse_dataset(dataset)
    if name != DATASET:
        return dataset, protocol, min_rating
    if given.get("order"):
        protocol = by_order(protocol, given["order"])
    elif protocol in PROTOCOLS and PROTOCOLS[protocol].order != "time":
        given["order"] = PROTOCOLS[protocol].order
    if min_rating is not None:
        given["min_rating"] = min_rating
    lowest = given.get("min_rating")
    if lowest is not None and not isinstance(lowest, int | float):
        raise BadParameter(f"min_rating takes a number, not {lowest!r}")
    return dataset_text(name, given), protocol, None if lowest is None else float(lowest)


def path_of(dataset: str) -> str | None:
    """The path of the file that a data set is in; None where it is not one's own."""
    name, given = parse_dataset(dataset)
    return str(given.get("path")) if name == DATASET else None
