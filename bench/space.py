"""Search spaces: what `bench tune` may choose for a hyper-parameter.

A model declares its own beside its fields, as plain data::

    search = space(factors=choice(16, 32, 64), l2=log(1e-4, 1e-1), epochs=whole(5, 100))
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from types import MappingProxyType
from typing import Any


@dataclass(frozen=True)
class Choice:
    """One of some values, of any type that the hyper-parameter takes."""

    values: tuple[Any, ...]

    def __post_init__(self) -> None:
        if not self.values:
            raise ValueError("a choice needs at least one value")

    def __contains__(self, value: Any) -> bool:
        return value in self.values

    def including(self, value: Any) -> "Choice":
        return self if value in self else Choice((*self.values, value))

    def __str__(self) -> str:
        return "|".join(map(str, self.values))


@dataclass(frozen=True)
class Whole:
    """A whole number from low to high, both included."""

    low: int
    high: int
    log: bool = False  #: evenly on a logarithmic scale

    def __post_init__(self) -> None:
        _check(self.low, self.high, self.log)

    def __contains__(self, value: Any) -> bool:
        return type(value) is int and self.low <= value <= self.high

    def including(self, value: int) -> "Whole":
        return Whole(min(self.low, value), max(self.high, value), self.log and value > 0)

    def __str__(self) -> str:
        return f"{self.low}-{self.high}"


@dataclass(frozen=True)
class Number:
    """A number from low to high, to three significant digits."""

    low: float
    high: float
    log: bool = False  #: evenly on a logarithmic scale

    def __post_init__(self) -> None:
        _check(self.low, self.high, self.log)

    def __contains__(self, value: Any) -> bool:
        return isinstance(value, int | float) and self.low <= value <= self.high

    def including(self, value: float) -> "Number":
        return Number(min(self.low, value), max(self.high, value), self.log and value > 0)

    def __str__(self) -> str:
        return f"{self.low:g}-{self.high:g}"


Range = Choice | Whole | Number  #: of one hyper-parameter
Space = Mapping[str, Range]  #: by hyper-parameter


def _check(low: float, high: float, log: bool) -> None:
    if not low < high or (log and low <= 0):
        positive = " above 0" if log else ""
        raise ValueError(f"a range goes from a lower{positive} to a higher number: {low}, {high}")


def choice(*values: Any) -> Choice:
    """One of these values; a tuple is one value."""
    return Choice(values)


def whole(low: int, high: int, *, log: bool = False) -> Whole:
    """A whole number from low to high, both included."""
    return Whole(low, high, log)


def number(low: float, high: float) -> Number:
    """A number from low to high."""
    return Number(low, high)


def log(low: float, high: float) -> Number:
    """A number from low to high, evenly on a logarithmic scale; low is above 0."""
    return Number(low, high, log=True)


def space(*shared: Space, **ranges: Range) -> Space:
    """The search space of a model: a range for each hyper-parameter that is worth searching.

    Args:
        shared: spaces of the classes that the model is built on. They come after the model's own
            ranges, which take the place of theirs where both name a hyper-parameter.
    """
    inherited = {name: each for one in shared for name, each in one.items()}
    own = {name: each for name, each in ranges.items() if name not in inherited}
    return MappingProxyType({**own, **inherited, **ranges})


def including(ranges: Space, values: Mapping[str, Any]) -> Space:
    """The space, widened where one of these values lies outside: what is tried first belongs.

    What is None there, and may not be None, is off, and stays so: it is not searched.
    """
    on = {name: each for name, each in ranges.items() if values[name] is not None or None in each}
    return space(**{name: each.including(values[name]) for name, each in on.items()})


def to_plain(ranges: Space) -> dict[str, Any]:
    """The space as JSON can hold it; a tuple among the values comes back as a list."""
    return {name: {"kind": type(each).__name__, **asdict(each)} for name, each in ranges.items()}


def from_plain(plain: Mapping[str, Mapping[str, Any]]) -> Space:
    """What `to_plain` gave."""
    kinds = {"Choice": Choice, "Whole": Whole, "Number": Number}
    found: dict[str, Range] = {}
    for name, each in plain.items():
        given = {key: value for key, value in each.items() if key != "kind"}
        if "values" in given:
            given["values"] = tuple(given["values"])
        found[name] = kinds[each["kind"]](**given)
    return space(**found)


def words(ranges: Space) -> str:
    """A space in one line."""
    return ", ".join(f"{name} {each}" for name, each in ranges.items()) or "none"
