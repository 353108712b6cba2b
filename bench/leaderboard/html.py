"""The board as one page without dependencies."""

from collections.abc import Sequence
from functools import cache
from pathlib import Path

import jinja2

from bench.leaderboard import published
from bench.leaderboard.columns import all_columns, columns
from bench.leaderboard.remarks import about, invalid_lines, remarks_below
from bench.leaderboard.scatter import scatter
from bench.leaderboard.sections import Section
from bench.text import compact


def html(board: Sequence[Section]) -> str:
    """The page of page.html.jinja."""
    tables = [
        {
            "title": f"{section.dataset}, {section.protocol}",
            "columns": columns(section),
            "rows": section.rows,
            "invalid": invalid_lines(section),
            "remarks": remarks_below(section),
            "about": about(section),
            "plot": scatter(section),
        }
        for section in board
    ]
    page = _page().render(
        tables=tables, columns=all_columns(board), compact=compact, target=published.target
    )
    return page + "\n"


@cache
def _page() -> jinja2.Template:
    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    ).get_template("page.html.jinja")
