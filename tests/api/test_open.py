"""`bench.open`, as a script or a notebook uses it."""

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from kept import made_up_kept

import bench
from bench.adapter import State
from bench.api.handed import hand_over
from bench.interactions import Floats, Ids
from bench.leaderboard.write import board_of
from bench.records.folder import Results
from bench.registry.names import with_models


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("kept")
    made_up_kept(folder, "als", factors=4, ndcg=0.5)
    made_up_kept(folder, "puresvd", factors=3, ndcg=0.4)
    return folder


def test_the_three_questions(folder: Path) -> None:
    opened = bench.open(folder)
    assert opened.models == ["als", "puresvd"]
    similar = opened.similar("Alien", n=3)
    assert len(similar.lines) == 3 and "<table>" in similar._repr_html_()
    assert list(similar.to_frame()["title"]) == [line.title for line in similar.lines]
    assert opened.similar(101, n=3) == similar == opened.similar("#101", n=3)
    assert opened.similar("Alien", model="puresvd").model["name"] == "puresvd"
    assert opened.recommend(user=3).lines and opened.recommend(user="3").lines
    assert opened.recommend(likes=["Alien", "Antz"], dislikes="Mulan", n=2).to_frame().shape[0] == 2
    assert [line.id for line in opened.films("toy").lines] == [108, 107]


def test_a_folder_may_be_named_in_any_way(folder: Path) -> None:
    results = Results(folder)
    board = bench.Board(sections=tuple(board_of(results)), results=results)
    for given in (folder, str(folder), results, board):
        assert bench.open(given).models == ["als", "puresvd"]


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"title": "Alien", "by": "foo"}, "unknown way to compare items 'foo'"),
        ({"title": "Alien", "by": 3}, "unknown way to compare items '3'"),
        ({"title": "Alien", "n": 0}, "n must be a whole number from 1 on, not 0"),
        ({"title": "Alien", "n": -1}, "n must be"),
        ({"title": "Alien", "n": 2.5}, "n must be"),
        ({"title": "Alien", "least_users": -1}, "least_users must be a whole number from 0 on"),
        ({"title": None}, "a title is a text, as 'Alien', or an id, as 296, not None"),
        ({"title": True}, "a title is a text"),
    ],
)
def test_wrong_arguments_are_told_in_a_line(
    folder: Path, asked: dict[str, object], said: str
) -> None:
    with pytest.raises(bench.UsageError, match=said):
        bench.open(folder).similar(**asked)  # type: ignore[arg-type]


@dataclass(kw_only=True)
class Own(bench.Adapter):
    def fit(self, train: bench.Interactions, run: bench.Run) -> None:
        self.counts = np.bincount(train.items, minlength=train.n_items).astype(np.float32)

    def scores(self, users: Ids) -> Floats:
        return np.tile(self.counts, (len(users), 1))

    def state(self) -> State:
        return {"counts": self.counts}

    def restore(self, state: State, train: bench.Interactions) -> None:
        self.counts = state["counts"]


def test_a_class_or_a_file_of_ones_own_is_restored(tmp_path: Path) -> None:
    with with_models([hand_over(Own, tmp_path)]):
        made_up_kept(tmp_path / "results", "Own")
    opened = bench.open(tmp_path / "results")
    assert opened.models == ["Own"]
    with pytest.raises(bench.Problem, match=r"bench\.open"):
        opened.recommend(user=3)
    for models in (tmp_path / "Own.py", [str(tmp_path / "Own.py")], Own):
        assert bench.open(tmp_path / "results", models=models).recommend(user=3).lines  # type: ignore[arg-type]
    for wrong in (3, [3], [str]):
        with pytest.raises(bench.UsageError, match="models takes files"):
            bench.open(tmp_path / "results", models=wrong)  # type: ignore[arg-type]
    with pytest.raises(bench.UsageError, match="there is none at"):
        bench.open(tmp_path / "results", models="nowhere.py")


def test_nothing_kept_is_a_usage_error(tmp_path: Path) -> None:
    with pytest.raises(bench.UsageError, match="bench run --models als --keep"):
        bench.open(tmp_path)


def test_open_is_still_the_one_of_python_where_bench_is_imported(tmp_path: Path) -> None:
    script = (
        "import bench\nopen('x', 'w').close()\nfrom bench import Board, read\nopen('x').close()"
    )
    subprocess.run([sys.executable, "-P", "-c", script], cwd=tmp_path, check=True)
