"""Records whose values are of another type than they should be, as from another machine."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from folders_to_merge import content, measured, merged

from bench.records.canaries import Canaries
from bench.records.files import BadRecord, load
from bench.records.record import Record


def changed(path: Path, change: Callable[[dict[str, Any]], None]) -> Path:
    values = json.loads(path.read_text())
    change(values)
    path.write_text(json.dumps(values))
    return path


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "started": ({"started": 5}, "started is not text"),
    "reason": ({"reason": {"a": 1}}, "reason is not text"),
    "environment": ({"environment": [1]}, "environment is not dict"),
    "timing": ({"timings": {"train_seconds": "1"}}, "timings is not dict"),
    "no figure": ({"metrics": {"hr_at_10": True}}, "metrics is not dict"),
    "curve": ({"curve": [5]}, "curve is not list"),
    "status": ({"status": "fine"}, "status is not one of ok, "),
    "order": ({"uses_order": 1}, "uses_order is not true or false"),
    "two": ({"suite": None, "tuned": 7}, "tuned is not text; suite is not text"),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_a_value_of_another_type_is_no_record(wrong: str, tmp_path: Path) -> None:
    (path,) = list(measured(tmp_path, {"als": 0.5}).records.glob("*s0*.json"))
    change, words = WRONG[wrong]
    changed(path, lambda values: values.update(change))
    with pytest.raises(BadRecord) as caught:
        load(Record, path)
    assert str(caught.value).startswith(f"{path}: record: {words}")
    assert "\n" not in str(caught.value)


def test_a_cell_is_looked_into_and_a_whole_number_is_a_number(tmp_path: Path) -> None:
    (path,) = list(measured(tmp_path, {"als": 0.5}).records.glob("*s0*.json"))
    changed(path, lambda values: values["timings"].update(train_seconds=1))
    assert load(Record, path).timings["train_seconds"] == 1
    changed(path, lambda values: values["cell"].update(seed="0"))
    with pytest.raises(BadRecord, match="seed is not a whole number"):
        load(Record, path)


def test_canaries_are_looked_into(tmp_path: Path) -> None:
    (path,) = list(measured(tmp_path, {}).canaries.glob("*.json"))
    changed(path, lambda values: values.update(errors=["of old"]))
    with pytest.raises(BadRecord, match="errors is not dict"):
        load(Canaries, path)


def test_a_record_that_would_break_the_board_is_not_merged(tmp_path: Path) -> None:
    into, other = measured(tmp_path / "a", {"als": 0.5}), measured(tmp_path / "b", {"knn": 0.4})
    changed(next(other.records.glob("*.json")), lambda values: values.update(started=5))
    before = content(into)
    with pytest.raises(BadRecord, match="started is not text"):
        merged(into, other)
    assert content(into) == before
