"""`bench run`: measure models, and show the board."""

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bench.cli.data_options import data_options
from bench.cli.options import INTERRUPTED, end_on_request, run_options, width
from bench.errors import BadParameter
from bench.text import one_line, shown

if TYPE_CHECKING:
    from bench.records.folder import Results
    from bench.registry.suites import Suite
    from bench.running.plan import Options
    from bench.running.session import RunOutcome

DEFAULT_SUITE = "ml-100k"


@click.command()
@click.option("--suite", metavar="NAME", help=f"A suite by name or .toml file [{DEFAULT_SUITE}].")
@click.option("--models", metavar="A,B", help="Only these models; new ones join with defaults.")
@click.option("--dataset", metavar="D", help="Another data set, as synthetic:scale=10.")
@data_options
@click.option(
    "--protocol",
    metavar="P",
    help="loo-99, loo-99-order-file, loo-99-random, cold-items, ncf-files, new-users (for"
    " new-users-1, -2, -5, -10 and -20), new-users-latest.",
)
@click.option("--folds", type=int, metavar="N", help="Of new-users: everybody is new in 1 of N.")
@click.option("--seeds", metavar="0,1", help="Seeds of the models.")
@run_options("cell")
@click.option("--keep", is_flag=True, help="Keep the fitted models, in RESULTS/models.")
@click.option("--force", is_flag=True, help="Measure again what is measured already.")
@click.option("--dry-run", is_flag=True, help="Show the cells and measure nothing.")
def run(
    *,
    options: "Options",
    suite: str | None,
    models: str | None,
    seeds: str | None,
    folds: int | None,
    own: list[str],
    keep: bool,
    dry_run: bool,
    **changes: Any,
) -> int:
    """Train and measure models, and show the board.

    What is measured already, with the same data, parameters, code and libraries, is not measured
    again. With --keep fitted models are kept, to be used in other processes; one that is measured
    already is then fitted once more. Exit code 0 when every cell is ok or skipped with a reason, 1
    when one failed or could not be kept, or the board is INVALID.
    """
    chosen = suite_to_run(
        suite,
        models=words(models) if models is not None else own or None,
        seeds=words(seeds) if seeds is not None else None,
        folds=folds,
        keep=keep or None,  # else as the suite says
        **changes,
    )
    if dry_run:
        return show_cells(chosen, options)
    end_on_request()
    return run_suite(chosen, options)


def words(text: str) -> list[str]:
    """The words of a list with commas."""
    return [word.strip() for word in text.split(",") if word.strip()]


# What follows imports what measures, which is slow to load, only when it is called: --help must
# not wait for it.


def suite_to_run(
    suite: str | None, *, seeds: list[str] | None, folds: int | None = None, **changes: Any
) -> "Suite":
    """A suite as the options of the command line change it.

    A file of one's own is for all models of the default suite, with their defaults: its values were
    found for other data.
    """
    from bench.protocol.protocols import with_folds
    from bench.registry import suites
    from bench.registry.own_data import path_of

    if changes.get("models") == []:
        raise BadParameter("--models takes names with commas between them, as als,ease")
    if seeds is not None:
        if not all(seed.isdecimal() and len(seed) < 19 for seed in seeds):
            wanted = "whole numbers from 0, of up to 18 digits, as 0,1,2"
            raise BadParameter(f"--seeds takes {wanted}, not {shown(seeds)}")
        changes["seeds"] = tuple(int(seed) for seed in seeds)
    chosen = suites.load(suite or DEFAULT_SUITE)
    dataset = changes["dataset"]
    if suite is None and dataset is not None and path_of(dataset):
        chosen = suites.with_defaults(chosen, dataset)
        if changes.get("models") is None:
            click.echo(
                f"no --suite: the {len(chosen.rows)} models of {DEFAULT_SUITE}, each with its"
                " defaults; `bench tune` finds values for your data"
            )
    if folds is not None:
        changes["protocol"] = with_folds(changes["protocol"] or chosen.protocol, folds)
    return suites.narrow(chosen, **changes)


def run_suite(suite: "Suite", options: "Options") -> int:
    """Measure a suite and show its board; the exit code."""
    from bench.running.run import run

    invalid = False

    def show(outcome: "RunOutcome") -> None:
        nonlocal invalid
        invalid = show_board(outcome, options.results)

    outcome = run(suite, options, show=show)
    if outcome.interrupted:
        click.echo("Interrupted; the same command goes on from here.", err=True)
        return INTERRUPTED
    bad = any(found.status not in ("ok", "skipped") for found in outcome.records)
    return int(bad or invalid or bool(outcome.not_kept))


def show_board(outcome: "RunOutcome", results: "Results") -> bool:
    """Show the board of a run, and where its files are; whether it is INVALID."""
    from bench.leaderboard.sections import sections
    from bench.leaderboard.statistics import with_statistics
    from bench.leaderboard.tables import terminal

    click.echo()
    alone = sections(outcome.records, outcome.canaries, results.verdicts())  # of this run
    board = with_statistics(alone, results)
    if board:
        click.echo(terminal(board, width()).rstrip())
        click.echo(f"\nWritten to {results}/leaderboard.md, .csv, .html and report.html.")
    if outcome.kept:
        count = len(outcome.kept)
        click.echo(
            f"{count} fitted model{'s are' if count > 1 else ' is'} kept in {results.models}:"
            " `bench similar TITLE`, `bench recommend` and `bench export` use them."
        )
    for found in outcome.records:
        if found.traceback:
            where = results.file_of(found)
            click.echo(f"{one_line(found.cell.name)}: the traceback stands in {where}", err=True)
    return any(section.invalid for section in board)


def show_cells(suite: "Suite", options: "Options") -> int:
    """Show the cells of a suite and which of them are measured."""
    from bench.canaries import run as canary_run
    from bench.kept.put import is_kept
    from bench.protocol.audit import audit_lines
    from bench.running.folder import kept_record
    from bench.running.run import prepare_run

    with tempfile.TemporaryDirectory() as work:  # not in the results: another run may be there
        tasks, planned = prepare_run(suite, options, Path(work))
    for task in tasks:
        click.echo(audit_lines(task.dataset, task.protocol, task.audit))
        there = canary_run.kept(task.dataset, task, options.results)
        canaries = "measured" if there else "to measure"
        click.echo(f"  canaries first: {canaries}")
    for each in planned:
        record = kept_record(each.cell, each.key, options.results)
        measured = "measured" if record else "to measure"
        if suite.keep or each.row.keep:
            kept = record is not None and is_kept(record, options.results)
            measured += ", kept" if kept else ", to keep"
        state = each.described.reason or measured
        name = f"{each.cell.name:<16}" + (f" {each.cell.protocol}" if tasks[1:] else "")
        click.echo(f"  {name} seed {each.cell.seed}  {each.key}  {state}")
    return 0
