"""`bench tune`: search for hyper-parameters, and show what they reach."""

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bench.cli.options import (
    INTERRUPTED,
    data_dir_option,
    end_on_request,
    model_path_option,
    results_option,
    run_options,
)
from bench.errors import BadParameter
from bench.registry.names import add_model

if TYPE_CHECKING:
    from bench.registry.suites import Suite
    from bench.running.plan import Options

DATASET = "movielens_100k"  # unless another is named
UNITS = {"s": 1.0, "m": 60.0, "h": 3600.0}


@click.command()
@click.argument("models", nargs=-1, metavar="[MODEL]...")
@click.option("--suite", metavar="NAME", help="Tune all rows of a suite, from their values on.")
@click.option("--budget", default="10m", show_default=True, help="Time for each model: 90s, 1h.")
@click.option("--trials", type=click.IntRange(min=1), metavar="N", help="At most, for each model.")
@click.option("--dataset", metavar="D", help="Another data set [movielens_100k].")
@click.option("--protocol", metavar="P", help="loo-99-validation, ncf-files-validation.")
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True)
@click.option("--set", "settings", multiple=True, metavar="MODEL.PARAM=VALUE")
@click.option("--min-rating", type=float, help="Count only interactions rated at least this high.")
@click.option("--eval-users", type=click.IntRange(min=1), metavar="N", help="Score only a sample.")
@data_dir_option
@results_option
@click.option("--device", default="cpu", show_default=True, help="cpu or cuda.")
@click.option("--threads", type=click.IntRange(min=1), default=1, show_default=True)
@click.option("--timeout", type=float, metavar="S", help="Seconds that a trial may take.")
@click.option("--memory-limit", type=click.IntRange(min=1), metavar="MB", help="Of a trial.")
@model_path_option
@click.option("--report", is_flag=True, help="Write the reports again and show them; no trials.")
def tune(
    *,
    models: tuple[str, ...],
    results: Path,
    data_dir: Path | None,
    device: str,
    threads: int,
    model_paths: tuple[Path, ...],
    report: bool,
    **given: Any,
) -> int:
    """Search for good hyper-parameters, in equal time for each model.

    Trials are judged on validation items; no test item is in their reach. The first has the
    model's defaults, or the suite's values. The same command goes on where it stopped, and a
    longer --budget goes on where a shorter one ended.
    """
    if report:
        return write_reports(results)
    own = [add_model(path) for path in model_paths]
    options = run_options(
        results=results, data_dir=data_dir, device=device, threads=threads, force=False
    )
    end_on_request()
    return tune_models([*models, *own], options, **given)


# What follows imports what measures, which is slow to load, only when it is called: --help must
# not wait for it.


def tune_models(
    models: list[str],
    options: "Options",
    *,
    budget: str,
    trials: int | None,
    seed: int,
    **changes: Any,
) -> int:
    """Tune some models and show what they reached; the exit code."""
    from bench.tuning import run
    from bench.tuning.session import Budget

    allowed = Budget(seconds=parse_time(budget), trials=trials)
    outcome = run.tune(choose(models, **changes), allowed, options, seed=seed)
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


def choose(
    models: list[str],
    *,
    suite: str | None,
    protocol: str | None,
    dataset: str | None,
    settings: tuple[str, ...],
    **changes: Any,
) -> "Suite":
    """The rows to tune, and on what."""
    from bench.registry import suites
    from bench.registry.suites import Suite, SuiteRow
    from bench.tuning.run import checked_protocol

    if protocol is not None:
        protocol = checked_protocol(protocol)
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


def write_reports(results: Path) -> int:
    """Write the report of every folder of studies again, and show it."""
    from bench.tuning import report

    places = sorted({path.parent for path in (results / "tune").glob("*/*.db")})
    if not places:
        raise FileNotFoundError(f"no studies in {results / 'tune'}; `bench tune` makes them")
    for place in places:
        report.write(place)
        show(place)
    return 0


def show(place: Path) -> None:
    """The table of a folder, and who is ahead when."""
    from bench.tuning import report

    logs = report.load(place)
    click.echo(f"\n{report.table(logs)}\n")
    for line in report.winners(logs):
        click.echo(line)
    click.echo(f"Written to {place / report.PAGE}, the values to {place / report.SUITE}")
