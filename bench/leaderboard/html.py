"""The board as one page without dependencies."""

from collections.abc import Sequence
from pathlib import Path

from bench.leaderboard import published
from bench.leaderboard.columns import all_columns, columns
from bench.leaderboard.known_items import MEANING, families
from bench.leaderboard.remarks import about, invalid_lines, remarks_below
from bench.leaderboard.sections import Section
from bench.leaderboard.templates import template
from bench.text import compact

PAGE = Path(__file__).with_name("page.html.jinja")


def html(board: Sequence[Section]) -> str:
    """The page of page.html.jinja."""
    tables = [
        {
            "title": section.title,
            "columns": columns(section),
            "rows": section.rows,
            "invalid": invalid_lines(section),
            "remarks": remarks_below(section),
            "about": about(section),
        }
        for section in board
    ]
    page = template(PAGE).render(
        tables=tables,
        families=families(board),
        meaning=MEANING,
        columns=all_columns(board),
        compact=compact,
        target=published.target,
    )
    return page + "\n"
