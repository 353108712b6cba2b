"""`bench films`: find out how an item is called in the data."""

from typing import TYPE_CHECKING

import click

from bench.cli.kept_options import asks_kept_models, print_answers

if TYPE_CHECKING:
    from bench.retrieval.opened import Opened


@click.command(short_help="Find out how a film, or another item, is called here.")
@click.argument("text", nargs=-1, required=True)
@asks_kept_models
@click.option("-n", "n", type=click.IntRange(min=1), default=20, show_default=True)
def films(text: tuple[str, ...], opened: "Opened", model: str | None, n: int, form: str) -> None:
    """Find out how a film, or another item, is called in the data of the kept models.

    First those that are called so, then those with all words of TEXT; or else what is near in
    spelling. The ids, as #296, can be typed in place of titles.
    """
    print_answers([opened.films(" ".join(text), n=n, model=model)], form)
