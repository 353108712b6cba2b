"""The `explore` command: kept models as a page to look at.

Heavy libraries are imported where they are used: --help must be quick.
"""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from bench.cli.options import results_option

if TYPE_CHECKING:
    from bench.records.folder import Results


@click.command(short_help="Write a page with a map of the items, and what is like what.")
@results_option
@click.option(
    "--models",
    metavar="A,B",
    help="Kept models, by their names on the board; the first draws the map. Without, the best.",
)
@click.option("--dataset", metavar="NAME", help="Where models of several data sets are kept.")
@click.option("--seed", type=int, help="Where models of several seeds are kept; the lowest if not.")
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Where to write it; explore.html in the results folder if not given.",
)
def explore(
    results: "Results",
    models: str | None,
    dataset: str | None,
    seed: int | None,
    output: Path | None,
) -> int:
    """Write explore.html from models that `bench run --keep` kept.

    It is one file that needs no network: a map of the items, their neighbours under two models side
    by side, and what people who like some of them may like too.
    """
    from bench.explore.choose import chosen
    from bench.explore.page import page
    from bench.records.files import write_whole

    names = [each.strip() for each in (models or "").split(",") if each.strip()]
    shown = chosen(results, names, dataset, seed)
    click.echo(f"Placing the items by {shown[0].name}, which may take a minute.", err=True)
    path, text = output or results.explorer, page(shown).encode()
    write_whole(path, text)
    names = [each.name for each in shown]
    click.echo(f"Written to {path}: {', '.join(names)}; {len(text) / 1e6:.1f} MB.")
    return 0
