"""Films with hostile titles, and made-up vectors for a page to explore."""

from dataclasses import replace

import numpy as np
from kept import FILMS

from bench.interactions import Interactions

HOSTILE = """</script><img src=x onerror="document.title='owned'">'{{ 7*7 }}"""
VECTORS = np.random.default_rng(0).normal(size=(16, 8)).astype(np.float32)


def hostile_films() -> Interactions:
    features = FILMS.item_features
    assert features is not None
    labels = [HOSTILE, "[0].x || alert(1)", *features.labels[2:]]
    genres = (HOSTILE, *features.multi_hot_names[1:])
    return replace(
        FILMS, item_features=replace(features, labels=tuple(labels), multi_hot_names=genres)
    )
