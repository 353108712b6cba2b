"""`bench study`: the study of metrics, from the ledgers of one or more results folders."""

from pathlib import Path

import click

from bench.cli.options import INTERRUPTED, end_on_request


@click.command(short_help="Study what the figures of boards tell apart.")
@click.argument(
    "folders",
    nargs=-1,
    required=True,
    metavar="RESULTS...",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
)
@click.option(
    "--without", multiple=True, metavar="MODEL", help="Leave a model out, as a floor; several too."
)
@click.option(
    "--refit",
    "refitting",
    is_flag=True,
    help="Refit the quick models under other rules for equal times and minimum ratings.",
)
@click.option(
    "--data-dir",
    type=click.Path(path_type=Path, exists=True),
    help="Folder with the publishers' data; what is not there is fetched as for a run.",
)
@click.option(
    "--output",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder for the pages and the refitted models [study/ in the first folder].",
)
def study(
    *,
    folders: tuple[Path, ...],
    without: tuple[str, ...],
    refitting: bool,
    data_dir: Path | None,
    output: Path | None,
) -> int:
    """Write study.md and study.html: six questions about the figures of boards.

    Everything comes from ledgers, and without --refit nothing is trained. Strata and weights by
    popularity need the data set too; where it is not at hand, the pages say what was left out.
    """
    # Imported here, because all of this is slow to load, and --help must be quick.
    from bench.records.folder import Results
    from bench.running.surfaces import surface_here
    from bench.study.boards import boards
    from bench.study.refit import refit
    from bench.study.write import REFIT, study_of, write_study

    results = [Results(folder) for folder in dict.fromkeys(folders)]
    place = output or results[0].study_of_metrics
    found = boards(results, without, data_dir)
    if refitting:
        end_on_request()
        try:
            refit(found, Results(place / REFIT), shown_on=surface_here())
        except KeyboardInterrupt:
            click.echo("Interrupted; the same command goes on from here.", err=True)
            return INTERRUPTED
    made = study_of(found, without, place)
    files = write_study(made, place)
    for paragraph in made.paragraphs:
        click.echo(f"\n{paragraph.name} {paragraph.question}")
        for sentence in paragraph.sentences:
            click.echo(f"  {sentence}")
    click.echo(f"\nWritten to {files[0]} and {files[1]}")
    return 0
