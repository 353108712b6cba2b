"""The map of items, as a specification for Vega-Lite that page.js fills.

It names colours by the page's CSS variables, so it is light or dark with the page.
"""

from typing import Any

import altair as alt

from bench.report.charts import INK, plain, zoom
from bench.report.labels import LAYER

TALL = 560  # pixels


def item_map() -> dict[str, Any]:
    """The map.

    Rows of "rows": `at` (the item's number in the page), `x`, `y`, `title`, `genres`, `users`,
    `colour`, `strength`. "focus" has `x`, `y`, `size`, of the items that a reader looks at; "names"
    has `x`, `y`, `title`, the most important first.
    """
    points = (
        alt.Chart(alt.NamedData("rows"))
        .mark_point(filled=True, aria=False, clip=True)
        .encode(
            x=_axis(alt.X("x:Q")),
            y=_axis(alt.Y("y:Q")),
            color=alt.Color("colour:N", scale=None),
            opacity=alt.Opacity("strength:Q", scale=None),
            size=alt.Size("users:Q", legend=None).scale(type="sqrt", range=[7, 170]),
            tooltip=[
                alt.Tooltip("title:N"),
                alt.Tooltip("genres:N"),
                alt.Tooltip("users:Q", format=",d"),
            ],
        )
        .add_params(zoom())
    )
    rings = (
        alt.Chart(alt.NamedData("focus"))
        .mark_point(filled=False, aria=False, clip=True, color=INK, strokeWidth=2)
        .encode(x="x:Q", y="y:Q", size=alt.Size("size:Q", scale=None), tooltip=alt.value(None))
    )
    names = (
        alt.Chart(alt.NamedData("names"))
        .mark_text(fontSize=12, color=INK, aria=False, limit=220)
        .encode(x="x:Q", y="y:Q", text="title:N", tooltip=alt.value(None))
        .properties(name=LAYER)
    )
    chart = alt.layer(points, rings, names).resolve_scale(size="independent")
    return plain(chart.properties(width="container", height=TALL))


def _axis(channel: Any) -> Any:
    return channel.axis(None).scale(domain=[-0.02, 1.02], nice=False)
