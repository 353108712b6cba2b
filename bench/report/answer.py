"""The answer of a section in two sentences: which model is best, and what costs less."""

from collections.abc import Sequence

from bench.leaderboard.rows import BoardRow
from bench.leaderboard.sections import Section
from bench.report.figures import MAIN, seconds, share
from bench.text import one_line

CHEAP = 10  # times less to train is worth a sentence
NAMED = 3  # models are named one by one up to here


def answer(section: Section) -> list[str]:
    """Two sentences; one where fewer than two models have a figure, none of an INVALID board."""
    ranked = best_first(section.rows)
    if section.invalid:
        return []
    if not ranked:
        return [f"No model has a figure for {MAIN.title}: there is nothing to compare."]
    best = ranked[0]
    equals = [row for row in ranked if row is not best and row.tier == 1]
    said = _best(best, equals, ranked)
    return [said, _cheaper(best, equals, ranked)] if len(ranked) > 1 else [said]


def best_first(rows: Sequence[BoardRow]) -> list[BoardRow]:
    """The rows that have the main figure, by it; of equal ones in the order of the board."""
    found = [row for row in rows if MAIN.name in row.figures]
    return sorted(found, key=lambda row: -row.figures[MAIN.name])


def _best(best: BoardRow, equals: list[BoardRow], ranked: list[BoardRow]) -> str:
    name, figure = one_line(best.model), f"{MAIN.title} {share(best.figures[MAIN.name])}"
    if len(ranked) == 1:
        return f"Only {name} was measured, with {figure}."
    if not best.tier:
        second = ranked[1]
        return (
            f"{name} has the highest {MAIN.title}, {share(best.figures[MAIN.name])}, before "
            f"{one_line(second.model)} with {share(second.figures[MAIN.name])}; whether the "
            "difference is more than chance was not tested."
        )
    if not equals:
        return (
            f"{name} is best, with {figure}: its lead over each of the {len(ranked) - 1} other "
            f"models is more than chance{', as far as one fit can tell' if best.one_fit else ''}."
        )
    if len(equals) > NAMED:
        others = f"{len(equals)} other models"
    else:
        others = _listed([one_line(row.model) for row in equals])
    fastest = min([best, *equals], key=_training)
    return (
        f"{name} leads with {figure}, but {others} cannot be told apart from it; of these, "
        f"{one_line(fastest.model)} trains fastest, in {seconds(_training(fastest))}."
    )


def _cheaper(best: BoardRow, equals: list[BoardRow], ranked: list[BoardRow]) -> str:
    """The best of those that train far faster than the fastest of the best ones."""
    fastest = min([best, *equals], key=_training)
    cheap = [row for row in ranked if _training(row) * CHEAP <= _training(fastest)]
    if "train_seconds" not in fastest.figures:
        return f"How long {one_line(fastest.model)} trains was not measured."
    if not cheap:
        return "None trains ten times faster than that."
    found = cheap[0]
    less = fastest.figures[MAIN.name] - found.figures[MAIN.name]
    return (
        f"Where training time counts: {one_line(found.model)} trains in "
        f"{seconds(_training(found))} instead of {seconds(_training(fastest))}, and reaches "
        f"{share(found.figures[MAIN.name])}, {share(less)} less."
    )


def _training(row: BoardRow) -> float:
    return row.figures.get("train_seconds", float("inf"))


def _listed(names: list[str]) -> str:
    return " and ".join(filter(None, [", ".join(names[:-1]), names[-1]]))
