"""The columns of the tables for people, and how their numbers are written."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from bench.leaderboard import published
from bench.leaderboard.marks import signs
from bench.leaderboard.rows import BoardRow
from bench.leaderboard.sections import Section
from bench.leaderboard.throughput import measured, sample_unit
from bench.text import one_line


@dataclass(frozen=True)
class Column:
    """A column of the tables for people."""

    title: str
    cell: Callable[[BoardRow], str]
    meaning: str
    figure: str = ""  # what the page sorts by: a figure, or a number of the row
    give_way: int = 0  # the highest leaves a narrow terminal first; 0 never does
    needed_by: Callable[[BoardRow], bool] | None = None  # else left out of the table

    def value(self, row: BoardRow) -> object:
        """What the page sorts by; "" where a row has none."""
        return row.figures.get(self.figure, getattr(row, self.figure, ""))


def _number(name: str, form: Callable[[float], str]) -> Callable[[BoardRow], str]:
    return lambda row: form(row.figures[name]) if name in row.figures else ""


def _with_error(row: BoardRow, figure: str, error: str) -> str:
    value, its_error = row.figures.get(figure), row.figures.get(error)
    if value is None:
        return ""
    return _four(value) + ("" if its_error is None else f" ±{its_error:.4f}")


def _hit_rate(row: BoardRow) -> str:
    return _with_error(row, "hr_at_10", "hr_at_10_se") or row.status


def _name(row: BoardRow) -> str:
    partly = f"[{row.status}]" if row.seeds and row.seeds < row.tried else ""
    return one_line(" ".join(word for word in (row.model, partly, signs(row)) if word))


def _interactions_per_second(row: BoardRow) -> str:
    """Nothing where the training time is too short to divide by."""
    return _number("interactions_per_second", with_unit)(row) if measured(row) else ""


def _samples_per_second(row: BoardRow) -> str:
    """With what a sample is, as "842 k pairs, 8 negatives each"."""
    rate = _number("train_samples_per_second", with_unit)(row) if measured(row) else ""
    return f"{rate} {sample_unit(row)}".strip() if rate else ""


def _four(value: float) -> str:
    return f"{value:.4f}"


def _seconds(value: float) -> str:
    if 0 < value < 0.0005:
        return "<.001"
    digits = 0 if value >= 100 else 1 if value >= 10 else 2 if value >= 1 else 3
    return f"{value:.{digits}f}"


def with_unit(value: float) -> str:
    """Three digits and a unit, as in 1.23 M."""
    for size, unit in ((1e9, " G"), (1e6, " M"), (1e3, " k")):
        if value >= 0.9995 * size:  # from there on three digits would round up to 1000
            return f"{value / size:.3g}{unit}"
    return f"{value:.3g}"


COLUMNS = (
    Column("model", _name, "label and, where it stands twice, the parameters that differ"),
    Column(
        "seeds",
        lambda row: str(row.seeds),
        "runs averaged in this row",
        "seeds",
        give_way=9,
        needed_by=lambda row: row.seeds > 1,
    ),
    Column(
        "tier",
        lambda row: str(row.tier or ""),
        "1 for the best row and all that are not told apart from it, 2 for the same among the "
        "rest, and so on; see below the table",
        "tier",
        needed_by=lambda row: row.tier > 0,
    ),
    Column(
        "HR@10",
        _hit_rate,
        "share of test users whose held-out item is among the first 10 of it and 99 sampled "
        "negatives, ± its standard error over the test users and the seeds",
        "hr_at_10",
    ),
    Column(
        "NDCG@10", _number("ndcg_at_10", _four), "the same, discounted by the rank", "ndcg_at_10"
    ),
    Column(
        "exact NDCG@10",
        lambda row: _with_error(row, "ndcg_at_10_expected", "exact_ndcg_at_10_se"),
        "NDCG@10 averaged exactly over all draws of the 99 negatives, so without sampling noise, "
        "± its standard error over the test users and the seeds; tiers are by it",
        "ndcg_at_10_expected",
        2,
    ),
    Column(
        "published",
        published.in_short,
        "HR@10 / NDCG@10 that others published for this model, data set and protocol (of several "
        "that stand, the highest HR@10), then our HR@10 less theirs: within the standard error of "
        "ours over the test users and the seeds, or above or below; theirs has an error, which is "
        "not known",
        give_way=1,
        needed_by=lambda row: published.target(row) is not None,
    ),
    Column(
        "exact HR@10",
        _number("hr_at_10_expected", _four),
        "HR@10 averaged exactly over all draws of the 99 negatives, so without sampling noise",
        "hr_at_10_expected",
        5,
    ),
    Column(
        "full HR@10",
        _number("full_hr_at_10", _four),
        "the held-out item among all items that the user never touched",
        "full_hr_at_10",
        3,
    ),
    Column(
        "full NDCG@10",
        _number("full_ndcg_at_10", _four),
        "the same, discounted by the rank",
        "full_ndcg_at_10",
        6,
    ),
    Column(
        "beside warm HR@10",
        _number("beside_hr_at_10", _four),
        "the cold held-out item among all items, cold and warm, that the user never touched",
        "beside_hr_at_10",
        2,
        needed_by=lambda row: "beside_hr_at_10" in row.figures,
    ),
    Column(
        "beside warm HR@50",
        _number("beside_hr_at_50", _four),
        "the same, among the first 50",
        "beside_hr_at_50",
        1,
        needed_by=lambda row: "beside_hr_at_50" in row.figures,
    ),
    Column(
        "cold in top 10",
        _number("cold_share_at_10", lambda value: f"{100 * value:.1f} %"),
        "share of the places in the top-10 lists of all items that cold items take",
        "cold_share_at_10",
        1,
        needed_by=lambda row: "cold_share_at_10" in row.figures,
    ),
    Column(
        "train s",
        _number("train_seconds", _seconds),
        "seconds of fit alone, looks at validation left out",
        "train_seconds",
    ),
    Column(
        "train units",
        _number("train_reference_units", _seconds),
        "the same in units of a fixed kernel's time around the cell, a second or so; to compare "
        "rows of two machines, or of one whose speed changes",
        "train_reference_units",
        10,
        needed_by=lambda row: "train_reference_units" in row.figures,
    ),
    Column(
        "interactions/s",
        _interactions_per_second,
        "observed interactions of train times epochs, a second: the same for every model, so rows "
        "compare by it; empty below 1 ms of training",
        "interactions_per_second",
        4,
    ),
    Column(
        "samples/s",
        _samples_per_second,
        "training samples a second as the model counts them, and what one is; rows that count "
        "something else do not compare by it, and the page does not sort by it",
        give_way=11,
    ),
    Column(
        "users/s",
        _number("score_users_per_second", with_unit),
        "users for whom all items were scored, a second",
        "score_users_per_second",
        7,
        needed_by=lambda row: "score_users_per_second" in row.figures,
    ),
    Column(
        "people/s",
        _number("fold_in_people_per_second", with_unit),
        "new people taken in, and all items scored for them, a second; what a way prepares once "
        "counts, as the scores of known people",
        "fold_in_people_per_second",
        7,
        needed_by=lambda row: "fold_in_people_per_second" in row.figures,
    ),
    Column(
        "p50 ms",
        _number("latency_p50_ms", _seconds),
        "median time for the top 10 of one user",
        "latency_p50_ms",
        8,
    ),
    Column(
        "memory MB",
        _number("peak_memory_mb", lambda value: f"{value:.0f}"),
        "peak memory of training and scoring above the level before",
        "peak_memory_mb",
        3,
    ),
    Column(
        "certified",
        lambda row: row.certified,
        "whether this code keeps the laws of `bench certify`, with the model's defaults: by itself "
        "(yes), some within tolerances that the model's file declares, or not",
        give_way=10,
        needed_by=lambda row: bool(row.certified),
    ),
)


def columns(section: Section) -> list[Column]:
    """The columns that some row of a section needs."""
    return [
        column
        for column in COLUMNS
        if column.needed_by is None or any(map(column.needed_by, section.rows))
    ]


def all_columns(board: Sequence[Section]) -> list[Column]:
    """The columns that stand in any table of a board."""
    present = {column for section in board for column in columns(section)}
    return [column for column in COLUMNS if column in present]


def different(words: Iterable[object]) -> list[str]:
    """The words of several records, each once, sorted and on one line."""
    return sorted({one_line(str(word)) for word in words if word})
