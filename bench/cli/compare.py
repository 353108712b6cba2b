"""`bench compare`: two models of a board, or all models over several data sets.

Heavy libraries are imported where they are used: --help must be quick.
"""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from bench.cli.options import data_dir_option
from bench.errors import UsageError

if TYPE_CHECKING:
    from bench.records.folder import Results

by_option = click.option(
    "--by",
    default="ndcg",
    show_default=True,
    metavar="FIGURE",
    help="ndcg (exact NDCG@10), hr (exact HR@10), full (full NDCG@10), or another, as hr_at_10.",
)
dataset_option = click.option("--dataset", metavar="D", help="Where the folder has several.")
protocol_option = click.option("--protocol", metavar="P", help="Where the folder has several.")


@click.command(short_help="Say how surely one model is better than another, and for whom.")
@click.argument("names", nargs=-1, metavar="[A B]")
@click.option(
    "--results",
    "folders",
    multiple=True,
    type=click.Path(path_type=Path, file_okay=False, exists=True),
    metavar="R [R ...]",
    help="Folder of ledgers [default: results]. Of several, models are ranked over all data sets.",
)
@by_option
@dataset_option
@protocol_option
@data_dir_option
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text")
def compare(
    names: tuple[str, ...],
    folders: tuple[Path, ...],
    by: str,
    dataset: str | None,
    protocol: str | None,
    data_dir: Path | None,
    form: str,
) -> None:
    """Say how surely model A is better than model B, for whom, and what would settle it.

    The difference is tested on the same users, also within strata: popular and rare test items,
    short and long histories, the time since the last visit.

    With several folders, as in `bench compare --results X Y Z`, models are ranked over their data
    sets by on how many users they beat each other; figures are never averaged.
    """
    models, places = _told_apart(names, folders)
    if len(models) == 2 and len(places) == 1:
        click.echo(_of_two(places[0], models, by, dataset, protocol, data_dir, form))
    elif dataset is not None or protocol is not None:
        raise UsageError("--dataset and --protocol are for the comparison of two models")
    elif models and len(places) == 1:
        raise UsageError(
            "compare takes two models, as in `bench compare als ease`; not "
            f"{len(models)}: {', '.join(models)}"
        )
    else:
        click.echo(_over_data_sets(places, models, by, form))


def _told_apart(
    names: tuple[str, ...], folders: tuple[Path, ...]
) -> tuple[list[str], "list[Results]"]:
    """The models, and the folders: --results is followed by one or more of these."""
    from bench.records.folder import Results

    def is_folder(name: str) -> bool:
        path = Path(name)
        return Results(path).records.is_dir() or ("/" in name and path.is_dir())

    further = [Path(name) for name in names if folders and is_folder(name)]
    models = [name for name in names if Path(name) not in further]
    places = [Results(path) for path in (*folders, *further)] or [Results(Path("results"))]
    return models, places


def _over_data_sets(places: "list[Results]", models: list[str], by: str, form: str) -> str:
    from bench.compare.several import fields_of, ranking
    from bench.compare.several_text import ranking_json, ranking_text

    fields = fields_of(places, by)
    if len(fields) < 2 and not models:
        raise UsageError(
            "compare takes two models, as in `bench compare als ease`, or several results folders"
        )
    found = ranking(fields, by, models)
    return ranking_json(found) if form == "json" else ranking_text(found)


def _of_two(
    results: "Results",
    models: list[str],
    by: str,
    dataset: str | None,
    protocol: str | None,
    data_dir: Path | None,
    form: str,
) -> str:
    from bench.compare.multiverse import multiverse
    from bench.compare.pair import check_two, pair
    from bench.compare.pair_text import among_all_pairs, pair_json, pair_text
    from bench.compare.selection import figure_of, name_of, row_of, section_of
    from bench.compare.strata import NoStrata, counts_of_test_items, measured_on, strata
    from bench.statistics.aligned import load_aligned

    figure = figure_of(by)
    section = section_of(results, dataset, protocol)
    rows = [row_of(section, name) for name in models]
    check_two(*map(name_of, rows))
    aligned = load_aligned(results, {name_of(row): row.records for row in rows})
    notes, groups, popularity = [], None, None
    try:
        _, task, ordered = measured_on(section, data_dir)
        groups, popularity = strata(task, ordered), counts_of_test_items(task)
    except NoStrata as error:
        notes.append(f"Strata left out: {error}")
    universes = multiverse({fits.name: fits.ledgers for fits in aligned.fits}, popularity)
    duel = universes.duel(*(fits.name for fits in aligned.fits))
    notes.insert(0, f"Over all boards that these ledgers could give, {duel}.")
    if said := among_all_pairs(section, figure, *(row.model for row in rows)):
        notes.insert(0, said)
    found = pair(aligned, figure, groups)
    place = section.title
    return (pair_json if form == "json" else pair_text)(found, place, notes)
