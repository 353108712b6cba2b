"""The figures that the report shows, and how they are written for people."""

from typing import NamedTuple

from bench.leaderboard.rows import BoardRow


class Figure(NamedTuple):
    """A figure of a row by its name, with its title."""

    name: str
    title: str


MAIN = Figure("ndcg_at_10_expected", "exact NDCG@10")  # decides places and tiers
ACCURACIES = (
    MAIN,
    Figure("hr_at_10_expected", "exact HR@10"),
    Figure("hr_at_10", "HR@10 of 99 negatives"),
    Figure("ndcg_at_10", "NDCG@10 of 99 negatives"),
    Figure("full_hr_at_10", "full HR@10"),
    Figure("full_ndcg_at_10", "full NDCG@10"),
)
COSTS = (
    Figure("train_seconds", "training time, seconds"),
    Figure("latency_p99_ms", "p99 latency, milliseconds"),
    Figure("latency_p50_ms", "median latency, milliseconds"),
    Figure("peak_memory_mb", "memory, MB"),
)


def value(row: BoardRow, figure: Figure) -> float | None:
    """The figure of a row, if it has it."""
    return row.figures.get(figure.name)


def seconds(value: float | None) -> str:
    """As 0.35 s, 13 s, 10 min or 2.5 h."""
    if value is None:
        return ""
    if value < 0.0005:
        return "<1 ms"
    if value < 0.0995:
        return f"{1000 * value:.2g} ms" if value < 0.00995 else f"{1000 * value:.0f} ms"
    if value < 99.5:
        return f"{value:.2f} s" if value < 0.995 else f"{value:.3g} s"
    if value < 5970:
        return f"{value / 60:.2g} min" if value < 597 else f"{value / 60:.0f} min"
    return f"{value / 3600:.1f} h"


def milliseconds(value: float | None) -> str:
    """As 0.08 ms."""
    return "" if value is None else f"{value:.2g} ms" if value < 99.5 else f"{value:,.0f} ms"


def megabytes(value: float | None) -> str:
    """As 52 MB."""
    return "" if value is None else f"{value:.2g} MB" if value < 9.95 else f"{value:,.0f} MB"


def share(value: float | None) -> str:
    """Four digits without the zero before the point, as .4540."""
    return "" if value is None else f"{value:.4f}".replace("0.", ".", 1)
