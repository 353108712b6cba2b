"""What `make peers` computes itself: its cells, its clocks, its table. No peer is needed."""

import ast
import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import exchange
import numpy as np
import pytest
import sides
from exchange import Job
from findings import pairs
from hypothesis import given
from hypothesis import strategies as st
from made import interactions
from plan import CELL, OURS, PEERS, TUNED_SAMPLES, Cell, Choice, cells, pairs_in, values
from run import Book
from table import markdown, rounds_of

from bench.evaluation.scores import BadScores
from bench.protocol.task import Task, prepare


@given(st.integers(1, 10**6), st.integers(0, 50))
def test_a_batch_has_whole_pairs_and_no_room_for_another(samples: int, negatives: int) -> None:
    pairs = pairs_in(samples, negatives)
    assert pairs >= 1
    assert pairs * (1 + negatives) <= samples or pairs == 1
    assert (pairs + 1) * (1 + negatives) > samples


@pytest.mark.parametrize("batch", [2048, TUNED_SAMPLES])
def test_weights_decay_as_much_in_an_epoch_of_any_batch(batch: int) -> None:
    tuned, found = values("gmf", TUNED_SAMPLES, None), values("gmf", batch, None)
    decay = [p["learning_rate"] * p["weight_decay"] / p["batch_size"] for p in (tuned, found)]
    assert decay[0] == pytest.approx(decay[1], rel=1e-2)  # a batch is rounded to whole pairs


def test_sides_take_turns_and_peers_are_cut_short_after_the_first_round() -> None:
    found = list(cells(Choice(models=("gmf",), batches=(2048,), rounds=3, short_epochs=2)))
    assert [cell.side for cell in found] == [OURS, "recbole"] * 3
    assert [cell.round for cell in found] == [1, 1, 2, 2, 3, 3]
    assert [cell.brief for cell in found] == [False, False, False, True, False, True]
    assert {cell.params["epochs"] for cell in found if cell.brief} == {2}
    assert len({cell.name for cell in found}) == len(found)


def test_a_model_without_epochs_counts_in_every_round() -> None:
    found = list(cells(Choice(models=("als", "ease"))))
    assert not any(cell.brief for cell in found)
    assert {cell.side for cell in found} == {OURS, CELL, "implicit", "recbole", "lenskit", "cornac"}


def test_without_a_library_there_is_nothing_to_compare() -> None:
    assert not list(cells(Choice(models=("gmf",), libraries=("cornac",))))


class FakeSide:
    library = "numpy"
    name = "Fake"

    def __init__(self, *, starts_over: bool) -> None:
        self.starts_over = starts_over
        self.calls: list[str] = []

    def fit(self) -> int:
        self.calls.append("fit")
        return 12

    def evaluations(self) -> dict[str, Any]:
        return {kind: lambda kind=kind: self.calls.append(kind) for kind in ("full", "sampled")}

    def scores(self) -> tuple[float, np.ndarray]:
        self.calls.append("scores")
        return 0.5, np.zeros((2, 3), dtype=np.float32)


@pytest.mark.parametrize("starts_over", [True, False])
def test_only_a_fit_that_starts_over_is_repeated(starts_over: bool) -> None:
    side = FakeSide(starts_over=starts_over)
    result, _ = exchange.measure(side)
    assert side.calls[:4] == ["fit", "full", "sampled", "scores"]
    assert len(side.calls) == 4 + (exchange.MOST_REPEATS - 1) * starts_over
    figures = result["figures"]
    assert figures["samples_per_second"] == pytest.approx(12 / figures["train_cpu_seconds"])


@pytest.fixture(scope="module")
def task() -> Task:
    random = np.random.default_rng(0)
    rows = [(u, int(i), t) for u in range(20) for t, i in enumerate(random.permutation(150)[:10])]
    return prepare(interactions(rows, 20, 150), "loo-99")


def test_accuracy_is_that_of_the_scores(task: Task) -> None:
    scores = np.zeros((20, 150), dtype=np.float32)
    assert sides.accuracy(scores, task)["hr_at_10"] == pytest.approx(0.1)  # all tied
    scores[np.arange(20), task.cases.held_out] = 1
    assert sides.accuracy(scores, task)["hr_at_10"] == 1
    scores[3, 4] = np.nan
    with pytest.raises(BadScores):
        sides.accuracy(scores, task)


