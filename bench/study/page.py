"""The pages of a study: study.md and study.html, from its paragraphs."""

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path

import jinja2

from bench.study.paragraph import Paragraph, Table, Value
from bench.text import markdown as as_text

TITLE = "A study of metrics"
PICTURES = {
    "F1": ("figures", "Pairs told apart by each figure, and how it agrees with the full order"),
    "F2": ("saturation", "HR@10 over the number of negatives"),
    "F3": ("strata", "HR@10 where the test item is popular, and where it is not"),
    "F5": ("places", "Places of each model over all boards"),
}  # file and what it shows, by paragraph


def markdown(about: Sequence[str], paragraphs: Sequence[Paragraph], drawn: Sequence[str]) -> str:
    """study.md.

    Args:
        about: lines on what it was made of.
        drawn: names of the paragraphs that have a picture.
    """
    parts = [f"# {TITLE}", *(f"- {as_text(line)}" for line in about)]
    parts[1:] = ["\n".join(parts[1:])]
    for paragraph in paragraphs:
        parts.append(f"## {paragraph.name} {paragraph.question}")
        parts.append("\n".join(f"- {as_text(sentence)}" for sentence in paragraph.sentences))
        if paragraph.name in drawn:
            file, shows = PICTURES[paragraph.name]
            parts.append(f"![{shows}]({file}.svg)")
        for table in paragraph.tables:
            if table.title:
                parts.append(f"**{as_text(table.title)}**")
            parts.append("\n".join(_lines(table)))
        parts += [as_text(note) for note in paragraph.notes]
    return "\n\n".join(part for part in parts if part) + "\n"


def html(about: Sequence[str], paragraphs: Sequence[Paragraph], drawn: Mapping[str, str]) -> str:
    """study.html: one file, nothing is loaded by it.

    Args:
        about: lines on what it was made of.
        drawn: SVG by the name of its paragraph.
    """
    template = _template("page.html.jinja")
    shows = {name: text for name, (_, text) in PICTURES.items()}
    page = template.render(
        title=TITLE, about=about, paragraphs=paragraphs, drawn=drawn, shows=shows, numeric=_numeric
    )
    return page + "\n"


def _lines(table: Table) -> Iterator[str]:
    yield _line(table.columns)
    yield _line(["--:" if _numeric(table, j) else ":--" for j in range(len(table.columns))])
    for cells in table.cells():
        yield _line([as_text(cell) for cell in cells])


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _numeric(table: Table, column: int) -> bool:
    values: list[Value] = [row[column] for row in table.rows]
    return any(isinstance(value, int | float) for value in values)


@cache
def _template(name: str) -> jinja2.Template:
    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    ).get_template(name)
