"""Likes and dislikes of a person who is not in the data, as numbers of items."""

from collections.abc import Sequence
from dataclasses import dataclass

from bench.errors import UsageError
from bench.kept.catalogue import Catalogue
from bench.retrieval.labels import Labels
from bench.retrieval.titles import NotFound, Titles

MOST_LIKES = 200


class NothingLiked(UsageError, LookupError):
    """None of the titles that a person likes is known."""


@dataclass(frozen=True)
class Taste:
    """Items by number, in the order in which they were named."""

    likes: tuple[int, ...]
    dislikes: tuple[int, ...]
    notes: tuple[str, ...]  #: a line each, on titles that were left out or could be others

    @classmethod
    def of(
        cls,
        titles: Titles,
        catalogue: Catalogue,
        likes: Sequence[str],
        dislikes: Sequence[str] = (),
    ) -> "Taste":
        """The items that these titles or ids mean; unknown ones are named and left out.

        Raises:
            NothingLiked: none of the liked ones is known, or nobody in train chose any.
            SeveralFound: a title means several items; the message lists them.
            UsageError: there are more than 200, or one is liked and disliked.
        """
        for what, given in (("likes", likes), ("dislikes", dislikes)):
            if len(given) > MOST_LIKES:
                raise UsageError(f"at most {MOST_LIKES} {what}, not {len(given):,}")
        if not likes:
            raise NothingLiked("nothing liked is named; --likes takes titles, as --likes 'Alien'")
        notes: list[str] = []
        liked, unknown = _items(titles, catalogue, likes, notes)
        if not liked:
            raise NothingLiked(f"nothing to recommend from: {'; '.join(unknown)}")
        disliked, others = _items(titles, catalogue, dislikes, notes)
        both = [said for item in disliked if (said := _both(titles.labels, item, liked))]
        if both:
            raise UsageError(f"liked and disliked: {', '.join(both)}")
        left_out = [f"Left out: {each}" for each in (*unknown, *others)]
        return cls(tuple(liked), tuple(disliked), (*left_out, *notes))


def _both(labels: Labels, item: int, liked: Sequence[int]) -> str:
    """What to say of a disliked item that is liked too, itself or as a twin of it; else ""."""
    if item in liked:
        return labels.label(item)
    same = labels.twins([item]) & set(liked)
    marks = " and ".join(labels.mark(each) for each in (*sorted(same), item))
    return f"{labels.label(item)}, which is {marks}" if same else ""


def _items(
    titles: Titles, catalogue: Catalogue, given: Sequence[str], notes: list[str]
) -> tuple[list[int], list[str]]:
    """The items, each once, and what to say of titles that cannot be used."""
    found: dict[int, None] = {}
    unusable = []
    for title in given:
        try:
            match = titles.find(title)
        except NotFound as error:
            unusable.append(str(error))
            continue
        if catalogue.users[match.item]:
            found[match.item] = None
            notes += match.notes
        else:
            label = titles.labels.label(match.item)
            unusable.append(f"{label} was chosen by nobody that the model learned from")
    return list(found), unusable
