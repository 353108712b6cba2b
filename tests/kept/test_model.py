"""A kept model is read as it was written."""

import json
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest
from kept import FILMS, TITLES, made_up_kept

from bench.errors import Problem
from bench.hashing import fingerprint
from bench.kept.manifest import Damaged
from bench.kept.model import CannotBeRestored, KeptModel
from bench.registry.sources import source_sha256


def test_it_is_read_as_it_was_written(tmp_path: Path) -> None:
    kept = made_up_kept(tmp_path, "als", factors=4)
    assert (kept.name, kept.kind, kept.biases, kept.by) == ("als", "vectors", 0, "centred")
    assert kept.catalogue.titles == list(TITLES)
    assert kept.catalogue.years == [year for year, _ in TITLES.values()]
    assert list(map(set, kept.catalogue.genres)) == [set(genres) for _, genres in TITLES.values()]
    assert kept.catalogue.users.tolist() == np.bincount(FILMS.items, minlength=16).tolist()
    assert kept.catalogue.item_ids.tolist() == FILMS.item_ids.tolist()
    adapter = kept.adapter()
    own = adapter.embeddings()
    assert own is not None
    assert np.array_equal(kept.item_vectors, own.items)
    user_ids, of_users = kept.users()
    assert user_ids.tolist() == FILMS.user_ids.tolist()
    assert np.array_equal(of_users, own.users)


def test_what_it_learned_from_comes_back(tmp_path: Path) -> None:
    train = made_up_kept(tmp_path).train()
    assert fingerprint(train) == fingerprint(FILMS)
    assert train.item_features is not None and FILMS.item_features is not None
    for field in fields(FILMS.item_features):
        one, other = (getattr(each.item_features, field.name) for each in (train, FILMS))
        assert type(one) is type(other)
        assert np.array_equal(one, other)


@pytest.mark.parametrize("name", ["model.json", "items.parquet", "users.parquet"])
def test_what_is_missing_is_named(tmp_path: Path, name: str) -> None:
    folder = made_up_kept(tmp_path).folder
    (folder / name).unlink()
    with pytest.raises(Problem, match=name):
        KeptModel.read(folder).users()


@pytest.mark.parametrize(
    "name", ["items.parquet", "users.parquet", "state.safetensors", "interactions.parquet"]
)
def test_what_has_changed_is_refused_by_name(tmp_path: Path, name: str) -> None:
    kept = made_up_kept(tmp_path)
    others = (tmp_path / "models").glob(f"data-*/{name}")
    path = kept.folder / name if (kept.folder / name).exists() else next(others)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(Damaged, match=f"{name}.*not the file that was kept"):
        KeptModel.read(kept.folder).users()
        KeptModel.read(kept.folder).adapter()


def test_where_only_vectors_are_kept_there_is_no_adapter(tmp_path: Path) -> None:
    kept = made_up_kept(tmp_path, with_state=False)
    assert not kept.restorable()
    with pytest.raises(CannotBeRestored, match="als: only its vectors are kept"):
        kept.adapter()


def test_another_state_of_the_code_is_said_once_when_it_is_restored(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = made_up_kept(tmp_path).folder
    KeptModel.read(folder).adapter()
    assert capsys.readouterr().err == ""
    manifest = json.loads((folder / "model.json").read_text())
    assert manifest["code_sha256"] == source_sha256("als")
    manifest["code_sha256"] = "0" * 64
    (folder / "model.json").write_text(json.dumps(manifest))
    kept = KeptModel.read(folder)
    kept.users()
    assert capsys.readouterr().err == ""
    kept.adapter()
    kept.adapter()
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert said.startswith("warning: als was kept by another state of models/als.py")


VECTORS = np.array([[3, 4, 9], [0, 0, 0], [6, 8, 9], [-3, 4, 9]] * 4, dtype=np.float32)


def test_biases_are_no_part_of_what_items_are_like(tmp_path: Path) -> None:
    kept = made_up_kept(tmp_path, vectors=VECTORS, biases=1)
    assert np.array_equal(kept.item_vectors, VECTORS)
    assert np.array_equal(kept.vectors("dot"), VECTORS[:, :2])
    unit = kept.vectors("cosine")
    assert unit.dtype == np.float32
    assert np.allclose(unit[:4], [[0.6, 0.8], [0, 0], [0.6, 0.8], [-0.6, 0.8]])
    plain = VECTORS[:, :2].astype(np.float64)
    centred = np.where(plain.any(axis=1, keepdims=True), plain - plain.mean(axis=0), 0)
    lengths = np.linalg.norm(centred, axis=1, keepdims=True)
    assert np.allclose(kept.vectors(), centred / np.where(lengths, lengths, 1), atol=1e-6)
    assert np.array_equal(kept.vectors("centred"), kept.vectors())


def test_reading_loads_neither_torch_nor_pandas(tmp_path: Path) -> None:
    made_up_kept(tmp_path)
    script = (
        "import sys\n"
        "from pathlib import Path\n"
        "from bench.kept.open import open_kept\n"
        "from bench.records.folder import Results\n"
        "kept = open_kept(Results(Path(sys.argv[1])))\n"
        "kept.vectors(), kept.users(), kept.train()\n"
        "loaded = {'torch', 'pandas', 'sklearn', 'mlflow'} & sys.modules.keys()\n"
        "assert not loaded, loaded\n"
    )
    subprocess.run([sys.executable, "-P", "-c", script, str(tmp_path)], check=True)
