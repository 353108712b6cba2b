"""Tables of items and users: what each column becomes, and whose line is whose."""

import csv
import json
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyarrow import parquet

from bench.certify.rewrites import with_items
from bench.data.delimited import BadData
from bench.data.features import read_features
from bench.data.options import ReadOptions
from bench.data.read import read_data
from bench.errors import BadParameter, UnknownName
from bench.hashing import fingerprint
from bench.interactions import Features


@pytest.fixture(autouse=True)
def cache_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BENCH_DATA_DIR", str(tmp_path / "cache"))


COUNT = 60
IDS = np.arange(COUNT, dtype=np.int64)
GENRES = ("Action", "Drama", "War")
COLUMNS: dict[str, list[Any]] = {
    "movie_title": [f"The film {row}" for row in range(COUNT)],
    "genres": ["|".join(GENRES[: 1 + row % 3]) for row in range(COUNT)],
    "price": [row * 0.37 for row in range(COUNT)],
    "stars": [row % 5 for row in range(COUNT)],
    "zip": [f"0{row % 7}" for row in range(COUNT)],
    "isbn": [f"978-{row}" for row in range(COUNT)],
    "plot": [f"war of {row} ships at sea" for row in range(COUNT)],
    "released": [f"20{row % 20:02}-01-31" for row in range(COUNT)],
    "empty": ["" for row in range(COUNT)],
}
KINDS = {
    "movie_title": "text, and shown to people",
    "genres": "tags, 3",
    "price": "number",
    "stars": "category, 5 values",
    "zip": "category, 7 values",
    "isbn": "ignored, a word of its own for nearly each",
    "plot": "text",
    "released": "number, days since 1970",
    "empty": "ignored, nothing is in it",
}


def in_csv(folder: Path) -> Path:
    path = folder / "movies.csv"
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["movieId", *COLUMNS])
        writer.writerows(zip(IDS.tolist(), *COLUMNS.values(), strict=True))
    return path


def in_parquet(folder: Path) -> Path:
    path = folder / "movies.parquet"
    given = COLUMNS | {"genres": [value.split("|") for value in COLUMNS["genres"]]}
    parquet.write_table(pa.table({"movieId": IDS, **given}), path)
    return path


def in_json(folder: Path) -> Path:
    path = folder / "movies.jsonl"
    rows = zip(IDS.tolist(), *COLUMNS.values(), strict=True)
    names = ["movieId", *COLUMNS]
    path.write_text("".join(f"{json.dumps(dict(zip(names, row, strict=True)))}\n" for row in rows))
    return path


def known(path: Path, ids: Any = IDS, **options: Any) -> tuple[Features, tuple[str, ...]]:
    with TemporaryDirectory() as scratch:
        return read_features(path, "item", ids, ReadOptions.of(options), Path(scratch))


@pytest.mark.parametrize("write", [in_csv, in_parquet, in_json])
def test_columns_are_typed_by_what_is_in_them_in_any_format(tmp_path: Path, write: Any) -> None:
    features, notes = known(write(tmp_path))
    found = dict(note.removeprefix("  item.").split(": ", 1) for note in notes[1:])
    assert found == KINDS
    assert features.dense_names == ("price", "released")
    np.testing.assert_allclose(features.dense[:, 0], COLUMNS["price"], rtol=1e-6)
    moment = np.array(COLUMNS["released"], dtype="datetime64[D]").astype(float)
    np.testing.assert_allclose(features.dense[:, 1], moment)
    assert features.multi_hot_names == GENRES
    assert features.multi_hot.sum(axis=1).tolist() == [1 + row % 3 for row in range(COUNT)]
    assert features.labels == tuple(COLUMNS["movie_title"])
    assert features.text_names == ("movie_title", "plot")
    assert features.text[1] == tuple(COLUMNS["plot"])
    for name, codes in zip(features.categorical_names, features.categorical.T, strict=True):
        pairs = set(zip(COLUMNS[name], codes.tolist(), strict=True))
        assert len(pairs) == len(set(COLUMNS[name]))  # one number for each value


def test_each_kind_can_be_asked_for(tmp_path: Path) -> None:
    asked = {
        "item.stars": "number",
        "item.isbn": "text",
        "item.price": "ignore",
        "item.plot": "label",
        "item.movie_title": "category",
        "item.zip": "tags",
    }
    features, notes = known(in_csv(tmp_path), features=asked)
    assert features.labels == tuple(COLUMNS["plot"])
    assert "stars" in features.dense_names and "price" not in features.dense_names
    assert features.text_names == ("isbn", "plot")
    assert "movie_title" in features.categorical_names
    assert {"genres=War", "zip=03"} <= set(features.multi_hot_names)
    assert "  item.price: ignored" in notes


@given(
    st.lists(st.integers(0, 9), max_size=12),
    st.lists(st.integers(0, 9), min_size=1, max_size=9, unique=True),
    st.booleans(),
)
def test_a_line_is_of_the_entity_that_it_names(
    lines: list[int], ids: list[int], in_text: bool
) -> None:
    """Against a dictionary: the first line counts, and who has none is unknown."""
    prefix = "u" if in_text else ""
    expected: dict[int, float] = {}
    for place, each in enumerate(lines):
        expected.setdefault(each, place + 0.5)
    rows = [f"{prefix}{each},{place + 0.5},w{place}" for place, each in enumerate(lines)]
    entities = np.array([f"u{e}" for e in ids], dtype=object) if in_text else np.array(ids)
    with TemporaryDirectory() as folder:
        path = Path(folder) / "items.csv"
        path.write_text("\n".join(["item_id,x,y", *rows, f"{prefix}99,7.25,z"]) + "\n")
        features, notes = known(path, entities, features="item.x=number,item.y=text")
    for row, each in enumerate(ids):
        if each in expected:
            assert features.dense[row, 0] == expected[each]
            assert features.text[0][row] == f"w{expected[each] - 0.5:.0f}"
        else:
            assert np.isnan(features.dense[row, 0])
            assert features.text[0][row] == ""
    assert f"{len(set(ids) & set(lines))} of {len(ids)} items have a line" in notes[0]
    strangers = 1 + sum(each not in ids for each in lines)
    assert f"{strangers} lines of others" in notes[0]


