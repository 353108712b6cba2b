"""`bench export`: vectors of a kept model as files for other programs."""

from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from bench.cli.options import results_option

if TYPE_CHECKING:
    from bench.records.folder import Results

# Not a click.Choice: a wrong one is told as every other wrong name is.
FORMATS = "parquet, npz, safetensors, word2vec, word2vec-text, projector or faiss"


@click.command(short_help="Write the vectors of a kept model for other programs.")
@click.argument("model", required=False)
@click.option("--format", "format_name", default="parquet", show_default=True, help=f"{FORMATS}.")
@click.option(
    "--what",
    type=click.Choice(["items", "users"]),
    default="items",
    show_default=True,
    help="Whose vectors.",
)
@click.option("--centred", is_flag=True, help="Subtract the mean vector, to compare items.")
@click.option("--unit", is_flag=True, help="Give vectors length 1, so that products are cosines.")
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    help="File, or folder, to write [in this folder, named after model, data set and --what].",
)
@results_option
@click.option("--dataset", help="Of several data sets.")
@click.option("--seed", type=int, help="Of several seeds.")
@click.option("--force", is_flag=True, help="Write over files that exist.")
def export(
    *,
    model: str | None,
    format_name: str,
    what: Literal["items", "users"],
    centred: bool,
    unit: bool,
    output: Path | None,
    results: "Results",
    dataset: str | None,
    seed: int | None,
    force: bool,
) -> None:
    """Write the vectors of a kept MODEL, or of the best one, for other programs.

    As they are kept, a user's vector times an item's is the score. With --centred or --unit they
    are for comparing items, and columns of biases are left out.
    """
    from bench.export.exported import exported
    from bench.export.faiss_index import RECALL, summary
    from bench.export.formats import Place
    from bench.kept.open import open_kept

    kept = open_kept(results, model, dataset, seed)
    given = exported(kept, what, centred=centred, unit=unit)
    place = Place.of(format_name, given, output)
    files = place.form.files(given)
    written = place.write(files, force=force)
    n, width = given.vectors.shape
    biases = int(given.facts["biases"])
    click.echo(
        f"{kept.name} (seed {kept.cell.seed}, {kept.cell.dataset}): {n:,} {what} x {width}"
        + (f", the last {biases} of them biases; --unit leaves those out" if biases else "")
    )
    if RECALL in files:
        click.echo(summary(dict(files)))
    for path in written:
        click.echo(f"Written to {path}")
