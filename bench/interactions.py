"""The data that every part of the benchmark passes around."""

from copy import copy
from dataclasses import dataclass, field, replace
from typing import Any, Literal, NamedTuple, Self

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

Ids = NDArray[np.int32]  #: numbers of users or items, from 0
Floats = NDArray[np.float32]  #: scores, ratings, features
Times = NDArray[np.int64]  #: seconds, or a finer unit where the source has one
Rows = NDArray[np.int64]  #: numbers of interactions, from 0
OriginalIds = NDArray[Any]  #: int64, or text
Order = Literal["time", "file", "random"]  #: of a user's items; by rows of a file, or none

# Of a field that came later: where it is empty, the hash of the data is as it was before.
_IF_ANY = {"hashed": "unless empty"}
PART = 1 << 22  #: interactions that are worked on at a time, 32 MB as 64-bit numbers


class ReadOnlyArrays:
    """Keeps arrays read-only on the way into another process, where numpy would forget it.

    A copy shares the arrays, and nothing else.
    """

    def __setstate__(self, state: dict[str, Any]) -> None:
        for name, value in state.items():
            kept = read_only(value) if isinstance(value, np.ndarray) else value
            if isinstance(value, ReadOnlyArrays):
                kept = copy(value)
            object.__setattr__(self, name, kept)


@dataclass(frozen=True, kw_only=True)
class Features(ReadOnlyArrays):
    """What is known of each user, or of each item, beside the interactions.

    E entities with C categorical, M yes-or-no and D dense columns. An absent kind has no columns.
    A missing dense value is NaN; a missing category is a category of its own.
    """

    categorical: Ids  #: [E, C], column c in 0..categorical_sizes[c]-1
    categorical_names: tuple[str, ...]  #: C of them
    categorical_sizes: tuple[int, ...]  #: C of them
    multi_hot: NDArray[np.bool_]  #: [E, M], one group of tags, as the genres of a film
    multi_hot_names: tuple[str, ...]  #: M of them
    dense: Floats  #: [E, D], in the publisher's units
    dense_names: tuple[str, ...]  #: D of them
    labels: tuple[str, ...] | None = None  #: E names for people to read, as film titles
    text: tuple[tuple[str, ...], ...] = field(default=(), metadata=_IF_ANY)  #: T columns of E texts
    text_names: tuple[str, ...] = field(default=(), metadata=_IF_ANY)  #: T of them
    #: [E, V], what the texts are like by a language model, where a model needs it
    text_vectors: Floats | None = field(default=None, metadata=_IF_ANY)

    def __post_init__(self) -> None:
        for kind in ("categorical", "multi_hot", "dense"):
            array, names = getattr(self, kind), getattr(self, f"{kind}_names")
            if array.ndim != 2 or array.shape[1] != len(names):
                raise ValueError(f"{kind} must be [entities, {len(names)}], not {array.shape}")
            object.__setattr__(self, kind, read_only(array))
        if not len(self.categorical) == len(self.multi_hot) == len(self.dense):
            raise ValueError("categorical, multi_hot and dense must have one row per entity")
        if np.isinf(self.dense).any():
            raise ValueError("dense features must be finite, or NaN where they are missing")
        if self.labels is not None and len(self.labels) != len(self):
            raise ValueError(f"labels must name {len(self)} entities, not {len(self.labels)}")
        if len(self.text) != len(self.text_names) or {len(c) for c in self.text} - {len(self)}:
            raise ValueError(f"text must be {len(self.text_names)} columns of {len(self)} texts")
        if self.text_vectors is not None:
            if self.text_vectors.ndim != 2 or len(self.text_vectors) != len(self):
                raise ValueError(f"text_vectors must be {len(self)} rows of numbers")
            object.__setattr__(self, "text_vectors", read_only(self.text_vectors))
        for name, size, column in zip(
            self.categorical_names, self.categorical_sizes, self.categorical.T, strict=True
        ):
            if len(column) and not 0 <= column.min() <= column.max() < size:
                raise ValueError(f"categorical feature {name!r} must lie in 0..{size - 1}")

    def __len__(self) -> int:
        return len(self.categorical)


