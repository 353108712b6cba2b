"""The forms of an answer hold the same."""

import csv
import io
import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from kept import TITLES, films, made_up_kept

from bench.errors import UsageError
from bench.records.folder import Results
from bench.retrieval.answer import (
    COLUMNS,
    Answer,
    Line,
    as_json,
    comma_separated,
    short,
    side_by_side,
)
from bench.retrieval.opened import Opened


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Opened:
    folder = tmp_path_factory.mktemp("kept")
    made_up_kept(folder, "als", factors=4, ndcg=0.5)
    made_up_kept(folder, "puresvd", factors=3, ndcg=0.4)
    made_up_kept(folder, "popularity", ndcg=0.2)
    return Opened(Results(folder))


@pytest.fixture(scope="module")
def answer(opened: Opened) -> Answer:
    return opened.similar("Alien", n=4)


def test_csv_has_the_columns_unrounded(answer: Answer) -> None:
    rows = list(csv.DictReader(io.StringIO(comma_separated([answer]))))
    assert list(rows[0]) == [*COLUMNS, "model", "key", "kind"]
    assert [float(row["score"]) for row in rows] == [line.score for line in answer.lines]
    assert rows[0]["genres"] == "|".join(answer.lines[0].genres)
    assert {(row["model"], row["key"], row["kind"]) for row in rows} == {
        ("als", answer.model["key"], "vectors")
    }


def test_json_is_one_object(answer: Answer, opened: Opened) -> None:
    found = json.loads(as_json([answer]))
    assert list(found) == ["query", "model", "items"]
    assert [item["id"] for item in found["items"]] == [line.id for line in answer.lines]
    assert [item["score"] for item in found["items"]] == [line.score for line in answer.lines]
    several = json.loads(as_json(opened.similar_by_each("Alien", n=2)))
    assert list(several) == ["query", "answers"]
    assert [each["model"]["name"] for each in several["answers"]] == ["als", "puresvd"]


def test_a_frame_is_the_csv(answer: Answer) -> None:
    frame = answer.to_frame()
    again = pd.read_csv(io.StringIO(comma_separated([answer])), keep_default_na=False)
    pd.testing.assert_frame_equal(frame, again, check_dtype=False)


def test_text_is_a_table_with_a_line_above_and_notes_below(answer: Answer) -> None:
    lines = repr(answer).splitlines()
    assert lines[0] == (
        "Similar to Alien (1979), by als on made-up, loo-99"
        " (the best of 3 kept models by exact NDCG@10)"
    )
    assert re.split(r"\s{2,}", lines[2].strip()) == ["#", "title", "genres", "users", "similarity"]
    assert lines[3].split()[0] == "1" and answer.lines[0].label in lines[3]
    assert lines[-1] == "Similarity: cosine of centred vectors."


def test_html_is_a_table_that_no_title_can_break_out_of(tmp_path: Path) -> None:
    train = films()
    labels = ("<script>alert(1)</script>", *list(TITLES)[1:])
    object.__setattr__(train.item_features, "labels", labels)
    made_up_kept(tmp_path, "als", factors=4, train=train)
    page = Opened(Results(tmp_path)).recommend(likes="Aliens", n=99)._repr_html_()
    assert "<script" not in page and "&lt;script&gt;" in page
    assert page.count("<tr>") == len(TITLES)
    heads = re.findall(r"<th[^>]*>([^<]*)</th>", page)
    assert heads == ["#", "title", "genres", "users", "score", "why"]


def test_models_stand_side_by_side(opened: Opened) -> None:
    answers = opened.similar_by_each("Toy Story", n=2)
    lines = side_by_side(answers, 120).splitlines()
    assert lines[0] == "Similar to Toy Story (1995), by each kept model"
    assert lines[2].startswith("als      ") and lines[3].startswith("puresvd  ")
    assert all(line.label in lines[2] for line in answers[0].lines)
    assert [line for line in lines[4:] if line] == ["Similarity: cosine of centred vectors."]


def test_what_is_said_of_all_models_is_said_once(tmp_path: Path) -> None:
    made_up_kept(tmp_path, "als", factors=4)
    made_up_kept(tmp_path, "ease")
    opened = Opened(Results(tmp_path))
    said = side_by_side(opened.similar_by_each("Alien", n=2), 120)
    assert said.count("Similarity:") == 1
    assert said.count("Where a model has no vectors of its own") == 1
    (only,) = opened.similar_by_each("Alien", by="weights")
    assert only.model["name"] == "ease" and only.query["by"] == "weights"
    assert only.notes[-1].startswith("Similarity: the weight of the item")