def test_what_is_missing_is_unknown_and_never_an_error(tmp_path: Path) -> None:
    path = tmp_path / "items.csv"
    path.write_text(
        "item_id,n,c,t,w\n0,1.5,red,a|b,big red\n1,,,,\n,2,blue,a,none\n2,NaN,blue,b,x y\n"
    )
    features, notes = known(
        path, np.arange(4), features="item.n=number,item.c=category,item.t=tags,item.w=label"
    )
    assert features.dense[:, 0].tolist()[0] == 1.5
    assert np.isnan(features.dense[1:, 0]).all()
    red, none, blue, unknown = features.categorical[:, 0].tolist()
    assert len({red, none, blue}) == 3 and none == unknown
    assert features.multi_hot.tolist() == [[True, True], [False] * 2, [False, True], [False] * 2]
    assert features.labels == ("big red", "1", "x y", "3")
    assert "3 of 4 items have a line; left out: 1 lines of others, 0" in notes[0]


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"features": "item.isbn=number"}, BadData, "line 2: column 'isbn' '978-0' is not a num"),
        ({"features": "item.isb=number"}, UnknownName, "Did you mean 'isbn'?"),
        ({"features": "item.isbn=numbr"}, UnknownName, "Did you mean 'number'?"),
        ({"features": "isbn=number"}, BadParameter, "takes item.column=kind"),
        ({"item_id": "movieID"}, UnknownName, "Did you mean 'movieId'?"),
    ],
)
def test_a_mistake_is_one_line(
    tmp_path: Path, options: dict[str, str], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message) as caught:
        known(in_csv(tmp_path), **options)
    assert "\n" not in str(caught.value)


def test_what_is_missing_is_no_value_of_a_category(tmp_path: Path) -> None:
    path = tmp_path / "movies.csv"
    path.write_text("item,color\n1,red\n2,\n3,blue\n")
    _, notes = known(path, np.arange(1, 6), features="item.color=category")
    assert "item.color: category, 2 values" in notes[1]


def test_features_of_a_table_that_was_not_named_are_a_mistake(tmp_path: Path) -> None:
    path = tmp_path / "ratings.csv"
    path.write_text("user,item,time\n1,2,1600000000\n")
    with pytest.raises(BadParameter, match="--users PATH"):
        read_data(path, ReadOptions.of({"features": "user.age=number"}))
    with pytest.raises(BadParameter, match="item_id needs a table of items: --items PATH"):
        read_data(path, ReadOptions.of({"item_id": "sku"}))


def test_the_tables_beside_recboles_interactions_are_read(tmp_path: Path) -> None:
    (tmp_path / "ml.inter").write_text(
        "user_id:token\titem_id:token\ttimestamp:float\n1\t7\t1600000000\n2\t8\t1600000001\n"
    )
    (tmp_path / "ml.item").write_text(
        "item_id:token\tmovie_title:token_seq\tclass:token_seq\n7\tToy Story\tA B\n8\tHeat\tB C\n"
    )
    (tmp_path / "ml.user").write_text("user_id:token\tage:float\n1\t24.5\n")
    data = read_data(tmp_path / "ml.inter", ReadOptions()).data
    items, users = data.interactions.item_features, data.interactions.user_features
    assert items is not None and users is not None
    assert items.labels == ("Toy Story", "Heat")
    assert users.dense[0, 0] == 24.5 and np.isnan(users.dense[1, 0])
    assert any("users from ml.user: 1 of 2 users have a line" in note for note in data.notes)


@dataclass(frozen=True, kw_only=True)
class Before:
    """Features before there was text."""

    categorical: Any
    categorical_names: Any
    categorical_sizes: Any
    multi_hot: Any
    multi_hot_names: Any
    dense: Any
    dense_names: Any
    labels: Any = None


def test_hashes_of_features_without_text_stay_and_text_counts(tmp_path: Path) -> None:
    features, _ = known(in_csv(tmp_path), features="item.plot=ignore,item.movie_title=ignore")
    before = Before(**{name: getattr(features, name) for name in Before.__dataclass_fields__})
    assert not features.text
    assert fingerprint(features) == fingerprint(before)
    with_text, _ = known(in_csv(tmp_path), features="item.movie_title=ignore")
    assert fingerprint(with_text) != fingerprint(features)


def test_text_goes_with_its_item_when_items_are_numbered_otherwise(tmp_path: Path) -> None:
    path = tmp_path / "ratings.csv"
    lines = [f"{user},{item},{1_600_000_000 + item}" for user in range(3) for item in range(COUNT)]
    path.write_text("\n".join(["user,item,time", *lines]))
    data = read_data(path, ReadOptions.of({"items": str(in_csv(tmp_path))})).data.interactions
    order = np.random.default_rng(0).permutation(COUNT)
    found = with_items(data, order).item_features
    assert found is not None
    assert found.text[1] == tuple(COLUMNS["plot"][item] for item in order)