def cell(**changed: Any) -> Cell:
    given: dict[str, Any] = {
        **{"model": "ease", "side": OURS, "params": {"l2": 10.0}, "samples_per_batch": None},
        **{"round": 1, "brief": False, "threads": 1},
    }
    return Cell(**given | changed)


def test_our_side_is_measured_in_a_process_of_its_own(task: Task, tmp_path: Path) -> None:
    sides.write_task(task, tmp_path)
    found = [sides.measure(cell(side=side), task, tmp_path, 60) for side in (OURS, CELL)]
    for record in found:
        assert record["status"] == "ok", record["reason"]
        assert record["figures"]["train_samples"] == len(task.train)
    # The harness ranks as what is handed over is ranked.
    assert found[0]["metrics"] == pytest.approx(found[1]["metrics"])
    failed = sides.measure(cell(params={"l3": 1.0}), task, tmp_path, 60)
    assert failed["status"] == "failed"
    assert "l3" in failed["reason"]


def test_a_key_changes_with_the_cell(task: Task) -> None:
    kinds = [cell(), cell(round=2), cell(side="recbole"), cell(side=CELL), cell(threads=2)]
    keys = [sides.key(each, task) for each in kinds]
    assert len(set(keys)) == len(keys)
    assert sides.key(cell(), task) == keys[0]


def test_what_is_measured_is_found_again(tmp_path: Path) -> None:
    path = tmp_path / "peers.json"
    Book(path, "data/loo-99", False).keep(cell(), {"key": "a", "status": "ok"})
    again = Book(path, "data/loo-99", False)
    assert again.kept(cell(), "a") == {"key": "a", "status": "ok"}
    assert again.kept(cell(), "b") is None
    assert again.kept(cell(round=2), "a") is None
    assert Book(path, "other/loo-99", False).kept(cell(), "a") is None
    assert Book(path, "data/loo-99", True).kept(cell(), "a") is None
    again.keep(cell(), {"key": "a", "status": "failed"})
    assert again.kept(cell(), "a") is None


def record(side: str, rate: float, number: int = 1, **changed: Any) -> dict[str, Any]:
    """What `sides.measure` gives, with the time of everything going with the rate."""
    hit_rate = changed.pop("hr", 0.6)
    brief = changed.pop("brief", False)
    given = {
        "cell": {
            **{"model": "gmf", "side": side, "samples_per_batch": 2048, "round": number},
            **{"brief": brief, "threads": 1, "params": {"epochs": 3}},
        },
        **{"dataset": "data", "protocol": "loo-99", "status": "ok", "reason": ""},
        **{"name": "NeuMF", "version": "1", "started": "2026-01-01", "load_before": 0.1},
        "machine": {"cpu": "C", "cores": 2},
        "figures": {
            "train_seconds": 1e6 / rate,
            "train_cpu_seconds": 1e6 / rate,
            "samples_per_second": rate,
            "score_seconds": 1e6 / rate,
            f"{'both' if side == OURS else 'full'}_evaluation_seconds": 1e6 / rate,
            "peak_memory_mb": 100.0,
        },
        "metrics": {"hr_at_10": hit_rate, "hr_at_10_se": 0.01, "ndcg_at_10": 0.4}
        | {"ndcg_at_10_se": 0.01},
    }
    if brief:
        del given["metrics"]
    return given | changed


def test_the_table_has_medians_and_the_first_whole_accuracy() -> None:
    rates = {OURS: (5e6, 3e6, 4e6), "recbole": (2e5, 1e5, 3e5)}
    records = [
        record(side, rate, number, brief=number > 1 and side != OURS, hr=0.6 + number / 100)
        for number in (1, 2, 3)
        for side, rate in ((side, rates[side][number - 1]) for side in rates)
    ]
    (pair,) = pairs(records)
    assert pair.ratio("training") == pytest.approx(4e6 / 2e5)
    assert pair.peer.metric("hr_at_10") == pair.ours.metric("hr_at_10") == pytest.approx(0.61)
    text = markdown(records)
    assert "| gmf | 2,048 | recbole NeuMF | 4 M / 200 k (20) |" in text
    assert "training: 20.0 times RecBole's, of 10 wanted: kept" in text
    assert "200 k (100 k to 300 k)" in text


