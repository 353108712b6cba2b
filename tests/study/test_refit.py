"""Other splits of the same data: what a variant changes, and that the board is left alone."""

import hashlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from command import bench_here
from hypothesis import given

from bench.compare.strata import Measured
from bench.errors import Problem
from bench.interactions import DataSet, Interactions
from bench.protocol.split import in_order
from bench.protocol.task import BadProtocol, Task, prepare
from bench.records.folder import Results
from bench.study.boards import StudyBoard, boards
from bench.study.refit import VARIANTS, quick, refit, variant_task, variants
from bench.study.refitted import refitted, sentence_of, table_of
from tests.helpers.ledgers import keep, made_up_ledger, some_results
from tests.helpers.made import interactions, published, some_interactions

BY_SUFFIX = {each.suffix: each for each in VARIANTS}


def measured(data: DataSet | Interactions, protocol: str = "loo-99") -> Measured:
    given = DataSet.of(data)
    return Measured(given, prepare(given, protocol), in_order(given.interactions))


def pairs(task: Task) -> set[tuple[int, int]]:
    return set(zip(task.cases.users.tolist(), task.cases.held_out.tolist(), strict=True))


@given(some_interactions())
def test_another_order_of_equal_times_holds_out_another_item_of_the_newest(
    data: Interactions,
) -> None:
    try:
        known = measured(data)
    except BadProtocol:
        return
    newest = {
        (user, item)
        for user in range(data.n_users)
        for own in [data.users == user]
        for item in data.items[own][data.times[own] == data.times[own].max(initial=0)].tolist()
    }
    for suffix in ("-ties-reversed", "-ties-random"):
        task = variant_task(known, "loo-99", BY_SUFFIX[suffix])
        assert task.protocol == "loo-99" + suffix
        assert pairs(task) <= newest
        assert task.cases.users.tolist() == known.task.cases.users.tolist()


def test_the_reverse_takes_the_first_in_the_source() -> None:
    tied = interactions([(0, 0, 1), (0, 1, 5), (0, 2, 5), (0, 3, 5)])
    assert pairs(measured(tied).task) == {(0, 3)}
    assert pairs(variant_task(measured(tied), "loo-99", BY_SUFFIX["-ties-reversed"])) == {(0, 1)}
    apart = interactions([(0, 0, 1), (0, 1, 2), (0, 2, 3)])
    for suffix in ("-ties-reversed", "-ties-random"):
        task = variant_task(measured(apart), "loo-99", BY_SUFFIX[suffix])
        assert task.split_sha256 == measured(apart).task.split_sha256


def with_ratings() -> Interactions:
    rows = [(0, item, item) for item in range(6)]
    return interactions(rows, ratings=np.array([5, 5, 5, 4, 3, 2], dtype=np.float32))


def test_a_minimum_rating_leaves_the_others_out() -> None:
    for rating, last in ((3, 4), (4, 3)):
        task = variant_task(measured(with_ratings()), "loo-99", BY_SUFFIX[f"-rated-{rating}"])
        assert (task.protocol, pairs(task)) == (f"loo-99-rated-{rating}", {(0, last)})


@pytest.fixture
def board(tmp_path: Path) -> StudyBoard:
    (found,) = boards([some_results(tmp_path / "made", {"a": 9.0, "b": 3.0, "c": 2.0})])
    return found


def test_variants_are_those_that_the_data_allow(board: StudyBoard) -> None:
    def suffixes(known: Measured | None, protocol: str = "loo-99") -> list[str]:
        section = replace(board.section, protocol=protocol)
        return [each.suffix for each in variants(replace(board, section=section, measured=known))]

    rated, plain = measured(with_ratings()), measured(interactions([(0, i, i) for i in range(4)]))
    assert suffixes(rated) == list(BY_SUFFIX)
    assert suffixes(plain) == ["-ties-reversed", "-ties-random"]
    assert suffixes(rated, "loo-99-rated-2") == ["-ties-reversed", "-ties-random"]
    assert suffixes(measured(published(), "ncf-files")) == []
    timeless = rated._replace(data=replace(rated.data, has_times=False))
    assert suffixes(timeless) == ["-rated-3", "-rated-4"]
    assert suffixes(None) == []


