"""The study as files: what is written, that it is checked, and wrong input."""

import json
import re
import shutil
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest
from command import bench_here

from bench.records.files import load_all, save
from bench.records.folder import Results
from bench.records.record import Record
from bench.study.boards import boards
from bench.study.paragraph import Paragraph, Table, decimals, listed
from bench.study.write import MetricStudy, study_of, write_study
from tests.helpers.ledgers import keep, made_up_ledger, some_results

MODELS = {"a": 9.0, "b": 3.0, "c": 2.0, "floor": 1.0}


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with results and a study of them."""
    folder = tmp_path_factory.mktemp("study")
    some_results(folder / "results", MODELS)
    done = bench_here(folder, "study", "results", "--without", "floor")
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture
def copied(written: Path, tmp_path: Path) -> Path:
    """A copy that may be changed."""
    return shutil.copytree(written, tmp_path / "copy")


def test_it_writes_pages_figures_and_pictures(written: Path) -> None:
    place = written / "results" / "study"
    names = {"figures.svg", "places.svg", "saturation.svg"}  # no strata without data
    assert {path.name for path in place.iterdir()} == {
        *("study.json", "study.md", "study.html"),
        *names,
    }
    text = (place / "study.md").read_text(encoding="utf-8")
    assert "2 seeds, 40 users; without floor" in text
    assert re.findall(r"^## (F\d)", text, flags=re.MULTILINE) == [f"F{n}" for n in range(1, 7)]
    for name in names:
        assert f"({name})" in text
        svg = (place / name).read_text(encoding="utf-8")
        ElementTree.fromstring(svg)
        assert "prefers-color-scheme:dark" in svg and "currentColor" in svg


def test_the_page_loads_nothing_and_has_the_pictures_inside(written: Path) -> None:
    page = (written / "results" / "study" / "study.html").read_text(encoding="utf-8")
    assert page.count("<svg") == 3
    assert not re.findall(r"<(?:script|link|img|iframe)|(?:src|href)=|url\(|@import", page)


def test_the_command_prints_the_sentences_of_the_page(written: Path) -> None:
    done = bench_here(written, "study", "results", "--without", "floor", "--output", "again")
    made = MetricStudy.read(written / "again" / "study.json")
    said = [sentence for paragraph in made.paragraphs for sentence in paragraph.sentences]
    assert said and all(sentence in done.stdout for sentence in said)
    first = (written / "results" / "study" / "study.md").read_bytes()
    assert (written / "again" / "study.md").read_bytes() == first


def test_it_is_read_as_it_was_written(written: Path) -> None:
    made = MetricStudy.read(written / "results" / "study" / "study.json")
    results = Results(written / "results")
    assert made == study_of(boards([results], ["floor"]), ["floor"], written / "results" / "study")


def test_verify_computes_it_again(copied: Path) -> None:
    done = bench_here(copied, "verify", "results/study")
    assert done.returncode == 0, done.stderr
    assert (
        "a study of 1 board; " in done.stdout and "figures computed again, all equal" in done.stdout
    )


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda figures: figures["paragraphs"][0]["tables"][0]["rows"][1].__setitem__(1, 99), "F1"),
        (lambda figures: figures["paragraphs"][3]["sentences"].pop(), "F4 says"),
        (lambda figures: figures["paragraphs"][5]["notes"].append("better"), "F6 says 'better'"),
        (lambda figures: figures["paragraphs"][1]["tables"][0]["rows"].pop(), "F2, results: other"),
    ],
)
def test_verify_finds_what_was_changed(copied: Path, change: object, said: str) -> None:
    file = copied / "results" / "study" / "study.json"
    figures = json.loads(file.read_text(encoding="utf-8"))
    change(figures)  # type: ignore[operator]
    file.write_text(json.dumps(figures), encoding="utf-8")
    done = bench_here(copied, "verify", "results/study")
    assert done.returncode == 1
    assert said in done.stderr and len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize("name", ["study.md", "study.html"])
def test_verify_finds_a_page_that_says_something_else(copied: Path, name: str) -> None:
    file = copied / "results" / "study" / name
    file.write_text(file.read_text(encoding="utf-8").replace("tells", "told"), encoding="utf-8")
    done = bench_here(copied, "verify", "results/study")
    assert done.returncode == 1
    assert f"{name} is not what study.json gives" in done.stderr


def test_verify_finds_another_ledger(copied: Path) -> None:
    results = Results(copied / "results")
    record = next(each for each in results.read_records() if each.cell.model == "a")
    keep(results, "a", made_up_ledger(seed=77, skill=5.0), seed=record.cell.seed)
    assert bench_here(copied, "verify", "results/study").returncode == 1


def test_a_broken_study_is_one_line(copied: Path) -> None:
    (copied / "results" / "study" / "study.json").write_text("[1, 2", encoding="utf-8")
    done = bench_here(copied, "verify", "results/study")
    assert done.returncode == 1
    assert "study.json: not a study" in done.stderr and len(done.stderr.splitlines()) == 1


def test_a_hostile_label_is_text(tmp_path: Path) -> None:
    hostile = "<script>alert(1)</script>|`*_"
    results = some_results(tmp_path / "hostile", {"a": 9.0, "b": 3.0})
    keep(results, "b", made_up_ledger(seed=9), label=hostile)
    files = write_study(study_of(boards([results]), (), tmp_path / "out"), tmp_path / "out")
    for file in files:
        text = file.read_text(encoding="utf-8")
        if file.suffix != ".json":
            assert "<script" not in text
    assert "&lt;script&gt;" in (tmp_path / "out" / "study.html").read_text(encoding="utf-8")
    for file in (tmp_path / "out").glob("*.svg"):
        ElementTree.fromstring(file.read_text(encoding="utf-8"))


def test_two_folders_of_one_name_are_told_apart(tmp_path: Path) -> None:
    found = boards(
        [some_results(tmp_path / each / "results", {"a": 9.0, "b": 3.0}) for each in "xy"]
    )
    assert [board.name for board in found] == ["results (1)", "results (2)"]


# Wrong input


def said(folder: Path, *words: str) -> str:
    done = bench_here(folder, "study", *words)
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1
    return done.stderr


def test_an_empty_folder_and_none_are_refused(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert "bench: no records in empty/records; `bench run` writes them" in said(tmp_path, "empty")
    assert "'nowhere' does not exist" in said(tmp_path, "nowhere")
    assert "Missing argument 'RESULTS...'" in said(tmp_path)


def test_one_model_is_no_study(tmp_path: Path) -> None:
    some_results(tmp_path / "one", {"a": 9.0})
    assert "one: a study needs two models or more with a ledger, and ml-100k, loo has 1" in said(
        tmp_path, "one"
    )
    some_results(tmp_path / "two", {"a": 9.0, "b": 3.0})
    assert "and ml-100k, loo has 1" in said(tmp_path, "two", "--without", "b")
    assert "unknown model 'bb'. Did you mean 'b'?" in said(tmp_path, "two", "--without", "bb")


def test_models_on_different_data_make_no_study(tmp_path: Path) -> None:
    results = some_results(tmp_path / "mixed", {"a": 9.0, "b": 3.0}, seeds=1)
    other = next(each for each in results.read_records() if each.cell.model == "b")
    results.save(replace(other, data_sha256="other"))
    assert "with a ledger, and ml-100k@other, loo has 1" in said(tmp_path, "mixed")


def test_an_invalid_board_is_refused(tmp_path: Path) -> None:
    results = some_results(tmp_path / "bad", {"a": 9.0, "b": 3.0}, seeds=1)
    (first, *_) = load_all(Record, results.records)
    wrong = {
        **first.metrics,
        "hr_at_10": 0.0,
        "hr_at_10_expected": 1.0,
        "hr_at_10_sampling_se": 0.0,
    }
    save(replace(first, metrics=wrong), results.file_of(first))
    assert re.search(
        r"bad: ml-100k, loo is INVALID: \w seed 0: sampled hr_at_10", said(tmp_path, "bad")
    )


# Small parts


@pytest.mark.parametrize(
    ("value", "digits", "text"),
    [
        (0.713, 3, ".713"),
        (1.0, 2, "1.00"),
        (-0.03, 2, "-.03"),
        (-0.001, 2, ".00"),
        (10.5, 1, "10.5"),
        (3.0, 0, "3"),
        (0.0, 0, "0"),
    ],
)
def test_numbers_have_no_zero_before_the_point(value: float, digits: int, text: str) -> None:
    assert decimals(value, digits) == text


def test_words_in_a_sentence() -> None:
    assert [listed(list(words)) for words in ("a", "ab", "abc")] == ["a", "a and b", "a, b and c"]


def test_paragraphs_come_back_from_json() -> None:
    table = Table("t", ("model", "x"), (("als", 0.5), ("mf", None)), (0, 2), "title", True)
    given = Paragraph("F1", "Why?", ("So.",), (table,), ("note",), True)
    assert Paragraph.read(json.loads(json.dumps(given.as_json()))) == given
    assert list(table.cells()) == [("als", ".50"), ("mf", "")]
