"""Names of points that cover neither each other nor a point, by Vega's label transform.

Vega-Lite has no word for it, so it goes into the Vega specification that a chart is compiled to: in
pages by frame.js, in the picture here.
"""

from collections.abc import Iterator
from typing import Any

LAYER = "names"  # the layer of names in a chart is called so

# What has no room is not shown, until a reader zooms.
TRANSFORM: dict[str, Any] = {
    "type": "label",
    "size": {"signal": "[max(width, 1), max(height, 1)]"},
    "anchor": [
        *("right", "left", "top", "bottom"),
        *("top-right", "bottom-right", "top-left", "bottom-left"),
    ],
    "offset": [8, 8, 7, 7, 5, 5, 5, 5],
    "padding": 0,  # beyond the plot
}


def place_names(vega: dict[str, Any]) -> dict[str, Any]:
    """A compiled chart with its names placed."""
    marks = list(_inside(vega["marks"]))
    points = [mark["name"] for mark in marks if mark["type"] == "symbol"]
    for mark in marks:
        if mark["type"] == "text" and mark["name"].startswith(LAYER):
            mark["transform"] = [{**TRANSFORM, "avoidMarks": points}]
    return vega


def _inside(marks: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for mark in marks:
        yield mark
        yield from _inside(mark.get("marks", []))
