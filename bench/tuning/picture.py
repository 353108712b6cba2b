"""The best validation figure of each model against the minutes spent, as SVG."""

import io
from collections.abc import Sequence

from matplotlib import rc_context
from matplotlib.figure import Figure

from bench.text import one_line
from bench.tuning.trials import Log

LONGEST = 60  # characters of a label that are drawn
STYLES = ("-", "--", ":")  # a colour comes again after ten models, in another style


def picture(logs: Sequence[Log]) -> bytes:
    """Steps upward, on a logarithmic axis of minutes; the same logs give the same bytes."""
    figure = Figure(figsize=(10, 6), layout="constrained")
    axes = figure.add_subplot()
    shown = [log for log in logs if log.best()]
    longest = max(log.spent for log in shown) / 60
    for number, log in enumerate(shown):
        steps = log.steps()
        minutes = [seconds / 60 for seconds, _ in steps]
        values = [trial.value for _, trial in steps]
        end = longest if log.exhausted else log.spent / 60
        axes.step(
            [*minutes, end],
            [*values, values[-1]],
            where="post",
            label=_plain(log.name),
            color=f"C{number % 10}",
            linestyle=STYLES[number // 10 % len(STYLES)],
        )
        axes.plot(minutes, values, ".", color=f"C{number % 10}")
    axes.set_xscale("log")
    axes.xaxis.set_major_formatter("{x:g}")
    axes.set_xlabel("minutes spent on the model")
    axes.set_ylabel("best validation NDCG@10 so far")
    axes.set_title(_plain(f"{shown[0].dataset}, {shown[0].protocol}"))
    axes.grid(alpha=0.3)
    figure.legend(loc="outside right upper")  # in the order of the figures at the end
    content = io.BytesIO()
    with rc_context({"svg.hashsalt": "bench", "svg.fonttype": "none"}):
        figure.savefig(content, format="svg", metadata={"Date": None})
    return content.getvalue()


def _plain(text: str) -> str:
    """Text that matplotlib draws as it is: no formula, and never left out of the legend."""
    text = one_line(text)[:LONGEST].replace("$", r"\$")
    return f" {text}" if text.startswith("_") else text
