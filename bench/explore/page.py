"""The page to explore, from kept models."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from bench.explore.charts import item_map
from bench.explore.choose import MOST_ITEMS
from bench.explore.layout import legible, nearest, places
from bench.explore.packed import packed
from bench.interactions import Ids
from bench.kept.catalogue import Catalogue
from bench.kept.model import KeptModel
from bench.report.offline import offline_page
from bench.retrieval.labels import Labels
from bench.retrieval.names import loose_names_of, names_of, words_of
from bench.text import one_line

PAGE = Path(__file__).with_name("page.html.jinja")
SCRIPT = Path(__file__).with_name("page.js")
MOST_ON_MAP = 5_000
DECIMALS = 4  # of a place on the map, which is between 0 and 1
LEAST_USERS = 5  # of an item in a list, unless the reader asks for others


def page(models: Sequence[KeptModel]) -> str:
    """The whole page, of at least one kept model; all are of one split. The first draws the map."""
    first = models[0]
    catalogue = first.catalogue
    shown = np.argsort(-catalogue.users, kind="stable")[:MOST_ITEMS].astype(np.int32)
    vectors = first.vectors()[shown]
    on_map = np.flatnonzero((vectors != 0).any(axis=1))[:MOST_ON_MAP]
    genres = [catalogue.genres[item] for item in shown]
    colours = legible([genres[at] for at in on_map], nearest(vectors[on_map]))
    data = {
        "chart": item_map(),
        "items": _items(catalogue, shown),
        "genres": _numbered(genres),
        "colours": colours,
        "map": {
            "at": on_map.tolist(),
            "places": np.round(places(vectors[on_map]), DECIMALS).tolist(),
        },
        "models": [_model(model, shown) for model in models],
    }
    return offline_page(
        PAGE,
        SCRIPT,
        data,
        dataset=one_line(first.cell.dataset),
        models=[{"name": one_line(each.name), "kind": each.kind} for each in models],
        items=len(catalogue),
        shown=len(shown),
        on_map=len(on_map),
        genres=sorted({genre for each in genres for genre in each}),
        least=LEAST_USERS,
    )


def _items(catalogue: Catalogue, shown: Ids) -> dict[str, Any]:
    """What the page knows of items, most users first; with the names that each is found by."""
    labels = Labels(catalogue)
    return {
        "ids": [one_line(labels.ids[item]) for item in shown],
        "titles": [labels.label(item) for item in shown],
        "users": catalogue.users[shown].tolist(),
        "names": [_names(labels.titles[item]) for item in shown],
        "words": [_words(labels, item) for item in shown],
    }


def _names(title: str) -> list[str]:
    return sorted(loose_names_of(title).union(*names_of(title)))


def _words(labels: Labels, item: int) -> str:
    year = labels.years[item]
    return " ".join([*words_of(labels.titles[item]), *([] if year is None else [str(year)])])


def _numbered(genres: Sequence[tuple[str, ...]]) -> dict[str, Any]:
    names = sorted({genre for each in genres for genre in each})
    number = {name: at for at, name in enumerate(names)}
    return {"names": names, "of": [[number[name] for name in each] for each in genres]}


def _model(model: KeptModel, shown: Ids) -> dict[str, Any]:
    """A model's vectors as they are, and what makes their products similarities."""
    plain = model.vectors("dot")
    return {
        "name": one_line(model.name),
        "by": model.by,
        "mean": [float(each) for each in plain.mean(axis=0, dtype=np.float64)],
        **packed(plain[shown]),
    }
