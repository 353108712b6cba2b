"""The data audit: facts that a reader must know of the data before any figure."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.interactions import DataSet, Features, Interactions, Order, PublishedSplit, occurrences
from bench.protocol.cold_items import LEAST_IN_TRAIN
from bench.protocol.negatives import NEGATIVES, Negatives
from bench.protocol.split import LEAST_ITEMS, Split

LAST_SECOND = 7_258_118_400  # the year 2200: what is later is of a finer unit


def audit(
    given: DataSet,
    used: DataSet,
    split: Split,
    scored: Split,
    negatives: Negatives,
    min_rating: float | None = None,
    order: Order = "time",
) -> dict[str, Any]:
    """Counts of a data set under a protocol.

    Args:
        given: the data set as `load` returned it.
        used: the same with its interactions by user and order, without repeats.
        split: train and held-out items.
        scored: the same with those tested users only who are scored and ranked.
        negatives: of the users scored.
        min_rating: only interactions rated at least this high count.
        order: of each user's items.
    """
    data, ordered = given.interactions, used.interactions
    in_train = occurrences(split.train.items, data.n_items)
    of_users = occurrences(ordered.users, data.n_users)
    below = 0
    if min_rating is not None and data.ratings is not None:
        below = int((~(data.ratings >= min_rating)).sum())  # a missing rating, NaN, is below too
    return {
        "users": data.n_users,
        "items": data.n_items,
        "interactions": len(ordered),
        "below_min_rating": below,
        "repeated": len(data) - below - len(ordered),
        "density": len(ordered) / (data.n_users * data.n_items),
        "train_interactions": len(split.train),
        "tested_users": len(split.users),
        "scored_users": len(scored.users),
        "untested_users": data.n_users - len(split.users),
        "new_people": split.new_people,
        "order": order,
        "users_with_tied_newest_time": _tied_newest(ordered) if order == "time" else 0,
        "users_with_few_negatives": int((negatives.drawn < NEGATIVES).sum()),
        "users_with_held_out_item_among_negatives": _among_its_own(used.published, scored),
        "users_with_one_item": int((of_users == 1).sum()),
        "top_1_percent_share": _share_of_top(occurrences(ordered.items, data.n_items)),
        "first_time": _moment(given, 0),
        "last_time": _moment(given, 1),
        "cold_held_out_items": int((in_train[split.held_out] == 0).sum()),
        "items_not_in_train": int((in_train == 0).sum()),
        "user_features": _names(data.user_features),
        "item_features": _names(data.item_features),
        "notes": list(given.notes),
        "steps": [step._asdict() for step in given.steps],
    } | _of_pool(ordered, split, scored)


def _of_pool(ordered: Interactions, split: Split, scored: Split) -> dict[str, int]:
    """Counts of cold items, where a protocol has some."""
    if scored.pool is None or scored.touched is None:
        return {}
    rows, items = scored.touched.pairs()
    touched = np.bincount(rows[scored.pool[items]], minlength=len(scored.users))
    return {
        "cold_items": int(scored.pool.sum()),
        "interactions_left_out": len(ordered) - len(split.train),
        "smallest_pool": int((scored.pool.sum() - touched).min(initial=scored.pool.sum())),
    }


def _tied_newest(ordered: Interactions) -> int:
    """Users whose two newest interactions have the same time."""
    same_user = ordered.users[1:] == ordered.users[:-1]
    ends_user = np.r_[ordered.users[2:] != ordered.users[1:-1], True][: len(same_user)]
    same_time = ordered.times[1:] == ordered.times[:-1]
    return int((same_user & ends_user & same_time).sum())


def _share_of_top(counts: NDArray[np.int64]) -> float:
    """The share of all interactions that the most popular 1 % of the items have. [n_items]"""
    most = max(1, round(len(counts) / 100))
    return float(np.sort(counts)[-most:].sum() / max(counts.sum(), 1))


def _moment(given: DataSet, which: int) -> str | None:
    """The first or the last time as ISO 8601, where times are moments.

    Not where they are of a finer unit than is known, as milliseconds would be taken for seconds.
    """
    times = given.interactions.times
    if not given.has_times or given.ticks is None or not len(times):
        return None
    if int(times.max()) // given.ticks >= LAST_SECOND:
        return None
    seconds = int((times.min(), times.max())[which]) // given.ticks
    return str(np.datetime64(seconds, "s"))


def _among_its_own(published: PublishedSplit | None, scored: Split) -> int:
    """Users whose held-out item is among the negatives that were published for them."""
    if published is None:
        return 0
    own = published.negatives[np.isin(published.users, scored.users)]
    return int((own == scored.held_out[:, None]).any(axis=1).sum())


def _names(features: Features | None) -> list[str]:
    if features is None:
        return []
    tags = [f"{len(features.multi_hot_names)} tags"] if features.multi_hot_names else []
    texts = [f"{name} (text)" for name in features.text_names]
    return [*features.categorical_names, *features.dense_names, *tags, *texts]


def too_few(found: Mapping[str, Any]) -> str:
    """What users have who cannot be tested."""
    if "cold_items" in found:
        return f"no cold item or fewer than {LEAST_IN_TRAIN} others"
    return f"fewer than {LEAST_ITEMS} items"


def _cold_lines(found: Mapping[str, Any]) -> Iterator[str]:
    if "cold_items" in found:
        yield (
            f"  {found['cold_items']:,} cold items, without {found['interactions_left_out']:,}"
            " interactions that no model learns from; each user is tested among"
            f" {found['smallest_pool']:,} of them or more"
        )


def step_words(step: Mapping[str, Any]) -> str:
    """What a filter left: "min_user=5: 300 rows, 40 users, 80 items"."""
    counts = (
        f"{step[what]:,} {what}" for what in ("rows", "users", "items") if step[what] is not None
    )
    return f"{step['name']}: {', '.join(counts)}"


def _tested(found: Mapping[str, Any]) -> str:
    """Who is tested."""
    tested, new = found["tested_users"], found.get("new_people", 0)
    if not new:
        return f"{tested:,} users tested, {found['untested_users']:,} with {too_few(found)} not"
    folds = f" in {found['folds']} folds" if "folds" in found else ""
    return (
        f"{new:,} of {found['users']:,} users are new{folds}, with nothing to learn from:"
        f" {tested:,} tested, {new - tested:,} with too few items not"
    )


def audit_lines(dataset: str, protocol: str, found: dict[str, Any]) -> str:
    """An audit for people to read, before any model runs."""
    users, tested, scored = found["users"], found["tested_users"], found["scored_users"]
    interactions = found["interactions"]
    tied = found["users_with_tied_newest_time"]
    first, last = found.get("first_time"), found.get("last_time")
    below, own = found["below_min_rating"], found["users_with_held_out_item_among_negatives"]
    too_low = f" and {below:,} rated too low" if below else ""
    published = f", {own:,} with the held-out item among the published ones" if own else ""
    lines = [
        f"{dataset}, protocol {protocol}",
        *(f"  {note}" for note in found.get("notes", ())),
        *(f"  {step_words(step)}" for step in found.get("steps", ())),
        f"  {users:,} users x {found['items']:,} items, {interactions:,} interactions"
        f" ({found['density']:.2%}), {found['repeated']:,} repeated{too_low}",
        f"  {_tested(found)}; {found['train_interactions']:,} interactions to learn from",
        *_cold_lines(found),
        *([f"  times from {first} to {last}"] if first and last else []),
        *([f"  a sample of {scored:,} of them scored, the others not"] if scored < tested else []),
        {
            "time": f"  {tied:,} users ({tied / max(users, 1):.0%}) have a tied newest time:"
            " their last item is the last in the source",
            "file": "  no times: a user's last item is the last in the source",
            "random": "  no order: one item of each user is held out at random",
        }[found.get("order", "time")],
        f"  {found['users_with_few_negatives']:,} users with fewer than {NEGATIVES} negatives"
        f"{published}",
        f"  {found['items_not_in_train']:,} items never occur in train, and"
        f" {found['cold_held_out_items']:,} users are tested on one of them",
    ]
    for of in ("user", "item"):
        names = found[f"{of}_features"]
        lines.append(f"  {of} features: {', '.join(names) or 'none'}")
    return "\n".join(lines)
