"""`bench similar`, `bench recommend` and `bench films`, as a user types them."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from command import BENCH, bench, bench_here
from kept import TITLES, made_up_kept

from bench.registry.names import with_models


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("kept")
    made_up_kept(folder / "results", "als", factors=4, ndcg=0.5)
    made_up_kept(folder / "results", "puresvd", factors=3, ndcg=0.4)
    made_up_kept(folder / "results", "popularity", ndcg=0.2)
    return folder


def refused(folder: Path, *words: str) -> str:
    done = bench_here(folder, *words)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("bench: ") and "Traceback" not in done.stderr
    return done.stderr


def test_similar_needs_no_quotes_and_names_the_model(folder: Path) -> None:
    done = bench_here(folder, "similar", "toy", "story", "-n", "3")
    assert done.returncode == 0 and done.stderr == ""
    assert done.stdout.splitlines()[0] == (
        "Similar to Toy Story (1995), by als on made-up, loo-99"
        " (the best of 3 kept models by exact NDCG@10)"
    )
    assert len(done.stdout.split("\n\n")[1].splitlines()) == 4


def test_json_is_alone_on_standard_output(folder: Path) -> None:
    done = bench_here(folder, "recommend", "--likes", "Alien, Xqz", "--format", "json")
    found = json.loads(done.stdout)
    assert [each["title"] for each in found["query"]["recommend"]["likes"]] == ["Alien"]
    assert "Left out: nothing here is called 'Xqz'" in done.stderr
    for words in (
        ("similar", "Alien", "--all-models"),
        ("similar", "Alien", "--by", "dot"),
        ("films", "Toy"),
        ("recommend", "--user", "3", "--no-why"),
    ):
        assert json.loads(bench_here(folder, *words, "--format", "json").stdout)["query"]


def test_csv_is_alone_on_standard_output(folder: Path) -> None:
    done = bench_here(folder, "similar", "Alien", "--all-models", "-n", "2", "--format", "csv")
    lines = done.stdout.splitlines()
    assert lines[0] == "place,id,title,year,genres,users,score,why,model,key,kind"
    assert len(lines) == 5 and done.stdout.endswith("\n") and not done.stdout.endswith("\n\n")


def test_likes_may_be_repeated(folder: Path) -> None:
    one = bench_here(folder, "recommend", "--likes", "Alien, Antz", "--format", "csv")
    two = bench_here(folder, "recommend", "--likes", "Alien", "--likes", "Antz", "--format", "csv")
    assert one.stdout == two.stdout and one.returncode == 0


def test_filters_reach_the_answer(folder: Path) -> None:
    words = ("--genre", "animation", "--genre", "Crime", "--years", "1990-", "--dislikes", "Mulan")
    done = bench_here(folder, "recommend", "--likes", "Alien", *words, "--format", "json")
    found = json.loads(done.stdout)
    assert found["query"]["genres"] == ["Animation", "Crime"]
    assert all(each["year"] >= 1990 and each["title"] != "Mulan" for each in found["items"])


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["similar", "Toy Stroy"], "nothing here is called 'Toy Stroy'; near it:\n  #107  Toy"),
        (["similar", "The"], "'The' is too short to search by"),
        (["similar", "#9"], "no item has the id '9'"),
        (["similar", "Alien", "--model", "popularity"], "popularity gives everybody the same"),
        (["similar", "Alien", "--model", "asl"], "unknown kept model 'asl'. Did you mean 'als'"),
        (["similar", "Alien", "--dataset", "made"], "unknown kept data set 'made'"),
        (["similar", "Alien", "--seed", "7"], "nothing of seed 7 is kept"),
        (["similar", "Alien", "--model", "als", "--all-models"], "leave out --model"),
        (["similar", "Alien", "-n", "0"], "Invalid value for '-n'"),
        (["similar", "Alien", "--results", "nowhere"], "nothing is kept in nowhere"),
        (["similar"], "Missing argument 'TITLE...'"),
        (["recommend"], "recommend takes a user or likes"),
        (["recommend", "--user", "0"], "no user has the id '0'; ids are whole numbers from 1 to"),
        (["recommend", "--likes", "Xqz"], "nothing to recommend from"),
        (["recommend", "--likes", "Se7en"], "was chosen by nobody that the model learned from"),
        (["recommend", "--likes", "Antz", "--dislikes", "antz"], "liked and disliked: Antz"),
        (["recommend", "--likes", "Antz", "--years", "90s"], "years must be as 1980-1999"),
        (["recommend", "--user", "1", "--way", "own"], "a way is for who is not in the data"),
        (["films", "xqzwvk"], "nothing here is called 'xqzwvk'"),
    ],
    ids=lambda each: " ".join(each) if isinstance(each, list) else "",
)
def test_mistakes_are_told_and_nothing_is_printed(
    folder: Path, words: list[str], said: str
) -> None:
    assert said in refused(folder, *words)


def test_several_data_sets_are_listed(tmp_path: Path) -> None:
    made_up_kept(tmp_path / "results", "als", factors=4)
    made_up_kept(tmp_path / "results", "als", factors=4, dataset="other")
    said = "several data sets are kept; choose by --dataset one of: made-up, other"
    assert said in refused(tmp_path, "similar", "Alien")
    done = bench_here(tmp_path, "similar", "Alien", "--dataset", "other")
    assert done.stdout.startswith("Similar to Alien (1979), by als on other, loo-99\n")


def test_of_several_seeds_all_models_shows_the_best(tmp_path: Path) -> None:
    made_up_kept(tmp_path / "results", "als", factors=4, ndcg=0.4)
    made_up_kept(tmp_path / "results", "als", factors=4, seed=1, ndcg=0.5)
    done = bench_here(tmp_path, "similar", "Alien", "--all-models", "--format", "json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["model"]["seed"] == 1


def test_a_lost_file_is_named_with_what_to_do(tmp_path: Path) -> None:
    kept = made_up_kept(tmp_path / "results", "als", factors=4)
    (kept.folder / "state.safetensors").unlink()
    done = bench_here(tmp_path, "recommend", "--likes", "Alien")
    assert done.returncode == 1 and "keep it again: bench run --models als --keep" in done.stderr


OWN = """
from dataclasses import dataclass
import bench
import numpy as np


