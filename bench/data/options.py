"""Options of reading a table: from flags, a suite's [data] table, or keywords."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import date
from pathlib import Path
from typing import Any, Self, get_args

from bench.errors import BadParameter, unknown
from bench.interactions import Order
from bench.text import compact, one_line, shown

ROLES = ("user", "item", "time", "rating", "event")
FILTERS = ("events", "where", "since", "until", "min_user", "min_item")


@dataclass(frozen=True, kw_only=True)
class ReadOptions:
    """What is said of a table beside where it is. The defaults leave everything to the reader."""

    columns: Mapping[str, str] = field(default_factory=dict)
    """Role -> name of its column, or its number from 1.
    An empty name: the data has no such column, whatever its columns are called."""
    separator: str | None = None  #: between two fields of a line; None: found by looking
    encoding: str = "utf-8"  #: of text files
    events: Mapping[str, float] | None = None
    """Kind of event -> its weight, which becomes the rating; 0 leaves such rows out."""
    where: str | None = None  #: an expression over columns; rows where it is true are kept
    min_rating: float | None = None  #: applied by the protocol; the N-core counts by it too
    since: str | None = None  #: rows from this moment on: "2020-01-31", "2020-01-31T12:00", "15e8"
    until: str | None = None  #: rows before this moment
    min_user: int = 0  #: distinct items that a user must have; with min_item iterated to the core
    min_item: int = 0  #: distinct users that an item must have
    order: Order | None = None  #: what tells the last item; None: time, and an error without one
    items: Path | None = None  #: a table of what is known of the items
    users: Path | None = None  #: a table of what is known of the users
    item_id: str | None = None  #: the column of `items` that names the item; None: found by name
    user_id: str | None = None  #: the column of `users` that names the user
    features: Mapping[str, str] = field(default_factory=dict)  #: "item.genres" -> "tags"

    @classmethod
    def of(cls, given: Mapping[str, Any], *, folder: Path | None = None) -> Self:
        """Options from text, as flags have it, or from values, as TOML and Python have them.

        Args:
            given: option -> value. What maps may be text too: "user=uid,item=sku". None is as if
                the option were not given.
            folder: that relative paths start from. None: the working directory.

        Raises:
            UnknownName: there is no such option, or no such role.
            BadParameter: a value of another kind.
        """
        known = {option.name for option in fields(cls)}
        values: dict[str, Any] = {}
        for name, value in given.items():
            if name not in known:
                raise unknown("option of the data", name, known)
            if value is not None:
                values[name] = _PARSERS.get(name, _text)(name, value)
        for name in ("items", "users"):
            if folder is not None and name in values:
                values[name] = folder / values[name]
        return cls(**values)

    def __post_init__(self) -> None:
        for role in self.columns:
            if role not in ROLES:
                raise unknown("role of a column", role, ROLES)
        if self.separator is not None and (not self.separator or "\n" in self.separator):
            raise BadParameter(f"separator cannot be {shown(self.separator)}")
        try:
            "".encode(self.encoding)
        except (LookupError, ValueError):
            raise BadParameter(f"there is no encoding {shown(self.encoding)}") from None

    def given(self) -> dict[str, Any]:
        """What differs from the defaults, fit for JSON and for `of`."""
        default = ReadOptions()
        found: dict[str, Any] = {}
        for option in fields(self):
            value = getattr(self, option.name)
            if value != getattr(default, option.name):
                plain = dict(value) if isinstance(value, Mapping) else value
                found[option.name] = str(plain) if isinstance(plain, Path) else plain
        return found

    def title(self, source: str) -> str:
        """The name of the data on a board: that of the file, and what leaves rows out."""
        given = {name: value for name, value in self.given().items() if name in FILTERS}
        said = ",".join(f"{name}={_plain(value)}" for name, value in given.items())
        return one_line(f"{source}:{said}" if said else source)

    def words(self) -> str:
        """What differs from the defaults, for the source of the data: "min_user=5, where=...".

        A file is said by its name: where it lies is nothing for a record that others read.
        """
        given = self.given() | {
            name: path.name for name in ("items", "users") if (path := getattr(self, name))
        }
        return ", ".join(
            f"{name}={value if isinstance(value, str) else compact(value)}"
            for name, value in given.items()
        )


def _plain(value: object) -> str:
    """A value of an option as it is typed."""
    if isinstance(value, Mapping):
        return "+".join(f"{key}={entry:g}" for key, entry in value.items())
    return str(value)


def mapping(name: str, value: object) -> dict[str, Any]:
    """A mapping, or one as text: "user=uid,item=sku". Raises BadParameter."""
    if isinstance(value, Mapping):
        return {str(key): entry for key, entry in value.items()}
    if not isinstance(value, str):
        raise BadParameter(f"{name} takes name=value,name=value, not {shown(value)}")
    found: dict[str, Any] = {}
    for part in value.split(",") if value.strip() else []:
        key, equals, entry = (text.strip() for text in part.partition("="))
        if not equals or not key or key in found:
            why = "names one twice" if key in found else "takes name=value,name=value"
            raise BadParameter(f"{name} {why}: {shown(value)}")
        found[key] = entry
    return found


def _text(name: str, value: object) -> str:
    if isinstance(value, date):  # a datetime is one too
        return value.isoformat()
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise BadParameter(f"{name} takes text, not {shown(value)}")
    return str(value)


def _names(name: str, value: object) -> dict[str, str]:
    return {
        key: "" if entry is None else _text(f"{name}.{key}", entry)
        for key, entry in mapping(name, value).items()
    }


def _number(name: str, value: object) -> float:
    try:
        number = math.nan if isinstance(value, bool) else float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):
        number = math.nan
    if not math.isfinite(number):
        raise BadParameter(f"{name} takes a number, not {shown(value)}")
    return number


def _weights(name: str, value: object) -> dict[str, float]:
    weights = {key: _number(f"{name}.{key}", entry) for key, entry in mapping(name, value).items()}
    if any(weight < 0 for weight in weights.values()) or not any(weights.values()):
        raise BadParameter(f"{name} takes weights of 0 or more, not all of them 0")
    return weights


def _count(name: str, value: object) -> int:
    number = _number(name, value)
    if number != int(number) or number < 0:
        raise BadParameter(f"{name} takes a whole number of 0 or more, not {shown(value)}")
    return int(number)


def _order(name: str, value: object) -> str:
    if value not in get_args(Order):
        raise unknown(name, str(value), get_args(Order))
    return str(value)


def _path(name: str, value: object) -> Path:
    if not isinstance(value, str | Path) or not str(value):
        raise BadParameter(f"{name} takes a path, not {shown(value)}")
    return Path(value)


_PARSERS: dict[str, Any] = {
    "columns": _names,
    "features": _names,
    "events": _weights,
    "min_rating": _number,
    "min_user": _count,
    "min_item": _count,
    "order": _order,
    "items": _path,
    "users": _path,
}
