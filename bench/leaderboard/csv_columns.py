"""The columns of leaderboard.csv, the board for programs: every figure at full precision."""

from collections.abc import Callable, Iterable, Iterator

from bench.leaderboard import published
from bench.leaderboard.columns import different
from bench.leaderboard.rows import BoardRow
from bench.leaderboard.sections import Section
from bench.leaderboard.throughput import sample_unit
from bench.text import compact, one_line

CsvColumn = tuple[str, Callable[[Section, BoardRow], object]]  # name, cell


def _each(cell: Callable[[BoardRow, str], object], *names: str) -> Iterator[CsvColumn]:
    """A column for each name, with what `cell` gives for it."""

    def column(name: str) -> CsvColumn:
        return name, lambda _, row: cell(row, name)

    return map(column, names)


def _figure(row: BoardRow, name: str) -> object:
    return row.figures.get(name, "")


def _or_empty(row: BoardRow, name: str) -> object:
    return getattr(row, name) or ""


def _flag(row: BoardRow, name: str) -> object:
    return "yes" if getattr(row, name) else ""


def _published(row: BoardRow, name: str) -> object:
    return published.cells(row).get(name, "")


def _commits(row: BoardRow) -> str:
    return " ".join(different(record.environment.get("git_commit") for record in row.records))


def _environment(row: BoardRow, name: str) -> str:
    return "; ".join(different(record.environment.get(name) for record in row.records))


# Programs rely on the order up to `key`; what follows it may grow.
CSV_COLUMNS: tuple[CsvColumn, ...] = (
    *_each(getattr, "dataset", "protocol", "model", "status", "seeds"),
    *_each(_figure, "hr_at_10", "hr_at_10_se", "ndcg_at_10", "ndcg_at_10_se"),
    *_each(_figure, "hr_at_10_expected", "ndcg_at_10_expected", "full_hr_at_10", "full_ndcg_at_10"),
    *_each(_figure, "train_seconds", "train_samples_per_second", "interactions_per_second"),
    *_each(_figure, "score_users_per_second", "latency_p50_ms", "latency_p99_ms", "peak_memory_mb"),
    ("params", lambda _, row: compact(row.params)),
    ("key", lambda _, row: " ".join(dict.fromkeys(record.key for record in row.records))),
    *_each(getattr, "label", "adapter", "reason", "device", "threads", "tried"),
    *_each(_flag, "tie_sensitive", "busy"),
    *_each(_figure, "hr_at_10_sd", "ndcg_at_10_sd", "hr_at_10_low", "hr_at_10_high"),
    *_each(_figure, "ndcg_at_10_low", "ndcg_at_10_high", "mrr", "coverage_at_10", "gini_at_10"),
    *_each(_figure, "novelty_at_10", "popularity_at_10", "diversity_at_10", "test_users"),
    *_each(_figure, "train_cpu_seconds", "total_memory_mb"),
    ("tuned", lambda _, row: "; ".join(different(record.tuned for record in row.records))),
    ("git_commit", lambda _, row: _commits(row)),
    ("started", lambda _, row: max(record.started for record in row.records)),
    *_each(_published, "published_hr_at_10", "published_ndcg_at_10", "published_source"),
    *_each(_published, "published_link", "hr_at_10_difference", "hr_at_10_verdict"),
    *_each(_published, "ndcg_at_10_difference", "ndcg_at_10_verdict"),
    *_each(getattr, "certified"),
    *_each(_figure, "train_reference_units", "reference_seconds_before", "reference_seconds_after"),
    *_each(_figure, "reference_drift"),
    *_each(_flag, "drifted"),
    *_each(_figure, "load_before", "load_after"),
    ("invalid", lambda section, _: one_line("; ".join(section.invalid))),
    *_each(_or_empty, "tier", "letters"),
    *_each(_flag, "one_fit"),
    *_each(_figure, "exact_ndcg_at_10", "exact_ndcg_at_10_se"),
    *_each(_figure, "exact_ndcg_at_10_ci_low", "exact_ndcg_at_10_ci_high"),
    *_each(_figure, "exact_hr_at_10", "exact_hr_at_10_se"),
    *_each(_figure, "exact_hr_at_10_ci_low", "exact_hr_at_10_ci_high"),
    *_each(_figure, "full_hr_at_10_se", "full_ndcg_at_10_se", "share_first", "share_first_3"),
    *_each(_flag, "uses_order"),
    ("fold_in", lambda _, row: compact(row.fold_in) if row.fold_in else ""),
    *_each(_figure, "fold_in_people_per_second", "fold_in_seconds"),
    *_each(_published, "published_kind", "published_read"),
    ("train_sample_unit", lambda _, row: sample_unit(row)),
)
# Only where something is known of machines beside their CPU, or they differ.
MACHINE_COLUMNS: tuple[CsvColumn, ...] = (
    ("cpu", lambda _, row: _environment(row, "cpu")),
    ("instruction_set", lambda _, row: _environment(row, "instruction_set")),
    ("blas", lambda _, row: _environment(row, "blas")),
    *_each(_flag, "other_machine"),
)
# Only where a row was measured while other cells ran.
SIDE_BY_SIDE_COLUMNS: tuple[CsvColumn, ...] = (*_each(_flag, "side_by_side"),)
# Only where a folder has several versions of a data set.
VERSION_COLUMNS: tuple[CsvColumn, ...] = (
    ("data_sha256", lambda _, row: row.records[-1].data_sha256),
)
# Only where a board has cold items, so that others stay as they are; they stand last.
COLD_COLUMNS: tuple[CsvColumn, ...] = (
    *_each(_figure, "beside_hr_at_10", "beside_hr_at_50", "beside_ndcg_at_10"),
    *_each(_figure, "cold_share_at_10", "all_tied"),
    *_each(_flag, "cannot"),
)


def csv_columns(board: Iterable[Section]) -> list[CsvColumn]:
    """The columns of a board."""
    sections = list(board)
    rows = [row for section in sections for row in section.rows]
    machines = any(row.other_machine or _environment(row, "instruction_set") for row in rows)
    return [
        *CSV_COLUMNS,
        *(MACHINE_COLUMNS if machines else ()),
        *(SIDE_BY_SIDE_COLUMNS if any(row.side_by_side for row in rows) else ()),
        *(VERSION_COLUMNS if any(each.has_other_versions for each in sections) else ()),
        *(COLD_COLUMNS if any("beside_hr_at_10" in row.figures for row in rows) else ()),
    ]
