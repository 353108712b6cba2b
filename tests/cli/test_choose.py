"""`bench choose`, typed as a user does."""

import json
import os
import pty
import re
import select
import shutil
import subprocess
from pathlib import Path

import pytest
from command import BENCH, PATIENCE
from command import bench_here as bench
from measured_models import write_models

ROOT = Path(__file__).parents[2]
PLACES = [list(range(40)), list(range(40, 0, -1))]
LIMITS = ["--train", "10s", "--p99", "1ms", "--memory", "60MB"]


@pytest.fixture(scope="module")
def board(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of a published board."""
    folder = tmp_path_factory.mktemp("choose") / "results"
    shutil.copytree(ROOT / "results" / "ml-100k-all", folder)
    return folder


def test_one_page_on_the_terminal_and_as_markdown(board: Path) -> None:
    found = bench(board.parent, "choose", *LIMITS)
    assert found.returncode == 0, found.stderr
    assert "Take als: exact NDCG@10 .394, training 355 ms, " in found.stdout
    assert (
        "The limits cost .071 ± .012 exact NDCG@10 (95 %) against als (recent) (.472)"
        in found.stdout
    )
    assert re.search(r"^dssm +training 16.1 s > 10 s +\.382$", found.stdout, re.MULTILINE)
    assert "On 144 boards that these ledgers could give, als has the places " in found.stdout
    assert "bench choose results --train 10s --p99 1ms --memory 60MB" in found.stdout
    page = (board / "choice.md").read_text()
    assert page.startswith("# Which model to take: movielens_100k, loo-99\n\nTake als: ")
    assert "```sh\nbench choose results --train 10s" in page
    assert [line for line in page.splitlines() if line.startswith("## ")] == [
        *("## Limits", "## Not told apart from the best that stays", "## Frontier"),
        *("## Weak spots of als", "## Models together", "## From what"),
    ]


def test_fits_of_one_seed_are_named_and_a_lone_model_is_told_apart_from_none(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "results"
    shutil.copytree(ROOT / "results" / "ncf-ml-1m", folder)
    found = bench(tmp_path, "choose", *LIMITS, "--data-dir", ".")
    assert "als and sasrec have one fit each: this is about those, and others may differ." in (
        found.stdout.splitlines()
    )
    alone = bench(tmp_path, "choose", "--train", "10ms")
    assert "Take random: " in alone.stdout
    assert "It is the only one that stays." in alone.stdout.splitlines()
    assert "can tell all others apart" not in alone.stdout


def test_the_same_question_gives_the_same_page(board: Path) -> None:
    bench(board.parent, "choose", *LIMITS)
    first = (board / "choice.md").read_bytes()
    bench(board.parent, "choose", *LIMITS)
    assert (board / "choice.md").read_bytes() == first


def test_the_board_is_what_it_was(board: Path) -> None:
    bench(board.parent, "choose", *LIMITS)
    assert bench(board.parent, "verify").returncode == 0


def test_new_people_and_items_are_answered_honestly(board: Path) -> None:
    found = bench(board.parent, "choose", "--train", "1s", "--new-people", "--new-items")
    assert found.returncode == 0
    for kind, protocol in (("people", "new-users"), ("items", "cold-items")):
        assert (
            f"On new {kind} nothing here was measured, which `bench run --protocol {protocol}`"
            " does: puresvd has to be fitted again for them, which took 47.6 ms." in found.stdout
        )


def test_where_nothing_stays_it_ends_with_1(board: Path) -> None:
    (board / "choice.md").unlink(missing_ok=True)
    found = bench(board.parent, "choose", "--train", "10us")
    assert found.returncode == 1
    assert found.stderr == (
        "bench: none of 32 models stays; loosen one limit: --train from 10 us to 92.6 us"
        " (random stays then)\n"
    )
    assert not (board / "choice.md").exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--train", "10"], "--train 10 lacks a unit (us, ms, s, m, min, h); an example: 10m"),
        (["--memory", "5GiB"], "unknown unit of --memory 'GiB'. Did you mean 'GB'?"),
        (["--p99", "-1ms"], "--p99 takes a number over 0 with a unit"),
        (["--by", "mrrr"], "unknown figure 'mrrr'. Did you mean 'mrr'?"),
        (["--dataset", "movielens_1m"], "unknown data set 'movielens_1m'. Did you mean"),
        (["--prefer", "price"], "Invalid value for '--prefer': 'price' is not one of"),
        (["nowhere"], "no ledgers in nowhere; `bench run` writes them"),
    ],
)
def test_what_is_typed_wrong_is_one_line(board: Path, words: list[str], said: str) -> None:
    found = bench(board.parent, "choose", *words)
    assert (found.returncode, found.stderr.count("\n"), found.stdout) == (2, 1, "")
    assert found.stderr.startswith(f"bench: {said}")


def test_an_invalid_board_and_several_data_sets_are_one_line(tmp_path: Path) -> None:
    models = {"a": [PLACES[0]], "b": [PLACES[1]]}
    results = write_models(tmp_path / "results", models)
    write_models(tmp_path / "results", models, dataset="other", split_sha256="t")
    found = bench(tmp_path, "choose", "--train", "1h")
    assert found.returncode == 2
    assert "several data sets; choose one with --dataset: ml-100k, other" in found.stderr
    assert bench(tmp_path, "choose", "--dataset", "other").returncode == 0
    record = next(iter(results.records.glob("*.json")))
    values = json.loads(record.read_text())
    values["metrics"]["hr_at_10"] = 0.0
    record.write_text(json.dumps(values))
    found = bench(tmp_path, "choose", "--train", "1h")
    assert found.returncode == 2
    assert "is INVALID: " in found.stderr and found.stderr.count("\n") == 1


def test_a_hostile_label_is_text(tmp_path: Path) -> None:
    hostile = "<script>|x\x1b[31m"
    write_models(tmp_path / "results", {"a": [PLACES[0]]}, label=hostile)
    found = bench(tmp_path, "choose", "--train", "1h")
    assert found.returncode == 0
    assert "\x1b" not in found.stdout
    page = (tmp_path / "results" / "choice.md").read_text()
    assert "<script>" not in page and "\x1b" not in page
    assert "&lt;script>\\|x" in page


def typed(folder: Path, answers: list[str]) -> tuple[str, int]:
    """What `bench choose` shows and ends with on a terminal where these lines are typed."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [BENCH, "choose"], cwd=folder, stdin=theirs, stdout=theirs, stderr=theirs, close_fds=True
    )
    os.close(theirs)
    os.write(ours, "".join(f"{line}\n" for line in answers).encode())
    shown = b""
    while select.select([ours], [], [], PATIENCE)[0]:
        try:
            part = os.read(ours, 65536)
        except OSError:  # the other end is closed
            break
        if not part:
            break
        shown += part
    os.close(ours)
    return shown.decode(), process.wait(PATIENCE)


def test_on_a_terminal_it_asks(board: Path) -> None:
    shown, code = typed(board.parent, ["", "10", "10s", "1ms", "60MB", "", "", "n"])
    assert code == 0, shown
    assert "seven questions, Enter for no limit" in shown
    assert "Training at most? (92.6 us to 38.2 s on this board, as 10m)" in shown
    assert "--train 10 lacks a unit" in shown  # and is asked again
    assert "Take als: " in shown
    assert "bench choose results --train 10s --p99 1ms --memory 60MB" in shown


def test_enter_is_no_limit(board: Path) -> None:
    shown, code = typed(board.parent, [""] * 7)
    assert code == 0, shown
    assert "Take als (recent): " in shown
    assert "No limits. 32 of 32 models stay." in shown
