"""A board of embeddings for people: as Markdown, and in the terminal."""

from collections.abc import Sequence

from bench.compare.words import counted, decimal, listed, table
from bench.embeddings.columns import COLUMNS, LEAST_USERS, LENGTH, ON_PAGE, FigureColumn
from bench.embeddings.rows import BASELINE, EmbeddingsRow, EmbeddingsSection
from bench.text import markdown as as_text
from bench.text import one_line

TITLE = "Embeddings"
MARK = "*"  # behind a figure of genres where genres were an input
TITLES = ("model", "vectors", "by", "seeds", *(column.title for column in ON_PAGE))
ABOUT = (
    f"Items are judged by the company they keep: {LENGTH} neighbours of each, the most similar by"
    f" the vectors of a model, among the items with {LEAST_USERS} users or more in train. A list"
    " ends where the similarity is 0. A model of several seeds has the mean of their figures.",
    "Compare models by `next item` and `genre`, never by their cosines: those of factor models"
    " depend on how they were regularised (Steck, Ekanadham & Kallus 2024, arXiv 2403.05440).",
)


def markdown(board: Sequence[EmbeddingsSection]) -> str:
    """embeddings.md. The same board gives the same text."""
    parts = [f"# {TITLE}", *ABOUT]
    for section in board:
        parts.append(f"## {as_text(section.dataset)}, {as_text(section.protocol)}")
        parts.append(table(TITLES, _lines(section), form="github", left=3))
        parts.append("\n".join(f"- {as_text(line)}" for line in remarks(section)))
    parts += ["## Columns", "\n".join(_meanings())]
    return "\n\n".join(parts) + "\n"


def terminal(board: Sequence[EmbeddingsSection]) -> str:
    """The tables, for a terminal."""
    parts = []
    for section in board:
        title = one_line(f"{section.dataset}, {section.protocol}")
        lines = [title, "", table(TITLES, _lines(section), left=3), "", *remarks(section)]
        parts.append("\n".join(lines))
    return "\n\n".join(parts) + "\n"


def cells(row: EmbeddingsRow) -> list[str]:
    """A row as text, one cell for each of TITLES."""
    width = "" if row.width is None else f" {row.width}"
    return [
        row.model,
        f"{row.kind}{width}",
        row.similarity,
        str(len(row.seeds)) if row.seeds else "",
        *(_cell(row, column) for column in ON_PAGE),
    ]


def measured_rows(section: EmbeddingsSection) -> list[EmbeddingsRow]:
    """The rows that have figures."""
    return [row for row in section.rows if row.figures]


def remarks(section: EmbeddingsSection) -> list[str]:
    """What the table below it cannot say, a line each."""
    said = [
        f"{counted(section.items, 'item')} compared; {counted(section.users, 'user')} asked for the"
        " next item" + _error(section)
    ]
    if section.genre_of_any is not None:
        said.append(f"genre of neighbours at random: {decimal(section.genre_of_any)}")
    if any("genre" in row.inputs for row in section.rows):
        said.append(
            f"{MARK} genres were an input of the model, and its figure of genre may show just that"
        )
    once = [row.model for row in measured_rows(section) if len(row.seeds) == 1]
    if once:
        said.append(f"one seed, so nothing is known of how stable it is: {listed(once)}")
    reasons: dict[str, list[str]] = {}
    for row in section.rows:
        if row.remark:
            reasons.setdefault(row.remark, []).append(row.model)
    said += [f"{reason}: {listed(models)}" for reason, models in reasons.items()]
    return [one_line(line) for line in said]


def _error(section: EmbeddingsSection) -> str:
    errors = [row.figure("next_item_se") or 0.0 for row in section.rows]
    most = max(errors, default=0.0)
    return f", whose standard error is {decimal(most)} at most" if most else ""


def _lines(section: EmbeddingsSection) -> list[list[str]]:
    return [cells(row) for row in measured_rows(section)]


def _cell(row: EmbeddingsRow, column: FigureColumn) -> str:
    value = row.figure(column.name)
    if value is None:
        return ""
    text = f"{value:.{column.digits}f}"
    text = text.removeprefix("0") if column.digits == 3 and text.startswith("0.") else text
    given = column.name == "genre" and "genre" in row.inputs
    return f"{text}{MARK}" if given else text


def _meanings() -> list[str]:
    fixed = {
        "vectors": "the model's own, without biases; or its profile, made of its scores; or those"
        f" of a {BASELINE}, for which nothing was trained; and how many numbers one has",
        "by": "how two items are compared: cosine, cosine of centred vectors, dot product",
    }
    shown = {column.title: column.meaning for column in ON_PAGE}
    more = {f"`{c.name}` in the CSV": c.meaning for c in COLUMNS if not c.title}
    return [f"- **{n}**: {as_text(meaning)}" for n, meaning in (fixed | shown | more).items()]
