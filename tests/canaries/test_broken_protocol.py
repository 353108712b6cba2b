"""When a piece of the protocol breaks, a canary leaves its bounds."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from measured_canaries import measured

from bench.evaluation import figures, standings
from bench.evaluation.rank_arrays import Ranks
from bench.evaluation.ranks import Ranker
from bench.protocol import protocols as protocol
from bench.protocol.negatives import Negatives, sample
from bench.protocol.split import Split, in_order
from bench.protocol.task import Task, prepare
from bench.registry.datasets import load_data

Patch = pytest.MonkeyPatch  # each function breaks a piece of the protocol


def ranks(patch: Patch, change: Callable[[Ranks], Ranks]) -> None:
    rank = Ranker.rank
    patch.setattr(Ranker, "rank", lambda self, *given: change(rank(self, *given)))


def optimistic_ties(patch: Patch) -> None:
    ranks(patch, lambda r: r._replace(equal=r.equal * 0 + 1, some_equal=r.some_equal * 0))


def pessimistic_ties(patch: Patch) -> None:
    def change(r: Ranks) -> Ranks:
        sampled = {"some_higher": r.some_higher + r.some_equal, "some_equal": r.some_equal * 0}
        return r._replace(higher=r.higher + r.equal - 1, equal=r.equal * 0 + 1, **sampled)

    ranks(patch, change)


def no_masking(patch: Patch) -> None:
    out = standings.left_out_by
    patch.setattr(
        standings, "left_out_by", lambda t, c: (s := out(t, c))._replace(beyond=s.first.copy())
    )


def one_item_unmasked(patch: Patch) -> None:
    out = standings.left_out_by
    patch.setattr(
        standings, "left_out_by", lambda t, c: (s := out(t, c))._replace(first=s.first + 1)
    )


def rows_mixed_up(patch: Patch) -> None:
    rank = Ranker.rank
    patch.setattr(Ranker, "rank", lambda self, scores, *more: rank(self, scores[::-1], *more))


def sampler(patch: Patch, change: Callable[[Split, Negatives], Negatives]) -> None:
    patch.setattr(
        protocol, "sample", lambda split, stream: change(split, sample(split, stream=stream))
    )


def seen_negatives(patch: Patch) -> None:
    def change(split: Split, drawn: Negatives) -> Negatives:
        items = drawn.items.copy()
        items[:, 0] = split.train.items[np.searchsorted(split.train.users, split.users)]
        return drawn._replace(items=items)

    sampler(patch, change)


def drawn_with_replacement(patch: Patch) -> None:
    def change(split: Split, drawn: Negatives) -> Negatives:
        items = drawn.items.copy()
        items[:20, 1] = items[:20, 0]  # of some users
        return drawn._replace(items=items)

    sampler(patch, change)


def held_out_among_the_negatives(patch: Patch) -> None:
    def change(split: Split, drawn: Negatives) -> Negatives:
        return drawn._replace(items=np.c_[split.held_out, drawn.items[:, 1:]])

    sampler(patch, change)


def too_few_negatives(patch: Patch) -> None:
    patch.setattr(protocol, "sample", lambda split, stream: sample(split, stream=stream, count=98))


def nan_gets_a_rank(patch: Patch) -> None:
    rank = Ranker.rank
    patch.setattr(
        Ranker,
        "rank",
        lambda self, scores, own, *more: rank(self, np.nan_to_num(scores), own, *more),
    )


def one_place_too_many(patch: Patch) -> None:
    hit_rates = figures.hit_rates
    patch.setattr(figures, "hit_rates", lambda standing, k: hit_rates(standing, k + 1))


def natural_logarithm(patch: Patch) -> None:
    ndcgs = figures.ndcgs
    patch.setattr(figures, "ndcgs", lambda standing, k: ndcgs(standing, k) * np.log(2))


def expectation_of_another_number_of_draws(patch: Patch) -> None:
    expected = figures.expected
    patch.setattr(figures, "expected", lambda full, drawn, k: expected(full, drawn - 1, k))


def ranking_raises(patch: Patch) -> None:
    patch.setattr(Ranker, "rank", lambda self, *given: {}["gone"])


# The canaries that must leave their bounds; others may.
FAULTS = {
    optimistic_ties: {"constant", "repeater", "popularity"},
    pessimistic_ties: {"constant", "repeater", "popularity"},
    no_masking: {"repeater", "constant", "popularity"},
    one_item_unmasked: {"repeater", "constant"},
    rows_mixed_up: {"oracle", "anti-oracle"},
    seen_negatives: {"repeater"},
    drawn_with_replacement: {"repeater"},
    held_out_among_the_negatives: {"oracle"},
    too_few_negatives: {"constant"},
    nan_gets_a_rank: {"nan"},
    one_place_too_many: {"constant", "popularity"},
    natural_logarithm: {"oracle"},
    expectation_of_another_number_of_draws: {"constant"},
    ranking_raises: {"constant", "oracle", "nan"},
}


@pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning")  # of figures of nonsense
@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__)
def test_a_broken_protocol_is_invalid(
    fault: Callable[[Patch], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    data = load_data("synthetic", None).interactions
    fault(monkeypatch)
    found = measured(prepare(data, "loo-99"))
    assert found.broken().keys() >= FAULTS[fault]
    assert all(line.startswith("canary ") and "\n" not in line for line in found.invalid())


@pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning")
def test_held_out_items_in_train_are_invalid(made: Task) -> None:
    leaking = replace(made, train=in_order(load_data("synthetic", None).interactions))
    assert measured(leaking).broken().keys() >= {"repeater"}
