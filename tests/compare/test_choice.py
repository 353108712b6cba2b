"""Which model is taken, what the limits throw out, and what they cost."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from measured_models import ledger_of, write_models

from bench.compare.choice import Choice, NothingStays, Question, choose
from bench.compare.ensembles import ceiling
from bench.compare.limits import COSTS, parse_limit
from bench.compare.needs import need
from bench.compare.selection import measured_sections, section_of
from bench.compare.strata import Grouping
from bench.compare.weak_spots import spots
from bench.evaluation.metrics import hit_rates
from bench.records.folder import Results
from bench.statistics.aligned import Fits

ROOT = Path(__file__).parents[2]
FIGURE = "exact_ndcg_at_10"
USERS = 200
RNG = np.random.default_rng(0)
BASE = RNG.integers(20, 400, USERS)


def shifted(by: int, seed: int = 0) -> list[int]:
    """Places near those of all others, so many items further down."""
    noise = np.random.default_rng(seed).integers(-3, 4, USERS)
    return [int(place) for place in np.clip(BASE + by + noise, 0, 990)]


MODELS = {
    "best": [shifted(-15, 1)],
    "equal": [shifted(0, 2)],
    "other": [shifted(0, 3)],
    "worse": [shifted(60, 4)],
}
COST = {
    "best": {"train_seconds": 100.0, "latency_p99_ms": 9.0, "peak_memory_mb": 900.0},
    "equal": {"train_seconds": 5.0, "latency_p99_ms": 0.5, "peak_memory_mb": 90.0},
    "other": {"train_seconds": 2.0, "latency_p99_ms": 5.0, "peak_memory_mb": 80.0},
    "worse": {"train_seconds": 0.5, "latency_p99_ms": 2.0, "peak_memory_mb": 50.0},
}


def asked(results: Results, *limits: tuple[str, str], **more: Any) -> Choice:
    question = Question(FIGURE, tuple(parse_limit(*each) for each in limits), **more)
    return choose(results, section_of(results), question)


@pytest.fixture
def board(tmp_path: Path) -> Results:
    return write_models(tmp_path, MODELS, COST)


def test_without_limits_it_is_the_best(board: Results) -> None:
    found = asked(board)
    assert found.taken.name == found.best.name == "best"
    assert [each.name for each in found.shortlist] == ["best"]
    assert found.cost is None


def test_within_limits_it_is_the_cheapest_that_is_as_good(board: Results) -> None:
    found = asked(board, ("train", "10s"))
    assert {each.name for each in found.shortlist} == {"equal", "other"}
    assert found.taken.name == "other"
    assert asked(board, ("train", "10s"), prefer="p99").taken.name == "equal"
    assert asked(board, ("train", "10s"), prefer="memory").taken.name == "other"
    refused = {each.name: each.refusals for each in found.candidates if each.refusals}
    assert refused == {"best": ("training 1.67 m > 10 s",)}
    assert found.cost is not None and found.cost.low > 0


def test_where_nothing_stays_it_says_what_to_loosen(board: Results) -> None:
    with pytest.raises(NothingStays) as caught:
        asked(board, ("p99", "1ms"), ("memory", "85MB"))
    assert str(caught.value) == (
        "none of 4 models stays; loosen one limit: --p99 from 1 ms to 2 ms (worse stays then)"
        " or --memory from 85 MB to 90 MB (equal stays then)"
    )
    with pytest.raises(NothingStays, match="no single limit is to blame: loosen two"):
        asked(board, ("p99", "1us"), ("memory", "1KB"))


def test_a_limit_is_kept_by_what_equals_it(board: Results) -> None:
    assert asked(board, ("train", "500ms")).taken.name == "worse"


def test_the_frontier_has_nothing_that_a_cheaper_one_beats(board: Results) -> None:
    found = asked(board)
    names = [each.name for each in found.frontier(COSTS["train"])]
    assert names[0] == "worse" and names[-1] == "best"
    means = [each.mean for each in found.frontier(COSTS["train"])]
    assert means == sorted(means)
    assert [each.name for each in found.frontier(COSTS["p99"])] == ["equal", "best"]


@settings(max_examples=15)
@given(most=st.floats(0.1, 200))
def test_a_looser_limit_never_costs_more(tmp_path_factory: Any, most: float) -> None:
    results = write_models(tmp_path_factory.mktemp("board"), MODELS, COST)
    try:
        found = asked(results, ("train", f"{most:.3f}s"))
    except NothingStays as error:
        assert most < 0.5005
        assert "--train from" in str(error)
        return
    assert all((COSTS["train"].of(each.row) or 0) <= most + 1e-3 for each in found.staying)
    looser = asked(results, ("train", f"{2 * most:.3f}s"))
    assert looser.best.mean >= found.best.mean
    assert found.taken in found.shortlist and found.best in found.shortlist


def test_needs_are_met_by_rows_that_were_measured(tmp_path: Path) -> None:
    results = write_models(tmp_path, MODELS, COST)
    cold = {"best": [[500] * USERS], "other": [[5] * USERS]}
    write_models(tmp_path, cold, protocol="cold-items", split_sha256="t")
    section = section_of(results, protocol="loo")
    wanted = need("new-items", measured_sections(results), section.dataset)
    found = choose(results, section, Question(FIGURE, needs=(wanted,)))
    refused = {each.name: each.refusals for each in found.candidates if each.refusals}
    assert refused["equal"] == ("was not measured on new items",)
    assert refused["best"][0].startswith("is no better than chance on new items (HR@10 .0")
    assert found.taken.name == "other"
    note = wanted.note(found.taken.row, "2 s")
    assert note.startswith("On new items other was measured (cold-items): HR@10 ")
    of_other_data = need("new-items", measured_sections(results), section.data, "another hash")
    assert "nothing here was measured" in of_other_data.note(found.taken.row, "2 s")
    assert need("new-items", measured_sections(results), section.data, "d") == wanted


def test_a_model_that_cannot_tell_new_items_apart_is_out(tmp_path: Path) -> None:
    results = write_models(tmp_path, MODELS, COST)
    cold = {"best": [[500] * USERS], "equal": [[5] * USERS], "other": [[5] * USERS]}
    write_models(tmp_path, cold, protocol="cold-items", split_sha256="t")
    board = measured_sections(results)
    (section,) = (each for each in board if each.protocol == "cold-items")
    tied = {"hr_at_10_expected": 0.1 + 1e-12, "all_tied": 1.0}  # a rounding above chance
    rows = tuple(
        replace(row, figures=row.figures | tied) if row.model == "best" else row
        for row in section.rows
    )
    wanted = need("new-items", [replace(section, rows=rows)], section.dataset)
    found = choose(results, section_of(results, protocol="loo"), Question(FIGURE, needs=(wanted,)))
    refused = {each.name: each.refusals for each in found.candidates if each.refusals}
    assert refused["best"] == ("cannot tell new items apart",)
    assert not {"equal", "other"} & refused.keys()


def test_needs_that_nothing_measured_throw_nothing_out(board: Results) -> None:
    wanted = need("new-people", measured_sections(board), "ml-100k")
    found = asked(board, needs=(wanted,))
    assert found.taken.name == "best"
    assert "best has to be fitted again for them, which took 1 s" in wanted.note(
        found.taken.row, "1 s"
    )


def test_order_is_asked_of_the_records_and_of_the_class_of_the_model() -> None:
    results = Results(ROOT / "results" / "ml-100k-all")
    found = asked(results, ("train", "1m"), no_order=True)
    refused = {each.name: each.refusals for each in found.candidates if each.refusals}
    by_order = {"sasrec", *(f"{model} (recent)" for model in ("als", "ease", "knn", "slim"))}
    assert refused == dict.fromkeys(by_order, ("uses the order of a user's items",))
    assert found.best.name == "autorec"


def test_a_model_that_is_not_known_cannot_be_asked(board: Results) -> None:
    with pytest.raises(NothingStays, match="loosen one limit: --no-order"):
        asked(board, no_order=True)


# Of the published ledgers


@pytest.mark.parametrize(
    ("folder", "limits", "stay", "taken", "cost"),
    [
        ("ml-100k-all", {"train": "10s", "p99": "1ms", "memory": "60MB"}, 23, "als", 0.071),
        ("ncf-ml-1m", {"train": "10s", "p99": "1ms", "memory": "60MB"}, 4, "als", 0.155),
    ],
)
def test_choices_from_the_published_boards(
    folder: str, limits: dict[str, str], stay: int, taken: str, cost: float
) -> None:
    found = asked(Results(ROOT / "results" / folder), *limits.items())
    assert (len(found.staying), found.taken.name) == (stay, taken)
    assert found.cost is not None and found.cost.mean == pytest.approx(cost, abs=0.0006)


# Together, and weak spots


def fits(name: str, better: Any) -> Fits:
    return Fits(name, (), (ledger_of(better),))


def test_the_ceiling_is_that_of_any_hit() -> None:
    places = {"a": [0, 0, 50, 50, 50], "b": [50, 0, 0, 50, 50], "c": [50, 50, 0, 0, 50]}
    found = ceiling([fits(name, better) for name, better in places.items()])
    assert found is not None
    assert found.together == pytest.approx(4 / 5) and found.alone == pytest.approx(2 / 5)
    assert found.least == ("a", "c", 0.0)
    assert found.most.shared == pytest.approx(1 / 3)


@given(
    places=st.lists(st.lists(st.integers(0, 30), min_size=9, max_size=9), min_size=2, max_size=4)
)
def test_together_is_at_least_the_best_alone_and_at_most_the_sum(places: list[list[int]]) -> None:
    models = [fits(str(number), better) for number, better in enumerate(places)]
    found = ceiling(models)
    hits = [hit_rates(each.ledgers[0].full, 10).mean() for each in models]
    if found is None:
        assert max(hits) == 0
        return
    assert found.alone == pytest.approx(max(hits))
    assert found.alone <= found.together + 1e-12
    assert found.together <= sum(hits) + 1e-12
    assert 0 <= found.least.shared <= found.most.shared <= 1


def test_one_model_has_no_ceiling() -> None:
    assert ceiling([fits("a", [0, 1])]) is None


def test_a_weak_spot_names_the_best_there(board: Results) -> None:
    found = asked(board)
    halves = Grouping(
        name="halves",
        labels=("low", "high", "few"),
        stem="for",
        endings=("low", "high", "few"),
        groups=np.where(np.arange(USERS) < 3, 2, (BASE > 150).astype(np.int64)),
    )
    taken = next(each for each in found.candidates if each.name == "worse")
    weak = spots(taken, found.candidates, {"halves": halves})
    assert [(each.label, each.best) for each in weak] == [("low", "best"), ("high", "best")]
    for group, spot in enumerate(weak):
        users = halves.users(group)
        assert spot.own == pytest.approx(taken.users[users].mean())
        assert spot.share == pytest.approx(users.mean())


def test_of_ways_to_serve_new_people_the_best_counts(tmp_path: Path) -> None:
    results = write_models(tmp_path, MODELS, COST)
    for way, places in {"own": [500] * USERS, "prior": [5] * USERS}.items():
        given = {"protocol": "new-users-1", "split_sha256": "t", "fold_in": {"way": way}}
        write_models(tmp_path, {"other": [places]}, **given)
    wanted = need("new-people", measured_sections(results), "ml-100k")
    (row,) = wanted.measured.values()
    assert row.model == "other (prior)"
    assert wanted.note(row, "2 s").startswith("On new people other (prior) was measured")
