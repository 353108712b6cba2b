"""Measure models as a run does, but without MLflow, and look at what is left of it."""

from itertools import count
from pathlib import Path

import numpy as np
import odd_models
from command import PATIENCE
from made import interactions

from bench.evaluation import ledger
from bench.interactions import Features
from bench.isolation import process as isolation
from bench.leaderboard.sections import sections
from bench.leaderboard.tables import terminal
from bench.leaderboard.write import write
from bench.protocol.protocols import PROTOCOLS
from bench.protocol.task import Task, prepare
from bench.records.files import load
from bench.records.folder import Results
from bench.records.record import Cell, Record
from bench.registry import names
from bench.registry.suites import SuiteRow
from bench.running import cell, display
from bench.running.describe import Described
from bench.running.folder import keep
from bench.running.plan import Planned

USERS, ITEMS, SEED = 12, 40, 3
NAME = "fuzzed"
LIMITS = isolation.Limits(seconds=PATIENCE, memory_mb=8000)
MOST_REASON = 520  # characters
_numbers = count()


def task(tuning: bool) -> Task:
    """A few users, whose newest times are tied now and then, and items with genres."""
    rng = np.random.default_rng(0)
    rows = [
        (user, int(item), 100 + n // 2)
        for user in range(USERS)
        for n, item in enumerate(rng.permutation(ITEMS)[: rng.integers(2, 9)])
    ]
    genres = rng.random((ITEMS, 3)) < 0.5
    none = {"categorical_names": (), "categorical_sizes": (), "dense_names": ()}
    features = Features(
        categorical=np.zeros((ITEMS, 0), np.int32),
        multi_hot=genres,
        multi_hot_names=("a", "b", "c"),
        dense=np.zeros((ITEMS, 0), np.float32),
        **none,
    )
    data = interactions(rows, USERS, ITEMS, item_features=features)
    return prepare(data, "loo-99-validation" if tuning else "loo-99")


TASKS = {tuning: task(tuning) for tuning in (False, True)}
TESTED = TASKS[False].cases.users.tolist()
assert set(PROTOCOLS) >= {each.protocol for each in TASKS.values()}


def measure(
    text: str | bytes,
    folder: Path,
    tuning: bool = False,
    limits: isolation.Limits = LIMITS,
    described: Described | None = None,
) -> tuple[Record, Path]:
    """Measure the model of a file and keep its record, as a run does; and where its ledger is."""
    path = folder / f"{NAME}.py"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    planned = Planned(
        cell=Cell(
            dataset="made",
            protocol=TASKS[tuning].protocol,
            model=NAME,
            params=described.params if described else {},
            seed=SEED,
        ),
        key=f"{next(_numbers):016x}",
        row=SuiteRow(model=NAME),
        described=described or Described("ok", {}),
    )
    shown = display.Display(1, "lines")
    hear = shown.begin(planned.cell)
    with names.with_models([path]):
        came = cell.measure(planned, TASKS[tuning], limits, folder, hear)
    found = keep(came.record, came.ledger, "", "", Results(folder))
    return found, Results(folder).ledger_of(found)


def check_by_hand(path: Path, tuning: bool) -> None:
    """The ledger of the plain model, counted one candidate after the other."""
    found, (train, cases) = ledger.load(path), (TASKS[tuning].train, TASKS[tuning].cases)
    table = odd_models.table(SEED, USERS, ITEMS)
    for row, (user, own) in enumerate(zip(cases.users, cases.held_out, strict=True)):
        untouched = set(range(ITEMS)) - set(train.items[train.users == user].tolist()) - {int(own)}
        drawn = [int(item) for item in cases.negatives.items[row] if item >= 0]
        for standing, others in ((found.full, untouched), (found.sampled, drawn)):
            scores = [table[user, item] for item in others]
            assert standing.better[row] == sum(score > table[user, own] for score in scores)
            assert standing.equal[row] == sum(score == table[user, own] for score in scores)
            assert standing.candidates[row] == len(scores) + 1
        best = sorted(untouched | {int(own)}, key=lambda item: (-table[user, item], item))
        assert found.recommended[row].tolist() == best[:10]


def check_readable(found: Record, folder: Path) -> None:
    """A record that is shown in every form, and says of what went wrong what and where."""
    stored = folder / "records" / f"{found.stem}.json"
    assert load(Record, stored) == found
    display.outcome(found, measured=True).encode()
    terminal(sections([found]), 120).encode()
    write(sections([found]), Results(folder))
    assert not list(folder.glob("tmp*"))  # where it was measured
    stored.unlink()
    if found.status == "ok":
        assert not found.reason
        return
    assert not found.metrics and not found.curve, found
    assert found.reason.isprintable() and 0 < len(found.reason) < MOST_REASON, found.reason
    if found.status == "failed":
        assert "Traceback" in found.traceback
        assert len(found.traceback) < 30_000


def check_figures(found: Record, its_ledger: Path, plain: bytes) -> None:
    """The right ledger to the byte, and figures that are numbers."""
    assert its_ledger.read_bytes() == plain
    its_ledger.unlink()
    assert 0 < found.metrics["hr_at_10"] < 1
    assert all(value >= 0 for name, value in found.timings.items()), found.timings
