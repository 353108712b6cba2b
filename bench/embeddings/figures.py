"""All figures of one space of items."""

from dataclasses import dataclass
from math import isnan

from bench.embeddings.columns import Figures
from bench.embeddings.criteria import Criteria
from bench.embeddings.neighbours import (
    Lists,
    agreement,
    lost,
    neighbours,
    popularity_ratio,
    skewness,
    years_apart,
)
from bench.embeddings.next_item import next_item
from bench.embeddings.probes import probe
from bench.embeddings.similarity import Similarity
from bench.embeddings.spread import length_and_popularity, mean_cosine, width_used
from bench.interactions import Floats


@dataclass(frozen=True, kw_only=True)
class Space:
    """What is measured: how like items are, and the vectors behind it, if any."""

    similarity: Similarity
    items: Floats | None = None  # [n_items, d], as the model has them, without biases
    users: Floats | None = None  # [n_users, d]


def figures(space: Space, by: Criteria) -> tuple[Figures, Lists]:
    """The figures of a space, but for `stable`, which takes two; and the lists for that."""
    lists = neighbours(space.similarity, by.compared)
    found: dict[str, float | None] = {
        "genre": agreement(lists, by.genres),
        "lost": lost(lists),
        "skewness": skewness(lists),
        "popular": popularity_ratio(lists, by.users),
        "years": years_apart(lists, by.years),
    }
    if (answered := next_item(space.similarity, by.asked, by.compared)) is not None:
        found["next_item"] = answered.sampled
        found["next_item_se"] = answered.sampled_se
        found["next_item_full"] = answered.full
    if space.items is not None:
        vectors = space.items[by.compared]
        found["width_used"] = width_used(vectors)
        found["mean_cosine"] = mean_cosine(vectors)
        found["length_popularity"] = length_and_popularity(vectors, by.users)
        found["genre_probe"] = probe(vectors, by.genres)
    if space.users is not None and by.gender is not None:
        found["gender_probe"] = probe(space.users, by.gender)
    # A figure that nothing was left for, as the genres of a data set without them, is not known.
    return {n: None if v is None or isnan(v) else v for n, v in found.items()}, lists
