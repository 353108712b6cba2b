"""`bench run`: measure models, and show the board."""

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bench.cli.options import (
    INTERRUPTED,
    data_dir_option,
    end_on_request,
    model_path_option,
    names,
    results_option,
    run_options,
    width,
)
from bench.errors import BadParameter
from bench.registry.names import add_model
from bench.text import one_line, shown

if TYPE_CHECKING:
    from bench.registry.suites import Suite
    from bench.running.plan import Options

DEFAULT_SUITE = "ml-100k"


@click.command()
@click.option("--suite", metavar="NAME", help=f"A suite by name or .toml file [{DEFAULT_SUITE}].")
@click.option("--models", metavar="A,B", help="Only these models; new ones join with defaults.")
@click.option("--dataset", metavar="D", help="Another data set, as synthetic:scale=10.")
@click.option("--protocol", metavar="P", help="loo-99, ncf-files; with -validation for tuning.")
@click.option("--seeds", metavar="0,1", help="Seeds of the models.")
@click.option("--set", "settings", multiple=True, metavar="MODEL.PARAM=VALUE")
@click.option("--min-rating", type=float, help="Count only interactions rated at least this high.")
@click.option(
    "--eval-users",
    type=click.IntRange(min=1),
    metavar="N",
    help="Score only a sample of N test users; the protocol's name says so.",
)
@data_dir_option
@results_option
@click.option("--device", default="cpu", show_default=True, help="cpu or cuda.")
@click.option("--threads", type=click.IntRange(min=1), default=1, show_default=True)
@click.option("--timeout", type=float, metavar="S", help="Seconds that a cell may take.")
@click.option("--memory-limit", type=click.IntRange(min=1), metavar="MB", help="Of a cell.")
@click.option("--force", is_flag=True, help="Measure again what is measured already.")
@model_path_option
@click.option("--dry-run", is_flag=True, help="Show the cells and measure nothing.")
def run(
    *,
    suite: str | None,
    models: str | None,
    settings: tuple[str, ...],
    seeds: str | None,
    results: Path,
    data_dir: Path | None,
    device: str,
    threads: int,
    force: bool,
    model_paths: tuple[Path, ...],
    dry_run: bool,
    **changes: Any,
) -> int:
    """Train and measure models, and show the board.

    What is measured already, with the same data, parameters, code and libraries, is not measured
    again. Exit code 0 when every cell is ok or skipped with a reason, 1 when one failed or the
    board is INVALID.
    """
    for path in model_paths:
        add_model(path)
    chosen = choose(
        suite or DEFAULT_SUITE,
        models=names(models) if models is not None else [p.stem for p in model_paths] or None,
        settings=list(settings),
        seeds=names(seeds),
        **changes,
    )
    options = run_options(
        results=results, data_dir=data_dir, device=device, threads=threads, force=force
    )
    if dry_run:
        return show_cells(chosen, options)
    end_on_request()
    return run_suite(chosen, options)


# What follows imports what measures, which is slow to load, only when it is called: --help must
# not wait for it.


def choose(suite: str, *, seeds: list[str] | None, **changes: Any) -> "Suite":
    """A suite as the options of the command line change it."""
    from bench.registry import suites

    if changes.get("models") == []:
        raise BadParameter("--models takes names with commas between them, as als,ease")
    if seeds is not None:
        if not all(seed.isdecimal() and len(seed) < 19 for seed in seeds):
            wanted = "whole numbers from 0, of up to 18 digits, as 0,1,2"
            raise BadParameter(f"--seeds takes {wanted}, not {shown(seeds)}")
        changes["seeds"] = tuple(int(seed) for seed in seeds)
    return suites.narrow(suites.load(suite), **changes)


def run_suite(suite: "Suite", options: "Options") -> int:
    """Measure a suite and show its board; the exit code."""
    from bench.leaderboard.sections import sections
    from bench.leaderboard.tables import terminal
    from bench.records import certificates
    from bench.running.run import run

    outcome = run(suite, options)
    click.echo()
    verdicts = certificates.verdicts(options.results)
    board = sections(outcome.records, outcome.canaries, verdicts)  # of this run alone
    if board:
        click.echo(terminal(board, width()).rstrip())
        click.echo(f"\nWritten to {options.results}/leaderboard.md, .csv and .html.")
    for found in outcome.records:
        if found.traceback:
            where = options.results / "records" / f"{found.stem}.json"
            click.echo(f"{one_line(found.cell.name)}: the traceback stands in {where}", err=True)
    if outcome.interrupted:
        click.echo("Interrupted; the same command goes on from here.", err=True)
        return INTERRUPTED
    invalid = any(section.invalid for section in board)
    bad = any(found.status not in ("ok", "skipped") for found in outcome.records)
    return int(bad or invalid)


def show_cells(suite: "Suite", options: "Options") -> int:
    """Show the cells of a suite and which of them are measured."""
    from bench.canaries.run import kept
    from bench.protocol.audit import audit_lines
    from bench.running.folder import kept_record
    from bench.running.run import prepare_run

    with tempfile.TemporaryDirectory() as work:  # not in the results: another run may be there
        task, planned = prepare_run(suite, options, Path(work))
    click.echo(audit_lines(suite.dataset, task.protocol, task.audit))
    canaries = "measured" if kept(suite.dataset, task, options.results) else "to measure"
    click.echo(f"  canaries first: {canaries}")
    for each in planned:
        measured = "measured" if kept_record(each.cell, each.key, options.results) else "to measure"
        state = each.described.reason or measured
        click.echo(f"  {each.cell.name:<16} seed {each.cell.seed}  {each.key}  {state}")
    return 0
