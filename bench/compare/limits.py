"""Limits on what a model may cost: "10m" of training, "5ms" at p99, "500MB" of memory."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from bench.errors import BadParameter, unknown
from bench.leaderboard.rows import BoardRow

TIMES = {"us": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0}  # in seconds
SIZES = {"KB": 1 / 1024, "MB": 1.0, "GB": 1024.0}  # in the board's MB


@dataclass(frozen=True)
class Cost:
    """What a model costs, as its row on the board has it."""

    name: str  # the option's
    figure: str  # of a row
    said: str  # as "training"
    units: Mapping[str, float]  # in that of `scale`
    scale: float  # how much of the figure one of the units' base is
    example: str

    def of(self, row: BoardRow) -> float | None:
        """The figure of a row, if it was measured."""
        return row.figures.get(self.figure)

    def text(self, value: float) -> str:
        """A value of the figure with three digits and the unit that suits it, as "1.62 ms"."""
        base = value / self.scale
        unit, size = next(iter(self.units.items()))
        for larger, its_size in self.units.items():
            if size < its_size <= base:
                unit, size = larger, its_size
        return f"{base / size:.3g} {unit}"


COSTS = {
    "train": Cost("train", "train_seconds", "training", TIMES, 1.0, "10m"),
    "p99": Cost("p99", "latency_p99_ms", "p99 latency", TIMES, 1e3, "5ms"),
    "memory": Cost("memory", "peak_memory_mb", "memory", SIZES, 1.0, "500MB"),
}


@dataclass(frozen=True)
class Limit:
    """The most that a model may cost of one kind."""

    cost: Cost
    given: str  # as it was typed
    most: float  # in the unit of the figure

    def refusal(self, row: BoardRow) -> str:
        """Why the limit throws a row out, as "training 16.1 s > 10 s"; "" where it stays."""
        value = self.cost.of(row)
        if value is None:
            return f"{self.cost.said} was not measured"
        if value <= self.most:
            return ""
        return f"{self.cost.said} {self.cost.text(value)} > {self.given}"


def parse_limit(name: str, text: str) -> Limit:
    """A limit as it is typed: a number and its unit, as "10m" or "1.5 GB".

    A size is as the board has it: 1 GB is 1,024 MB. The case of letters of sizes does not matter.

    Raises:
        BadParameter: it is no number over 0 with a unit.
        UnknownName: the unit is not one of time, or of size.
    """
    cost = COSTS[name]
    words = re.fullmatch(r"\s*(\d[\d_]*\.?\d*|\.\d+)\s*([^\W\d_]*)\s*", text)
    units = ", ".join(cost.units)
    if words is None or not 0 < float(words[1]) < float("inf"):
        raise BadParameter(
            f"--{name} takes a number over 0 with a unit ({units}), as {cost.example}, not {text!r}"
        )
    number, given = words.groups()
    if not given:
        raise BadParameter(
            f"--{name} {text.strip()} lacks a unit ({units}); an example: {cost.example}"
        )
    unit = given.replace("µ", "u").replace("μ", "u")
    unit = unit.upper() if cost.units is SIZES else unit
    if unit not in cost.units:
        raise unknown(f"unit of --{name}", given, cost.units)
    return Limit(cost, f"{number} {unit}", float(number) * cost.units[unit] * cost.scale)
