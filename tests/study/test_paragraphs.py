"""The figures of each paragraph against other ways to compute them, and what it says."""

from dataclasses import replace
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.compare.strata import Measured
from bench.evaluation.ledger import load
from bench.interactions import DataSet, Features
from bench.protocol.split import in_order
from bench.protocol.task import prepare
from bench.study.audience import audience, groupings_of, inverse_popularity_means, means_by_group
from bench.study.boards import StudyBoard, boards
from bench.study.saturation import hit_rate_curves, pairs_that_change, saturation
from bench.study.seed_noise import deviations, gap_between_places, seed_noise
from bench.study.separation import separation, told_apart
from bench.study.ties import hit_rate_bounds, pairs_that_overlap, tied_share, ties
from bench.study.universes import changing, multiverse_of, universes
from tests.helpers.ledgers import keep, made_up_ledger, some_results
from tests.helpers.made import interactions

FIGURES = st.lists(st.sampled_from([0.1, 0.2, 0.3, 0.4, 0.5]), min_size=2, max_size=7)


@pytest.fixture(scope="module")
def board(tmp_path_factory: pytest.TempPathFactory) -> StudyBoard:
    """Four models without data, one of them with many ties."""
    results = some_results(tmp_path_factory.mktemp("made") / "made", {"a": 9, "b": 3, "c": 2.9})
    keep(results, "tied", made_up_ledger(seed=7, ties=30))
    (found,) = boards([results])
    return found


def figures(board: StudyBoard, name: str) -> list[float]:
    """Of the records, the mean over seeds."""
    rows = {row.model: row for row in board.rows}
    return [rows[model].figures[name] for model in board.models]


def test_pairs_are_told_apart_where_they_differ(board: StudyBoard) -> None:
    two = tuple(board.aligned.fits[board.models.index(name)] for name in "bc")
    alike = replace(
        board,
        aligned=replace(board.aligned, fits=two),
    )
    assert told_apart(replace(alike, _values={}), "exact_ndcg_at_10") == 0
    assert told_apart(board, "exact_ndcg_at_10") >= 3  # a is far ahead of all others


def test_the_first_paragraph_has_a_row_for_each_figure(board: StudyBoard) -> None:
    found = separation([board])
    (table,) = found.tables
    assert table.column("figure")[:2] == ["sampled HR@10", "exact HR@10"]
    taus = table.column("made: tau with exact HR@10")
    assert taus[1] == 1.0
    assert all(-1 <= float(str(tau)) <= 1 for tau in taus)
    assert found.sentences[0].startswith("made: exact NDCG@10 tells ")


@given(FIGURES.flatmap(lambda a: st.tuples(st.just(a), st.permutations(a))))
def test_pairs_that_change_are_those_in_reverse(both: tuple[list[float], list[float]]) -> None:
    one, other = both
    reverse = [
        (one[i] - one[j]) * (other[i] - other[j]) < 0 for i, j in combinations(range(len(one)), 2)
    ]
    assert pairs_that_change(np.array(one), np.array(other)) == sum(reverse)


def test_saturation_ends_at_the_figures_of_the_board(board: StudyBoard) -> None:
    curves = hit_rate_curves(board)
    assert list(curves) == ["19", "49", "99", "all"]  # of 399 untouched items
    assert curves["99"] == pytest.approx(figures(board, "hr_at_10_expected"))
    assert curves["all"] == pytest.approx(figures(board, "full_hr_at_10"))
    found = saturation([board])
    assert found.tables[0].column("tau")[-1] == 1.0
    assert "a is first at every number." in found.sentences[0]


def test_seeds_move_a_model_by_their_standard_deviation(board: StudyBoard) -> None:
    found = deviations(board, "exact_hr_at_10")
    assert found.keys() == {"a", "b", "c"}  # tied has one seed
    rows = {row.model: row for row in board.rows}
    for model, sd in found.items():
        each = [record.metrics["hr_at_10_expected"] for record in rows[model].records]
        assert sd == pytest.approx(np.std(each, ddof=1))
    later, gap = gap_between_places(board, "exact_hr_at_10")
    means = sorted(figures(board, "hr_at_10_expected"))
    assert (later, gap) == (4, pytest.approx(means[2] - means[0]))


def test_of_one_seed_nothing_is_said_and_what_knows_no_chance_is_left_out(tmp_path: Path) -> None:
    results = some_results(tmp_path / "once", {"a": 9, "b": 3}, seeds=1)
    (once,) = boards([results])
    said = "once: no model has two seeds, so each figure is of one fit."
    assert seed_noise([once]).sentences == (said,)
    assert seed_noise([once]).tables == ()
    keep(results, "a", load(results.ledger_of(once.rows[0].records[0])), seed=1)
    assert deviations(boards([results])[0], "exact_hr_at_10") == {}


