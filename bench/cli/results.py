"""Commands that only read records: `leaderboard`, `verify`, `track`, `ui`.

Heavy libraries are imported where they are used: --help must be quick.
"""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from bench.cli.options import (
    as_results,
    data_dir_option,
    mlflow_option,
    model_path_option,
    results_option,
    width,
)
from bench.errors import Problem, UsageError
from bench.registry.names import with_models
from bench.text import one_line

if TYPE_CHECKING:
    from bench.records.folder import Results


@click.command(short_help="Write the board again from the records, and show it.")
@results_option
@click.option(
    "--picture",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE.svg",
    help="Draw accuracy against training time too, as SVG; of new people, against items known.",
)
def leaderboard(results: "Results", picture: Path | None) -> int:
    """Write the board again from the records, and show it; of a read-only folder it is only shown.

    The exit code is 1 when it is INVALID.
    """
    from bench.leaderboard.tables import terminal
    from bench.leaderboard.write import board_of, write

    board = board_of(results)
    if not board:
        raise FileNotFoundError(f"no records in {results.records}; `bench run` writes them")
    try:
        write(board, results)
    except OSError as error:  # what is shown needs no file
        refused = results.refused(error)
        if refused is error:
            raise
        click.echo(f"not written: {refused}", err=True)
    if picture:
        from bench.records.files import write_whole
        from bench.report.picture import picture as drawing

        write_whole(picture, drawing(board).encode())
    click.echo(terminal(board, width()).rstrip())
    return int(any(section.invalid for section in board))


@click.command(short_help="Compute every published figure again from the ledgers.")
@click.argument(
    "results",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    default=Path("results"),
    callback=as_results,
)
@click.option(
    "--kept", is_flag=True, help="Restore the kept models too, which must give their ledgers again."
)
@model_path_option
@data_dir_option
def verify(
    results: "Results", kept: bool, model_paths: tuple[Path, ...], data_dir: Path | None
) -> None:
    """Compute every published figure again from the ledgers; fail on the first difference.

    It fails too where a board is INVALID. A study, or a board of embeddings, that stands in the
    folder is checked too.
    """
    from bench.embeddings.verify import holds_embeddings, verify_embeddings
    from bench.leaderboard.verify import verify as check
    from bench.study.verify import holds_study, verify_study

    if model_paths and not kept:
        raise UsageError("--model-path is for models that are restored, by --kept")
    further = holds_study(results.path), holds_embeddings(results)
    if further[0]:
        click.echo(verify_study(results.path))
    if further[1]:
        click.echo(verify_embeddings(results))
    if results.records.exists() or not any(further):
        click.echo(check(results))
    if kept:
        with with_models(model_paths):
            verify_kept(results, data_dir)


def verify_kept(results: "Results", data_dir: Path | None) -> None:
    """Restore each kept model in a process of its own, and compare ledgers byte for byte.

    One without a state is named, for nothing is wrong with it.

    Raises:
        Problem: none is kept, one gives another ledger, or its data set is not at hand.
    """
    from bench.compare.strata import measured_on
    from bench.leaderboard.write import board_of
    from bench.running.folder import work_folder
    from bench.running.restored import restored

    good, without, wrong = 0, 0, []
    with results.held(), work_folder(results) as work:
        for section in board_of(results, compute=False):
            there = [each for each in section.records if results.model_of(each).is_dir()]
            if not there:
                continue
            task = measured_on(section, data_dir).task
            for each in restored(there, task, results, work):
                name = f"{one_line(each.record.cell.name)} seed {each.record.cell.seed}"
                said = one_line(each.wrong or each.only)
                click.echo(f"{name}: {said or 'the ledger of its cell, byte for byte'}")
                good += not said
                without += bool(each.only)
                wrong += [name] if each.wrong else []
    if wrong:
        raise Problem(f"{results.models}: not restored as measured: {', '.join(wrong)}")
    if not good and not without:
        raise Problem(f"nothing is kept in {results.models} that is on the board")
    if good:
        click.echo(f"{good} kept models restored: each gives the ledger of its cell, byte for byte")
    if without:
        click.echo(f"{without} without a state(): there is nothing to restore")


@click.command(short_help="Write to MLflow what is missing there.")
@results_option
@mlflow_option
def track(results: "Results", mlflow: str | None) -> None:
    """Write to MLflow what is missing there; it can rebuild an empty store.

    Runs that a process has left open which is gone are closed.
    """
    from bench.tracking.tracker import Tracker

    written = Tracker(results, mlflow).track_all(skip=results.warn)
    click.echo(f"{written} runs written to MLflow")


@click.command()
@results_option
@click.option("--port", type=click.IntRange(1, 65535), default=5000, show_default=True)
@mlflow_option
def ui(results: "Results", port: int, mlflow: str | None) -> None:
    """Show the runs in MLflow's pages, on this machine only.

    Of a server that runs already the addresses of both views are printed, and nothing is started.
    """
    from bench.tracking import ui as pages

    pages.serve(results, port=port, address=mlflow)
