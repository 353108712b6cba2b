"""What the process of a fit leaves is refused unless it is as agreed."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from kept import FILMS

from bench.adapter import Run
from bench.kept.arrays import write_arrays
from bench.kept.leave import VECTORS, leave
from bench.kept.manifest import STATE
from bench.kept.take import MOST_WIDE, Left, NotKept, taken
from bench.registry.models import ModelSpec, complete_adapter

GOOD = {
    "users": np.ones((40, 3), dtype=np.float32),
    "items": np.ones((16, 3), dtype=np.float32),
}


def left(folder: Path, changes: dict[str, Any] | None = None, **said: Any) -> Any:
    given = GOOD | (changes or {})
    write_arrays({name: each for name, each in given.items() if each is not None}, folder / VECTORS)
    write_arrays(GOOD, folder / STATE)
    facts = {"kind": "vectors", "biases": 0, "restorable": True} | said
    return taken(Left.read(facts), folder, FILMS)


def test_what_is_as_agreed_is_taken(tmp_path: Path) -> None:
    found = left(tmp_path, biases=1)
    assert np.array_equal(found.items, GOOD["items"])
    assert np.array_equal(found.users, GOOD["users"])
    assert (found.kind, found.biases, found.state) == ("vectors", 1, tmp_path / STATE)
    found = left(tmp_path, {"users": None}, kind="profile", restorable=False)
    assert (found.kind, found.users, found.state) == ("profile", None, None)
    found = left(tmp_path, kind="none")
    assert (found.items, found.users) == (None, None)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"items": None}, "there are no vectors of items"),
        ({"users": None}, "there are no vectors of users"),
        ({"more": np.ones(3)}, "vectors of more are not asked for"),
        (
            {"items": np.ones((15, 3), dtype=np.float32)},
            r"must be F32 \(16, d\), not F32 \(15, 3\)",
        ),
        ({"items": np.ones((16, 0), dtype=np.float32)}, r"not F32 \(16, 0\)"),
        ({"items": np.ones(16, dtype=np.float32)}, r"not F32 \(16,\)"),
        ({"items": np.ones((16, 3))}, "not F64"),
        ({"items": np.ones((16, MOST_WIDE + 1), dtype=np.float32)}, "not F32"),
        ({"items": np.full((16, 3), np.nan, dtype=np.float32)}, "items are not all finite"),
        ({"users": np.full((40, 3), np.inf, dtype=np.float32)}, "users are not all finite"),
        ({"items": np.ones((16, 4), dtype=np.float32)}, "users have 3 numbers, of items 4"),
    ],
)
def test_other_vectors_are_refused(tmp_path: Path, changes: dict[str, Any], reason: str) -> None:
    with pytest.raises(NotKept, match=reason):
        left(tmp_path, changes)


@pytest.mark.parametrize("model", ["als", "ease", "ncf", "popularity", "sasrec"])
def test_what_models_leave_is_taken(tmp_path: Path, model: str) -> None:
    adapter = complete_adapter(ModelSpec(model, {}))
    adapter.fit(FILMS, Run(seed=0))
    found = taken(Left.read(leave(adapter, FILMS, tmp_path)), tmp_path, FILMS)
    assert (found.kind == "none") == (found.items is None)
    assert found.items is None or len(found.items) == FILMS.n_items


@pytest.mark.parametrize("biases", [-1, 3, 4])
def test_biases_are_some_of_the_columns(tmp_path: Path, biases: int) -> None:
    with pytest.raises(NotKept, match=f"of 3 numbers in a vector {biases} cannot be biases"):
        left(tmp_path, biases=biases)


@pytest.mark.parametrize(
    "said",
    [
        {"kind": "vectors", "biases": 0},
        {"kind": "other", "biases": 0, "restorable": True},
        {"kind": "none", "biases": 0.0, "restorable": True},
        {"kind": "none", "biases": True, "restorable": True},
        {"kind": "none", "biases": 0, "restorable": 1},
        {"kind": "none", "biases": 0, "restorable": True, "more": 1},
        {"kind": ["none"], "biases": 0, "restorable": True},
        "vectors",
        None,
    ],
)
def test_a_process_can_say_anything(said: Any) -> None:
    with pytest.raises((KeyError, TypeError, ValueError)):
        Left.read(said)


@pytest.mark.parametrize("name", [VECTORS, STATE])
def test_a_file_is_plain_and_whole(tmp_path: Path, name: str) -> None:
    left(tmp_path)
    path, said = tmp_path / name, Left(kind="vectors", biases=0, restorable=True)
    content = path.read_bytes()
    for bad in (b"", content[:-1], content + b"more", b"\xff" * 50):
        path.write_bytes(bad)
        with pytest.raises(NotKept, match=name):
            taken(said, tmp_path, FILMS)
    path.unlink()
    with pytest.raises(NotKept, match=f"{name} is no plain file"):
        taken(said, tmp_path, FILMS)
    (tmp_path / "elsewhere").write_bytes(content)
    path.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(NotKept, match=f"{name} is no plain file"):
        taken(said, tmp_path, FILMS)
    path.unlink()
    with path.open("wb") as file:
        file.truncate((1 << 34) + 1)  # takes no room on the disk
    with pytest.raises(NotKept, match="more than 17,179,869,184"):
        taken(said, tmp_path, FILMS)
