"""The answer of `bench choose`: one page, for the terminal and as Markdown."""

import shlex
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from bench import __version__
from bench.compare.choice import Choice
from bench.compare.ensembles import Ceiling
from bench.compare.limits import COSTS
from bench.compare.multiverse import Multiverse
from bench.compare.strata import TITLES
from bench.compare.weak_spots import Spot
from bench.compare.words import counted, decimal, listed, percent, signed, table
from bench.records.folder import Results
from bench.statistics.user_figures import FIGURES
from bench.text import markdown as as_text
from bench.text import one_line

CHEAPEST = {
    "train": "trains the fastest",
    "p99": "has the lowest p99 latency",
    "memory": "takes the least memory",
}
FEW_SHARED, MANY_SHARED = 0.4, 0.6  # of the hits of two models


@dataclass(frozen=True)
class Findings:
    """All that is known of a choice."""

    choice: Choice
    spots: Sequence[Spot]  # empty where the strata are left out
    universes: Multiverse  # of the shortlist
    ceiling: Ceiling | None
    notes: Sequence[str]  # what was left out, and why
    results: Results
    command: Sequence[str]  # the words that ask the same again


def choice_page(found: Findings, form: str) -> str:
    """The page, for the terminal ("simple") or in Markdown ("github")."""
    return "\n\n".join(_Page(found, form).parts()) + "\n"


