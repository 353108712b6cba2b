"""`bench recommend`: for a user of the data, or for who likes some items."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from bench.cli.kept_options import asks_kept_models, print_answers
from bench.cli.options import model_path_option
from bench.registry.names import with_models

if TYPE_CHECKING:
    from bench.retrieval.opened import Opened


@click.command(short_help="Recommend to a user of the data, or to who likes some items.")
@click.option("--user", metavar="ID", help="A user of the data, by its id there.")
@click.option(
    "--likes",
    multiple=True,
    metavar="TITLES",
    help="What a person who is not in the data likes, between commas or semicolons; repeatable.",
)
@click.option("--dislikes", multiple=True, metavar="TITLES", help="The same of what they do not.")
@asks_kept_models
@model_path_option
@click.option("-n", "n", type=click.IntRange(min=1), default=10, show_default=True)
@click.option("--why/--no-why", default=True, help="Give reasons [default], or none.")
@click.option("--genre", "genres", multiple=True, metavar="G", help="Only of it; repeatable.")
@click.option("--years", metavar="FROM-TO", help="Only of them, as 1980-1999, 1980- or -1999.")
@click.option(
    "--way",
    type=click.Choice(["own", "alike", "prior"]),
    help="How a new person is served [default: own, where the model has it, else alike].",
)
def recommend(
    user: str | None,
    likes: tuple[str, ...],
    dislikes: tuple[str, ...],
    opened: "Opened",
    model: str | None,
    model_paths: tuple[Path, ...],
    n: int,
    why: bool,
    genres: tuple[str, ...],
    years: str | None,
    way: str | None,
    form: str,
) -> None:
    """Recommend to a user of the data, or to a person of whom some likes are known.

    For example `--user 42`, or `--likes "Alien, Godfather, The, Se7en"`. What is known to them is
    left out.
    """
    with with_models(model_paths):
        answer = opened.recommend(
            user,
            likes=likes,
            dislikes=dislikes,
            n=n,
            why=why,
            genres=genres,
            years=years,
            way=way,
            model=model,
        )
    print_answers([answer], form)
