"""Each format read by the library that it is for, to the same bits."""

import io
import json
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from kept import made_up_kept
from safetensors import safe_open

from bench.export.exported import CannotExport, Exported, exported
from bench.export.formats import FORMATS, Place
from bench.kept.catalogue import Catalogue

TEXTS = st.text(
    st.characters(exclude_categories=["Cs"]), max_size=8
)  # anything that UTF-8 can hold
FLOATS = st.floats(width=32, allow_nan=False, allow_infinity=False)
NUMBERED = [str, int]
ODD = ["a b", "a\tb", "a\nb", " a", "a ", "\u2028", "a\x85", "\xa0"]  # in ids
PLAIN = ["parquet", "npz", "safetensors"]


@st.composite
def some_items(draw: st.DrawFn) -> Exported:
    """Any ids and titles, of text or whole numbers, and any vectors of 32-bit numbers."""
    n, width = draw(st.integers(1, 6)), draw(st.integers(1, 4))
    whole = st.lists(st.integers(-(2**63), 2**63 - 1), min_size=n, max_size=n, unique=True)
    text = st.lists(TEXTS, min_size=n, max_size=n, unique=True)
    of_text = draw(st.booleans())
    ids = draw(text if of_text else whole)
    return of(
        np.array([*ids, None], dtype=object)[:-1] if of_text else np.array(ids, dtype=np.int64),
        draw(st.lists(TEXTS, min_size=n, max_size=n)),
        draw(arrays(np.float32, (n, width), elements=FLOATS)),
    )


