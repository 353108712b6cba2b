"""Recommendations: for a user of the data, and for a person who is not in it."""

from typing import Any

import numpy as np

from bench.retrieval.answer import Answer, facts_of, line_of, plain_id
from bench.retrieval.filters import Wanted
from bench.retrieval.in_use import InUse
from bench.retrieval.reasons import Parts, Reasons
from bench.retrieval.similar import item_of, named, top
from bench.retrieval.taste import Taste

_BY_POPULARITY = "nothing is known of them: popularity"
_HOW = {
    "own": "as those of a user of the data (own)",
    "alike": "from those of the users of the data with the most similar choices (alike)",
    "prior": "by least squares, drawn to the users of the data (prior)",
}


def for_user(
    use: InUse, user_id: str, *, n: int = 10, why: bool = True, wanted: Wanted | None = None
) -> Answer:
    """What a user of the data would like, without what they have in train.

    Args:
        use: the model.
        user_id: as in the data.
        n: how many at most.
        why: whether to give reasons.
        wanted: what they want to see. None: everything.

    Raises:
        UnknownUser: there is no such user.
        CannotBeRestored: of the model only item vectors are kept.
    """
    user = use.user(user_id)
    history = use.history(user)
    if len(history):
        parts, chosen = use.user_parts(user), use.chosen
    else:
        counts = use.kept.catalogue.users.astype(np.float64)
        parts, chosen, why = Parts(counts, ()), _BY_POPULARITY, False
    id_ = plain_id(use.kept.users()[0][user])
    return _ranked(
        use,
        parts,
        said=f"For user {id_}, by {named(use.kept, chosen)}",
        query={"recommend": {"user": id_}},
        seen=tuple(history.items.tolist()),
        n=n,
        why=why,
        wanted=wanted or Wanted(),
    )


def for_person(
    use: InUse,
    taste: Taste,
    *,
    way: str | None = None,
    n: int = 10,
    why: bool = True,
    wanted: Wanted | None = None,
) -> Answer:
    """What a person who is not in the data would like, of whom some likes and dislikes are known.

    A disliked item takes away half of what it would add as a liked one.

    Args:
        use: the model.
        taste: what they like and dislike.
        way: how to serve them, see `bench.fold_in`. None: own, where the model has it, else
            alike.
        n: how many at most.
        why: whether to give reasons.
        wanted: what they want to see. None: everything.

    Raises:
        UnknownName, BadParameter: the model has no such way.
        CannotBeRestored: only its vectors are kept.
    """
    way = way or use.way()
    parts = use.parts(taste.likes, way)
    if taste.dislikes:
        parts = parts.less(use.parts(taste.dislikes, way), use.parts((), way))
    likes, dislikes = (_listed(use, items) for items in (taste.likes, taste.dislikes))
    but = f", but not {dislikes}" if taste.dislikes else ""
    query: dict[str, Any] = {
        name: [item_of(use.kept, use.labels, item) for item in items]
        for name, items in (("likes", taste.likes), ("dislikes", taste.dislikes))
    }
    return _ranked(
        use,
        parts,
        said=f"For someone who likes {likes}{but}, by {named(use.kept, use.chosen)}",
        query={"recommend": query | {"way": way}},
        seen=(*taste.likes, *taste.dislikes),
        n=n,
        why=why,
        wanted=wanted or Wanted(),
        notes=(*taste.notes, f"Scores are made {_HOW[way]}.", *_on_order(use, taste, way)),
    )


def _on_order(use: InUse, taste: Taste, way: str) -> list[str]:
    """That the order of likes counts, where it does."""
    if way != "own" or len(taste.likes) < 2 or "order" not in use.kept.adapter().needs():
        return []
    return [f"For {use.kept.name} the order of the likes counts: what is named last is the latest."]


def _ranked(
    use: InUse,
    parts: Parts,
    *,
    said: str,
    query: dict[str, Any],
    seen: tuple[int, ...],
    n: int,
    why: bool,
    wanted: Wanted,
    notes: tuple[str, ...] = (),
) -> Answer:
    kept, labels = use.kept, use.labels
    left_out = wanted.left_out(kept.catalogue, labels)
    left_out[list(labels.twins(seen))] = True
    found = top(parts.scores.astype(np.float32), n, left_out)
    reasons = Reasons(parts, labels, use.nearness) if why else None
    lines = [
        line_of(
            kept,
            labels,
            item,
            place,
            float(parts.scores[item]),
            reasons.why(item) if reasons else "",
        )
        for place, item in enumerate(found.tolist(), start=1)
    ]
    return Answer(
        said=said,
        query=query | wanted.to_dict(),
        model=facts_of(kept),
        score_name="score",
        lines=tuple(lines),
        notes=(*notes, *([kept.note] if kept.note else [])),
    )


def _listed(use: InUse, items: tuple[int, ...]) -> str:
    """Titles for people; of many the first few."""
    some = [use.labels.title(item) for item in items[:5]]
    more = len(items) - len(some)
    return ", ".join([*some, f"and {more} more"] if more else some)
