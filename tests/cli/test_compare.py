"""`bench compare`, typed as a user does."""

import json
import random
from pathlib import Path

import pytest
from command import bench_here as bench
from measured_models import ledger_of, write_models

ROOT = Path(__file__).parents[2]
BOARD = str(ROOT / "results" / "ml-100k-all")
PLACES = [list(range(40)), list(range(40, 0, -1))]


def test_two_models_of_a_published_board() -> None:
    found = bench(ROOT, "compare", "sasrec", "ials", "--results", BOARD)
    assert found.returncode == 0
    assert found.stdout.startswith(
        "sasrec and ials on movielens_100k, loo-99: exact NDCG@10 over 943 users\n"
    )
    assert "sasrec is better: +.06" in found.stdout
    assert "sasrec's lead over ials on movielens_100k is +.058 where" not in found.stdout
    assert " where the test item follows in the same second (44.0 % of users" in found.stdout
    assert "sasrec beats ials on all 144" in found.stdout


def test_for_programs_it_is_json() -> None:
    found = bench(ROOT, "compare", "als", "ease", "--results", BOARD, "--format", "json")
    values = json.loads(found.stdout)
    assert (values["first"], values["second"], values["users"]) == ("als", "ease", 943)
    difference = values["difference"]
    assert difference["low"] < difference["mean"] < difference["high"]
    groupings = {each["grouping"] for each in values["strata"]}
    assert groupings == {"popularity", "history", "gap", "cold"}
    assert values["means"][0] - values["means"][1] == pytest.approx(difference["mean"])


def test_several_folders_may_follow_one_option() -> None:
    folders = [str(ROOT / "results" / name) for name in ("ml-100k-all", "ml-1m")]
    found = bench(ROOT, "compare", "--results", *folders)
    assert found.returncode == 0
    assert found.stdout.startswith(
        "32 models over 2 data sets: movielens_100k, loo-99 (943 users); "
    )
    assert "Which is the strongest is open among sasrec and als (recent)." in found.stdout
    of_two = bench(ROOT, "compare", "als", "ease", "--results", *folders, "--format", "json")
    assert {each["model"] for each in json.loads(of_two.stdout)["strengths"]} == {"als", "ease"}


def test_without_the_data_strata_are_left_out(tmp_path: Path) -> None:
    board = str(ROOT / "results" / "ml-1m")
    found = bench(ROOT, "compare", "als", "ease", "--results", board, "--data-dir", str(tmp_path))
    assert found.returncode == 0
    assert "Strata left out: the data of movielens_1m are not at hand: " in found.stdout
    assert "'s lead over" not in found.stdout


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["als", "esae"], "unknown model 'esae'. Did you mean 'ease'? Known: als, als (recent),"),
        (["als", "als"], "als is compared with itself; name two models"),
        (["als"], "compare takes two models, as in `bench compare als ease`; not 1"),
        ([], "compare takes two models, as in `bench compare als ease`, or several results"),
        (["als", "ease", "--by", "ndgc"], "unknown figure 'ndgc'. Did you mean 'ndcg'?"),
        (["als", "ease", "--dataset", "movielens_1m"], "unknown data set 'movielens_1m'. Did you"),
        (["als", "ease", "--protocol", "loo"], "unknown protocol 'loo'. Did you mean 'loo-99'?"),
        (["--protocol", "loo-99"], "--dataset and --protocol are for the comparison of two"),
        (["als", "ease", "--format", "xml"], "Invalid value for '--format': 'xml' is not one of"),
    ],
)
def test_what_is_typed_wrong_is_one_line(words: list[str], said: str) -> None:
    found = bench(ROOT, "compare", *words, "--results", BOARD)
    assert found.returncode == 2
    assert found.stderr.count("\n") == 1
    assert found.stderr.startswith(f"bench: {said}")


def refused(folder: Path, *words: str) -> str:
    found = bench(folder, "compare", "a", "b", *words)
    assert (found.returncode, found.stderr.count("\n"), found.stdout) == (2, 1, "")
    return found.stderr


def test_an_empty_folder_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "results").mkdir()
    assert refused(tmp_path) == "bench: no ledgers in results; `bench run` writes them\n"


