"""The four pictures of a study, drawn from its tables as SVG.

Text and lines have the colour of the text around them (`currentColor`), and points have colours
that are seen on light and on dark ground.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import altair as alt
import vl_convert

from bench.study.paragraph import Paragraph, Table

COLOURS = ("#3b82c4", "#d9772b", "#3d9a6c", "#9a6fc0")
WIDTH = 250  # pixels of a part of a picture
INK = "currentColor"
CONFIG: dict[str, Any] = {
    "background": None,
    "padding": {"left": 26, "right": 12, "top": 5, "bottom": 5},
    "font": "system-ui, sans-serif",
    "view": {"stroke": None},
    "axis": {
        **{"labelColor": INK, "titleColor": INK, "tickColor": INK, "domainColor": INK},
        **{"gridColor": INK, "gridOpacity": 0.15, "labelFontSize": 12, "titleFontSize": 12},
        **{"titleFontWeight": "normal", "labelLimit": 260},
    },
    "legend": {"labelColor": INK, "titleColor": INK, "labelFontSize": 12, "symbolSize": 70},
    "title": {"color": INK, "fontSize": 13, "anchor": "start"},
    "text": {"color": INK},
    "rule": {"color": INK},
}
# Of a file, which has no text around it.
STANDALONE = (
    "<style>svg{color:#1f2328;background:#fff}"
    "@media (prefers-color-scheme:dark){svg{color:#e6edf3;background:#0d1117}}</style>"
)
Values = list[dict[str, Any]]


def pictures(paragraphs: Sequence[Paragraph]) -> dict[str, str]:
    """SVG by the name of the paragraph that it belongs to; none where its tables are missing."""
    by_name = {paragraph.name: paragraph for paragraph in paragraphs}
    charts = {
        "F1": _separation(by_name["F1"]),
        "F2": _beside(map(_saturation, by_name["F2"].tables)),
        "F3": _beside(map(_audience, by_name["F3"].tables)),
        "F5": _beside(
            _places(table) for table in by_name["F5"].tables if table.name.endswith(": places")
        ),
    }
    return {name: _svg(chart) for name, chart in charts.items() if chart is not None}


def standalone(svg: str) -> str:
    """The same for a file of its own, with colours for light and for dark."""
    end = svg.index(">", svg.index("<svg")) + 1
    return svg[:end] + STANDALONE + svg[end:]


def _separation(paragraph: Paragraph) -> Any:
    """Two dot plots side by side: pairs told apart, and agreement with the full order."""
    (table,) = paragraph.tables
    values: Values = []
    for column in table.columns:
        board, _, what = column.partition(": ")
        for figure, value in zip(table.column("figure"), table.column(column), strict=True):
            if what.startswith("told apart of "):
                share = float(str(value)) / int(what.rpartition(" ")[2])
                values.append({"figure": figure, "board": board, "part": "told", "x": share})
            elif what == "tau with full NDCG@10":
                values.append({"figure": figure, "board": board, "part": "tau", "x": value})
    order = [str(each) for each in table.column("figure")]
    parts = (("told", "share of pairs told apart", True), ("tau", "tau with full NDCG@10", False))
    return alt.hconcat(
        *(
            alt.Chart(_data([each for each in values if each["part"] == part]))
            .mark_point(filled=True, size=80, opacity=1)
            .encode(
                x=alt.X("x:Q", title=name).scale(domain=[0, 1]).axis(tickCount=5),
                y=alt.Y("figure:N", title=None, sort=order).axis(labels=labelled, grid=True),
                color=_colour("board", list(dict.fromkeys(str(each["board"]) for each in values))),
            )
            .properties(width=1.2 * WIDTH, height=22 * len(order))
            for part, name, labelled in parts
        )
    )


def _saturation(table: Table) -> Any:
    """HR@10 over the number of negatives, of the first, the second, the median and the lowest."""
    lines = {"first": "its HR@10", "second": "second's", "median": "median", "lowest": "lowest"}
    order = [str(each) for each in table.column("negatives")]
    values = [
        {"negatives": m, "of": name, "hr": value}
        for name, column in lines.items()
        for m, value in zip(order, table.column(column), strict=True)
    ]
    return (
        alt.Chart(_data(values), title=table.title)
        .mark_line(point=alt.OverlayMarkDef(filled=True, size=45))
        .encode(
            x=alt.X("negatives:O", title="negatives", sort=order).axis(labelAngle=0),
            y=alt.Y("hr:Q", title="HR@10").scale(domain=[0, 1]),
            color=_colour("of", list(lines)),
        )
        .properties(width=WIDTH, height=220)
    )


def _audience(table: Table) -> Any:
    """HR@10 of each model where the test item is popular, and where it is not."""
    parts = ["head", "middle", "tail"]
    models = [str(each) for each in table.column("model")][1:]  # the first row has shares of users
    values = [
        {"model": model, "items": part, "hr": value}
        for part in parts
        for model, value in zip(models, table.column(part)[1:], strict=True)
        if value is not None
    ]
    base = alt.Chart(_data(values), title=table.title).encode(
        y=alt.Y("model:N", title=None, sort=models)
    )
    hr = alt.X("hr:Q", title="exact HR@10").scale(domain=[0, 1]).axis(tickCount=5)
    span = base.mark_rule(opacity=0.4).encode(x=alt.X("min(hr):Q"), x2="max(hr):Q")
    points = base.mark_point(filled=True, size=60, opacity=1).encode(
        x=hr, color=_colour("items", parts)
    )
    return alt.layer(span, points).properties(width=WIDTH, height=17 * len(models))


def _places(table: Table) -> Any:
    """Best, median and worst place of each model."""
    models = [str(each) for each in table.column("model")]
    names = ("best place", "median", "worst")
    values = [
        {"model": model, "best": best, "median": median, "worst": worst}
        for model, best, median, worst in zip(
            models, *(table.column(name) for name in names), strict=True
        )
    ]
    base = alt.Chart(_data(values), title=table.title).encode(
        y=alt.Y("model:N", title=None, sort=models)
    )
    scale = alt.Scale(domain=[1, len(models)], nice=False)
    span = base.mark_rule(strokeWidth=5, color=COLOURS[0], opacity=0.4).encode(
        x=alt.X("best:Q", title="place: best to worst, and median", scale=scale), x2="worst:Q"
    )
    middle = base.mark_point(filled=True, size=60, color=COLOURS[0], opacity=1).encode(
        x=alt.X("median:Q", scale=scale)
    )
    return alt.layer(span, middle).properties(width=WIDTH, height=17 * len(models))


def _colour(field: str, names: list[str]) -> alt.Color:
    scale = alt.Scale(domain=names, range=[COLOURS[j % len(COLOURS)] for j in range(len(names))])
    return alt.Color(f"{field}:N", title=None, scale=scale).legend(orient="top")


def _beside(charts: Iterator[Any]) -> Any:
    found = list(charts)
    return alt.hconcat(*found) if found else None


def _data(values: Values) -> alt.InlineData:
    return alt.InlineData(values=values)


def _svg(chart: Any) -> str:
    return str(vl_convert.vegalite_to_svg({**chart.to_dict(), "config": CONFIG}))