@dataclass(frozen=True, kw_only=True)
class Interactions(ReadOnlyArrays):
    """Implicit feedback: row j says that users[j] chose items[j] at times[j].

    The arrays are made read-only: a model cannot change what the next one sees.

    Numbers may be given in any type, as a list or a column of a table, and become those said below.

    Raises:
        ValueError: lengths differ, an id lies outside 0..n_users-1 or 0..n_items-1, or a column
            has another kind of value, which would lose its order; the message names the column.
    """

    users: Ids  #: [n], 0 <= user < n_users
    items: Ids  #: [n], 0 <= item < n_items
    times: Times  #: [n], of one unit, which only the order counts of; ties keep the source's order.
    #: Dates and times (datetime64) become seconds, or the coarsest finer unit that tells them all.
    n_users: int  #: of the data set, also users without a row here
    n_items: int  #: the whole catalogue, also items without a row here
    ratings: Floats | None = None  #: [n]
    user_ids: OriginalIds = field(default_factory=lambda: np.empty(0, dtype=np.int64))  #: [n_users]
    item_ids: OriginalIds = field(default_factory=lambda: np.empty(0, dtype=np.int64))  #: [n_items]
    user_features: Features | None = None  #: n_users entities
    item_features: Features | None = None  #: n_items entities
    source: str = ""  #: where the data came from, for the record

    def __post_init__(self) -> None:
        for name in ("users", "items", "times"):
            object.__setattr__(self, name, _whole_numbers(name, getattr(self, name)))
        if self.ratings is not None:
            object.__setattr__(self, "ratings", _numbers("ratings", self.ratings))
        self._check_lengths()
        for name, count in (("users", self.n_users), ("items", self.n_items)):
            if not (isinstance(count, int | np.integer) and 0 <= count < 2**31):
                raise ValueError(f"n_{name} must be a whole number below 2^31, not {count!r}")
            ids = getattr(self, name)
            if len(ids) and not 0 <= ids.min() <= ids.max() < count:
                raise ValueError(f"{name} must lie in 0..{count - 1}, not {ids.min()}..{ids.max()}")
            object.__setattr__(self, name, np.asarray(ids, dtype=np.int32))
        # Without ids of their own, entities are named by their position.
        for name, count in (("user_ids", self.n_users), ("item_ids", self.n_items)):
            object.__setattr__(self, name, np.asarray(getattr(self, name)))
            if len(getattr(self, name)) == 0:
                object.__setattr__(self, name, np.arange(count, dtype=np.int64))
            if len(getattr(self, name)) != count:
                raise ValueError(f"{name} must name {count}, not {len(getattr(self, name))}")
        for name in ("users", "items", "times", "ratings", "user_ids", "item_ids"):
            if getattr(self, name) is not None:
                object.__setattr__(self, name, read_only(getattr(self, name)))

    def _check_lengths(self) -> None:
        lengths = {len(self.users), len(self.items), len(self.times)}
        if self.ratings is not None:
            lengths.add(len(self.ratings))
        if len(lengths) > 1:
            raise ValueError(f"users, items, times and ratings differ in length: {sorted(lengths)}")

    def __len__(self) -> int:
        return len(self.users)

    def take(self, rows: NDArray[Any]) -> Self:
        """The same users, items and features with only these interactions (indices or a mask)."""
        return replace(
            self,
            users=self.users[rows],
            items=self.items[rows],
            times=self.times[rows],
            ratings=None if self.ratings is None else self.ratings[rows],
        )

    @classmethod
    def from_frame(
        cls,
        frame: Any,
        *,
        user: str = "user",
        item: str = "item",
        time: str | None = "time",
        rating: str | None = None,
    ) -> Self:
        """Interactions from a pandas DataFrame, whose order is kept.

        For what is as it should be: `bench.read` recognises columns, checks and filters them.

        Args:
            frame: a row for each interaction.
            user, item: its columns of ids, whole numbers or text.
            time: its column of times: whole numbers, or timestamps, which become seconds, or the
                coarsest finer unit that tells them all. None: the order of the rows.
            rating: its column of ratings, if any.

        Raises:
            KeyError: there is no such column.
            ValueError: a value is missing, a time is no whole number, or an id or a time does not
                fit into 64 bits.
        """
        wanted = [name for name in (user, item, time, rating) if name is not None]
        if frame[wanted].isna().to_numpy().any():
            raise ValueError(f"a value is missing in {', '.join(wanted)}")
        users, user_ids = _numbered(frame[user])
        items, item_ids = _numbered(frame[item])
        return cls(
            users=users,
            items=items,
            times=np.arange(len(frame)) if time is None else _times(frame[time]),
            n_users=len(user_ids),
            n_items=len(item_ids),
            ratings=None if rating is None else frame[rating].to_numpy(np.float32),
            user_ids=user_ids,
            item_ids=item_ids,
            source="a pandas DataFrame",
        )

    def to_frame(self) -> Any:
        """A pandas DataFrame: user and item by their original ids, time in seconds, rating if any.

        Its rows are the interactions, in their order.
        """
        import pandas as pd

        columns = {
            "user": self.user_ids[self.users],
            "item": self.item_ids[self.items],
            "time": self.times,
        }
        if self.ratings is not None:
            columns["rating"] = self.ratings
        return pd.DataFrame(columns)

    def rows_of(self, users: Ids) -> tuple[Rows, Rows]:
        """Where the rows of these users begin, and end before, where they are ordered by user.

        [b] -> [b], [b]: user `users[j]` has `items[first[j] : beyond[j]]`.
        """
        first = np.searchsorted(self.users, users, side="left")
        return first, np.searchsorted(self.users, users, side="right")

    def matrix(self) -> Any:
        """A [n_users, n_items] float32 CSR matrix with a one for each (user, item) that occurs."""
        ones = np.ones(len(self), dtype=np.float32)
        matrix = sp.csr_matrix((ones, (self.users, self.items)), shape=(self.n_users, self.n_items))
        matrix.data[:] = 1  # a repeated pair was summed
        return matrix


