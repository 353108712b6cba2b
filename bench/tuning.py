"""Search for good hyper-parameters of each model of a suite, on validation items, in equal time."""

import re
from dataclasses import dataclass, replace
from pathlib import Path

import click

from bench import cells, runner, search, tune_report
from bench.audit import audit_lines
from bench.errors import BadParameter, unknown
from bench.interactions import Interactions
from bench.protocol import PROTOCOLS, Task, prepare
from bench.runner import Options
from bench.suite import Suite, blame
from bench.text import file_name, one_line
from bench.tuner import VALIDATION, Budget, Session
from bench.upkeep import Tracking

UNITS = {"s": 1.0, "m": 60.0, "h": 3600.0}


@dataclass(kw_only=True)
class Outcome:
    """What a tuning has to show."""

    place: Path  # of the studies and their report
    failed: bool = False  # a model has no figure
    interrupted: bool = False


def parse_time(text: str) -> float:
    """Seconds of "90s", "10m" or "1h".

    Raises:
        BadParameter: the text is not of this form.
    """
    found = re.fullmatch(r"(\d+(?:\.\d+)?)([smh])", text.strip())
    if not found or not float(found[1]) > 0:
        raise BadParameter(f"--budget takes a time above 0, as 90s, 10m or 1h, not {text!r}")
    return float(found[1]) * UNITS[found[2]]


def on_validation(protocol: str) -> str:
    """The protocol that values for this one are chosen by."""
    return protocol if protocol.endswith(VALIDATION) else protocol + VALIDATION


def checked_protocol(protocol: str) -> str:
    """A protocol that somebody asked to tune by.

    Raises:
        UnknownName: there is no such protocol.
        BadParameter: it has test items.
    """
    if protocol in PROTOCOLS and not protocol.endswith(VALIDATION):
        raise BadParameter(
            f"protocol {protocol!r} has the test items, which tuning must not see;"
            f" use {on_validation(protocol)}"
        )
    if protocol not in PROTOCOLS:
        known = [name for name in PROTOCOLS if name.endswith(VALIDATION)]
        raise unknown("protocol for tuning", protocol, known)
    return protocol


def validation_task(data: Interactions, suite: Suite) -> Task:
    """The only data that a study and its trials get: what is left without the test items.

    The hash of the data stands for train and validation alone, so that nothing of the test items
    reaches a key; of the audit, the counts of the whole data are shown and go no further.
    """
    protocol = on_validation(suite.protocol)
    task = prepare(data, protocol, suite.min_rating, suite.eval_users)
    return replace(task, data_sha256=task.split_sha256)


def tune(suite: Suite, budget: Budget, options: Options, *, seed: int = 0) -> Outcome:
    """Tune every row of a suite. What was spent before counts; the same call goes on.

    Raises:
        BadParameter, BadSuite: a row, or a model's search space, has what its model does not take.
    """
    with runner.only_run(options.results), runner.work_folder(options.results) as work:
        described = cells.describe(suite.rows, work)
        for row, known in zip(suite.rows, described, strict=True):
            if known.status == "usage":
                raise blame(suite, row, known.reason)
        usable = [r.model for r, d in zip(suite.rows, described, strict=True) if d.status == "ok"]
        spaces = dict(zip(usable, search.spaces(usable, work), strict=True))
        task = validation_task(runner.load_data(suite.dataset, options.data_dir), suite)
        click.echo(audit_lines(suite.dataset, task.protocol, task.audit))
        tracking = Tracking(options.results)
        place = folder(options.results, suite.dataset, task.protocol)
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
        outcome = Outcome(place=place)
        for row, known in zip(suite.rows, described, strict=True):
            if known.status != "ok":
                click.echo(one_line(f"{row.label or row.model}: {known.status}, {known.reason}"))
                outcome.failed |= known.status == "failed"
                continue
            try:
                log = session.tune(row, known.params, spaces[row.model])
                outcome.failed |= log.best() is None
            except KeyboardInterrupt:
                outcome.interrupted = True
                break
            finally:  # so that a killed run leaves a report of what it has
                tune_report.write(place)
        files = [place / name for name in tune_report.FILES]
        tracking.finish(session.records, files)
    return outcome


def folder(results: Path, dataset: str, protocol: str) -> Path:
    """Where the studies of a data set under a protocol stand."""
    return results / "tune" / file_name(f"{dataset}-{protocol}")