def test_of_several_folders_an_empty_one_is_named(tmp_path: Path) -> None:
    write_models(tmp_path / "full", {"a": [PLACES[0]], "b": [PLACES[1]]})
    (tmp_path / "x" / "empty").mkdir(parents=True)
    found = bench(tmp_path, "compare", "--results", "full", "x/empty")
    assert (found.returncode, found.stdout) == (2, "")
    assert found.stderr == "bench: no ledgers in x/empty; `bench run` writes them\n"
    found = bench(tmp_path, "compare", "--results", "full", "nowhere")
    assert found.returncode == 2
    assert found.stderr.endswith("not 1: nowhere\n")


def test_other_data_or_another_split_is_one_line(tmp_path: Path) -> None:
    for name in ("data", "split"):
        write_models(tmp_path / name, {"a": [PLACES[0]]})
        write_models(tmp_path / name, {"b": [PLACES[1]]}, **{f"{name}_sha256": "other"})
    said = refused(tmp_path, "--results", "data")
    assert "bench: data has several versions of the data; choose one with --dataset" in said
    assert "saw different splits" in refused(tmp_path, "--results", "split")


def test_one_shared_user_is_one_line(tmp_path: Path) -> None:
    write_models(tmp_path / "results", {"a": [[3]], "b": [[5]]})
    assert "two shared users or more" in refused(tmp_path)


def test_ledgers_of_different_users_are_one_line(tmp_path: Path) -> None:
    other = ledger_of(PLACES[1], users=range(100, 140))
    write_models(tmp_path / "results", {"a": [PLACES[0]], "b": [other]})
    assert "different users" in refused(tmp_path)


def test_several_data_sets_need_one_named(tmp_path: Path) -> None:
    models = {"a": [PLACES[0]], "b": [PLACES[1]]}
    write_models(tmp_path / "results", models)
    write_models(tmp_path / "results", models, dataset="other", split_sha256="t")
    assert "several data sets; choose one with --dataset: ml-100k, other" in refused(tmp_path)
    found = bench(tmp_path, "compare", "a", "b", "--dataset", "other")
    assert found.returncode == 0
    both = bench(tmp_path, "compare")
    assert both.stdout.startswith("2 models over 2 data sets")


def test_an_invalid_board_is_one_line(tmp_path: Path) -> None:
    results = write_models(tmp_path / "results", {"a": [PLACES[0]], "b": [PLACES[1]]})
    record = next(iter(results.records.glob("*.json")))
    values = json.loads(record.read_text())
    values["metrics"]["hr_at_10"] = 0.0
    record.write_text(json.dumps(values))
    assert "is INVALID: " in refused(tmp_path)


def test_a_hostile_label_is_text(tmp_path: Path) -> None:
    hostile = "x\x1b[31m\nred"
    write_models(tmp_path / "results", {"a": [PLACES[0]], "b": [PLACES[1]]})
    write_models(tmp_path / "results", {"c": [PLACES[1]]}, label=hostile)
    found = bench(tmp_path, "compare", "a", hostile)
    assert found.returncode == 0
    assert "\x1b" not in found.stdout and "x [31m red" in found.stdout


def test_of_a_file_of_ones_own_the_strata_are_had_where_it_is_named(tmp_path: Path) -> None:
    draws = random.Random(0)
    rows = [
        f"u{user},i{int(60 * draws.random() ** 2)},{1_000_000_000 + draws.randrange(10**6)}"
        for user in range(60)
        for _ in range(12)
    ]
    (tmp_path / "own.csv").write_text("\n".join(["user,item,timestamp", *rows]) + "\n")
    run = bench(tmp_path, "run", "--data", "own.csv", "--models", "popularity,knn")
    assert run.returncode == 0, run.stderr
    without = bench(tmp_path, "compare", "popularity", "knn")
    assert "data of own.csv are not at hand: name the file with --data-dir" in without.stdout
    found = bench(tmp_path, "compare", "popularity", "knn", "--data-dir", "own.csv")
    assert found.returncode == 0
    assert "test item   head" in found.stdout and "left out" not in found.stdout
    chosen = bench(tmp_path, "choose", "--train", "1h", "--data-dir", "own.csv")
    assert chosen.returncode == 0 and "test item   head" in chosen.stdout