@dataclass(frozen=True, kw_only=True)
class PublishedSplit:
    """Held-out items and negatives that the publisher of a data set fixed, one row per user.

    Numbers may be given in any type, or as lists; what does not fit is refused with the data set.
    """

    users: Ids  #: [m]
    held_out: Ids  #: [m]
    negatives: Ids  #: [m, n], as published, also where they repeat the held-out item

    def __post_init__(self) -> None:
        for name in ("users", "held_out", "negatives"):
            values = np.asarray(getattr(self, name))
            if values.dtype.kind in "iu":
                narrow = values.astype(np.int32, copy=False)
                values = narrow if (narrow == values).all() else values
            object.__setattr__(self, name, values)


class Step(NamedTuple):
    """What a filter left of a data set while it was read."""

    name: str  #: of the filter, as "min_user=5"
    rows: int
    users: int | None  #: None where they were not counted yet
    items: int | None


@dataclass(frozen=True)
class DataSet:
    """What `load` of a data set returns: interactions, and the split that its publisher fixed.

    Only the protocol gets the split. A model gets interactions, which hold nothing of it.
    """

    interactions: Interactions  #: all of them, also what is held out later
    published: PublishedSplit | None = None  #: what the publisher holds out, if anything
    has_times: bool = True  #: False where the source has none, and the times say nothing
    ticks: int | None = 1  #: of times, in a second; None where times are no moments
    name: str = ""  #: on the board, where it is not the one by which it was asked for
    steps: tuple[Step, ...] = ()  #: of reading, all rows first, then what each filter left
    notes: tuple[str, ...] = ()  #: how it was read, a line each, for people

    @classmethod
    def of(cls, data: "Interactions | DataSet") -> "DataSet":
        """A data set without a published split may be given as its interactions alone."""
        return data if isinstance(data, DataSet) else cls(data)


