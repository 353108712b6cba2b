"""`bench embeddings`: figures of the vectors of kept models."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from bench.cli.options import results_option

if TYPE_CHECKING:
    from bench.kept.manifest import By
    from bench.records.folder import Results


@click.command(short_help="Measure the vectors of kept models by their neighbours.")
@results_option
@click.option(
    "--by",
    type=click.Choice(["centred", "cosine", "dot"]),
    help="How items are compared [as each model's vectors are meant to be].",
)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder for embeddings.md and embeddings.csv [the results folder].",
)
def embeddings(results: "Results", by: "By | None", output: Path | None) -> None:
    """Measure the vectors of all kept models by their neighbours, and write embeddings.md and .csv.

    `bench run --keep` keeps models; how stable neighbours are takes two seeds of a model.
    """
    from bench.embeddings.board import embeddings_board
    from bench.embeddings.page import terminal
    from bench.embeddings.write import write_embeddings
    from bench.records.folder import Results

    board = embeddings_board(results, by, lambda line: click.echo(line, err=True))
    files = write_embeddings(board, Results(output) if output else results)
    click.echo(terminal(board).rstrip())
    click.echo(f"\nWritten to {' and '.join(map(str, files))}")
