"""The charts of the report as Vega-Lite specifications, written with Altair.

They hold no data and no colours that depend on a theme: the page's script gives each its rows under
the name ROWS, and sets the parameters that a reader chooses. Colours are CSS variables of the page,
so that light, dark and print need no other chart. A text layer called LAYER is placed so
that no name covers another (`bench.report.labels`).
"""

from typing import Any

import altair as alt

from bench.report.labels import LAYER

Spec = dict[str, Any]

Chart = alt.LayerChart | alt.FacetChart

ROWS = "rows"  # the name of the data
INK, QUIET, LINE = "var(--ink)", "var(--quiet)", "var(--line)"
GOOD, BAD, ACCENT = "var(--good)", "var(--bad)", "var(--accent)"
TALL = 420  # pixels
FIT_WIDTH = alt.AutoSizeParams(type="fit-x", contains="padding")


def charts() -> dict[str, Spec]:
    """Every chart of a section by its name in the page."""
    drawn = {
        "tradeoff": tradeoff(),
        "cutoffs": cutoffs(),
        "losses": losses(),
        "validation": validation(),
        "differences": differences(),
        "places": places(),
    }
    return {name: plain(chart) for name, chart in drawn.items()}


def tradeoff() -> Chart:
    """Accuracy against a cost, with the frontier: what nothing beats in both.

    Rows: `model`, and figures by name. Parameters: `accuracy` and `cost`, names of figures;
    `lowest` and `highest`, ends of the axis of accuracy; `least`, what no cost is drawn below.
    """
    chosen = [
        alt.param(name="accuracy", value="ndcg_at_10_expected"),
        alt.param(name="cost", value="train_seconds"),
        alt.param(name="lowest", value=0),
        alt.param(name="highest", value=1),
        alt.param(name="least", value=0.001),
    ]
    rows = (
        alt.Chart(alt.NamedData(ROWS))
        .transform_filter("isNumber(datum[cost]) && isNumber(datum[accuracy])")
        .transform_calculate(x="max(datum[cost], least)", y="datum[accuracy]")
        .encode(
            x=alt.X("x:Q", title=None).scale(type="log", nice=False, padding=45),
            y=alt.Y("y:Q", title=None)
            .scale(zero=False, domainMin=alt.ExprRef("lowest"), domainMax=alt.ExprRef("highest"))
            .axis(format=".3f"),
            tooltip=[
                alt.Tooltip("model:N"),
                alt.Tooltip("y:Q", title="accuracy", format=".4f"),
                alt.Tooltip("x:Q", title="cost", format=".3~g"),
                alt.Tooltip("tier:Q"),
            ],
        )
    )
    up_to = alt.SortField("x", order="ascending"), alt.SortField("y", order="descending")
    front = (
        rows.transform_window(
            best="max(y)",
            sort=list(up_to),
            frame=[None, 0],
        )
        .transform_window(before="lag(best)", sort=list(up_to))
        .transform_filter("!isValid(datum.before) || datum.y > datum.before")
    )
    return (
        alt.layer(
            front.mark_line(interpolate="step-after", color=ACCENT, strokeDash=[5, 4], clip=True),
            rows.mark_point(filled=True, size=70, color=QUIET, opacity=1, clip=True),
            front.mark_point(filled=True, size=90, color=ACCENT, opacity=1, clip=True),
            rows.mark_text(fontSize=12, color=INK)
            .encode(text="model:N", tooltip=alt.value(None))
            .properties(name=LAYER),
        )
        .properties(width="container", height=TALL)
        .add_params(*chosen, zoom())
    )


def cutoffs() -> Chart:
    """The hit rate over k.

    Rows: `model`, `k`, `rate`, and `colour`: the model where it has a colour of its own, whose
    scale the script sets, or "others".
    """
    near = alt.selection_point(
        name="near",
        on="pointerover",
        nearest=True,
        fields=["model"],
        empty=False,
        clear="pointerout",
    )
    rows = alt.Chart(alt.NamedData(ROWS)).encode(
        x=alt.X("k:Q", title=None).scale(type="log", nice=False),
        y=alt.Y("rate:Q", title=None),
        detail="model:N",
    )
    return alt.layer(
        rows.mark_line().encode(
            color=alt.Color("colour:N", title=None).legend(orient="top", columns=4),
            strokeWidth=alt.condition(near, alt.value(4), alt.value(1.8)),
        ),
        rows.mark_point(size=60, filled=True, opacity=0)
        .encode(
            tooltip=[
                alt.Tooltip("model:N"),
                alt.Tooltip("k:Q"),
                alt.Tooltip("rate:Q", title="HR@k", format=".4f"),
            ]
        )
        .add_params(near),
    ).properties(width="container", height=TALL)


