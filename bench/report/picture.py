"""Accuracy against training time as an SVG file that stands alone, for a README or slides.

It shows the rows that compete: those far below would press all others together, and are named in a
line. Unlike the report's chart it has a background and colours of its own, and is drawn by
vl-convert.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import altair as alt

from bench.errors import Problem
from bench.leaderboard.known_items import families
from bench.leaderboard.rows import BoardRow
from bench.leaderboard.sections import Section
from bench.report.figures import MAIN, share
from bench.report.new_people import new_people_picture
from bench.report.placing import Box, Point, place
from bench.report.scale import Scale, views
from bench.text import one_line

WIDTH, HEIGHT = 880, 440  # pixels, of the plot
SHORTEST = 0.001  # seconds: what is faster stands there too, the axis being logarithmic
PARTS = 4  # of a decade; the axis of time begins and ends with whole ones
INK, QUIET, LINE, ACCENT, ALARM = "#1f2328", "#59636e", "#d8dee4", "#0969da", "#cf222e"
OTHER = "#818b98"  # points that something beats
FONT = "Helvetica, Arial, sans-serif"


class NoPicture(Problem):
    """A board that one picture cannot show."""


@dataclass(frozen=True)
class Frame:
    """The axes of the picture."""

    time: Scale  # decimal logarithms of seconds
    accuracy: Scale

    def x(self, row: BoardRow) -> float:
        """In pixels from the left."""
        return WIDTH * self.time.share(math.log10(_seconds(row)))

    def y(self, row: BoardRow) -> float:
        """In pixels from above."""
        return HEIGHT * (1 - self.accuracy.share(row.figures[MAIN.name]))


def picture(board: Sequence[Section]) -> str:
    """The rows of a board by training time and exact NDCG@10, as SVG.

    Of new people, if the board has one family of them: HR@10 by how many items are known.

    Raises:
        NoPicture: the board has several sections, or fewer than two rows with both figures.
    """
    import vl_convert  # 34 MB

    found = families(board)
    if len(found) == 1:
        return new_people_picture(found[0])
    return str(vl_convert.vegalite_to_svg(chart(board).to_dict(), allowed_base_urls=[])) + "\n"


def chart(board: Sequence[Section]) -> alt.LayerChart:
    """The picture before it is an image.

    Raises:
        NoPicture: see `picture`.
    """
    titles = [one_line(f"{each.dataset}, {each.protocol}") for each in board]
    if len(board) != 1:
        shows = "a picture shows one data set under one protocol"
        raise NoPicture(f"{shows}, not {len(board)}: {'; '.join(titles)}")
    (section,), (title,) = board, titles
    rows = [row for row in section.rows if {MAIN.name, "train_seconds"} <= row.figures.keys()]
    if len(rows) < 2:
        needed = f"a picture needs two rows with {MAIN.title} and a training time"
        raise NoPicture(f"{title}: nothing to draw, for {needed}")
    accuracy = views(row.figures[MAIN.name] for row in rows).competing
    near = [row for row in rows if row.figures[MAIN.name] >= accuracy.low]
    far = [row for row in rows if row.figures[MAIN.name] < accuracy.low]
    logarithms = [math.log10(_seconds(row)) * PARTS for row in near]
    first, last = math.floor(min(logarithms)), math.ceil(max(logarithms))
    frame = Frame(Scale(first / PARTS, max(last, first + PARTS) / PARTS), accuracy)
    front = _front(near)
    points = alt.Chart(alt.InlineData(values=_points(near, front, frame))).encode(
        x=alt.X("seconds:Q", title="training time in seconds (logarithmic)")
        .scale(type="log", domain=[10**frame.time.low, 10**frame.time.high], nice=False)
        .axis(values=_ticks(frame.time), format="~g"),
        y=alt.Y("accuracy:Q", title=f"{MAIN.title}: one test item among 99 others")
        .scale(domain=list(accuracy), nice=False)
        .axis(format=".2f"),
    )
    best = points.transform_filter("datum.best")
    align, dx, dy = (alt.ExprRef(f"datum.{name}") for name in ("align", "dx", "dy"))
    named = points.mark_text(align=align, dx=dx, dy=dy, fontSize=13, color=INK)
    found: alt.LayerChart = (
        alt.layer(
            best.mark_line(interpolate="step-after", color=ACCENT, strokeDash=[5, 4]),
            points.mark_point(filled=True, size=75, opacity=1).encode(
                color=alt.condition("datum.best", alt.value(ACCENT), alt.value(OTHER))
            ),
            named.encode(text="name:N"),
        )
        .properties(width=WIDTH, height=HEIGHT, padding=18, background="#fff")
        .properties(title=_title(section, title, near, far))
        .configure(font=FONT)
        .configure_view(stroke=None)
        .configure_axis(
            **{"labelFontSize": 13, "titleFontSize": 13, "titleFontWeight": "normal"},
            **{"titlePadding": 10, "titleColor": INK, "labelColor": QUIET},
            **{"gridColor": LINE, "tickColor": LINE, "domain": False},
        )
    )
    return found


def _points(rows: list[BoardRow], front: list[BoardRow], frame: Frame) -> list[dict[str, Any]]:
    """What is drawn of each row, fit for JSON."""
    points = [Point(one_line(row.model), frame.x(row), frame.y(row)) for row in rows]
    steps = [
        box
        for left, right in pairwise(front)
        for box in (
            Box(frame.x(left), frame.y(left) - 1, frame.x(right), frame.y(left) + 1),
            Box(frame.x(right) - 1, frame.y(right), frame.x(right) + 1, frame.y(left)),
        )
    ]
    labels = {id(each.point): each for each in place(points, steps, Box(0, 0, WIDTH, HEIGHT))}
    return [
        {
            **{"name": point.name, "seconds": _seconds(row), "accuracy": row.figures[MAIN.name]},
            **{"best": row in front, "align": labels[id(point)].align},
            **{"dx": labels[id(point)].dx, "dy": labels[id(point)].dy},
        }
        for row, point in zip(rows, points, strict=True)
    ]


def _front(rows: list[BoardRow]) -> list[BoardRow]:
    """The rows that no other row beats in both time and accuracy, the fastest first."""
    found: list[BoardRow] = []
    for row in sorted(rows, key=lambda row: (_seconds(row), -row.figures[MAIN.name])):
        if not found or row.figures[MAIN.name] > found[-1].figures[MAIN.name]:
            found.append(row)
    return found


def _seconds(row: BoardRow) -> float:
    return max(row.figures["train_seconds"], SHORTEST)


def _ticks(time: Scale) -> list[float]:
    """1, 3, 10, 30, ... as far as the axis goes."""
    decades = range(math.floor(time.low), math.ceil(time.high) + 1)
    ticks = [digit * 10.0**n for n in decades for digit in (1, 3)]
    return [tick for tick in ticks if time.low <= math.log10(tick) <= time.high]


def _title(
    section: Section, title: str, near: list[BoardRow], far: list[BoardRow]
) -> alt.TitleParams:
    said = ["Blue, on the dashed line: no other model is both faster to train and more accurate."]
    if far:
        named = (f"{one_line(row.model)} ({share(row.figures[MAIN.name])})" for row in far)
        said.append(f"Too far below to be drawn: {', '.join(named)}.")
    invalid = [f"INVALID: {one_line(reason)}" for reason in section.invalid[:1]]
    return alt.TitleParams(
        f"{title}: accuracy against training time",
        subtitle=invalid or said,
        subtitleColor=ALARM if invalid else QUIET,
        anchor="start",
        fontSize=18,
        subtitleFontSize=13,
        offset=14,
    )
