"""Tie rules against a loop over users with sets, and what a run keeps of them."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import hypergeom

from bench.evaluation.tie_rules import OURS, RULES, popularity_by_rule
from bench.interactions import Interactions
from bench.protocol.split import in_order, leave_one_out

N_ITEMS = 130


def made(rows: list[tuple[int, int, int]]) -> Interactions:
    """From (user, item, time)."""
    users, items, times = (np.array(column) for column in zip(*rows, strict=True))
    return in_order(
        Interactions(
            users=users.astype(np.int32),
            items=items.astype(np.int32),
            times=times.astype(np.int64),
            n_users=int(users.max()) + 1,
            n_items=N_ITEMS,
        )
    )


def held_out(ordered: Interactions, rule: str) -> dict[int, int]:
    """The test item of each tested user, one user after the other."""
    everybody = ordered.items.tolist()
    found = {}
    for user in range(ordered.n_users):
        own = [n for n in range(len(ordered)) if ordered.users[n] == user]
        if len(own) < 3:
            continue
        latest = max(ordered.times[n] for n in own)
        tied = [n for n in own if ordered.times[n] == latest]
        by = {
            OURS: lambda n: n,
            "the first in the source": lambda n: -n,
            "the lowest id": lambda n: -everybody[n],
            "the highest id": lambda n: everybody[n],
            "the most chosen": lambda n: (everybody.count(everybody[n]), n),
            "the least chosen": lambda n: (-everybody.count(everybody[n]), n),
        }[rule]
        found[user] = everybody[max(tied, key=by)]
    return found


def exact(ordered: Interactions, test: dict[int, int]) -> float:
    """Popularity's HR@10 over all draws of 99 negatives, ties in the middle of all orders."""
    pairs = list(zip(ordered.users.tolist(), ordered.items.tolist(), strict=True))
    train = [item for user, item in pairs if test.get(user) != item]
    counts = [train.count(item) for item in range(N_ITEMS)]
    hits = []
    for user, item in test.items():
        touched = {i for u, i in pairs if u == user}
        rivals = [counts[i] for i in range(N_ITEMS) if i not in touched]
        better = sum(count > counts[item] for count in rivals)
        equal = sum(count == counts[item] for count in rivals)
        drawn = min(99, len(rivals))
        ahead = np.arange(better, better + equal + 1)
        hits.append(np.mean(hypergeom.cdf(9, len(rivals), ahead, drawn)))
    return float(np.mean(hits))


PAIRS = st.lists(
    st.tuples(st.integers(0, 5), st.integers(0, 24), st.integers(0, 2)), min_size=12, max_size=60
)


@settings(max_examples=15, deadline=None)
@given(PAIRS)
def test_each_rule_gives_what_a_loop_over_users_gives(rows: list[tuple[int, int, int]]) -> None:
    ordered = made([*rows, (6, 0, 0), (6, 1, 1), (6, 2, 1)])
    found = popularity_by_rule(ordered)
    for rule in RULES:
        test = held_out(ordered, rule)
        assert found.users == len(test)
        assert found.popularity[rule] == pytest.approx(exact(ordered, test), abs=1e-9)


def test_our_rule_is_that_of_the_protocol() -> None:
    random = np.random.default_rng(3)
    rows = [(int(u), int(i), int(t)) for u, i, t in random.integers(0, [30, 100, 4], (400, 3))]
    ordered = made(rows)
    split = leave_one_out(ordered)
    assert held_out(ordered, OURS) == dict(
        zip(split.users.tolist(), split.held_out.tolist(), strict=True)
    )
    assert 0 < popularity_by_rule(ordered).tied <= len(split.users)


def test_without_ties_every_rule_gives_the_same() -> None:
    ordered = made([(u, (7 * u + n) % 90, n) for u in range(20) for n in range(5)])
    found = popularity_by_rule(ordered)
    assert found.tied == 0
    assert len(set(found.popularity.values())) == 1
