"""Search for good hyper-parameters of each model of a suite, on validation items, in equal time."""

from dataclasses import dataclass, replace
from functools import partial

import click

from bench.errors import BadParameter, unknown
from bench.interactions import DataSet, Interactions
from bench.isolation.warm import warm
from bench.protocol.audit import audit_lines
from bench.protocol.new_users import NewUsers
from bench.protocol.protocols import PROTOCOLS, VALIDATION
from bench.protocol.task import Task, prepare
from bench.records.folder import Results
from bench.registry.suites import Suite, data_of
from bench.running.describe import Described, describe, fit_for
from bench.running.executors.choose import check_place
from bench.running.folder import work_folder
from bench.running.plan import Options
from bench.running.stages import BASE
from bench.running.text_vectors import with_texts_made
from bench.space import Space, from_plain, space
from bench.text import one_line
from bench.tracking.aside import Tracking
from bench.tuning import report
from bench.tuning.search import Budget
from bench.tuning.session import Session, Tuned


@dataclass(kw_only=True)
class TuningOutcome:
    """What a tuning has to show."""

    place: Results  # of the studies and their report
    failed: bool = False  # a model has no figure
    interrupted: bool = False


def on_validation(protocol: str) -> str:
    """The protocol that values for this one are chosen by."""
    return protocol if protocol.endswith(VALIDATION) else protocol + VALIDATION


def checked_protocol(protocol: str) -> str:
    """A protocol that somebody asked to tune by.

    Raises:
        UnknownName: there is no such protocol.
        BadParameter: it has test items, or is of new people, whom no look while fitting can rank.
    """
    if NewUsers.of(protocol) is not None:
        raise BadParameter(
            f"protocol {protocol!r} is of new people: values for them are those for known ones"
            " (loo-99-validation); compare ways to serve them by `bench run --protocol"
            f" {on_validation(protocol)}`"
        )
    if protocol in PROTOCOLS and not protocol.endswith(VALIDATION):
        raise BadParameter(
            f"protocol {protocol!r} has the test items, which tuning must not see;"
            f" use {on_validation(protocol)}"
        )
    if protocol not in PROTOCOLS:
        known = [name for name in PROTOCOLS if name.endswith(VALIDATION)]
        raise unknown("protocol for tuning", protocol, known)
    return protocol


def validation_task(data: DataSet | Interactions, suite: Suite) -> Task:
    """The only data that a study and its trials get: what is left without the test items.

    The hash of the data stands for train and validation alone, so that nothing of the test items
    reaches a key; of the audit, the counts of the whole data are shown and go no further.
    """
    protocol = on_validation(suite.protocol)
    task = prepare(data, protocol, suite.min_rating, suite.eval_users)
    return replace(task, data_sha256=task.split_sha256)


def space_of(model: str, described: Described) -> Space:
    """The search space that a model declares.

    Raises:
        BadParameter: it could not tell one.
        UnknownName: the space names what is no hyper-parameter.
    """
    if isinstance(described.search, str):
        raise BadParameter(f"no search space of {model}: {described.search}")
    for name in described.search:
        if name not in described.params:
            raise unknown(f"parameter in the search space of {model}", name, described.params)
    return from_plain(described.search)


def tune(suite: Suite, budget: Budget, options: Options, *, seed: int = 0) -> TuningOutcome:
    """Tune every row of a suite. What was spent before counts; the same call goes on.

    Raises:
        BadParameter, BadSuite: a row, or a model's search space, has what its model does not take.
    """
    check_place(options)
    with options.results.held(), work_folder(options.results) as work, warm(work, BASE):
        described = describe(suite, work)
        spaces = [
            space_of(row.model, known) if known.status == "ok" else space()
            for row, known in zip(suite.rows, described, strict=True)
        ]
        task = validation_task(data_of(suite, options.data_dir), suite)
        described = with_texts_made(task.train, fit_for(task, described), work)
        click.echo(audit_lines(task.dataset, task.protocol, task.audit))
        tracking = Tracking(options.results, options.track, options.mlflow)
        place = options.results.study_of(task.dataset, task.protocol)
        session = Session(
            suite=suite,
            task=task,
            budget=budget,
            options=options,
            seed=seed,
            work=work,
            place=place,
            tracking=tracking,
        )
        outcome = TuningOutcome(place=place)
        rows = []
        for row, known, declared in zip(suite.rows, described, spaces, strict=True):
            if known.status != "ok":
                click.echo(one_line(f"{row.label or row.model}: {known.status}, {known.reason}"))
                outcome.failed |= known.status == "failed"
            else:
                rows.append(Tuned(row, known.params, declared, known.needs))
        try:  # a killed run leaves a report of the studies that are over
            logs = session.tune(rows, over=partial(report.write, place))
            outcome.failed |= any(log.best() is None for log in logs)
        except KeyboardInterrupt:
            outcome.interrupted = True
        finally:
            report.write(place)
        tracking.finish(session.records, report.files(place))
    return outcome
