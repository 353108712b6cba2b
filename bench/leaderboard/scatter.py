"""Accuracy against training time, as places in a picture that a template draws as SVG.

No plotting library: the page must stand alone, and a run must not wait for its import.
"""

import math
from dataclasses import dataclass
from itertools import pairwise

from bench.leaderboard.rows import BoardRow
from bench.leaderboard.sections import Section

LINE = 15  # height of a name
SHORTEST = 0.001  # seconds: what is faster stands there too, the axis being logarithmic


@dataclass(frozen=True)
class Frame:
    """A picture and where its axes stand in it, in pixels from its upper left corner."""

    width: int
    height: int
    left: int
    right: int
    top: int
    bottom: int
    parts: int = 1  # of a decade; the axis of time begins and ends with whole ones


PAGE = Frame(width=1000, height=480, left=60, right=830, top=15, bottom=435)  # names to the right


@dataclass(frozen=True)
class Point:
    """A row of the board, in pixels."""

    x: float
    y: float
    label_y: float  # moved where two names would cover each other
    name: str
    detail: str
    best: bool  # nothing is both faster and better


@dataclass(frozen=True)
class Scatter:
    """Where everything stands, in pixels."""

    frame: Frame
    points: list[Point]
    x_ticks: list[tuple[float, str]]
    y_ticks: list[tuple[float, str]]
    corners: list[tuple[float, float]]  # the best points, the fastest first

    @property
    def front(self) -> str:
        """The steps through the best points, as an SVG path."""
        steps = "".join(f" H{right} V{up}" for _, (right, up) in pairwise(self.corners))
        return f"M{self.corners[0][0]} {self.corners[0][1]}{steps}"


def scatter(section: Section, frame: Frame = PAGE) -> Scatter | None:
    """Where each row stands; None when fewer than two rows have both figures."""
    rows = [row for row in section.rows if {"hr_at_10", "train_seconds"} <= row.figures.keys()]
    if len(rows) < 2:
        return None
    seconds = [_seconds(row) for row in rows]
    rates = [row.figures["hr_at_10"] for row in rows]
    first = math.floor(math.log10(min(seconds)) * frame.parts) / frame.parts
    last = math.ceil(math.log10(max(seconds)) * frame.parts) / frame.parts
    last = max(last, first + 1)
    step = next(s for s in (0.01, 0.02, 0.05, 0.1, 0.2) if max(rates) - min(rates) <= 7 * s)
    low, high = math.floor(min(rates) / step), math.ceil(max(rates) / step)
    high = max(high, low + 1)

    def x(value: float) -> float:
        share = (math.log10(value) - first) / (last - first)
        return round(frame.left + share * (frame.right - frame.left), 1)

    def y(value: float) -> float:
        share = (value / step - low) / (high - low)
        return round(frame.bottom - share * (frame.bottom - frame.top), 1)

    best = _best(rows)
    placed = [(row, x(_seconds(row)), y(row.figures["hr_at_10"])) for row in rows]
    decades = range(math.ceil(first), math.floor(last) + 1)
    return Scatter(
        frame=frame,
        points=_points(placed, best),
        x_ticks=[(x(10.0**n), f"{10.0**n:g}") for n in decades],
        y_ticks=[(y(n * step), f"{n * step:.2f}") for n in range(low, high + 1)],
        corners=sorted((x(_seconds(row)), y(row.figures["hr_at_10"])) for row in best),
    )


def _seconds(row: BoardRow) -> float:
    return max(row.figures["train_seconds"], SHORTEST)


def _best(rows: list[BoardRow]) -> list[BoardRow]:
    """The rows that no other row beats in both time and accuracy."""
    found: list[BoardRow] = []
    for row in sorted(rows, key=lambda row: (_seconds(row), -row.figures["hr_at_10"])):
        if not found or row.figures["hr_at_10"] > found[-1].figures["hr_at_10"]:
            found.append(row)
    return found


def _points(placed: list[tuple[BoardRow, float, float]], best: list[BoardRow]) -> list[Point]:
    """The points with their names, each moved down until it covers no other name."""
    points: list[Point] = []
    for row, x, y in sorted(placed, key=lambda place: (place[2], place[1], place[0].model)):
        label_y = y
        while any(
            abs(label_y - p.label_y) < LINE
            and x < p.x + 7 * len(p.name) + 12
            and p.x < x + 7 * len(row.model) + 12
            for p in points
        ):
            label_y += 1
        rate, seconds = row.figures["hr_at_10"], row.figures["train_seconds"]
        detail = f"{row.model}: HR@10 {rate:.4f}, {seconds:.3g} s"
        is_best = any(row is other for other in best)
        points.append(Point(x, y, round(label_y, 1), row.model, detail, is_best))
    return points
