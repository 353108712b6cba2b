"""Keep beside a board what other rules for items of equal time would give popularity."""

from collections.abc import Iterable
from dataclasses import replace

from bench.evaluation.tie_rules import BOUNDS, OURS, popularity_by_rule
from bench.interactions import DataSet
from bench.protocol.split import in_order
from bench.protocol.task import Task
from bench.records.folder import Results
from bench.records.tie_rules import TieRules


def keep_tie_rules(
    data: DataSet, tasks: Iterable[Task], min_rating: float | None, results: Results
) -> None:
    """Compute it for each task whose test items hang on such a rule, unless it is kept.

    Args:
        data: of the tasks, as its `load` returned it.
        tasks: on the data.
        min_rating: of the tasks.
        results: where it is kept.
    """
    for task in filter(_by_rule, tasks):
        kept = TieRules(
            dataset=task.dataset,
            protocol=task.protocol,
            data_sha256=task.data_sha256,
            users=0,
            tied=0,
            ours=OURS,
            popularity={},
            bounds=BOUNDS,
        )
        if not results.file_of(kept).exists():
            found = popularity_by_rule(in_order(data.interactions, min_rating))
            results.save(replace(kept, **found._asdict()))


def _by_rule(task: Task) -> bool:
    """Whether test items are users' latest ones, and some user's latest time has several."""
    ours = not (task.published or task.tuning or task.folds) and task.order == "time"
    alone = task.shown is None and task.cases.pool is None
    return ours and alone and task.audit["users_with_tied_newest_time"] > 0
