"""HR@10 against how many items of a new person are known, as an SVG that stands alone."""

from statistics import fmean
from typing import Any

import altair as alt

from bench.leaderboard.known_items import Family
from bench.text import one_line

Lines = dict[str, tuple[float, ...]]  # exact HR@10 of each row, for each number of known items
WIDTH, HEIGHT = 700, 420  # pixels, of the plot
APART = 0.035  # of the height, between the names of lines
INK, QUIET, LINE, OTHER = "#1f2328", "#59636e", "#d8dee4", "#c4cad1"
COLOURS = {"own": "#8250df", "prior": "#0969da", "alike": "#1a7f37"}
FLOOR = "popularity"
FONT = "Helvetica, Arial, sans-serif"


def new_people_picture(family: Family) -> str:
    """The lines of a family's rows over K, as SVG."""
    import vl_convert  # 34 MB

    drawn = new_people_chart(family).to_dict()
    return str(vl_convert.vegalite_to_svg(drawn, allowed_base_urls=[])) + "\n"


def new_people_chart(family: Family) -> alt.LayerChart:
    """The picture before it is an image: the best row of each way, popularity, and all others."""
    lines, numbers = family.lines, list(family.known)
    named = _named(lines)
    points = [
        {"row": one_line(name), "k": k, "hits": hits, "colour": named.get(name, OTHER)}
        for name, line in lines.items()
        for k, hits in zip(numbers, line, strict=True)
    ]
    found: alt.LayerChart = (
        alt.layer(
            _line(points, [each for each in lines if each not in named], 1.0),
            _line(points, [each for each in named if each != _floor(lines)], 2.6),
            _line(points, [each for each in named if each == _floor(lines)], 2.6, dash=[6, 4]),
            alt.Chart(alt.InlineData(values=_labels(family, named)))
            .mark_text(align="left", dx=10, fontSize=13)
            .encode(
                x=_x(numbers),
                y=alt.Y("at:Q"),
                text="row:N",
                color=alt.Color("colour:N", scale=None),
            ),
        )
        .properties(width=WIDTH, height=HEIGHT, background="#fff")
        .properties(padding={"left": 18, "top": 18, "bottom": 18, "right": 170})
        .properties(title=_title(family))
        .configure(font=FONT)
        .configure_view(stroke=None)
        .configure_axis(
            **{"labelFontSize": 13, "titleFontSize": 13, "titleFontWeight": "normal"},
            **{"titlePadding": 10, "titleColor": INK, "labelColor": QUIET},
            **{"gridColor": LINE, "tickColor": LINE, "domain": False},
        )
    )
    return found


def _line(
    points: list[dict[str, Any]], names: list[str], width: float, dash: list[int] | None = None
) -> alt.Chart:
    chosen = {one_line(name) for name in names}
    found: alt.Chart = (
        alt.Chart(alt.InlineData(values=[each for each in points if each["row"] in chosen]))
        .mark_line(strokeWidth=width, strokeDash=dash or [1, 0], point={"size": 18 * width})
        .encode(
            x=_x(sorted({each["k"] for each in points})),
            y=alt.Y("hits:Q", title="exact HR@10: one test item among 99 others")
            .scale(zero=False, nice=True)
            .axis(format=".2f"),
            detail="row:N",
            color=alt.Color("colour:N", scale=None),
        )
    )
    return found


def _x(numbers: list[int]) -> alt.X:
    return (
        alt.X("k:Q", title="items of a new person that are known (logarithmic)")
        .scale(type="log", domain=[numbers[0], numbers[-1]], nice=False)
        .axis(values=numbers, format="d", grid=False)
    )


def _way(name: str) -> str:
    return name.rpartition("(")[2].removesuffix(")")


def _floor(lines: Lines) -> str:
    return next((name for name in lines if name.startswith(f"{FLOOR} ")), "")


def _named(lines: Lines) -> dict[str, str]:
    """The colours of the rows that are named: the best of each way over all K, and popularity."""
    found = {_floor(lines): INK} if _floor(lines) else {}
    for way, colour in COLOURS.items():
        of_way = [name for name in lines if _way(name) == way and name not in found]
        if of_way:
            found[max(of_way, key=lambda name: fmean(lines[name]))] = colour
    return found


def _labels(family: Family, named: dict[str, str]) -> list[dict[str, Any]]:
    """Where the names of lines stand: at their ends, but apart from each other."""
    every = [hits for line in family.lines.values() for hits in line]
    step = APART * (max(every, default=0.0) - min(every, default=0.0))
    found: list[dict[str, Any]] = []
    for name in sorted(named, key=lambda name: family.lines[name][-1]):
        hits = family.lines[name][-1]
        at = max(hits, found[-1]["at"] + step) if found else hits
        label = {"row": one_line(name), "k": family.known[-1], "at": at, "colour": named[name]}
        found.append(label)
    return found


def _title(family: Family) -> alt.TitleParams:
    which = "The latest items" if family.latest else "Some items"
    named = "Named: the best of each way, and popularity. Grey: all other models and ways."
    return alt.TitleParams(
        f"{one_line(family.dataset)}: new people",
        subtitle=[f"{which} are known of people whom a model has never seen.", named],
        subtitleColor=QUIET,
        anchor="start",
        fontSize=18,
        subtitleFontSize=13,
        offset=14,
    )
