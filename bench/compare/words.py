"""Numbers and tables of an answer, written for people."""

from collections.abc import Callable, Iterable, Sequence

from bench.text import markdown as as_text
from bench.text import one_line


def decimal(value: float) -> str:
    """A figure in 0..1 with three digits and no zero before the point, as ".463"."""
    text = f"{value:.3f}"
    return text.removeprefix("0") if text.startswith("0.") else text


def signed(value: float) -> str:
    """A difference of such figures with its sign, as "-.023"."""
    text = decimal(abs(value))
    return text if text == ".000" else f"{'-' if value < 0 else '+'}{text}"


def p_value(p: float) -> str:
    """A probability as "p = .012", or "p < .0001"."""
    if p < 0.0001:
        return "p < .0001"
    text = f"{p:.4f}" if p < 0.001 else f"{p:.3f}" if p < 0.1 else f"{p:.2f}"
    return f"p = {text.removeprefix('0')}"


def percent(share: float) -> str:
    """A share as "36.6 %"."""
    return f"{100 * share:.1f} %"


def listed(words: Sequence[str]) -> str:
    """Words as a list in a sentence: "als, ease and mf"."""
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def counted(number: int, noun: str) -> str:
    """A number with its noun: "1 seed", "6,040 users"."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def table(
    titles: Sequence[str], lines: Iterable[Sequence[str]], *, form: str = "simple", left: int = 1
) -> str:
    """A table, for the terminal ("simple") or a page of Markdown ("github").

    Args:
        titles: of its columns.
        lines: cells as text, which a model or a user may have chosen.
        form: tabulate's name for it.
        left: so many columns are aligned to the left, the others to the right.
    """
    import tabulate

    tabulate.MIN_PADDING = 0  # of titles, which would widen the table
    clean: Callable[[str], str] = as_text if form == "github" else one_line
    align = ["left"] * left + ["right"] * (len(titles) - left)
    cells = [[clean(cell) for cell in line] for line in lines]
    return tabulate.tabulate(cells, titles, form, colalign=align, disable_numparse=True)
