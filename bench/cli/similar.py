"""`bench similar`: items like one, by what a kept model learned."""

from typing import TYPE_CHECKING

import click

from bench.cli.kept_options import asks_kept_models, print_answers
from bench.errors import UsageError

if TYPE_CHECKING:
    from bench.retrieval.opened import Opened
    from bench.retrieval.similar import Measure


@click.command(short_help="Items like one, by what a kept model learned.")
@click.argument("title", nargs=-1, required=True)
@asks_kept_models
@click.option("-n", "n", type=click.IntRange(min=1), help="How many at most [default: 10].")
@click.option(
    "--by",
    type=click.Choice(["centred", "cosine", "dot", "weights"]),
    help="How vectors are compared [default: what suits the model]; dot puts popular items first;"
    " weights is no comparison of vectors, but what the item adds to the scores of others.",
)
@click.option(
    "--least-users",
    type=click.IntRange(min=0),
    default=5,
    show_default=True,
    help="Leave out items that fewer users chose: little is known of them.",
)
@click.option("--all-models", is_flag=True, help="Ask each kept model, and show them side by side.")
def similar(
    title: tuple[str, ...],
    opened: "Opened",
    model: str | None,
    n: int | None,
    by: "Measure | None",
    least_users: int,
    all_models: bool,
    form: str,
) -> None:
    """Items like one, by what a kept model learned (`bench run --keep`).

    TITLE is typed as people say it: `Alien`, `the godfather`, `Hamlet (1996)`; `#1214` is an id.
    `bench films` finds out how something is called here.
    """
    text = " ".join(title)
    if all_models and model:
        raise UsageError("--all-models asks all of them; leave out --model")
    if all_models:
        answers = opened.similar_by_each(text, n=n or 5, by=by, least_users=least_users)
    else:
        answers = [opened.similar(text, n=n or 10, by=by, least_users=least_users, model=model)]
    print_answers(answers, form)
