"""Filters of what may be recommended: some genres, some years."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bench.errors import BadParameter, unknown
from bench.kept.catalogue import Catalogue
from bench.retrieval.labels import Labels
from bench.text import shown

_YEARS = re.compile(r"(\d{1,4})?\s*[-\u2013]\s*(\d{1,4})?|(\d{1,4})")


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What somebody wants to see; nothing at all is everything."""

    genres: tuple[str, ...] = ()  #: at least one of them
    years: tuple[int | None, int | None] | None = None  #: first and last

    @classmethod
    def of(cls, genres: Sequence[str], years: str | None, catalogue: Catalogue) -> "Wanted":
        """As it was typed, for a catalogue.

        Raises:
            UnknownName: no item has that genre.
            BadParameter: that is no range of years.
        """
        known = {each.casefold(): each for of_one in catalogue.genres for each in of_one}
        for genre in genres:
            if not known:
                raise BadParameter(
                    "--genre: no genres are known of these items; they are a column of tags, as"
                    " by --features genre=tags where the data are read"
                )
            if genre.strip().casefold() not in known:
                raise unknown("genre", genre, known.values())
        chosen = tuple(known[genre.strip().casefold()] for genre in genres)
        return cls(genres=chosen, years=None if years is None else parse_years(years))

    def left_out(self, catalogue: Catalogue, labels: Labels) -> NDArray[np.bool_]:
        """Which items somebody does not want to see: [I]. Of an unknown year is none of theirs.

        Raises:
            BadParameter: years are asked for, and none is known.
        """
        found = np.zeros(len(catalogue), dtype=np.bool_)
        if self.genres:
            wanted = set(self.genres)
            found |= np.array([not wanted & set(each) for each in catalogue.genres])
        if self.years is not None:
            years = np.array([np.nan if year is None else year for year in labels.years])
            if np.isnan(years).all():
                raise BadParameter("--years: no years are known of these items")
            first, last = self.years
            inside = np.ones(len(years), dtype=np.bool_) & ~np.isnan(years)
            inside &= years >= (-np.inf if first is None else first)
            inside &= years <= (np.inf if last is None else last)
            found |= ~inside
        return found

    def to_dict(self) -> dict[str, object]:
        """Fit for JSON; empty where everything is wanted."""
        found: dict[str, object] = {"genres": list(self.genres)} if self.genres else {}
        return found | ({"years": list(self.years)} if self.years else {})


def parse_years(text: str) -> tuple[int | None, int | None]:
    """A range as 1980-1999, 1980- (and later), -1999 (and before) or 1999.

    Raises:
        BadParameter: it is none.
    """
    found = _YEARS.fullmatch(text.strip())
    if not found or not any(found.groups()):
        raise BadParameter(f"years must be as 1980-1999, 1980-, -1999 or 1999, not {shown(text)}")
    first, last = (
        None if each is None else int(each) for each in (found[3] or found[1], found[3] or found[2])
    )
    if first is not None and last is not None and first > last:
        raise BadParameter(f"years end before they begin: {shown(text)}")
    return first, last