@dataclass(frozen=True)
class _Page:
    found: Findings
    form: str

    @property
    def choice(self) -> Choice:
        return self.found.choice

    @property
    def title(self) -> str:
        """Of the figure."""
        return FIGURES[self.choice.question.figure].title

    def parts(self) -> Iterator[str]:
        section = self.choice.section
        place = section.title
        yield self.heading(f"Which model to take: {place}", 1)
        yield self.lines(self.answer())
        yield self.heading("Limits", 2)
        yield from self.limits()
        yield self.heading("Not told apart from the best that stays", 2)
        yield from self.shortlist()
        yield self.heading("Frontier", 2)
        yield from self.frontiers()
        yield self.heading(f"Weak spots of {self.choice.taken.name}", 2)
        yield from self.weak_spots()
        yield self.heading("Models together", 2)
        yield self.lines(self.together())
        yield self.heading("From what", 2)
        yield from self.sources()

    def heading(self, text: str, level: int) -> str:
        if self.form == "github":
            return f"{'#' * level} {as_text(text)}"
        return one_line(text) if level == 1 else one_line(text).upper()

    def lines(self, said: Iterable[str]) -> str:
        """Sentences, one a line."""
        clean = as_text if self.form == "github" else one_line
        return ("\n\n" if self.form == "github" else "\n").join(map(clean, said))

    def table(self, titles: Sequence[str], cells: Sequence[Sequence[str]], left: int = 1) -> str:
        return table(titles, cells, form=self.form, left=left)

    def answer(self) -> Iterator[str]:
        choice = self.choice
        taken, best = choice.taken, choice.best
        costs = [
            f"{cost.said} {cost.text(value)}"
            for cost in COSTS.values()
            if (value := cost.of(taken.row)) is not None
        ]
        yield f"Take {taken.name}: {self.title} {decimal(taken.mean)}, {', '.join(costs)}."
        users = counted(len(taken.users), "user")
        if len(choice.shortlist) > 1:
            yield (
                f"It {CHEAPEST[choice.question.prefer]} of {len(choice.shortlist)} models that"
                f" {users} cannot tell apart from the best that stays, {best.name}"
                f" ({decimal(best.mean)})."
            )
        elif len(choice.staying) > 1:
            yield f"It is the best that stays, and {users} can tell all others apart from it."
        else:
            yield "It is the only one that stays."
        yield from self.price()
        named = [taken, choice.best, *([choice.best_of_all] if choice.cost else [])]
        ones = list(dict.fromkeys(each.name for each in named if each.fits.one_fit))
        if len(ones) == 1:
            yield f"{ones[0]} has one fit: this is about that fit, and another may differ."
        elif ones:
            yield f"{listed(ones)} have one fit each: this is about those, and others may differ."

    def price(self) -> Iterator[str]:
        """What the limits cost."""
        choice, cost = self.choice, self.choice.cost
        if cost is None:
            if choice.question.limits or choice.question.needs or choice.question.no_order:
                yield "The limits cost nothing: the best of the board stays."
            return
        half = (cost.high - cost.low) / 2
        first = choice.best_of_all
        yield (
            f"The limits cost {decimal(cost.mean)} ± {decimal(half)} {self.title} (95 %) against"
            f" {first.name} ({decimal(first.mean)}), the best without them."
        )

    def limits(self) -> Iterator[str]:
        question = self.choice.question
        asked = [f"{limit.cost.said} at most {limit.given}" for limit in question.limits]
        asked += [need.said for need in question.needs]
        asked += ["the order of items is not used"] * question.no_order
        out = [each for each in self.choice.candidates if each.refusals]
        kept, of_all = len(self.choice.staying), len(self.choice.candidates)
        stay = f"{kept} of {of_all} models {'stays' if kept == 1 else 'stay'}."
        asked_of = f"{'; '.join(asked) or 'No limits'}. {stay}"
        yield self.lines([asked_of[0].upper() + asked_of[1:], *self.needs()])
        if out:
            cells = [[each.name, "; ".join(each.refusals), decimal(each.mean)] for each in out]
            yield self.table(["out", "why", self.title], cells, left=2)

    def needs(self) -> Iterator[str]:
        taken = self.choice.taken
        seconds = COSTS["train"].of(taken.row)
        refit = "a time that was not measured" if seconds is None else COSTS["train"].text(seconds)
        for need in self.choice.question.needs:
            yield need.note(taken.row, refit)

    def shortlist(self) -> Iterator[str]:
        yield self.lines(
            [
                f"All models that are not told apart from {self.choice.best.name}, at 5 % for all"
                " pairs of the board together:"
            ]
        )
        cells = [
            [
                each.name,
                decimal(each.mean),
                *(
                    "" if (value := cost.of(each.row)) is None else cost.text(value)
                    for cost in COSTS.values()
                ),
                "one fit" if each.fits.one_fit else counted(len(each.values), "seed"),
            ]
            for each in self.choice.shortlist
        ]
        titles = ["model", self.title, *(cost.said for cost in COSTS.values()), "fits"]
        yield self.table(titles, cells)

    def frontiers(self) -> Iterator[str]:
        yield self.lines(
            ["Of those that stay, for each of these no cheaper one has as high a figure:"]
        )
        for name in ("train", "p99"):
            cost = COSTS[name]
            cells = [
                [each.name, cost.text(cost.of(each.row) or 0.0), decimal(each.mean)]
                for each in self.choice.frontier(cost)
            ]
            yield self.table(["model", cost.said, self.title], cells)

    def weak_spots(self) -> Iterator[str]:
        taken = self.choice.taken
        if self.found.spots:
            cells = [
                [
                    TITLES.get(each.grouping, each.grouping),
                    each.label,
                    percent(each.share),
                    decimal(each.own),
                    *(
                        ("-", "", "")
                        if each.best == taken.name
                        else (each.best, decimal(each.its), signed(each.own - each.its))
                    ),
                ]
                for each in self.found.spots
            ]
            titles = ["users by", "stratum", "share", taken.name, "best that stays", "its", "apart"]
            yield self.table(titles, cells, left=2)
            yield self.lines(
                [
                    "Each best is picked by these same users, which flatters it; whether a small"
                    " difference is more than chance, `bench compare` tells."
                ]
            )
        said = self.lines(self.places())
        if said:
            yield said

    def places(self) -> Iterator[str]:
        yield from self.found.notes
        universes = self.found.universes
        taken, count = self.choice.taken.name, len(universes.models)
        if count > 1:
            found = universes.places_of(taken)
            yield (
                f"On {len(universes.universes)} boards that these ledgers could give, {taken} has"
                f" the places {found.best} to {found.worst} of those {count}, in the middle"
                f" {found.median:g}; it is first on {found.first}."
            )

    def together(self) -> Iterator[str]:
        found = self.found.ceiling
        if found is None:
            yield "One model alone is left to look at."
            return
        shown = [each.name for each in self.choice.shortlist]
        further = [name for name in found.models if name not in shown]
        which = " and ".join([counted(len(shown), "model") + " above", *further])
        yield (
            f"Full HR@10 of {which}, any of which has the hit: {decimal(found.together)}; of the"
            f" best alone, {found.best}, {decimal(found.alone)}. Taking the right one for each user"
            " would reach the first; a blend of their scores may find other items, and has to be"
            " measured."
        )
        for overlap in dict.fromkeys([found.least, found.most]):
            pays = "may pay" if overlap.shared < FEW_SHARED else "will hardly pay"
            if FEW_SHARED <= overlap.shared <= MANY_SHARED:
                pays = "is open"
            yield (
                f"{overlap.first} and {overlap.second} share {decimal(overlap.shared)} of the hits"
                f" that either has: an ensemble of these two {pays}."
            )

    def sources(self) -> Iterator[str]:
        taken, results = self.choice.taken, self.found.results
        one_fit = [each.name for each in self.choice.shortlist if each.fits.one_fit]
        records = taken.fits.records
        said = [
            f"{taken.name}: {counted(len(records), 'record')} in {results.records}, with ledgers of"
            f" the same names in {results.ledgers}:",
            *(f"{each.stem} (measured {each.started[:10]})" for each in records),
        ]
        if one_fit:
            said.append(f"One fit each, so about these fits: {listed(one_fit)}.")
        said.append(f"Written by bench {__version__} with:")
        yield self.lines(said)
        again = [shlex.join(self.found.command), shlex.join(["bench", "verify", str(results)])]
        suite = records[0].suite
        if suite:
            measure = ["bench", "run", "--suite", suite, "--models", taken.row.adapter]
            again.append(shlex.join(measure))
        text = "\n".join(one_line(line) for line in again)
        yield f"```sh\n{text}\n```" if self.form == "github" else text
