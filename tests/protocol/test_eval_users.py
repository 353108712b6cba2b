"""A sample of the test users: what it changes, and what it may not change."""

import csv
import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from command import bench_here
from hypothesis import given
from hypothesis import strategies as st
from made import interactions, published, some_interactions
from records import made_up

from bench.evaluation.metrics import standard_error
from bench.interactions import Interactions
from bench.leaderboard.html import html
from bench.leaderboard.sections import sections
from bench.leaderboard.tables import markdown, terminal
from bench.protocol.negatives import some_users
from bench.protocol.protocols import PROTOCOLS
from bench.protocol.split import in_order, leave_one_out
from bench.protocol.task import BadProtocol, Task, prepare
from bench.records import record
from bench.records.folder import Results
from bench.registry import suites
from bench.registry.blame import BadSuite
from bench.running.describe import Described
from bench.running.plan import planned_cells
from bench.tracking.mapping import experiment_name, parameters

MANY = interactions([(u, (u + 7 * i) % 150, i) for u in range(40) for i in range(5)], n_items=150)

WIDE = interactions(
    [(u, (3 * u + 7 * i) % 400, i) for u in range(200) for i in range(12)], 200, 400
)


def drawn(data: Interactions, count: int) -> set[object]:
    """Original ids of the users in a sample."""
    split = some_users(leave_one_out(in_order(data)), count, stream="0/users")
    assert np.all(np.diff(split.users) > 0)
    return set(data.user_ids[split.users].tolist())


@given(some_interactions(), st.integers(1, 7), st.integers(1, 7))
def test_a_smaller_sample_is_a_part_of_a_larger_one(data: Interactions, a: int, b: int) -> None:
    tested = leave_one_out(in_order(data)).users
    less, more = sorted((a, b))
    assert drawn(data, less) <= drawn(data, more)
    assert len(drawn(data, less)) == min(less, len(tested))


@given(some_interactions(), some_interactions(), st.integers(1, 6))
def test_other_users_never_swap_two(data: Interactions, others: Interactions, count: int) -> None:
    both = Interactions(
        users=np.r_[others.users, data.users + others.n_users],
        items=np.r_[others.items, data.items],
        times=np.r_[others.times, data.times],
        n_users=others.n_users + data.n_users,
        n_items=data.n_items,
        user_ids=np.r_[np.arange(others.n_users) + 1000, np.arange(data.n_users)],
    )
    kept = {user for user in drawn(both, count) if user < 1000}  # type: ignore[operator]
    assert kept == drawn(data, len(kept)) if kept else True


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_train_stays_and_the_sampled_users_keep_their_negatives(protocol: str) -> None:
    data = published() if protocol.startswith("ncf") else MANY
    if protocol.startswith("cold-items"):  # some twenty items have to be cold
        data = WIDE
    whole, part = prepare(data, protocol), prepare(data, protocol, eval_users=1)
    for name in ("users", "items", "times"):
        assert np.array_equal(getattr(whole.train, name), getattr(part.train, name))
    (row,) = np.flatnonzero(whole.cases.users == part.cases.users[0])
    assert part.cases.held_out.tolist() == [whole.cases.held_out[row]]
    assert np.array_equal(part.cases.negatives.items, whole.cases.negatives.items[[row]])
    assert part.cases.negatives.drawn.tolist() == [whole.cases.negatives.drawn[row]]
    assert part.protocol == f"{protocol}-users-1"
    assert part.data_sha256 == whole.data_sha256
    assert part.split_sha256 != whole.split_sha256
    assert (part.audit["scored_users"], whole.audit["scored_users"]) == (1, len(whole.cases.users))
    assert part.audit["tested_users"] == whole.audit["tested_users"]


def key_and_cell(eval_users: int | None) -> tuple[str, record.Cell]:
    found = suites.narrow(suites.load("quick"), models=["ease"], eval_users=eval_users)
    task: Task = prepare(MANY, found.protocol, found.min_rating, found.eval_users)
    (planned,) = planned_cells(found, [Described("ok", {"l2": 1.0})], task, "cpu", 1)
    return planned.key, planned.cell


def test_a_sample_is_a_cell_of_its_own_and_a_sample_of_all_is_none() -> None:
    assert key_and_cell(None) == key_and_cell(40) == key_and_cell(10**9)
    assert len({key_and_cell(n)[0] for n in (None, 39, 38)}) == 3
    assert key_and_cell(39)[1].eval_users == 39
    assert key_and_cell(39)[1].protocol == "loo-99-users-39"


