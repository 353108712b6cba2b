"""The verdict of an audit: can the data be benchmarked, with what care, and which flag helps."""

from collections.abc import Iterator, Mapping
from math import sqrt
from typing import Any

from bench.protocol.audit import too_few
from bench.protocol.negatives import NEGATIVES
from bench.protocol.split import LEAST_ITEMS

FEW_TESTED = 200  # test users: a hit rate has a standard error of 0.035 or less from there on
MANY = 0.2  # a share of users that must be said
OFTEN = 0.1  # a share of repeated interactions that must be said
COLD = 0.02  # a share of test users whose item nobody else has
SKEWED = 0.5  # of all interactions with one per cent of the items


def verdict(found: Mapping[str, Any], *, own: bool) -> list[str]:
    """Lines in words, the first of which answers; empty for an audit of before there was one.

    Args:
        found: an audit.
        own: the data are a person's own file, so that flags may help.
    """
    if "users_with_one_item" not in found:
        return []
    tested = found["scored_users"]
    worst = sqrt(0.25 / max(tested, 1))
    cares = list(_cares(found, own))
    answer = "with care" if cares else "yes"
    return [
        f"Can it be benchmarked? {answer.capitalize()}: {tested:,} test users, which tell a hit"
        f" rate to ±{worst:.3f} or better",
        *(f"- {care}" for care in cares),
    ]


def _cares(found: Mapping[str, Any], own: bool) -> Iterator[str]:
    users, tested = found["users"], found["tested_users"]
    if found["scored_users"] < FEW_TESTED:
        yield "so few test users cannot tell similar models apart" + _flag(
            own and bool(found["steps"][1:]), "filters that leave more users would help"
        )
    if found["untested_users"] > MANY * users and not found.get("new_people"):
        one = found["users_with_one_item"]
        few, what = found["untested_users"], too_few(found)
        if 2 * one > few:
            few, what = one, "one item"
        yield (
            f"{few / users:.0%} of users have {what} and can only be learned from"
            + _flag(own, f"`--min-user {LEAST_ITEMS}` leaves {tested:,} users")
        )
    if found["users_with_tied_newest_time"] > MANY * users:
        yield (
            f"{found['users_with_tied_newest_time'] / users:.0%} of users have a tied newest time,"
            " so that the order of the rows decides which item is the last"
            + _flag(own, "if they stand in no order: `--order random`")
        )
    total = found["interactions"] + found["repeated"]
    if found["repeated"] > OFTEN * total:
        yield (
            f"{found['repeated'] / total:.0%} of the interactions repeat one, a pair occurs"
            f" {total / found['interactions']:.1f} times on average: the latest counts, and what is"
            " tested is finding items that are new to a user"
        )
    cold = "cold_items" in found
    if not cold and found["cold_held_out_items"] > COLD * tested:
        yield (
            f"{found['cold_held_out_items'] / tested:.1%} of the held-out items occur nowhere else,"
            " and no model of interactions can find them"
            + _flag(own, "`--min-item 5` leaves out what is so rare")
        )
    if found["users_with_few_negatives"]:
        yield (
            f"{found['users_with_few_negatives']:,} users have fewer than {NEGATIVES} items that"
            f" they never touched: with {found['cold_items' if cold else 'items']:,}"
            f" {'cold ' * cold}items in all sampled figures are high; see `full HR@10`"
        )
    if found["top_1_percent_share"] > SKEWED:
        yield (
            f"the most popular 1 % of the items have {found['top_1_percent_share']:.0%} of the"
            " interactions: popularity is hard to beat by hit rate alone; see what else is"
            " recommended"
        )


def _flag(helps: bool, words: str) -> str:
    return f": {words}" if helps else ""