@dataclass(kw_only=True)
class {name}(bench.Adapter):
    def fit(self, train, run):
        self.counts = np.bincount(train.items, minlength=train.n_items).astype(np.float32)

    def scores(self, users):
        return np.tile(self.counts, (len(users), 1))

    def state(self):
        return {{"counts": self.counts}}

    def restore(self, state, train):
        self.counts = state["counts"]
"""


def test_a_model_from_outside_is_restored_where_its_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(OWN.format(name="Mine"))
    with with_models([tmp_path / "mine.py"]):
        made_up_kept(tmp_path / "results", "mine")
    words = ("recommend", "--likes", "Alien", "--model", "mine", "-n", "1")
    done = bench_here(tmp_path, *words)
    assert done.returncode == 1 and "pass its file by --model-path mine.py" in done.stderr
    done = bench_here(tmp_path, *words, "--model-path", "mine.py")
    assert done.returncode == 0 and "by mine on made-up" in done.stdout
    assert bench_here(tmp_path, "films", "Alien").returncode == 0


def test_a_changed_file_is_refused_by_name(tmp_path: Path) -> None:
    kept = made_up_kept(tmp_path / "results", "als", factors=4)
    path = kept.folder / "items.parquet"
    path.write_bytes(path.read_bytes() + b" ")
    done = bench_here(tmp_path, "similar", "Alien")
    assert done.returncode == 1 and str(path.name) in done.stderr and "SHA-256" in done.stderr


def test_data_of_another_version_are_refused_with_both_hashes(tmp_path: Path) -> None:
    kept = made_up_kept(tmp_path / "results", "als", factors=4)
    (manifest,) = kept.folder.parent.glob("data-*/data.json")
    facts = json.loads(manifest.read_text())
    facts["data_sha256"] = "0" * 64
    manifest.write_text(json.dumps(facts))
    done = bench_here(tmp_path, "recommend", "--likes", "Alien")
    assert done.returncode == 1
    assert kept.data_sha256[:16] in done.stderr and "0000000000000000" in done.stderr


def test_whoever_stops_reading_ends_it_quietly(folder: Path) -> None:
    command = f"{BENCH} similar Alien --format csv | true"
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", command], cwd=folder, capture_output=True, text=True
    )
    assert (done.returncode, done.stderr) == (0, "Similarity: cosine of centred vectors.\n")


def test_similar_loads_no_heavy_library(folder: Path) -> None:
    script = (
        "import sys; sys.argv = ['bench', 'similar', 'Alien']\n"
        "from bench.cli import main\n"
        "try: main()\n"
        "except SystemExit as end: assert not end.code\n"
        "heavy = {'torch', 'mlflow', 'numba', 'pandas', 'sklearn', 'implicit', 'altair'}\n"
        "assert not heavy & sys.modules.keys(), heavy & sys.modules.keys()\n"
    )
    done = subprocess.run(
        [sys.executable, "-P", "-c", script], cwd=folder, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr


def test_a_real_process_answers_in_signs_that_its_terminal_has(folder: Path) -> None:
    done = bench(folder, "similar", "Alien", env={"LC_ALL": "C", "PATH": "/usr/bin:/bin"})
    assert done.returncode == 0 and "Aliens" in done.stdout
    assert len(TITLES) > 10
