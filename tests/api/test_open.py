"""`bench.open`, as a script or a notebook uses it."""

import subprocess
import sys
from pathlib import Path

import pytest
from kept import made_up_kept

import bench
from bench.leaderboard.write import board_of
from bench.records.folder import Results


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


def test_nothing_kept_is_a_usage_error(tmp_path: Path) -> None:
    with pytest.raises(bench.UsageError, match="bench run --models als --keep"):
        bench.open(tmp_path)


def test_open_is_still_the_one_of_python_where_bench_is_imported(tmp_path: Path) -> None:
    script = (
        "import bench\nopen('x', 'w').close()\nfrom bench import Board, read\nopen('x').close()"
    )
    subprocess.run([sys.executable, "-P", "-c", script], cwd=tmp_path, check=True)