def test_bounds_of_ties_are_those_of_the_board(board: StudyBoard) -> None:
    low, high = hit_rate_bounds(board, None)
    assert low == pytest.approx(figures(board, "full_hr_at_10_low"))
    assert high == pytest.approx(figures(board, "full_hr_at_10_high"))
    tied = board.models.index("tied")
    ledger = board.aligned.fits[tied].ledgers[0]
    assert tied_share(board, tied) == (ledger.full.equal > 0).mean()
    (table,) = ties([board]).tables
    assert table.column("model") == ["tied"]


@given(FIGURES.flatmap(lambda a: st.tuples(st.just(a), st.permutations(a))))
def test_pairs_overlap_where_either_order_may_be(both: tuple[list[float], list[float]]) -> None:
    low, high = np.minimum(*both), np.maximum(*both)
    either = [
        (low[i] < high[j] and low[j] < high[i])
        or ((low[i] == high[j] or low[j] == high[i]) and not low[i] == high[i] == low[j] == high[j])
        for i, j in combinations(range(len(low)), 2)
    ]
    assert pairs_that_overlap(low, high) == sum(either)


def test_the_multiverse_says_what_was_not_varied(board: StudyBoard) -> None:
    found = universes([board], [None])
    assert not found.needs_data
    assert "for made they were not varied (bench study --refit does)" in found.notes[-1]
    assert "users count the same on every board" in found.notes[0]
    of = multiverse_of(board)
    changed = changing(of)
    assert len(changed) + of.unchanged_pairs() == board.pairs  # no two are ever equal here
    (decisions,) = (table for table in found.tables if table.name.endswith("decisions"))
    assert sum(int(str(n)) for n in decisions.column(decisions.columns[1])) == len(changed)


def with_data(board: StudyBoard, users: int = 40) -> StudyBoard:
    """The board with data: user u has chosen items 0, ..., 2 + u % 3, and then u % 5 + 6."""
    rows = [
        (user, item, item) for user in range(users) for item in (*range(3 + user % 3), 6 + user % 5)
    ]
    features = Features(
        categorical=(np.arange(users, dtype=np.int32) % 2)[:, None],
        categorical_names=("gender",),
        categorical_sizes=(2,),
        multi_hot=np.zeros((users, 0), dtype=np.bool_),
        multi_hot_names=(),
        dense=np.zeros((users, 0), dtype=np.float32),
        dense_names=(),
    )
    data = interactions(rows, user_features=features)
    task = prepare(data, "loo-99")
    return replace(board, measured=Measured(DataSet.of(data), task, in_order(data)))


def test_strata_are_means_over_their_users(board: StudyBoard) -> None:
    known = with_data(board)
    assert known.measured is not None
    by_name = {each.name: each for each in groupings_of(known.measured)}
    assert list(by_name) == ["popularity", "history", "gap", "gender"]
    genders = means_by_group(known, by_name["gender"])
    of_users = known.of_users("exact_hr_at_10")
    assert genders[:, 0] == pytest.approx(of_users[:, ::2].mean(axis=1))
    assert genders[:, 1] == pytest.approx(of_users[:, 1::2].mean(axis=1))
    found = audience([known])
    (table,) = found.tables
    assert table.columns[-2:] == ("F", "M")
    assert table.rows[0][-2:] == (0.5, 0.5)
    assert any(said.startswith("made, by gender: F ") for said in found.sentences)


def test_weights_are_the_inverse_of_the_popularity_in_train(board: StudyBoard) -> None:
    known = with_data(board)
    assert known.measured is not None and known.popularity is not None
    train = known.measured.task.train
    held_out = known.measured.task.cases.held_out
    counts = [(train.items == item).sum() for item in held_out]
    assert known.popularity.tolist() == counts
    weights = 1 / np.maximum(counts, 1)
    again = known.of_users("exact_hr_at_10") @ weights / weights.sum()
    assert inverse_popularity_means(known) == pytest.approx(again)


def test_a_group_of_a_few_users_has_no_mean(board: StudyBoard) -> None:
    known = with_data(board)
    assert known.measured is not None
    (gender,) = (each for each in groupings_of(known.measured) if each.name == "gender")
    few = replace(gender, groups=(np.arange(40) < 9).astype(np.int64))
    assert np.isnan(means_by_group(known, few)[:, 1]).all()


def test_without_data_strata_are_left_out_and_it_says_why(board: StudyBoard) -> None:
    found = audience([board])
    assert found.tables == found.sentences == ()
    assert found.notes[0].startswith("made: strata left out: the data of ml-100k are not at hand")
