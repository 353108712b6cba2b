"""A run on new people: one fit for all that is asked of a model, and each cell with its record."""

import json
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from command import bench_here

from bench.adapter import Run
from bench.evaluation import ledger
from bench.evaluation.evaluate import evaluate
from bench.fold_in.people import NewPeople
from bench.fold_in.ways import fold_in
from bench.protocol.task import prepare
from bench.records.folder import Results
from bench.records.record import Record
from bench.registry.datasets import load_data
from bench.registry.models import adapter_class

DATASET = "synthetic:n_users=320,interactions_per_user=12"
SETTINGS = ("--set", "als.factors=8", "--set", "als.iterations=4")
RUN = ("run", "--dataset", DATASET, "--models", "popularity,als", "--protocol", "new-users-latest")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """After a run of a suite that shows 1 and 3 items."""
    folder = tmp_path_factory.mktemp("run")
    for shown in (1, 3):
        done = bench_here(folder, *RUN[:-1], f"new-users-{shown}", *SETTINGS)
        assert done.returncode == 0, done.stdout + done.stderr
    return folder


def records(folder: Path) -> list[Record]:
    return Results(folder / "results").read_records()


def test_a_record_for_each_way_and_number(folder: Path) -> None:
    found = Counter((each.cell.protocol, each.cell.name) for each in records(folder))
    als = [f"{row} ({way})" for row in ("als", "als (recent)") for way in ("own", "prior", "alike")]
    names = ("popularity (alike)", *als)
    assert found == Counter((f"new-users-{k}", name) for k in (1, 3) for name in names)
    for each in records(folder):
        assert each.status == "ok"
        assert each.timings["fold_in_people_per_second"] > 0
        assert "score_users_per_second" not in each.timings
    assert bench_here(folder, "verify").returncode == 0


@pytest.mark.parametrize("way", ["own", "prior", "alike"])
def test_the_ledger_is_that_of_the_way_alone(folder: Path, way: str) -> None:
    (record,) = [
        each
        for each in records(folder)
        if each.cell.protocol == "new-users-3" and each.cell.name == f"als ({way})"
    ]
    task = prepare(load_data(DATASET, None), "new-users-3")
    assert task.shown is not None
    model = adapter_class("als")(**record.cell.params)
    model.fit(task.train, Run(seed=0))
    people = NewPeople(fold_in(way, model, task.train), task.shown)
    wanted = evaluate(people, task.train, task.cases).ledger
    found = ledger.load(Results(folder / "results").ledger_of(record))
    np.testing.assert_array_equal(found.full.better, wanted.full.better)
    np.testing.assert_array_equal(found.sampled.better, wanted.sampled.better)
    np.testing.assert_array_equal(found.user_ids, wanted.user_ids)


def test_what_is_missing_is_measured_again_and_comes_to_the_same(folder: Path) -> None:
    results = Results(folder / "results")
    (lost,) = [
        each
        for each in records(folder)
        if each.cell.protocol == "new-users-1" and each.cell.name == "als (prior)"
    ]
    before = results.ledger_of(lost).read_bytes()
    results.file_of(lost).unlink()
    results.ledger_of(lost).unlink()
    done = bench_here(folder, *RUN[:-1], "new-users-1", *SETTINGS)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("measured before") == 6
    assert results.ledger_of(lost).read_bytes() == before


def test_one_fit_serves_every_number_and_folds_are_joined(tmp_path: Path) -> None:
    suite = tmp_path / "small.toml"
    suite.write_text(
        f'dataset = "{DATASET}"\nprotocol = "new-users-1-folds-2"\n'
        'prior = { tau = 0.5 }\n[[rows]]\nmodel = "puresvd"\n'
    )
    done = bench_here(tmp_path, "run", "--suite", str(suite))
    assert done.returncode == 0, done.stdout + done.stderr
    found = records(tmp_path)
    assert {each.cell.name for each in found} == {
        f"puresvd ({w})" for w in ("own", "prior", "alike")
    }
    assert len({each.timings["train_seconds"] for each in found}) == 1
    (record,) = [each for each in found if each.cell.fold_in["way"] == "prior"]
    assert record.cell.fold_in == {"way": "prior", "tau": 0.5, "unobserved": 0.03}
    assert record.metrics["test_users"] == 320
    whole = ledger.load(Results(tmp_path / "results").ledger_of(record))
    task = prepare(load_data(DATASET, None), "new-users-1-folds-2")
    np.testing.assert_array_equal(whole.user_ids, task.train.user_ids[task.cases.users])
    for fold in task.folds:
        assert fold.shown is not None
        model = adapter_class("puresvd")()
        model.fit(fold.train, Run(seed=0))
        people = NewPeople(
            fold_in("prior", model, fold.train, tau=0.5, unobserved=0.03), fold.shown
        )
        alone = evaluate(people, fold.train, fold.cases).ledger
        rows = np.isin(whole.user_ids, alone.user_ids)
        np.testing.assert_array_equal(whole.full.better[rows], alone.full.better)
    canaries = json.loads(next((tmp_path / "results" / "canaries").iterdir()).read_text())
    assert canaries["users"] == 320
    assert bench_here(tmp_path, "verify").returncode == 0


def test_a_family_is_measured_by_one_fit(tmp_path: Path) -> None:
    done = bench_here(
        tmp_path, *("run", "--dataset", "synthetic:n_users=320,interactions_per_user=60"),
        *("--models", "puresvd", "--protocol", "new-users-latest"),
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    found = records(tmp_path)
    assert len(found) == 15
    assert len({each.timings["train_seconds"] for each in found}) == 1
    assert done.stdout.index("new-users-latest-5\n") < done.stdout.index("new-users-latest-10\n")


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("--protocol", "new-users-0"), "K must be 1 or more"),
        (("--folds", "5"), "folds are of new-users, not of protocol loo-99"),
        (("--protocol", "new-users-1", "--keep"), "models that lack the new people are not kept"),
        (("--protocol", "new-users-1", "--set", "als.prior.tau=0"), "must be a number above 0"),
        (("--protocol", "new-users-1", "--set", "als.prior.tua=1"), "Did you mean 'tau'"),
    ],
)
def test_what_cannot_be_is_told_in_one_line(
    tmp_path: Path, words: tuple[str, ...], why: str
) -> None:
    done = bench_here(tmp_path, "run", "--dataset", DATASET, "--models", "als", *words)
    assert done.returncode == 2
    assert why in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def test_a_model_that_fails_fails_in_every_cell(tmp_path: Path) -> None:
    done = bench_here(
        tmp_path, *("run", "--dataset", DATASET, "--models", "ials", "--protocol", "new-users-1"),
        *("--set", "ials.l2=0", "--set", "ials.unobserved_weight=0", "--set", "ials.factors=64"),
    )  # fmt: skip
    assert done.returncode == 1
    found = records(tmp_path)
    assert len(found) == 3
    assert {each.status for each in found} == {"failed"}
    assert all("no single solution" in each.reason for each in found)
