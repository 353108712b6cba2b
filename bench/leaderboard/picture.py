"""Accuracy against training time as an SVG file that stands alone, for a README or slides.

It shows the rows that compete: those far below would press all others together, and are named in a
line. Unlike the page's picture it brings its own background and colours.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from statistics import median_high

from bench.errors import Problem
from bench.leaderboard.rows import BoardRow
from bench.leaderboard.scatter import Frame, Point, Scatter, scatter
from bench.leaderboard.sections import Section
from bench.leaderboard.templates import template
from bench.text import one_line

FRAME = Frame(width=1000, height=640, left=80, right=970, top=90, bottom=550, parts=4)
FAR = 0.15  # below the median HR@10
WIDE, HIGH = 7.3, 14  # a letter, and a line of them
RADIUS = 5  # of a point


class NoPicture(Problem):
    """A board that one picture cannot show."""


@dataclass(frozen=True)
class Box:
    """A rectangle that something covers."""

    left: float
    top: float
    right: float
    bottom: float

    def meets(self, other: "Box") -> bool:
        """Whether both cover some place."""
        return (
            self.left < other.right
            and other.left < self.right
            and self.top < other.bottom
            and other.top < self.bottom
        )


@dataclass(frozen=True)
class Label:
    """The name of a point, and where it stands."""

    point: Point
    x: float
    y: float  # of the line that letters stand on
    anchor: str  # which end of the name is at x: start, middle or end

    @property
    def box(self) -> Box:
        """What the name covers, about: it depends on the reader's fonts."""
        wide = WIDE * len(self.point.name)
        left = self.x - {"start": 0.0, "middle": wide / 2, "end": wide}[self.anchor]
        return Box(left, self.y - HIGH + 3, left + wide, self.y + 3)


def picture(board: Sequence[Section]) -> str:
    """The rows of a board by training time and HR@10, as SVG.

    Raises:
        NoPicture: the board has several sections, or fewer than two rows with both figures.
    """
    titles = [one_line(f"{each.dataset}, {each.protocol}") for each in board]
    if len(board) != 1:
        shows = "a picture shows one data set under one protocol"
        raise NoPicture(f"{shows}, not {len(board)}: {'; '.join(titles)}")
    (section,), (title,) = board, titles
    near, far = _near_and_far(section)
    plot = scatter(replace(section, rows=tuple(near)), FRAME)
    if plot is None:
        needed = "a picture needs two rows with HR@10 and a training time"
        raise NoPicture(f"{title}: nothing to draw, for {needed}")
    errors = [row.figures["hr_at_10_se"] for row in near if "hr_at_10_se" in row.figures]
    drawn = template("picture.svg.jinja").render(
        plot=plot,
        labels=_labels(plot),
        title=title,
        error=max(errors, default=None),
        far=[f"{row.model} ({row.figures['hr_at_10']:.4f})" for row in far],
        invalid=[one_line(reason) for reason in section.invalid],
    )
    return drawn + "\n"


def _near_and_far(section: Section) -> tuple[list[BoardRow], list[BoardRow]]:
    """The rows to draw, and those with an HR@10 far below the median."""
    rows = [
        replace(row, model=one_line(row.model))  # fit for XML
        for row in section.rows
        if {"hr_at_10", "train_seconds"} <= row.figures.keys()
    ]
    rates = [row.figures["hr_at_10"] for row in rows]
    near = sum(rate >= median_high(rates) - FAR for rate in rates)  # the best stand first
    return (rows[:near], rows[near:]) if near > 1 else (rows, [])


def _labels(plot: Scatter) -> list[Label]:
    """The names, each beside its point where it covers the least; the crowded ones choose first."""
    points = [Box(p.x - RADIUS, p.y - RADIUS, p.x + RADIUS, p.y + RADIUS) for p in plot.points]
    front = [
        box
        for (x, y), (right, up) in pairwise(plot.corners)
        for box in (Box(x, y - 1, right, y + 1), Box(right - 1, up, right + 1, y))
    ]
    frame = plot.frame
    placed: list[Label] = []

    def cost(label: Label) -> int:
        box = label.box
        outside = box.left < frame.left or box.right > frame.width or box.bottom > frame.bottom
        return (
            20 * outside
            + 10 * sum(box.meets(other.box) for other in placed)
            + 5 * sum(box.meets(other) for other in points)
            + sum(box.meets(other) for other in front)
        )

    def crowd(point: Point) -> int:
        return sum(abs(point.x - p.x) < 80 and abs(point.y - p.y) < 20 for p in plot.points)

    for point in sorted(plot.points, key=crowd, reverse=True):
        placed.append(min(_places(point), key=cost))
    return placed


def _places(point: Point) -> Iterator[Label]:
    """Where a name may stand, the best place first: beside its point, above, below, aslant."""
    x, y = point.x, point.y
    yield Label(point, x + 10, y + 4, "start")
    yield Label(point, x - 10, y + 4, "end")
    yield Label(point, x, y - 10, "middle")
    yield Label(point, x, y + 19, "middle")
    for down in (-8, 15, -14, 21):
        yield Label(point, x + 7, y + down, "start")
        yield Label(point, x - 7, y + down, "end")
