"""Options of the commands that ask kept models, and the forms of their answers."""

import sys
from collections.abc import Callable, Sequence
from functools import wraps
from typing import TYPE_CHECKING, Any

import click

from bench.cli.compare import dataset_option
from bench.cli.options import Command, results_option, width

if TYPE_CHECKING:
    from bench.records.folder import Results
    from bench.retrieval.answer import Answer

format_option = click.option(
    "--format",
    "form",
    type=click.Choice(["table", "csv", "json"]),
    default="table",
    show_default=True,
)
model_option = click.option(
    "--model", metavar="M", help="A kept model [default: the best by exact NDCG@10]."
)


def asks_kept_models(command: Command) -> Command:
    """The options that say what is asked: it gets `opened`, the kept models of a folder."""

    @wraps(command)
    def with_opened(
        *, results: "Results", dataset: str | None, seed: int | None, **given: Any
    ) -> Any:
        from bench.retrieval.opened import Opened

        return command(opened=Opened(results, dataset, seed), **given)

    found: Callable[..., Any] = with_opened
    for option in (
        format_option,
        click.option("--seed", type=int, metavar="S", help="Where several are kept."),
        dataset_option,
        results_option,
        model_option,
    ):
        found = option(found)
    return found


def print_answers(answers: "Sequence[Answer]", form: str) -> None:
    """Print answers; what is no table has its notes on standard error."""
    from bench.retrieval.answer import as_json, comma_separated, side_by_side

    if form == "table":
        one = answers[0].to_text(width()) if len(answers) == 1 else side_by_side(answers, width())
        click.echo(one)
        return
    for note in dict.fromkeys(note for answer in answers for note in answer.notes):
        click.echo(note, err=True)
    click.echo(as_json(answers) if form == "json" else comma_separated(answers), nl=form == "json")
    sys.stdout.flush()
