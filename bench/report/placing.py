"""Names beside the points of a still picture, each where it covers the least.

In a browser Vega's label transform does this; it needs a canvas, which vl-convert has not.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

WIDE, HIGH = 6.9, 14  # a letter, and a line of them, in pixels
RADIUS = 5  # of a point


@dataclass(frozen=True)
class Box:
    """A rectangle that something covers, in pixels from the upper left corner of the plot."""

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
class Point:
    """A point with its name."""

    name: str
    x: float
    y: float


@dataclass(frozen=True)
class Label:
    """The name of a point, and where its middle line stands from it."""

    point: Point
    dx: float
    dy: float
    align: str  # which end of the name is at dx: left, center or right

    @property
    def box(self) -> Box:
        """What the name covers, about: it depends on the reader's fonts."""
        wide = WIDE * len(self.point.name)
        left = self.point.x + self.dx - {"left": 0.0, "center": wide / 2, "right": wide}[self.align]
        middle = self.point.y + self.dy
        return Box(left, middle - HIGH / 2, left + wide, middle + HIGH / 2)


def place(points: Sequence[Point], lines: Sequence[Box], within: Box) -> list[Label]:
    """The names where they cover the least; the crowded ones choose first, and all once again.

    Args:
        points: all of them, also those that names must not cover.
        lines: other things better not covered.
        within: names leave it only if they must.
    """
    dots = [Box(p.x - RADIUS, p.y - RADIUS, p.x + RADIUS, p.y + RADIUS) for p in points]
    placed: list[Label] = []

    def cost(label: Label) -> int:
        box = label.box
        outside = (
            box.left < within.left
            or box.right > within.right
            or box.top < within.top
            or box.bottom > within.bottom
        )
        return (
            20 * outside
            + 10 * sum(box.meets(other.box) for other in placed)
            + 5 * sum(box.meets(other) for other in dots)
            + sum(box.meets(other) for other in lines)
        )

    def crowd(point: Point) -> int:
        return sum(abs(point.x - p.x) < 80 and abs(point.y - p.y) < 20 for p in points)

    for point in sorted(points, key=crowd, reverse=True):
        placed.append(min(_places(point), key=cost))
    for _ in range(len(placed)):  # each leaves its place to choose again, beside all others
        placed.append(min(_places(placed.pop(0).point), key=cost))
    return placed


def _places(point: Point) -> Iterator[Label]:
    """Where a name may stand, the best place first: beside its point, above, below, aslant."""
    yield Label(point, 10, 0, "left")
    yield Label(point, -10, 0, "right")
    yield Label(point, 0, -14, "center")
    yield Label(point, 0, 15, "center")
    for down in (-12, 11, -18, 17, -24, 23):
        yield Label(point, 7, down, "left")
        yield Label(point, -7, down, "right")
