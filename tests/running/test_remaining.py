"""The time that a run still takes, by earlier records of this machine, and by epochs so far."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench import machine
from bench.records.folder import Results
from bench.records.record import Cell, Record
from bench.registry.suites import SuiteRow
from bench.running import display
from bench.running.describe import Described
from bench.running.display import Display
from bench.running.executors.executor import NODE
from bench.running.plan import Planned
from bench.running.remaining import Left, Remaining, to_measure
from bench.running.training import Epoch

HERE = machine.environment()


def cell(model: str = "als", seed: int = 0, **changes: Any) -> Cell:
    params = changes.pop("params", {"factors": 8})
    facts = {"dataset": "d", "protocol": "loo-99", **changes}
    return Cell(model=model, seed=seed, params=params, **facts)


def measured(of: Cell, seconds: float, **changes: Any) -> Record:
    found = Record(
        cell=of,
        key="0" * 16,
        status="ok",
        metrics={"hr_at_10": 0.5, "ndcg_at_10": 0.4},
        timings={"cell_seconds": seconds, "train_seconds": 1.0},
        environment=HERE,
    )
    return replace(found, **changes)


def test_the_same_values_tell_more_than_others_of_the_same_model() -> None:
    known = [measured(cell(seed=seed), 10.0 + seed) for seed in (1, 2, 3)]
    known.append(measured(cell(params={"factors": 64}), 100.0))
    remaining = Remaining([], known)
    assert remaining.of(cell()) == 12.0
    assert remaining.of(cell(params={"factors": 64})) == 100.0
    assert remaining.of(cell(params={"factors": 16})) == 12.5  # the median of all four


@pytest.mark.parametrize(
    "other",
    [
        measured(cell("ease"), 10.0),
        measured(cell(dataset="e"), 10.0),
        measured(cell(protocol="loo-99-random"), 10.0),
        measured(cell(threads=2), 10.0),
        measured(cell(device="cuda"), 10.0),
        measured(cell(), 10.0, status="failed"),
        measured(cell(), 10.0, timings={}),
        measured(cell(), 10.0, environment={**HERE, "cpu": "another"}),
        measured(cell(), 10.0, environment={}),
    ],
)
def test_what_was_measured_otherwise_tells_nothing(other: Record) -> None:
    assert Remaining([cell()], [other]).of(cell()) is None


@given(st.lists(st.one_of(st.none(), st.floats(0, 1e5)), min_size=1, max_size=6), st.data())
def test_what_waits_is_the_sum_of_what_is_known(
    seconds: list[float | None], data: st.DataObject
) -> None:
    cells = [cell(f"m{number}") for number in range(len(seconds))]
    known = [measured(c, s) for c, s in zip(cells, seconds, strict=True) if s is not None]
    at = data.draw(st.integers(0, len(cells) - 1))
    remaining = Remaining(cells, known)
    for each in cells[: at + 1]:
        remaining.begin(each)
    later = seconds[at + 1 :]
    assert remaining.waiting() == Left(sum(each or 0 for each in later), None in later)


@pytest.mark.parametrize(
    ("left", "words"),
    [
        (Left(0.4), "about 0 s left"),
        (Left(89), "about 89 s left"),
        (Left(90), "about 2 min left"),
        (Left(5399, True), "over 90 min left"),
        (Left(7200), "about 2.0 h left"),
    ],
)
def test_in_words(left: Left, words: str) -> None:
    assert left.words() == words


class Shown:
    """A surface that remembers what goes on now."""

    def __init__(self) -> None:
        self.now, self.lines = list[tuple[str, str]](), list[str]()

    @property
    def words(self) -> str:
        """Of the one cell."""
        return self.now[0][1] if self.now else ""

    def line(self, text: str) -> None:
        self.lines.append(text)

    def update(self, done: int, now: Sequence[tuple[str, str]]) -> None:
        self.now = list(now)

    def close(self) -> None:
        pass


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> Shown:
    found, clock = Shown(), [0.0]
    monkeypatch.setattr(display, "surface", lambda name, cells: found)
    monkeypatch.setattr(display, "monotonic", lambda: clock[0])
    found.clock = clock  # type: ignore[attr-defined]
    return found


def test_a_run_shows_what_the_cell_and_what_the_whole_run_still_take(shown: Shown) -> None:
    epochs = {"epochs": 10}
    cells = [cell("gmf", params=epochs), cell("gmf", 1, params=epochs), cell("ease"), cell("fm")]
    known = [measured(cells[0], 300.0), measured(cells[2], 60.0)]
    with Display(4, "lines", Remaining(cells, known)) as screen:
        hear = screen.begin(cells[0])
        assert shown.words == "starting (0 s), about 5 min left, the run over 11 min left"
        shown.clock[0] = 100.0  # type: ignore[attr-defined]
        hear("", None)
        assert shown.words == "starting (100 s), about 3 min left, the run over 9 min left"
        hear("phase", "training")
        hear("epoch", Epoch(2, 8.0, 100, 0.5))
        assert shown.words == (
            "training, epoch 2/10, loss 0.5000 (100 s), about 32 s left, the run over 7 min left"
        )
        hear("phase", "scoring")
        assert shown.words == "scoring (100 s), about 0 s left, the run over 6 min left"
        screen.end(measured(cells[0], 40.0), measured=True)
        assert shown.words == ""
        screen.begin(cells[1])  # the median of 300 and 40 now
        assert shown.words == "starting (0 s), about 3 min left, the run over 4 min left"
        screen.end(measured(cells[1], 40.0), measured=True)
        screen.begin(cells[2])
        assert shown.words == "starting (0 s), about 60 s left, the run over 60 s left"
        screen.end(measured(cells[2], 60.0), measured=True)
        screen.begin(cells[3])
        assert shown.words == "starting (0 s)"  # nothing is known of it


def test_a_cell_on_a_node_shows_where_it_is_and_begins_anew_on_another(shown: Shown) -> None:
    with Display(1, "lines") as screen:
        hear = screen.begin(cell("gmf", params={"epochs": 4}))
        hear(NODE, "10.0.0.2")
        assert shown.words == "on 10.0.0.2: starting (0 s)"
        hear("phase", "training")
        hear("epoch", Epoch(1, 8.0, 100, 0.5))
        shown.clock[0] = 9.0  # type: ignore[attr-defined]
        hear("", None)
        assert shown.words == (
            "on 10.0.0.2: training, epoch 1/4, loss 0.5000 (9 s), about 24 s left"
        )
        hear(NODE, "10.0.0.3")
        assert shown.words == "on 10.0.0.3: starting (0 s)"


def test_cells_side_by_side_have_a_line_each_and_share_what_is_left(shown: Shown) -> None:
    cells = [cell("gmf"), cell("ease"), cell("fm"), cell("als")]
    known = [measured(each, 60.0) for each in cells]
    with Display(4, "lines", Remaining(cells, known), places=2) as screen:
        first, _ = screen.begin(cells[0]), screen.begin(cells[1])
        first("phase", "training")
        assert shown.now == [
            ("gmf seed 0", "training (0 s), about 60 s left"),
            ("ease seed 0", "starting (0 s), about 60 s left"),
            ("", "the run about 2 min left"),
        ]
        screen.end(measured(cells[1], 60.0), measured=True)
        screen.begin(cells[3])
        shown.clock[0] = 30.0  # type: ignore[attr-defined]
        first("", None)
        assert shown.now == [
            ("gmf seed 0", "training (30 s), about 30 s left"),
            ("als seed 0", "starting (30 s), about 30 s left"),
            ("", "the run about 60 s left"),
        ]


def test_a_run_of_one_cell_says_its_time_once(shown: Shown) -> None:
    with Display(1, "lines", Remaining([cell()], [measured(cell(), 20.0)])) as screen:
        screen.begin(cell())
        assert shown.words == "starting (0 s), about 20 s left"


def test_what_has_a_record_is_not_measured_unless_it_is_asked_for(tmp_path: Path) -> None:
    results, row = Results(tmp_path), SuiteRow(model="als")
    planned = [
        Planned(cell=cell(seed=seed), key=f"{seed:016x}", row=row, described=Described("ok", {}))
        for seed in range(3)
    ]
    planned.append(replace(planned[0], cell=cell("fm"), described=Described("skipped", {})))
    results.save(replace(measured(cell(seed=1), 10.0), key=f"{1:016x}"))
    assert to_measure(planned, results, force=False) == [cell(seed=0), cell(seed=2)]
    assert to_measure(planned, results, force=True) == [cell(seed=seed) for seed in range(3)]
