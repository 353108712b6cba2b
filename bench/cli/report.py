"""The `report` command: a results folder as one page.

Heavy libraries are imported where they are used: --help must be quick.
"""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from bench.cli.options import data_dir_option, results_option

if TYPE_CHECKING:
    from bench.records.folder import Results


@click.command(short_help="Write a page with the answer, pictures and each row's story.")
@results_option
@data_dir_option
@click.option(
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Where to write it; report.html in the results folder if not given.",
)
def report(results: "Results", data_dir: Path | None, output: Path | None) -> int:
    """Write report.html from records and ledgers: one file that needs no network.

    `bench run` writes it too, at its end. The exit code is 1 when a board in it is INVALID.
    """
    from bench.leaderboard.write import board_of
    from bench.report.write import write_report

    board = board_of(results)
    if not board:
        raise FileNotFoundError(f"no records in {results.records}; `bench run` writes them")
    click.echo(f"Written to {write_report(board, results, output, data_dir=data_dir)}.")
    return int(any(section.invalid for section in board))