def test_the_table_says_where_a_peer_is_ahead() -> None:
    (pair,) = pairs([record(OURS, 1e5, hr=0.60), record("recbole", 2e5, hr=0.62)])
    assert pair.ahead() == {
        OURS: [],
        "recbole": ["training", "scoring", "evaluation", "HR@10"],
    }
    text = markdown([record(OURS, 1e5, hr=0.60), record("recbole", 2e5, hr=0.62)])
    assert "**recbole: training, scoring, evaluation, HR@10**" in text
    assert "training: 0.5 times RecBole's, of 10 wanted: **not kept**" in text
    assert "HR@10: -2.0 standard errors from RecBole's, of -1.0 allowed: **not kept**" in text


def test_hardly_a_difference_is_none() -> None:
    (pair,) = pairs([record(OURS, 1e5, hr=0.600), record("recbole", 1.01e5, hr=0.609)])
    assert not any(pair.ahead().values())


@given(st.lists(st.floats(1e3, 1e7), min_size=2, max_size=2), st.floats(0, 1), st.floats(0, 1))
def test_never_both_are_ahead_in_the_same(rates: list[float], ours: float, theirs: float) -> None:
    (pair,) = pairs([record(OURS, rates[0], hr=ours), record("recbole", rates[1], hr=theirs)])
    ahead = pair.ahead()
    assert not set(ahead[OURS]) & set(ahead["recbole"])


def test_a_side_that_failed_leaves_its_reason() -> None:
    failed = record("recbole", 1e5) | {"status": "failed", "reason": "stopped after 5 s"}
    del failed["figures"], failed["metrics"]
    text = markdown([record(OURS, 1e5), failed])
    assert "- gmf, recbole, round 1: stopped after 5 s" in text
    assert "100 k / - |" in text


def test_every_row_of_a_table_is_as_wide_as_its_head() -> None:
    lines = markdown([record(OURS, 1e5), record("recbole", 2e5)]).split("\n")
    widths = [line.count("|") for line in lines]
    assert all(0 in pair or pair[0] == pair[1] for pair in pairwise(widths))


def test_what_the_harness_adds_to_als() -> None:
    records = [
        record(side, rate) | {"name": "als"} for side, rate in ((OURS, 9.8e5), ("implicit", 1e6))
    ] + [record(CELL, 9e5)]
    for each in records:
        each["cell"] |= {"model": "als", "samples_per_batch": None}
    text = markdown(records)
    assert "als, bench: +2.0% on implicit's own fit, of +5% allowed: kept" in text
    assert "als, bench run: +11.1% on implicit's own fit, of +5% allowed: **not kept**" in text


def test_every_peer_has_a_script_that_is_python() -> None:
    for library in {side for known in PEERS.values() for side in known} - {CELL}:
        compile((sides.HERE / f"with_{library}.py").read_text(), library, "exec")


def test_recbole_has_a_model_for_each_that_it_is_compared_with() -> None:
    script = ast.parse((sides.HERE / "with_recbole.py").read_text())  # RecBole is not at hand
    (known,) = (
        node.value
        for node in script.body
        if isinstance(node, ast.AnnAssign) and ast.unparse(node.target) == "MODELS"
    )
    assert isinstance(known, ast.Dict)
    names = {key.value for key in known.keys if isinstance(key, ast.Constant)}
    assert names == {model for model, libraries in PEERS.items() if "recbole" in libraries}


def test_a_job_is_what_a_cell_says(tmp_path: Path) -> None:
    names = ("model", "params", "samples_per_batch", "seed", "threads", "brief")
    text = json.dumps({name: getattr(cell(), name) for name in names})
    assert Job(**json.loads(text), folder=tmp_path).params == {"l2": 10.0}


def test_the_table_says_which_models_had_other_rounds() -> None:
    def record(model: str, number: int) -> Any:
        return {"cell": {"model": model, "round": number}}

    three = [record(model, n) for model in ("als", "bpr", "gmf") for n in (1, 2, 3)]
    assert rounds_of(three) == "3"
    assert rounds_of([*three, record("als", 9)]) == "3; of als: 9"
