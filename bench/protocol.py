"""From a data set to what models learn from and what they are tested on: one way for all models."""

from collections.abc import Callable
from dataclasses import dataclass, fields, is_dataclass
from hashlib import sha256
from typing import Any, NamedTuple

import numpy as np

from bench.audit import audit
from bench.interactions import Ids, Interactions
from bench.negatives import Negatives, sample
from bench.registry import unknown
from bench.split import Split, as_published, hold_out_last, in_order, leave_one_out, leave_two_out

SEED = 0  # of the negatives; a constant of the protocol, not of a run


class BadProtocol(ValueError):
    """The protocol does not fit the data."""


class Cases(NamedTuple):
    """What is held out: a model never sees it before it is fitted."""

    users: Ids  # [m], ascending
    held_out: Ids  # [m]
    negatives: Negatives


@dataclass(frozen=True, kw_only=True)
class Task:
    """One data set under one protocol."""

    train: Interactions  # ordered by user, then time
    cases: Cases
    tuning: bool  # the held-out items are for choosing parameters: models may look while they fit
    audit: dict[str, Any]
    data_sha256: str
    split_sha256: str


def _draw(split: Split, stream: str) -> Negatives:
    return sample(split, stream=f"{SEED}/{stream}")


def _loo(data: Interactions) -> tuple[Split, Negatives]:
    split = leave_one_out(data)
    return split, _draw(split, "test")


def _loo_validation(data: Interactions) -> tuple[Split, Negatives]:
    split = leave_two_out(data)
    return split, _draw(split, "validation")


def _ncf_files(data: Interactions) -> tuple[Split, Negatives]:
    split = as_published(data)
    assert data.published is not None  # as_published has checked
    items = data.published.negatives
    return split, Negatives(items=items, drawn=np.full(len(items), items.shape[1]))


def _ncf_files_validation(data: Interactions) -> tuple[Split, Negatives]:
    measured = as_published(data)
    tested = np.isin(np.arange(data.n_users), measured.users)
    split = hold_out_last(measured.train, tested)
    return split, _draw(split, "validation")


# Each takes interactions in order. Those for tuning cannot see a test item, so that it may be among
# their negatives, as any item that the user has not chosen yet.
PROTOCOLS: dict[str, Callable[[Interactions], tuple[Split, Negatives]]] = {
    "loo-99": _loo,
    "loo-99-validation": _loo_validation,
    "ncf-files": _ncf_files,
    "ncf-files-validation": _ncf_files_validation,
}


def prepare(data: Interactions, protocol: str, min_rating: float | None = None) -> Task:
    """Split a data set, draw the negatives and audit both.

    Args:
        data: as its `load` returned it.
        protocol: a name in PROTOCOLS.
        min_rating: only interactions rated at least this high count. The others are as if they
            were not there: their items may be among the candidates.

    Raises:
        UnknownName: there is no such protocol.
        BadProtocol: the protocol does not fit the data, or nobody is left to test.
    """
    if protocol not in PROTOCOLS:
        raise unknown("protocol", protocol, PROTOCOLS)
    try:
        ordered = in_order(data, min_rating)
        split, negatives = PROTOCOLS[protocol](ordered)
    except ValueError as error:
        raise BadProtocol(f"protocol {protocol}: {error}") from error
    if not len(split.users):
        raise BadProtocol(
            f"nobody can be tested: of {data.n_users} users none has 3 distinct items among"
            f" {len(ordered)} interactions"
        )
    cases = Cases(split.users, split.held_out, negatives)
    return Task(
        train=split.train,
        cases=cases,
        tuning=protocol.endswith("-validation"),
        audit=audit(data, ordered, split, negatives, min_rating),
        data_sha256=fingerprint(ordered),
        split_sha256=fingerprint([split.train.users, split.train.items, split.train.times, *cases]),
    )


def fingerprint(value: Any) -> str:
    """SHA-256 of arrays, numbers, text, and dataclasses or sequences of them."""
    digest = sha256()
    _feed(digest.update, value)
    return digest.hexdigest()


def _feed(update: Callable[[bytes], None], value: Any) -> None:
    if is_dataclass(value):
        for field in fields(value):
            if field.name != "source":  # the same data by another way is the same data
                update(field.name.encode())
                _feed(update, getattr(value, field.name))
    elif isinstance(value, np.ndarray) and value.dtype.kind in "biuf":
        little_endian = np.ascontiguousarray(value, dtype=value.dtype.newbyteorder("<"))
        update(f"{little_endian.dtype.str}{value.shape}".encode())
        update(little_endian.tobytes())
    elif isinstance(value, np.ndarray | list | tuple):
        update(f"{len(value)} of".encode())
        for entry in value:
            _feed(update, entry)
    else:
        update(f"{type(value).__name__} {value};".encode())