def test_nobody_to_test_is_still_said() -> None:
    with pytest.raises(BadProtocol, match="nobody can be tested"):
        prepare(interactions([(0, 0, 1)]), "loo-99", eval_users=5)


@pytest.mark.parametrize("value", ["0", "-3", "many"])
def test_a_wrong_number_is_one_line(tmp_path: Path, value: str) -> None:
    done = bench_here(tmp_path, "run", "--suite", "quick", "--eval-users", value)
    assert (done.returncode, len(done.stderr.strip().splitlines())) == (2, 1)
    assert "--eval-users" in done.stderr


def test_a_suite_may_name_the_sample(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    rows = '[[rows]]\nmodel = "ease"\n'
    path.write_text(f'dataset = "synthetic"\neval_users = 50\n{rows}')
    assert suites.load(str(path)).eval_users == 50
    path.write_text(f'dataset = "synthetic"\neval_users = 0\n{rows}')
    with pytest.raises(BadSuite, match=r"line 2: eval_users must be 1 or more users, not 0"):
        suites.load(str(path))


def test_a_run_says_it_everywhere_and_can_be_verified(folder: Path) -> None:
    words = ("run", "--suite", "quick", "--models", "popularity")
    done = bench_here(folder, *words, "--eval-users", "60")
    assert done.returncode == 0, done.stderr
    assert "a sample of 60 of them scored" in done.stdout
    assert bench_here(folder, *words).returncode == 0  # all users: other cells, another table
    results = folder / "results"
    records = {r.cell.protocol: r for r in Results(results).read_records()}
    assert records.keys() == {"loo-99-users-60", "loo-99"}
    sampled = records["loo-99-users-60"]
    assert (sampled.cell.eval_users, sampled.metrics["test_users"]) == (60, 60)
    assert parameters(sampled)["eval_users"] == "60"
    assert experiment_name("synthetic", sampled.cell.protocol) != experiment_name(
        "synthetic", "loo-99"
    )
    board = list(csv.DictReader((results / "leaderboard.csv").open()))
    assert {(row["protocol"], row["test_users"]) for row in board} == {
        ("loo-99", "300.0"),
        ("loo-99-users-60", "60.0"),
    }
    for text in (
        markdown(sections([sampled])),
        html(sections([sampled])),
        terminal(sections([sampled]), 120),
    ):
        assert "loo-99-users-60" in text
        assert "figures of a sample of 60 test users" in text
        assert "beside the HR@10 of all 300 theirs" in text.replace("\n", " ")
    assert bench_here(folder, "verify").returncode == 0

    path = results / "records" / f"{sampled.stem}.json"
    wrong = json.loads(path.read_text())
    wrong["cell"]["eval_users"] = 61
    path.write_text(json.dumps(wrong))
    done = bench_here(folder, "verify")
    assert "a sample of 61 users in the record, 60 in the ledger" in done.stderr


def test_the_error_beside_all_users_is_that_of_a_finite_population() -> None:
    hits = np.random.default_rng(0).random(400) < 0.3  # of all users
    draw = np.random.default_rng(1)
    samples = [draw.choice(hits, 100, replace=False) for _ in range(2000)]
    error = float(np.mean([standard_error(each.astype(float)) for each in samples]))
    row = replace(
        made_up("ease", 0.3, protocol="loo-99-users-100", eval_users=100),
        audit={"tested_users": 400},
    )
    row = replace(row, metrics=row.metrics | {"hr_at_10_se": error})
    (said,) = re.findall(r"of all 400 theirs .* at most ([.0-9]+)", markdown(sections([row])))
    assert float(said) == pytest.approx(np.std([each.mean() for each in samples]), rel=0.08)


def test_samples_of_two_sizes_are_never_in_one_row() -> None:
    one = made_up("ease", 0.5, protocol="loo-99-users-60", eval_users=60)
    other = made_up("ease", 0.6, protocol="loo-99-users-70", eval_users=70)
    text = markdown(sections([one, replace(other, cell=replace(other.cell, seed=1))]))
    assert text.count("| ease ") == 2
    assert "sample of 60" in text
    assert "sample of 70" in text
