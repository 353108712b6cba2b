"""`bench tune`: search for hyper-parameters, and show what they reach."""

import re
from typing import TYPE_CHECKING, Any

import click

from bench.cli.data_options import data_options
from bench.cli.options import INTERRUPTED, end_on_request, run_options
from bench.errors import BadParameter

if TYPE_CHECKING:
    from bench.records.folder import Results
    from bench.registry.suites import Suite
    from bench.running.plan import Options

DATASET = "movielens_100k"  # unless another is named
UNITS = {"s": 1.0, "m": 60.0, "h": 3600.0}


@click.command(short_help="Search for good hyper-parameters, in equal time.")
@click.argument("models", nargs=-1, metavar="[MODEL]...")
@click.option("--suite", metavar="NAME", help="Tune all rows of a suite, from their values on.")
@click.option(
    "--budget", default="10m", show_default=True, help="CPU time for each model: 90s, 1h."
)
@click.option("--trials", type=click.IntRange(min=1), metavar="N", help="At most, for each model.")
@click.option("--dataset", metavar="D", help="Another data set [movielens_100k].")
@data_options
@click.option("--protocol", metavar="P", help="loo-99-validation, ncf-files-validation.")
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True)
@run_options("trial")
@click.option("--report", is_flag=True, help="Write the reports again and show them; no trials.")
def tune(
    *,
    options: "Options",
    models: tuple[str, ...],
    own: list[str],
    budget: str,
    trials: int | None,
    seed: int,
    report: bool,
    **changes: Any,
) -> int:
    """Search for good hyper-parameters, in equal CPU time for each model.

    Trials are judged on validation items; no test item is in their reach. The first has the
    model's defaults, or the suite's values. The same command goes on where it stopped, and a
    longer --budget goes on where a shorter one ended.
    """
    if report:
        return write_reports(options.results)
    end_on_request()
    seconds = parse_time(budget)
    return tune_suite(suite_to_tune([*models, *own], **changes), seconds, trials, options, seed)


# What follows imports what measures, which is slow to load, only when it is called: --help must
# not wait for it.


def tune_suite(
    suite: "Suite", seconds: float, trials: int | None, options: "Options", seed: int
) -> int:
    """Tune the rows of a suite and show what they reached; the exit code."""
    from bench.tuning.run import tune
    from bench.tuning.search import Budget

    outcome = tune(suite, Budget(seconds=seconds, trials=trials), options, seed=seed)
    show(outcome.place)
    if outcome.interrupted:
        click.echo("Interrupted; the same command goes on from here.", err=True)
        return INTERRUPTED
    return int(outcome.failed)


def parse_time(text: str) -> float:
    """Seconds of "90s", "10m" or "1h".

    Raises:
        BadParameter: the text is not of this form.
    """
    found = re.fullmatch(r"(\d+(?:\.\d+)?)([smh])", text.strip())
    if not found or not float(found[1]) > 0:
        raise BadParameter(f"--budget takes a time above 0, as 90s, 10m or 1h, not {text!r}")
    return float(found[1]) * UNITS[found[2]]


def suite_to_tune(
    models: list[str],
    *,
    suite: str | None,
    dataset: str | None,
    protocol: str | None,
    **changes: Any,
) -> "Suite":
    """The rows to tune, and on what."""
    from bench.registry import suites
    from bench.tuning.run import checked_protocol

    if suite is not None:
        chosen = suites.load(suite)
    elif models:
        chosen = suites.Suite(dataset=dataset or DATASET, rows=())
    else:
        raise BadParameter("bench tune takes the name of a model, or --suite")
    if protocol is not None:
        protocol = checked_protocol(protocol)
    return suites.narrow(
        chosen, models=models or None, dataset=dataset, protocol=protocol, **changes
    )


def write_reports(results: "Results") -> int:
    """Write the report of every folder of studies again, and show it."""
    from bench.tuning import report

    places = [place for place in results.studies() if place.study_files()]
    if not places:
        raise FileNotFoundError(f"no studies in {results.tune}; `bench tune` makes them")
    for place in places:
        report.write(place)
        show(place)
    return 0


def show(place: "Results") -> None:
    """The table of a folder, and who is ahead when."""
    from bench.tuning import report

    logs = report.load(place)
    if not logs:
        click.echo("No trials yet.")
        return
    click.echo(f"\n{report.table(logs)}\n")
    for line in report.winners(logs):
        click.echo(line)
    page, values = place.path / report.PAGE, place.path / report.SUITE
    has_values = any(log.best() for log in logs)
    click.echo(f"Written to {page}{f', the values to {values}' if has_values else ''}")
