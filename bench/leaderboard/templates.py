"""Templates of pages."""

from functools import cache
from pathlib import Path
from typing import Any

import jinja2


@cache
def template(path: Path, *others: Path) -> jinja2.Template:
    """A template by its file. What is put into it is escaped, and None is nothing.

    Args:
        path: of the template; what it includes stands beside it.
        others: folders where that may stand, too.
    """
    return jinja2.Environment(
        loader=jinja2.FileSystemLoader([path.parent, *others]),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        finalize=_shown,
        trim_blocks=True,
        lstrip_blocks=True,
    ).get_template(path.name)


def _shown(value: Any) -> Any:
    return "" if value is None else value
