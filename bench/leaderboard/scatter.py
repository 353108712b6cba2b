"""Accuracy against training time, as numbers that a template draws as SVG."""

import math
from dataclasses import dataclass
from itertools import pairwise

from bench.leaderboard.rows import BoardRow
from bench.leaderboard.sections import Section

WIDTH, HEIGHT = 1000, 480
LEFT, RIGHT, TOP, BOTTOM = 60, 170, 15, 45  # margins; the names need room on the right
LINE = 15  # height of a name
SHORTEST = 0.001  # seconds: what is faster stands there too, the axis being logarithmic


@dataclass(frozen=True)
class Point:
    x: float
    y: float
    label_y: float  # moved where two names would cover each other
    name: str
    detail: str
    best: bool  # nothing is both faster and better


@dataclass(frozen=True)
class Scatter:
    """Places in pixels of a picture of WIDTH x HEIGHT."""

    points: list[Point]
    x_ticks: list[tuple[float, str]]
    y_ticks: list[tuple[float, str]]
    front: str  # the steps through the best points, as an SVG path
    width: int = WIDTH
    height: int = HEIGHT
    left: int = LEFT
    right: int = WIDTH - RIGHT
    top: int = TOP
    bottom: int = HEIGHT - BOTTOM


def scatter(section: Section) -> Scatter | None:
    """Where each row stands; None when fewer than two rows have both figures."""
    rows = [row for row in section.rows if {"hr_at_10", "train_seconds"} <= row.figures.keys()]
    if len(rows) < 2:
        return None
    seconds = [_seconds(row) for row in rows]
    rates = [row.figures["hr_at_10"] for row in rows]
    first, last = math.floor(math.log10(min(seconds))), math.ceil(math.log10(max(seconds)))
    last = max(last, first + 1)
    step = next(s for s in (0.01, 0.02, 0.05, 0.1, 0.2) if max(rates) - min(rates) <= 7 * s)
    low, high = math.floor(min(rates) / step), math.ceil(max(rates) / step)
    high = max(high, low + 1)

    def x(value: float) -> float:
        share = (math.log10(value) - first) / (last - first)
        return round(LEFT + share * (WIDTH - LEFT - RIGHT), 1)

    def y(value: float) -> float:
        share = (value / step - low) / (high - low)
        return round(HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM), 1)

    best = _best(rows)
    corners = sorted((x(_seconds(row)), y(row.figures["hr_at_10"])) for row in best)
    front = "".join(f" H{right} V{up}" for (_, _), (right, up) in pairwise(corners))
    return Scatter(
        points=_points([(row, x(_seconds(row)), y(row.figures["hr_at_10"])) for row in rows], best),
        x_ticks=[(x(10.0**n), f"{10.0**n:g}") for n in range(first, last + 1)],
        y_ticks=[(y(n * step), f"{n * step:.2f}") for n in range(low, high + 1)],
        front=f"M{corners[0][0]} {corners[0][1]}{front}",
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
