"""`bench export` as people type it, well or wrong."""

import sys
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result
from kept import FILMS, made_up_kept

from bench.cli import export as module
from bench.cli.export import export
from bench.errors import Problem, UsageError
from bench.export.formats import FORMATS

ONES = np.ones((FILMS.n_items, 3), dtype=np.float32)


def run(*arguments: object) -> Result:
    return CliRunner().invoke(export, list(map(str, arguments)))


def refused(*arguments: object) -> str:
    """The line that is said; main() shows it after "bench: ", with exit code 2."""
    found = run(*arguments)
    assert isinstance(found.exception, UsageError), found.output
    assert "\n" not in str(found.exception)
    return str(found.exception)


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_best_model_is_written_here(here: Path) -> None:
    made_up_kept(here / "results", "als", factors=4)
    made_up_kept(here / "results", "puresvd", ndcg=0.3)
    found = run()
    assert found.exit_code == 0
    assert found.output == (
        "als (seed 0, made-up): 16 items x 4\nWritten to als-made-up-items.parquet\n"
    )
    assert (here / "als-made-up-items.parquet").exists()


@pytest.mark.parametrize("name", sorted(FORMATS.keys() - {"faiss"}))
@pytest.mark.parametrize("what", ["items", "users"])
def test_each_format_says_what_it_wrote(here: Path, name: str, what: str) -> None:
    made_up_kept(here / "results", "als", factors=4)
    found = run("als", "--format", name, "--what", what, "--centred", "--unit")
    assert found.exit_code == 0, found.exception
    written = [Path(line.removeprefix("Written to ")) for line in found.output.splitlines()[1:]]
    assert written and all(path.is_file() for path in written)
    assert all(str(path).startswith(f"als-made-up-{what}") for path in written)


def test_faiss_says_its_recall(here: Path) -> None:
    pytest.importorskip("faiss", reason="the extra [search]")
    made_up_kept(here / "results", "als", factors=4)
    found = run("--format", "faiss", "--unit", "-o", here / "index")
    assert "recall@10 against exact on 16 items: flat 1.000, HNSW 1.000" in found.output


def test_without_faiss_it_is_said_how_to_get_it(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made_up_kept(here / "results", "als", factors=4)
    monkeypatch.setitem(sys.modules, "faiss", None)
    found = run("--format", "faiss")
    assert isinstance(found.exception, Problem)
    assert "pip install 'loobench[search]'" in str(found.exception)


def test_biases_are_told(here: Path) -> None:
    made_up_kept(here / "results", "als", factors=4, vectors=ONES, biases=1)
    assert "16 items x 3, the last 1 of them biases; --unit leaves those out" in run().output
    assert "16 items x 2\n" in run("--unit", "--force").output


def test_what_exists_is_not_written_over(here: Path) -> None:
    made_up_kept(here / "results", "als", factors=4)
    place = here / "als.bin"
    (here / "als.bin.titles.tsv").write_text("mine")
    said = refused("--format", "word2vec", "-o", place)
    assert said == f"{here / 'als.bin.titles.tsv'} exists; --force writes over it"
    assert not place.exists()
    assert run("--format", "word2vec", "-o", place, "--force").exit_code == 0
    assert (here / "als.bin.titles.tsv").read_text() != "mine"


def test_bad_input_is_one_line(here: Path) -> None:
    assert "nothing is kept in results/models; bench run --models als --keep" in refused("als")
    made_up_kept(here / "results", "als", factors=4)
    made_up_kept(here / "results", "als", factors=4, seed=1)
    assert "unknown kept model 'asl'. Did you mean 'als'?" in refused("asl")
    assert "als is kept more than once" in refused("als")
    assert run("als", "--seed", 1).exit_code == 0
    assert "seed 7" in refused("als", "--seed", 7)
    assert "Did you mean 'parquet'? Known: faiss" in refused("--format", "parqet")
    assert "is a folder, and npz is a file" in refused("--format", "npz", "-o", here)
    (here / "file").write_text("")
    assert "is a file, and projector is a folder" in refused(
        "--format", "projector", "-o", here / "file"
    )
    assert "unknown kept data set" in refused("--dataset", "other")
    made_up_kept(here / "results", "puresvd", dataset="another")
    assert "another, made-up" in refused("als")


def test_what_has_no_vectors_is_refused(here: Path) -> None:
    made_up_kept(here / "results", "ease")
    assert "has no vectors of users" in refused("--what", "users")
    made_up_kept(here / "results", "popularity", ndcg=0.9)
    assert refused("popularity") == "popularity has no vectors, so there is nothing to export"


def test_a_damaged_file_is_refused_by_name(here: Path) -> None:
    kept = made_up_kept(here / "results", "als", factors=4)
    path = kept.folder / "items.parquet"
    path.write_bytes(path.read_bytes()[:-1] + b"?")
    found = run()
    assert isinstance(found.exception, Problem)
    assert str(path).removeprefix(f"{here}/") in str(found.exception)


def test_help_names_every_format() -> None:
    assert module.FORMATS.replace(" or ", ", ").split(", ") == list(FORMATS)
