"""What `bench tune` does, with the libraries that it needs."""

from pathlib import Path
from typing import Any

import click

from bench import suite as suites
from bench import tune_report, tuning
from bench.errors import BadParameter
from bench.runner import Options
from bench.suite import Suite, SuiteRow
from bench.tuner import Budget

DATASET = "movielens_100k"  # unless another is named


def tune(
    models: list[str],
    options: Options,
    *,
    budget: str,
    trials: int | None,
    seed: int,
    **changes: Any,
) -> int:
    """Tune some models and show what they reached; the exit code."""
    allowed = Budget(seconds=tuning.parse_time(budget), trials=trials)
    outcome = tuning.tune(choose(models, **changes), allowed, options, seed=seed)
    show(outcome.place)
    if outcome.interrupted:
        click.echo("Interrupted; the same command goes on from here.", err=True)
        return 130
    return int(outcome.failed)


def choose(
    models: list[str],
    *,
    suite: str | None,
    protocol: str | None,
    dataset: str | None,
    settings: tuple[str, ...],
    **changes: Any,
) -> Suite:
    """The rows to tune, and on what."""
    if protocol is not None:
        protocol = tuning.checked_protocol(protocol)
    if suite is None:
        if not models:
            raise BadParameter("bench tune takes the name of a model, or --suite")
        rows = tuple(SuiteRow(model=name) for name in dict.fromkeys(models))
        chosen = Suite(dataset=dataset or DATASET, rows=rows)
    else:
        chosen = suites.load(suite)
    return suites.narrow(
        chosen,
        models=models or None,
        settings=list(settings),
        protocol=protocol,
        dataset=dataset,
        **changes,
    )


def report(results: Path) -> int:
    """Write the report of every folder of studies again, and show it."""
    places = sorted({path.parent for path in (results / "tune").glob("*/*.db")})
    if not places:
        raise FileNotFoundError(f"no studies in {results / 'tune'}; `bench tune` makes them")
    for place in places:
        tune_report.write(place)
        show(place)
    return 0


def show(place: Path) -> None:
    """The table of a folder, and who is ahead when."""
    logs = tune_report.load(place)
    click.echo(f"\n{tune_report.table(logs)}\n")
    for line in tune_report.winners(logs):
        click.echo(line)
    click.echo(f"Written to {place / tune_report.PAGE}, the values to {place / tune_report.SUITE}")