def _whole_numbers(name: str, given: Any) -> NDArray[np.integer]:
    """A column as whole numbers, in the order of its values; times as 64-bit ones.

    Raises:
        ValueError: a value is none, or is missing.
    """
    values = _column(name, given)
    if np.ma.is_masked(given):
        raise ValueError(f"a value is missing in {name} (masked)")
    if not len(values):
        values = values.astype(np.int64)
    if values.dtype.kind == "M" and name == "times":
        if np.isnat(values).any():
            raise ValueError("a time is missing in times (NaT)")
        return _in_coarsest_unit(values)
    if values.dtype.kind == "f" and _are_whole(values).all():
        values = values.astype(np.int64)
    if values.dtype.kind not in "iu":
        finer = ", or datetimes; in a finer unit fractions are whole" if name == "times" else ""
        raise ValueError(f"{name} must be whole numbers{finer}, not {_not_whole(values)}")
    if values.dtype == np.uint64 and values.max(initial=0) > np.iinfo(np.int64).max:
        raise ValueError(f"{name} must be below 2^63, not {values.max()}")
    return values.astype(np.int64, copy=False) if name == "times" else values


def _numbers(name: str, given: Any) -> Floats:
    """A column as numbers; NaN where one is missing, or masked."""
    values = _column(name, given)
    try:
        found = values.astype(np.float32, copy=False)
    except (TypeError, ValueError):
        raise ValueError(f"{name} must be numbers, not {_not_whole(values)}") from None
    if np.ma.is_masked(given):
        found = np.where(np.ma.getmaskarray(given), np.float32(np.nan), found)
    return found


def _column(name: str, given: Any) -> NDArray[Any]:
    values: NDArray[Any] = np.asarray(given)
    if values.ndim != 1:
        raise ValueError(f"{name} must be one column, not an array of shape {values.shape}")
    return values


def _not_whole(values: NDArray[Any]) -> str:
    """The first value of a column that is no whole number, or its type, for a message."""
    if values.dtype.kind != "f":
        return f"{values.dtype}, as {values.flat[0]!r}"
    return f"{values[~_are_whole(values)][0]:g}"


def _are_whole(values: NDArray[np.floating]) -> NDArray[np.bool_]:
    values = values.astype(np.float64)  # 2^63 is beyond those of 16 bits
    return np.asarray((np.abs(values) < 2.0**63) & (np.floor(values) == values))


def _numbered(column: Any) -> tuple[Ids, OriginalIds]:
    """The numbers of a column's ids, and the distinct ids, ascending. Floats are none."""
    import pandas as pd

    values: NDArray[Any] = column.to_numpy()
    if np.issubdtype(values.dtype, np.integer):
        values = _whole_numbers(str(column.name), values).astype(np.int64)
    elif np.issubdtype(values.dtype, np.floating):
        raise ValueError(f"ids must be whole numbers or text, not {values.dtype}: {column.name}")
    else:
        values = np.array([str(value) for value in values], dtype=object)
    numbers, ids = pd.factorize(values, sort=True)
    return numbers.astype(np.int32), ids


def _in_coarsest_unit(moments: NDArray[np.datetime64]) -> Times:
    """Seconds since 1970, or the coarsest finer unit in which none of their order is lost."""
    for unit in ("s", "ms", "us", "ns"):
        found = moments.astype(f"datetime64[{unit}]")
        if (found == moments).all():
            return found.view(np.int64)
    return moments.view(np.int64)


def _times(column: Any) -> NDArray[Any]:
    """A column of timestamps without their zone, as UTC; any other as it is."""
    zoned = column.dtype.kind == "M" and column.dt.tz is not None
    values: NDArray[Any] = (column.dt.tz_convert(None) if zoned else column).to_numpy()
    return values


def occurrences(ids: Ids, size: int) -> NDArray[np.int64]:
    """How often each of 0..size-1 occurs. [n] -> [size]

    In parts, because numpy first copies what it counts as 64-bit numbers.
    """
    counts = np.zeros(size, dtype=np.int64)
    for start in range(0, len(ids), PART):
        counts += np.bincount(ids[start : start + PART], minlength=size)
    return counts


def read_only(array: NDArray[Any]) -> NDArray[Any]:
    """A view of the array that refuses writing."""
    view = array.view()
    view.flags.writeable = False
    return view
