"""`bench merge`: results of several machines on one board.

Heavy libraries are imported where they are used: --help must be quick.
"""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from bench.cli.options import as_results
from bench.text import one_line

if TYPE_CHECKING:
    from bench.leaderboard.merge.merge import Merged
    from bench.records.folder import Results

SHOWN = 5  # names in a line


@click.command(short_help="Join results folders of several machines.")
@click.argument(
    "folders",
    metavar="FROM...",
    nargs=-1,
    required=True,
    type=click.Path(path_type=Path, exists=True, file_okay=False),
)
@click.option(
    "--into",
    required=True,
    metavar="RESULTS",
    type=click.Path(path_type=Path, file_okay=False),
    callback=as_results,
    help="The results folder that gets what it lacks; it is made where it is missing.",
)
def merge(folders: tuple[Path, ...], into: "Results") -> int:
    """Copy what was measured into RESULTS from each folder FROM, and write its board again.

    Figures are computed again from the ledgers first, and data and split must be the same. Nothing
    is overwritten: of a cell that RESULTS has, its own record stays. The second time does nothing.
    The exit code is 1 when the board is INVALID.
    """
    from bench.leaderboard.merge.merge import merge as join
    from bench.records.folder import Results
    from bench.running.folder import work_folder

    sources = [Results(path) for path in folders]
    with into.held(), work_folder(into) as work:
        found = join(sources, into, work)
    _say(found, sources, into)
    return int(any(section.invalid for section in found.board))


def _say(found: "Merged", sources: list["Results"], into: "Results") -> None:
    click.echo(f"{found.verified} records verified: their ledgers give all their figures again")
    copied = {
        "records": found.records,
        "ledgers": found.ledgers,
        "canaries": found.canaries,
        "kept models": found.models,
    }
    said = [f"{number} {name}" for name, number in copied.items() if number]
    click.echo(f"copied into {into}: {', '.join(said) or 'nothing, it has all'}")
    if found.others:
        names = [one_line(f"{each.cell.name} seed {each.cell.seed}") for each in found.others]
        more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
        click.echo(f"measured in {into} too, which stays: {', '.join(names[:SHOWN])}{more}")
    for each in sources:
        if each.studies():
            click.echo(f"not merged: studies in {each.tune}")
    for section in found.board:
        for reason in section.invalid:
            click.echo(f"{section.title} is INVALID: {one_line(reason)}", err=True)
    click.echo(f"The board: {into.boards[0]}")