@pytest.mark.parametrize("width", [40, 60, 120])
def test_a_table_fits_also_with_letters_of_double_width(width: int, tmp_path: Path) -> None:
    from rich.cells import cell_len

    train = films()
    labels = tuple(f"{title} 千と千尋の神隠し" for title in TITLES)
    object.__setattr__(train.item_features, "labels", labels)
    made_up_kept(tmp_path, "als", factors=4, train=train)
    text = Opened(Results(tmp_path)).recommend(likes="#101, #102").to_text(width)
    table = text.split("\n\n")[1].splitlines()
    assert max(map(cell_len, table)) <= width
    assert "%)" in text and " %" in text


def test_percentages_are_not_broken_at_the_end_of_a_line(opened: Opened) -> None:
    for width in range(60, 100):
        text = opened.recommend(likes="Alien, Aliens, Toy Story", n=9).to_text(width)
        assert not re.search(r"^\s*%", text, re.MULTILINE)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.834, ".83"),
        (-0.834, "-.83"),
        (0.999, "1.00"),
        (1.0, "1.00"),
        (4.972, "4.97"),
        (0.0, ".00"),
        (12.34, "12.3"),
        (1234.5, "1,234"),
        (-10.04, "-10.0"),
    ],
)
def test_numbers_for_people(value: float, text: str) -> None:
    assert short(value) == text


def test_nothing_is_said(answer: Answer) -> None:
    empty = Answer(said="Similar to A", query={}, model=answer.model, score_name="score", lines=())
    assert repr(empty) == "Similar to A\n\nNothing."
    assert "<p>Nothing.</p>" in empty._repr_html_()
    assert len(empty.to_frame()) == 0
    line = Line(place=1, id="a", title="A", year=None, genres=(), users=1)
    assert json.loads(json.dumps(line.to_dict()))["year"] is None


def test_titles_are_listed_by_how_they_are_called(opened: Opened) -> None:
    found = opened.films("alien")
    assert [line.title for line in found.lines] == ["Alien", "Aliens"]
    assert found.said == "2 titles for 'alien', of made-up"
    assert re.split(r"\s{2,}", repr(found).splitlines()[2]) == ["id", "title", "genres", "users"]
    one = opened.films("toy", n=1)
    assert one.notes == ("1 more: -n 2 shows all.",)


def test_kept_models_of_different_data_are_not_shown_side_by_side(tmp_path: Path) -> None:
    made_up_kept(tmp_path, "als", factors=4)
    made_up_kept(tmp_path, "puresvd", factors=3, train=films(n_users=41), ndcg=0.3)
    opened = Opened(Results(tmp_path))
    hashes = {opened.use(name).kept.data_sha256[:16] for name in ("als", "puresvd")}
    with pytest.raises(UsageError, match="als and puresvd are of different versions") as error:
        opened.similar_by_each("Alien")
    assert len(hashes) == 2 and all(each in str(error.value) for each in hashes)


def test_what_is_kept_is_listed(opened: Opened, tmp_path: Path) -> None:
    assert opened.models == ["als", "puresvd", "popularity"]
    assert repr(opened).splitlines()[1] == (
        "  als (seed 0) on made-up.loo-99, exact NDCG@10 0.5000"
    )
    empty = Opened(Results(tmp_path))
    assert repr(empty).startswith("nothing is kept in ")
    with pytest.raises(UsageError, match="nothing is kept"):
        empty.similar("Alien")


def test_text_ids_and_items_without_titles(tmp_path: Path) -> None:
    train = films()
    ids = np.array([f"B{j:03}" for j in range(train.n_items)], dtype=object)
    object.__setattr__(train, "item_ids", ids)
    object.__setattr__(train, "item_features", None)
    made_up_kept(tmp_path, "als", factors=4, train=train)
    opened = Opened(Results(tmp_path))
    for typed in ("B000", "b000", "#B000", "id:B000"):
        answer = opened.similar(typed, n=2)
        assert answer.said.startswith("Similar to B000, by als")
        assert {line.id for line in answer.lines} <= {f"B{j:03}" for j in range(6)}
    head = repr(answer).splitlines()[2]
    assert re.split(r"\s{2,}", head) == ["#", "title", "users", "similarity"]
    head = repr(opened.films("B00")).splitlines()[2]
    assert re.split(r"\s{2,}", head) == ["title", "users"]
    assert opened.films("B003").said == "1 title for 'B003', of made-up"
    with pytest.raises(UsageError, match="near it:\n  #B000"):
        opened.similar("BB000")
    with pytest.raises(UsageError, match="no genres are known"):
        opened.recommend(likes="B000", genres="Drama")
    with pytest.raises(UsageError, match="no years are known"):
        opened.recommend(likes="B000", years="1990-")