def of(ids: Any, titles: list[str], vectors: Any) -> Exported:
    n = len(titles)
    catalogue = Catalogue(
        item_ids=ids,
        titles=titles,
        years=[None, 1999] * (n // 2) + [2001] * (n % 2),
        genres=[("Drama", "Sci-Fi")] * n,
        users=np.arange(n),
    )
    return Exported(of="items", ids=ids, vectors=vectors, catalogue=catalogue, facts={"model": "m"})


def written(given: Exported, name: str, folder: Path) -> Path:
    """The file, or the folder, of a format."""
    place = Place.of(name, given, folder / f"out{FORMATS[name].ending}")
    place.write(place.form.files(given), force=True)
    return place.path


def same_bits(found: Any, given: Exported) -> bool:
    found = np.asarray(found)
    return found.dtype == np.float32 and found.tobytes() == given.vectors.tobytes()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("formats")


@given(some_items())
def test_parquet_in_pandas_and_polars(folder: Path, items: Exported) -> None:
    path = written(items, "parquet", folder)
    frame, other = pd.read_parquet(path), pl.read_parquet(path)
    for columns in (frame, other):
        assert list(columns["item_id"]) == items.ids.tolist()
        assert list(columns["title"]) == items.catalogue.titles
        assert list(columns["users"]) == items.catalogue.users.tolist()
    assert [list(each) for each in frame["genres"]] == [["Drama", "Sci-Fi"]] * len(items)
    assert other["year"].to_list() == items.catalogue.years
    assert same_bits(np.stack(frame["vector"]), items)
    assert same_bits(np.stack(other["vector"].to_list()).astype(np.float32), items)


@given(some_items())
def test_npz_in_numpy(folder: Path, items: Exported) -> None:
    try:
        path = written(items, "npz", folder)
    except CannotExport as error:
        assert any(str(each).endswith("\0") for each in items.ids) and "zero" in str(error)
        return
    with np.load(path, allow_pickle=False) as found:
        assert found.files == ["vectors", "ids", "titles"]
        assert same_bits(found["vectors"], items)
        assert found["ids"].tolist() == items.ids.tolist()
        assert found["titles"].tolist() == [t.rstrip("\0") for t in items.catalogue.titles]


@given(some_items())
def test_safetensors(folder: Path, items: Exported) -> None:
    with safe_open(written(items, "safetensors", folder), framework="numpy") as found:
        assert same_bits(found.get_tensor("vectors"), items)
        said = found.metadata()
        assert json.loads(said["titles"]) == items.catalogue.titles
        assert said["model"] == "m"
        if items.ids.dtype == object:
            assert json.loads(said["ids"]) == items.ids.tolist()
        else:
            assert found.get_tensor("ids").tolist() == items.ids.tolist()


def read_binary(content: bytes) -> tuple[list[str], np.ndarray]:
    """As the tool word2vec reads its own files (distance.c): fscanf of a token, then fread."""
    stream = io.BytesIO(content)
    n, width = map(int, stream.readline().split())
    tokens, vectors = [], []
    for _ in range(n):
        token = b""
        while (byte := stream.read(1)) != b" ":
            token += byte
        tokens.append(token.decode())
        vectors.append(struct.unpack(f"<{width}f", stream.read(4 * width)))
        assert stream.read(1) == b"\n"
    assert not stream.read()
    return tokens, np.array(vectors, dtype=np.float32)


def has_space(items: Exported) -> bool:
    return any(not text or any(map(str.isspace, text)) for text in map(str, items.ids))


@given(some_items())
def test_word2vec(folder: Path, items: Exported) -> None:
    for name in ("word2vec", "word2vec-text"):
        if has_space(items):
            with pytest.raises(CannotExport, match=r"the id .* of items .* export them as parquet"):
                written(items, name, folder)
            continue
        path = written(items, name, folder)
        if name == "word2vec":
            tokens, vectors = read_binary(path.read_bytes())
        else:
            first, *lines = path.read_bytes().decode().split("\n")[:-1]
            assert first == "{} {}".format(*items.vectors.shape)
            tokens = [line.split(" ")[0] for line in lines]
            vectors = np.array([line.split(" ")[1:] for line in lines], dtype=np.float32)
        assert tokens == list(map(str, items.ids))
        assert same_bits(vectors, items)
        titles = path.with_name(f"{path.name}.titles.tsv").read_bytes().decode().split("\n")[:-1]
        assert [line.split("\t")[0] for line in titles] == tokens
        assert all(len(line.split("\t")) == 2 for line in titles)


def test_word2vec_in_gensim(folder: Path) -> None:
    models = pytest.importorskip("gensim.models", reason="gensim is no dependency")
    rng = np.random.default_rng(0)
    vectors = rng.standard_normal((50, 8)).astype(np.float32) * np.float32(1e-3)
    for ids in (
        np.arange(50) * 7 - 3,
        np.array([f"film-{j}-é{chr(0x4E00 + j)}" for j in range(50)], dtype=object),
    ):
        items = of(ids, [f"Film, {j}" for j in range(50)], vectors)
        for name, binary in (("word2vec", True), ("word2vec-text", False)):
            found = models.KeyedVectors.load_word2vec_format(
                written(items, name, folder), binary=binary
            )
            assert found.index_to_key == list(map(str, ids))
            assert same_bits(found.vectors, items)


@given(some_items())
def test_projector(folder: Path, items: Exported) -> None:
    ids = list(map(str, items.ids))
    if any(not text or len(f"{text}x".splitlines()) > 1 or "\t" in text for text in ids):
        with pytest.raises(CannotExport):
            written(items, "projector", folder)
        return
    path = written(items, "projector", folder)
    lines = (path / "tensor.tsv").read_bytes().decode().split("\n")[:-1]
    assert same_bits(np.array([line.split("\t") for line in lines], dtype=np.float32), items)
    first, *known = (path / "metadata.tsv").read_bytes().decode().split("\n")[:-1]
    assert first.split("\t") == ["id", "title", "year", "genres", "users"]
    rows = [line.split("\t") for line in known]
    assert [row[0] for row in rows] == ids
    assert {len(row) for row in rows} == {5}
    years = ["" if year is None else str(year) for year in items.catalogue.years]
    assert [row[2] for row in rows] == years
    assert {row[3] for row in rows} == {"Drama|Sci-Fi"}


@pytest.mark.parametrize("text", ODD)
@pytest.mark.parametrize("name", sorted(FORMATS.keys() - {"faiss"}))
def test_an_odd_id_survives_or_is_refused_by_name(folder: Path, name: str, text: str) -> None:
    items = of(np.array([text, "b"], dtype=object), ["A", "B"], np.ones((2, 3), dtype=np.float32))
    if name in PLAIN or (name == "projector" and text.strip(" \xa0") in ("a", "", "a b")):
        written(items, name, folder)  # that they come back is tested above
        return
    with pytest.raises(CannotExport) as refused:
        written(items, name, folder)
    assert ascii(text)[1:-1] in ascii(str(refused.value)).replace("\\\\", "\\")
    assert "\n" not in str(refused.value)


def test_users_have_ids_and_vectors_alone(tmp_path: Path) -> None:
    users = exported(made_up_kept(tmp_path, "als", factors=4), "users")
    frame = pd.read_parquet(written(users, "parquet", tmp_path))
    assert list(frame.columns) == ["user_id", "vector"]
    assert frame["user_id"].tolist() == users.ids.tolist()
    with np.load(written(users, "npz", tmp_path)) as found:
        assert found.files == ["vectors", "ids"]
    assert not list(written(users, "word2vec", tmp_path).parent.glob("*.titles.tsv"))
    metadata = written(users, "projector", tmp_path) / "metadata.tsv"
    assert metadata.read_text().split() == list(map(str, users.ids))  # no line of names


VECTORS = np.array([[3, 4, 9], [0, 0, 0], [6, 8, 9], [-3, 4, 9]] * 4, dtype=np.float32)


def test_centred_and_unit_leave_biases_out(tmp_path: Path) -> None:
    kept = made_up_kept(tmp_path, vectors=VECTORS, biases=1)
    assert same_bits(VECTORS, exported(kept, "items"))
    assert exported(kept, "items").facts["biases"] == "1"
    both = exported(kept, "items", centred=True, unit=True)
    assert same_bits(kept.vectors("centred"), both) and both.facts["biases"] == "0"
    assert same_bits(kept.vectors("cosine"), exported(kept, "items", unit=True))
    centred = exported(kept, "items", centred=True).vectors
    np.testing.assert_allclose(centred[0] - centred[2], [-3, -4])
    assert (centred[1] == 0).all()  # of it nothing was learned


def test_faiss_finds_what_an_exact_search_does(tmp_path: Path) -> None:
    faiss = pytest.importorskip("faiss", reason="the extra [search]")
    rng = np.random.default_rng(0)
    vectors = rng.standard_normal((2000, 16)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    items = of(np.arange(2000) + 5, [str(j) for j in range(2000)], vectors)
    path = written(items, "faiss", tmp_path)
    table = pd.read_parquet(path / "items.parquet")
    said = json.loads((path / "recall.json").read_text())
    exact = np.argsort(-(vectors[:200] @ vectors.T), axis=1)[:, :10]
    for name in ("flat.faiss", "hnsw.faiss"):
        index = faiss.read_index(str(path / name))
        assert index.metric_type == faiss.METRIC_INNER_PRODUCT and index.ntotal == 2000
        found = index.search(vectors[:200], 10)[1]
        assert (table["item_id"].to_numpy()[found[:, 0]] == items.ids[:200]).all()
        share = np.mean([len(set(a) & set(b)) / 10 for a, b in zip(found, exact, strict=True)])
        assert share >= (1 if name == "flat.faiss" else 0.9)
        assert said["recall"][name] == pytest.approx(share, abs=0.05)
    assert said["queries"] == 200 and said["places"] == 10
    again = {p.name: p.read_bytes() for p in path.iterdir()}
    written(items, "faiss", tmp_path)
    assert again == {p.name: p.read_bytes() for p in path.iterdir()}


def test_recall_counts_by_a_loop_and_takes_equals() -> None:
    from bench.export.faiss_index import recall

    vectors = np.array([[1, 0], [1, 0], [0.5, 0], [0, 1]], dtype=np.float32)
    queries, nearest = np.array([0]), np.array([[0, 2]])
    assert recall(vectors, queries, nearest, np.array([[0, 2]])) == 1
    assert recall(vectors, queries, nearest, np.array([[1, 0]])) == 1  # as near
    assert recall(vectors, queries, nearest, np.array([[0, 3]])) == 0.5
    assert recall(vectors, queries, nearest, np.array([[0, -1]])) == 0.5


@settings(max_examples=20)
@given(st.integers(1, 12))
def test_faiss_of_fewer_items_than_places(n: int) -> None:
    pytest.importorskip("faiss", reason="the extra [search]")
    items = of(np.arange(n), [""] * n, np.eye(n, 12, dtype=np.float32))
    said = json.loads(FORMATS["faiss"].files(items)["recall.json"])
    assert said["places"] == min(n, 10) and said["recall"]["flat.faiss"] == 1
