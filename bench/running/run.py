"""Run a suite: measure what is not measured yet, keep every result, show the board."""

from collections.abc import Callable
from pathlib import Path

import click

from bench.errors import BadParameter
from bench.interactions import DataSet
from bench.isolation.warm import warm
from bench.protocol.audit import audit_lines
from bench.protocol.task import Task, prepare_all
from bench.registry.suites import Suite, data_of
from bench.running.describe import describe, fit_for
from bench.running.executors.choose import check_place
from bench.running.folder import work_folder
from bench.running.plan import Options, Planned, planned_cells
from bench.running.session import RunOutcome, Session, show_nothing
from bench.running.stages import BASE
from bench.running.text_vectors import with_texts_made
from bench.running.tie_rules import keep_tie_rules


def run(
    suite: Suite,
    options: Options,
    data: DataSet | None = None,
    show: Callable[[RunOutcome], None] = show_nothing,
) -> RunOutcome:
    """Measure a suite. A cell whose record is there already is not measured again.

    Each record and ledger is on the disk before the next cell begins, so an interrupted run loses
    at most the cell that it was at, and the same command goes on from there.

    Args:
        suite: what to measure.
        options: how.
        data: in memory already, instead of the suite's data set.
        show: shows the outcome, before MLflow is told of it.
    """
    check_place(options)
    with options.results.held(), work_folder(options.results) as work, warm(work, BASE):
        tasks, planned = prepare_run(suite, options, work, data)
        for task in tasks:
            click.echo(audit_lines(task.dataset, task.protocol, task.audit))
        with Session(suite, tasks, options, work, planned, show) as session:
            session.measure_canaries()
            session.measure_all()
    return session.outcome


def prepare_run(
    suite: Suite, options: Options, work: Path, data: DataSet | None = None
) -> tuple[list[Task], list[Planned]]:
    """Everything that comes before the first measurement; cells of one fit follow each other.

    Raises:
        BadParameter, BadSuite, UnknownName: a row has a hyper-parameter that its model does not
            take, or the data set a parameter that it does not.
    """
    described = describe(suite, work)
    data = data or data_of(suite, options.data_dir)
    tasks = prepare_all(data, suite.protocol, suite.min_rating, suite.eval_users)
    if tasks[0].shown is not None and (suite.keep or any(row.keep for row in suite.rows)):
        raise BadParameter(
            f"protocol {suite.protocol}: models that lack the new people are not kept; keep those"
            " of loo-99"
        )
    keep_tie_rules(data, tasks, suite.min_rating, options.results)
    fit = with_texts_made(tasks[0].train, fit_for(tasks[0], described), work)
    where = options.device, options.threads
    planned = [each for task in tasks for each in planned_cells(suite, fit, task, *where)]
    order = {way: place for place, way in enumerate(dict.fromkeys(p.way for p in planned))}
    return tasks, sorted(planned, key=lambda each: order[each.way])