def losses() -> Chart:
    """The training loss of each model, in a panel of its own: no two losses have one scale.

    Rows: `model`, `at` (epochs or seconds), `value`.
    """
    panels = (
        alt.Chart(alt.NamedData(ROWS))
        .mark_line(color=ACCENT, strokeWidth=1.8)
        .encode(
            x=alt.X("at:Q", title=None).axis(tickCount=3),
            y=alt.Y("value:Q", title=None).scale(zero=False).axis(tickCount=3, format=".4~g"),
            tooltip=[
                alt.Tooltip("model:N"),
                alt.Tooltip("at:Q", title="at", format=".4~g"),
                alt.Tooltip("value:Q", title="loss", format=".4~g"),
            ],
        )
        .properties(width=130, height=80)
        .facet(facet=alt.Facet("model:N", title=None, sort=None), columns=5)
    )
    found: Chart = panels.resolve_scale(x="independent", y="independent")
    return found


def validation() -> Chart:
    """The validation figure of each model while it was trained, on one scale.

    Rows: as for `losses`.
    """
    rows = alt.Chart(alt.NamedData(ROWS)).encode(
        x=alt.X("at:Q", title=None),
        y=alt.Y("value:Q", title=None).scale(zero=False),
        detail="model:N",
        tooltip=[
            alt.Tooltip("model:N"),
            alt.Tooltip("at:Q", title="at", format=".4~g"),
            alt.Tooltip("value:Q", title="validation HR@10", format=".4f"),
        ],
    )
    return alt.layer(
        rows.mark_line(color=ACCENT, opacity=0.6),
        rows.mark_point(color=ACCENT, filled=True, size=30),
        rows.transform_joinaggregate(last="max(at)", groupby=["model"])
        .transform_filter("datum.at == datum.last")
        .mark_text(fontSize=12, color=INK)
        .encode(text="model:N", tooltip=alt.value(None))
        .properties(name=LAYER),
    ).properties(width="container", height=TALL)


def differences() -> Chart:
    """The paired difference of every two models: colour for the sign, paler for less.

    Rows: `first`, `second`, their places `i` and `j`, `difference` (first less second), `low` and
    `high` of its interval, `p`, `apart` (told apart from each other), `strength` in [0, 1],
    `boards` of the multiverse that the first wins.
    """
    cells = alt.Chart(alt.NamedData(ROWS)).encode(
        x=alt.X("second:N", title=None, sort=alt.EncodingSortField("j", op="min")).axis(
            labelAngle=-60, orient="top", labelLimit=110
        ),
        y=alt.Y("first:N", title=None, sort=alt.EncodingSortField("i", op="min")).axis(
            labelLimit=130
        ),
        tooltip=[
            alt.Tooltip("first:N", title="this"),
            alt.Tooltip("second:N", title="less that"),
            alt.Tooltip("difference:Q", format="+.4f"),
            alt.Tooltip("low:Q", title="from", format="+.4f"),
            alt.Tooltip("high:Q", title="to", format="+.4f"),
            alt.Tooltip("p:Q", title="p, among all pairs", format=".2~g"),
            alt.Tooltip("told:N", title="told apart"),
            alt.Tooltip("boards:N", title="boards won"),
        ],
    )
    return alt.layer(
        cells.mark_rect(stroke=LINE, strokeWidth=0.5).encode(
            fill=alt.condition("datum.difference > 0", alt.value(GOOD), alt.value(BAD)),
            fillOpacity=alt.FillOpacity("strength:Q", legend=None).scale(
                domain=[0, 1], range=[0, 0.95]
            ),
        ),
        cells.transform_filter("!datum.apart")
        .mark_text(fontSize=11, color=QUIET, text="·")
        .encode(),
    ).properties(width="container", height=alt.Step(19), autosize=FIT_WIDTH)


def places() -> Chart:
    """The best, median and worst place of each model over many boards.

    Rows: `model`, `best`, `median`, `worst`, and `first`, on how many boards it is first.
    """
    rows = alt.Chart(alt.NamedData(ROWS)).encode(
        y=alt.Y("model:N", title=None, sort=alt.EncodingSortField("median", op="min")).axis(
            labelLimit=130
        ),
        tooltip=[
            alt.Tooltip("model:N"),
            alt.Tooltip("best:Q"),
            alt.Tooltip("median:Q"),
            alt.Tooltip("worst:Q"),
            alt.Tooltip("first:Q", title="boards on which it is first"),
        ],
    )
    place = (
        alt.X("best:Q", title="place")
        .scale(nice=False, zero=False, padding=12)
        .axis(tickMinStep=1, format="d")
    )
    return alt.layer(
        rows.mark_rule(color=ACCENT, strokeWidth=6, opacity=0.35, strokeCap="round").encode(
            x=place, x2="worst:Q"
        ),
        rows.mark_point(color=ACCENT, filled=True, size=90, opacity=1).encode(x="median:Q"),
    ).properties(width="container", height=alt.Step(19), autosize=FIT_WIDTH)


def zoom() -> alt.Parameter:
    """Drag to move; turn the wheel with Ctrl or Cmd, or pinch, to zoom: the page must scroll."""
    return alt.selection_interval(
        name="zoom", bind="scales", zoom="wheel![event.ctrlKey || event.metaKey]"
    )


def plain(chart: Chart) -> Spec:
    """The specification without what the page does not need: its schema's address and its theme."""
    spec: Spec = chart.to_dict()
    for left_out in ("$schema", "config", "datasets"):
        spec.pop(left_out, None)
    return spec
