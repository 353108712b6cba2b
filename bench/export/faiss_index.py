"""Indexes of faiss, exact and approximate, for a service that searches all day.

`bench similar` needs none: up to some ten thousand items an exact search takes a few milliseconds.
Products are inner ones: of vectors as they are kept they are scores, at unit length the cosine.
(Douze et al. 2024, The Faiss library, arXiv 2401.08281; Malkov & Yashunin 2018 for HNSW.)
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.errors import Problem
from bench.export.binary import parquet
from bench.export.exported import Exported
from bench.interactions import Floats

FLAT, HNSW = "flat.faiss", "hnsw.faiss"
ITEMS, RECALL = "items.parquet", "recall.json"  # row j of the table is entry j of the indexes
LINKS, CONSTRUCTION, SEARCH = 16, 100, 64  # of HNSW: neighbours, breadth of building, of searching
PLACES = 10
QUERIES = 200


class NoFaiss(Problem):
    """The extra [search] is not installed."""


def faiss_indexes(given: Exported) -> dict[str, bytes]:
    """A flat index, one by HNSW, a table of what is in them, and what HNSW finds of the nearest.

    Built by one thread, so that the same vectors give the same files.

    Raises:
        NoFaiss: faiss is not installed.
    """
    try:
        import faiss
    except ImportError as error:
        raise NoFaiss(
            "faiss is not installed: pip install 'loobench[search]', or export another format"
        ) from error
    width = given.vectors.shape[1]
    flat = faiss.IndexFlatIP(width)
    graph = faiss.IndexHNSWFlat(width, LINKS, faiss.METRIC_INNER_PRODUCT)
    graph.hnsw.efConstruction, graph.hnsw.efSearch = CONSTRUCTION, SEARCH
    with _one_thread(faiss):
        for index in (flat, graph):
            index.add(given.vectors)
        queries = _queries(len(given))
        nearest = _nearest_exactly(given.vectors, queries)
        found = {}
        for name, index in ((FLAT, flat), (HNSW, graph)):
            _, rows = index.search(given.vectors[queries], nearest.shape[1])
            found[name] = recall(given.vectors, queries, nearest, rows)
    said = {"queries": len(queries), "places": nearest.shape[1], "recall": found} | given.facts
    return {
        FLAT: faiss.serialize_index(flat).tobytes(),
        HNSW: faiss.serialize_index(graph).tobytes(),
        ITEMS: parquet(given)[""],
        RECALL: (json.dumps(said, indent=1) + "\n").encode(),
    }


def recall(
    vectors: Floats, queries: NDArray[np.int64], nearest: NDArray[np.int64], found: NDArray[Any]
) -> float:
    """The share of the nearest vectors that were found, or of others as near as the last of them.

    Args:
        vectors: all, [n, d].
        queries: rows of those that were asked for, [q].
        nearest: rows of the true nearest to each, best first, [q, k].
        found: rows that an index found, -1 where it found fewer, [q, k].
    """
    asked = vectors[queries].astype(np.float64)

    def products(rows: NDArray[Any]) -> NDArray[np.float64]:
        return np.asarray(np.einsum("qd,qkd->qk", asked, vectors[rows].astype(np.float64)))

    least = products(nearest)[:, -1:]
    slack = 1e-6 * np.maximum(np.abs(least), 1e-30)  # of products in 32 bits
    return float(np.mean((products(found) >= least - slack) & (found >= 0)))


def summary(files: dict[str, bytes]) -> str:
    """The recall of a written index in a line."""
    said = json.loads(files[RECALL])
    return (
        f"recall@{said['places']} against exact on {said['queries']} {said['of']}:"
        f" flat {said['recall'][FLAT]:.3f}, HNSW {said['recall'][HNSW]:.3f}"
    )


def _queries(n: int) -> NDArray[np.int64]:
    drawn = np.random.default_rng(0).permutation(n)[:QUERIES]
    return np.sort(drawn)


def _nearest_exactly(vectors: Floats, queries: NDArray[np.int64]) -> NDArray[np.int64]:
    products = vectors[queries].astype(np.float64) @ vectors.T.astype(np.float64)
    return np.argsort(-products, axis=1, kind="stable")[:, :PLACES]


@contextmanager
def _one_thread(faiss: Any) -> Iterator[None]:
    before = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(1)
    try:
        yield
    finally:
        faiss.omp_set_num_threads(before)
