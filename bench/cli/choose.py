"""`bench choose`: which model to take, within limits.

Heavy libraries are imported where they are used: --help must be quick.
"""

import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bench.cli.compare import by_option, dataset_option, protocol_option
from bench.cli.options import as_results, data_dir_option
from bench.errors import UsageError

if TYPE_CHECKING:
    from bench.compare.choice import Candidate, Choice
    from bench.compare.choice_text import Findings
    from bench.leaderboard.sections import Section
    from bench.records.folder import Results

LIMITS = ("train", "p99", "memory")


@click.command(short_help="Take one model of a board, within limits.")
@click.argument(
    "results",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("results"),
    callback=as_results,
)
@by_option
@click.option("--train", metavar="TIME", help="Training time at most, as 10m.")
@click.option("--p99", metavar="TIME", help="Latency of one user at most, as 5ms.")
@click.option("--memory", metavar="SIZE", help="Memory at most, as 500MB.")
@click.option(
    "--new-people", is_flag=True, help="It must serve people that it was not fitted with."
)
@click.option("--new-items", is_flag=True, help="It must recommend items without interactions.")
@click.option("--no-order", is_flag=True, help="It must not use the order of a user's items.")
@click.option(
    "--prefer",
    type=click.Choice(LIMITS),
    default="train",
    show_default=True,
    help="Of those not told apart from the best, take the one that costs least of this.",
)
@dataset_option
@protocol_option
@data_dir_option
def choose(
    results: "Results",
    dataset: str | None,
    protocol: str | None,
    data_dir: Path | None,
    prefer: str,
    **asked: Any,
) -> None:
    """Take one model of a board, within limits, and say why.

    It is the cheapest of those that the test users cannot tell apart from the best that keeps the
    limits. The page is written to choice.md in the results folder too. Without limits, on a
    terminal, it asks for them.

    The exit code is 1 when no model keeps the limits, and 2 when something is typed wrong.
    """
    from bench.compare.choice_text import choice_page
    from bench.compare.selection import section_of
    from bench.records.files import write_whole

    section = section_of(results, dataset, protocol)
    unasked = asked == dict.fromkeys(asked) | _NOTHING
    if unasked and sys.stdin.isatty() and sys.stdout.isatty():
        asked = _questions(section)
    command = _command(results, asked, dataset, protocol, prefer)
    found = _findings(results, section, asked, prefer, data_dir, command)
    click.echo(choice_page(found, "simple").rstrip())
    write_whole(results.choice, choice_page(found, "github").encode())


_NOTHING = {"by": "ndcg", "new_people": False, "new_items": False, "no_order": False}


def _questions(section: "Section") -> dict[str, Any]:
    """Ask the seven questions; Enter is no limit."""
    from bench.compare.limits import COSTS, parse_limit
    from bench.compare.selection import figure_of

    click.echo(f"{section.title}: seven questions, Enter for no limit")
    answers: dict[str, Any] = {}
    by = _ask("Best by which figure? (ndcg, hr, full; Enter: ndcg)", figure_of)
    answers["by"] = by or "ndcg"
    for name in LIMITS:
        cost = COSTS[name]
        found = sorted(v for row in section.rows if (v := cost.of(row)) is not None)
        range_ = f"{cost.text(found[0])} to {cost.text(found[-1])} on this board, " if found else ""
        question = f"{cost.said} at most? ({range_}as {cost.example})"
        answers[name] = _ask(f"{question[0].upper()}{question[1:]}", partial(parse_limit, name))
    for name, question in (
        ("new_people", "Must it serve people that it was not fitted with?"),
        ("new_items", "Must it recommend items without interactions?"),
        ("no_order", "Must it leave the order of a user's items unused?"),
    ):
        answers[name] = click.confirm(question, default=False)
    return answers


def _ask(question: str, check: Callable[[str], object]) -> str | None:
    """An answer that can be used, or None for Enter; what cannot is said, and asked again."""
    while True:
        text = str(click.prompt(question, default="", show_default=False)).strip()
        if not text:
            return None
        try:
            check(text)
            return text
        except UsageError as error:
            click.echo(str(error), err=True)


def _command(
    results: "Results",
    asked: dict[str, Any],
    dataset: str | None,
    protocol: str | None,
    prefer: str,
) -> list[str]:
    """The words that ask the same again."""
    words = ["bench", "choose", str(results)]
    given = {"by": asked["by"] if asked["by"] != "ndcg" else None}
    given |= {name: asked[name] for name in LIMITS}
    given |= {"dataset": dataset, "protocol": protocol}
    given |= {"prefer": prefer if prefer != "train" else None}
    for name, value in given.items():
        words += [] if value is None else [f"--{name}", value]
    flags = ("new_people", "new_items", "no_order")
    return [*words, *(f"--{flag.replace('_', '-')}" for flag in flags if asked[flag])]


def _findings(
    results: "Results",
    section: "Section",
    asked: dict[str, Any],
    prefer: str,
    data_dir: Path | None,
    command: list[str],
) -> "Findings":
    from bench.compare.choice import Question, choose
    from bench.compare.choice_text import Findings
    from bench.compare.ensembles import ceiling
    from bench.compare.limits import parse_limit
    from bench.compare.multiverse import multiverse
    from bench.compare.needs import KINDS, need
    from bench.compare.selection import figure_of, measured_sections
    from bench.compare.strata import NoStrata, counts_of_test_items, measured_on, strata
    from bench.compare.weak_spots import spots

    of = section.data, section.records[-1].data_sha256
    wanted = [option for option in KINDS if asked[option.replace("-", "_")]]
    question = Question(
        figure=figure_of(asked["by"]),
        limits=tuple(parse_limit(name, asked[name]) for name in LIMITS if asked[name] is not None),
        needs=tuple(need(each, measured_sections(results), *of) for each in wanted),
        no_order=asked["no_order"],
        prefer=prefer,
    )
    choice = choose(results, section, question)
    notes, weak, popularity = [], [], None
    try:
        _, task, ordered = measured_on(section, data_dir)
        weak = spots(choice.taken, choice.staying, strata(task, ordered))
        popularity = counts_of_test_items(task)
    except NoStrata as error:
        notes.append(f"Strata left out: {error}")
    return Findings(
        choice=choice,
        spots=weak,
        universes=multiverse(
            {each.name: each.fits.ledgers for each in choice.shortlist}, popularity
        ),
        ceiling=ceiling([each.fits for each in _together(choice)]),
        notes=notes,
        results=results,
        command=command,
    )


def _together(choice: "Choice") -> "list[Candidate]":
    """The shortlist, and the best that is not on it: of all, or else of those that stay."""
    further = [each for each in choice.candidates if each not in choice.shortlist]
    if choice.best_of_all in choice.shortlist:
        further = further if len(choice.shortlist) == 1 else []
    return [*choice.shortlist, *further[:1]]
