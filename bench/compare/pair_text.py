"""The answer of `bench compare A B` in sentences and tables, and for programs."""

import json
from collections.abc import Iterator
from dataclasses import asdict
from itertools import groupby
from operator import attrgetter

from bench.compare.pair import FEWEST, Pair, StratumDifference
from bench.compare.strata import TITLES
from bench.compare.words import counted, decimal, p_value, percent, signed, table
from bench.leaderboard.sections import Section
from bench.statistics.user_figures import FIGURES


def pair_text(pair: Pair, place: str, notes: list[str]) -> str:
    """What the comparison says, for the terminal.

    Args:
        pair: the comparison.
        place: the data set and protocol that it is of, as "movielens_1m, loo-99".
        notes: lines to end with, as of the multiverse, or of what was left out.
    """
    dataset = place.partition(",")[0]
    parts = [
        f"{pair.first} and {pair.second} on {place}: {FIGURES[pair.figure].title}"
        f" over {counted(pair.users, 'user')}",
        "\n".join(_verdict(pair)),
    ]
    if any(each.difference for each in pair.strata):
        parts += [_strata_table(pair), "\n".join(_sentences(pair, dataset))]
    elif pair.strata:
        parts.append(f"No stratum has {FEWEST} users in it and {FEWEST} beside it.")
    if pair.examples:
        parts.append(_examples(pair))
    return "\n\n".join([*parts, *(["\n".join(notes)] if notes else [])])


def among_all_pairs(section: Section, figure: str, first: str, second: str) -> str:
    """Whether the two are told apart where all pairs of their board are tested together.

    It is empty where the board keeps no statistics by this figure, or has this pair alone.
    """
    kept = section.standings
    if kept is None or kept.figure != figure or len(kept.pairs) < 2:
        return ""
    for each in kept.pairs:
        if {each.first, each.second} == {first, second}:
            said = "told apart" if kept.told_apart(each) else "not told apart"
            return (
                "The p above is for two models named beforehand; picked out of all"
                f" {len(kept.pairs)} pairs of the board they are {said} ({p_value(each.p)})."
            )
    return ""


def _verdict(pair: Pair) -> Iterator[str]:
    found = pair.difference
    leads = pair.first if found.mean >= 0 else pair.second
    means = f"{pair.first} {decimal(pair.means[0])}, {pair.second} {decimal(pair.means[1])}"
    interval = f"95 %: {signed(found.low)} to {signed(found.high)}"
    said = f"{signed(found.mean)} ({interval}; {p_value(found.p)})"
    if pair.significant:
        yield f"{means}. {leads} is better: {said}."
    else:
        yield f"{means}. They are not told apart: {said}."
    equal = f", equal for {found.ties:,}" if found.ties else ""
    yield (
        f"{pair.first} is better for {counted(found.first_better, 'user')},"
        f" {pair.second} for {found.second_better:,}{equal}."
    )
    if found.one_fit:
        ones = [
            name for name, n in zip((pair.first, pair.second), pair.seeds, strict=True) if n < 2
        ]
        yield (
            f"One fit of {' and of '.join(ones)}: this is about these fits, and a second seed"
            " would say what another fit changes."
        )
    yield (
        f"These users can tell two such models apart from {decimal(pair.detectable)} on"
        " (80 % of cases)."
    )
    yield f"What would settle it: {_settles(pair)}"


def _settles(pair: Pair) -> str:
    if pair.significant:
        return "nothing more, if you named these two before you saw the board."
    if pair.seeds_needed is not None:
        return (
            f"{counted(pair.seeds_needed, 'seed')} of each, if the difference is what it seems"
            f" (now {pair.seeds[0]} and {pair.seeds[1]})."
        )
    if not pair.difference.mean:
        return "nothing; they are equal for these users."
    return (
        "no number of seeds: the users set the limit. A difference as small as this one shows with"
        f" {pair.users_needed:,} users like these."
    )


def _strata_table(pair: Pair) -> str:
    lines, rare = [], []
    for _, group in _groupings(pair):
        if not any(each.difference for each in group):
            rare += [each for each in group if each.users < FEWEST]
            continue
        for each in group:
            cells = ["", "", "too few"]
            if each.difference and each.p is not None:
                low, high = each.difference.low, each.difference.high
                p = p_value(each.p).removeprefix("p ").removeprefix("= ")
                cells = [signed(each.difference.mean), f"{signed(low)} to {signed(high)}", p]
            share = percent(each.share)
            lines.append(
                [
                    TITLES.get(each.grouping, each.grouping),
                    each.label,
                    f"{each.users:,}",
                    share,
                    *cells,
                ]
            )
    tests = sum(each.difference is not None for each in pair.strata)
    titles = ["users by", "stratum", "users", "share", f"{pair.first}'s lead", "95 %", "p"]
    said = [
        f"p is corrected for looking at {tests} strata (Holm); the intervals are each for itself.",
        *(
            f"Too few to test: {each.stem} {each.ending} ({counted(each.users, 'user')})."
            for each in rare
            if each.users
        ),
    ]
    return "\n\n".join([table(titles, lines, left=2), "\n".join(said)])


def _sentences(pair: Pair, dataset: str) -> Iterator[str]:
    """For each grouping one sentence, which names what is not significant."""
    for _, group in _groupings(pair):
        clauses: list[str] = []
        for each in group:
            if each.difference is None:
                continue
            share = percent(each.share) + ("" if clauses else " of users")
            doubt = "" if each.significant else ", not significant"
            stem = "" if clauses else f"{each.stem} "
            lead = signed(each.difference.mean)
            clauses.append(f"{lead} {stem}{each.ending} ({share}{doubt})")
        if clauses:
            yield f"{pair.first}'s lead over {pair.second} on {dataset} is {', '.join(clauses)}."


def _groupings(pair: Pair) -> Iterator[tuple[str, list[StratumDifference]]]:
    for name, group in groupby(pair.strata, attrgetter("grouping")):
        yield name, list(group)


def _examples(pair: Pair) -> str:
    lines = [
        [
            str(each.user),
            str(each.item),
            f"{each.first_place:,.0f}",
            f"{each.second_place:,.0f}",
            f"{each.candidates:,}",
            signed(each.difference),
        ]
        for each in pair.examples
    ]
    titles = [
        "user",
        "test item",
        f"place by {pair.first}",
        f"by {pair.second}",
        "of",
        "difference",
    ]
    return "Users for whom they differ most (places among all untouched candidates):\n\n" + table(
        titles, lines, left=2
    )


def pair_json(pair: Pair, place: str, notes: list[str]) -> str:
    """The same for programs, every number at full precision."""
    dataset, _, protocol = place.partition(", ")
    values = {"dataset": dataset, "protocol": protocol, **asdict(pair), "notes": notes}
    values["difference"] = pair.difference._asdict()
    for plain, each in zip(values["strata"], pair.strata, strict=True):
        plain["difference"] = each.difference and each.difference._asdict()
        plain["significant"] = each.significant
    return json.dumps(values, indent=2, default=str)