def test_quick_rows_train_in_seconds_on_the_cpu(board: StudyBoard) -> None:
    assert [row.model for row in quick(board)] == list(board.models)  # 2.5 s each
    slow, gpu, plain = board.rows
    slow = replace(slow, figures=slow.figures | {"train_seconds": 60.0})
    rows = (slow, replace(gpu, device="cuda"), plain)
    assert quick(replace(board, rows=rows)) == [plain]


def test_without_data_nothing_can_be_refitted(board: StudyBoard, tmp_path: Path) -> None:
    with pytest.raises(Problem, match=r"^--refit: the data of ml-100k are not at hand"):
        refit([board], Results(tmp_path / "refit"), shown_on="lines")


def test_a_published_split_is_left_as_it_is(
    board: StudyBoard, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    section = replace(board.section, dataset="synthetic", protocol="ncf-files")
    known = measured(published(), "ncf-files")
    rows = tuple(replace(row, adapter="als") for row in board.rows)
    fixed = replace(board, section=section, rows=rows, measured=known)
    refit([fixed], Results(tmp_path / "refit"), shown_on="lines")
    assert capsys.readouterr().out.startswith("made: nothing to refit: its split is published")
    assert not (tmp_path / "refit").exists()


def test_places_are_compared_under_each_variant(board: StudyBoard, tmp_path: Path) -> None:
    results = Results(tmp_path / "refit")
    assert refitted(board, results) is None
    for model, skill in {"a": 2.0, "b": 3.0, "other": 9.0}.items():
        ledger = made_up_ledger(seed=5, skill=skill)
        keep(results, model, ledger, protocol="loo-ties-reversed")
    found = refitted(board, results)
    assert found is not None
    assert found.models == ("a", "b")  # c was not refitted, and other is not on the board
    assert found.variants == ("as on the board", "equal times in reverse")
    first = {row.model: row.records[0].metrics["ndcg_at_10_expected"] for row in board.rows}
    assert found.figures[0].tolist() == [first["a"], first["b"]]
    table = table_of(board, found, "")
    assert table.column("place, as on the board") == [1, 2]
    assert table.column("place, equal times in reverse") == [2, 1]
    assert "equal times in reverse, 1 (tau -1.00)" in sentence_of(found)


def hashes(folder: Path) -> dict[str, str]:
    """Of records, ledgers and boards; the study and MLflow's store are left out."""
    return {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file() and "study" not in path.parts and "mlflow" not in path.name
    }


@pytest.mark.slow
def test_refitting_measures_cells_in_a_folder_of_its_own_once(folder: Path) -> None:
    run = bench_here(folder, "run", "--suite", "quick", "--models", "knn,ease,popularity")
    assert run.returncode == 0, run.stderr
    before = hashes(folder / "results")
    done = bench_here(folder, "study", "results", "--refit")
    assert done.returncode == 0, done.stderr
    assert hashes(folder / "results") == before
    place = Results(folder / "results" / "study" / "refit")
    cells = {(each.cell.dataset, each.cell.protocol) for each in place.read_records()}
    assert cells >= {("synthetic", "loo-99-ties-reversed"), ("synthetic", "loo-99-ties-random")}
    page = (folder / "results" / "study" / "study.md").read_text(encoding="utf-8")
    assert "for results quick models were refitted (equal times in reverse and equal times" in page
    assert "models that train in 5 s or less were refitted" in page
    again = bench_here(folder, "study", "results", "--refit")
    assert again.returncode == 0
    assert again.stdout.count("measured before") == len(place.read_records())
    assert bench_here(folder, "verify", "results/study").returncode == 0
    assert bench_here(folder, "verify", "results/study/refit").returncode == 0
