"""The columns of the board, and how their numbers are written."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bench.leaderboard import published
from bench.leaderboard.rows import DRIFT_BOUND, BoardRow
from bench.leaderboard.sections import Section
from bench.text import one_line

# Programs rely on the order up to `key`; what follows it may grow.
CSV_COLUMNS = (
    *("dataset", "protocol", "model", "status", "seeds"),
    *("hr_at_10", "hr_at_10_se", "ndcg_at_10", "ndcg_at_10_se"),
    *("hr_at_10_expected", "ndcg_at_10_expected", "full_hr_at_10", "full_ndcg_at_10"),
    *("train_seconds", "train_samples_per_second", "interactions_per_second"),
    *("score_users_per_second", "latency_p50_ms", "latency_p99_ms", "peak_memory_mb"),
    *("params", "key"),
    *("label", "adapter", "reason", "device", "threads", "tried", "tie_sensitive", "busy"),
    *("hr_at_10_sd", "ndcg_at_10_sd", "hr_at_10_low", "hr_at_10_high"),
    *("ndcg_at_10_low", "ndcg_at_10_high", "mrr", "coverage_at_10", "gini_at_10"),
    *("novelty_at_10", "popularity_at_10", "diversity_at_10", "test_users"),
    *("train_cpu_seconds", "total_memory_mb", "tuned", "git_commit", "started"),
    *("published_hr_at_10", "published_ndcg_at_10", "published_source", "published_link"),
    *("hr_at_10_difference", "hr_at_10_verdict", "ndcg_at_10_difference", "ndcg_at_10_verdict"),
    "certified",
    *("train_reference_units", "reference_seconds_before", "reference_seconds_after"),
    *("reference_drift", "drifted", "load_before", "load_after"),
    "invalid",
)
TIE_MARK, BUSY_MARK, DRIFT_MARK = "†", "‡", "§"
MARKS = {
    TIE_MARK: "many equal scores: another order of ties would move HR@10 or NDCG@10 by over 0.001",
    BUSY_MARK: "CPU time and wall time of training disagree: other work was running, "
    "or more threads than were asked for",
    DRIFT_MARK: "the speed of the machine changed: the reference kernel took over "
    f"{DRIFT_BOUND:.0%} longer on one side of the cell than on the other, or was not timed on both",
}


@dataclass(frozen=True)
class Column:
    """A column of the tables for people."""

    title: str
    cell: Callable[[BoardRow], str]
    meaning: str
    figure: str = ""  # what the page sorts by
    give_way: int = 0  # the highest leaves a narrow terminal first; 0 never does
    needed_by: Callable[[BoardRow], bool] | None = None  # a table where no row needs it has it not


def _number(name: str, form: Callable[[float], str]) -> Callable[[BoardRow], str]:
    return lambda row: form(row.figures[name]) if name in row.figures else ""


def _hit_rate(row: BoardRow) -> str:
    if "hr_at_10" not in row.figures:
        return row.status
    error = row.figures.get("hr_at_10_se")
    return f"{row.figures['hr_at_10']:.4f}" + ("" if error is None else f" ±{error:.4f}")


def _name(row: BoardRow) -> str:
    partly = f"[{row.status}]" if row.seeds and row.seeds < row.tried else ""
    marks = TIE_MARK * row.tie_sensitive + BUSY_MARK * row.busy + DRIFT_MARK * row.drifted
    return one_line(" ".join(word for word in (row.model, partly, marks) if word))


def _samples_per_second(row: BoardRow) -> str:
    """Nothing where the training time is too short to divide by."""
    if row.figures.get("train_seconds", 0.0) < 0.001:
        return ""
    return _number("train_samples_per_second", with_unit)(row)


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
        give_way=9,
        needed_by=lambda row: row.seeds > 1,
    ),
    Column(
        "HR@10",
        _hit_rate,
        "share of test users whose held-out item is among the first 10 of it and 99 sampled "
        "negatives, ± its standard error over the test users",
        "hr_at_10",
    ),
    Column(
        "NDCG@10", _number("ndcg_at_10", _four), "the same, discounted by the rank", "ndcg_at_10"
    ),
    Column(
        "published",
        published.in_short,
        "HR@10 / NDCG@10 that others published for this model, data set and protocol (of several, "
        "the highest HR@10), then our HR@10 less theirs: within the standard error of ours over "
        "the test users, or above or below; theirs has an error too, which is not known",
        give_way=1,
        needed_by=lambda row: published.target(row) is not None,
    ),
    Column(
        "expected HR@10",
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
        "samples/s",
        _samples_per_second,
        "training examples processed a second, negatives included; empty below 1 ms of training",
        "train_samples_per_second",
        4,
    ),
    Column(
        "users/s",
        _number("score_users_per_second", with_unit),
        "users for whom all items were scored, a second",
        "score_users_per_second",
        7,
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
        2,
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
