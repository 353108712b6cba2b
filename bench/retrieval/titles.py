"""Items by what people call them: a title as it is typed, an id, several titles in one line."""

import re
from collections import defaultdict
from dataclasses import dataclass
from functools import cached_property

from bench.errors import UsageError
from bench.kept.catalogue import Catalogue
from bench.retrieval.labels import Labels
from bench.retrieval.names import (
    ARTICLES,
    joined,
    loose_names_of,
    names_of,
    names_typed,
    split_year,
    words_of,
)
from bench.retrieval.spelling import nearest
from bench.text import shown

MOST_JOINED = 8  # pieces between commas that may be one title
_ID = re.compile(r"(?:#|id:)\s*(\S.*)", re.IGNORECASE | re.DOTALL)
_YEAR_BEHIND = re.compile(r"(.*\S)[,\s]\s*(\d{4})", re.DOTALL)
_EMPTY = "an empty title finds nothing; type a part of it"
SURE = 3  # tiers of names that are a title's own, the loose ones left out


class NotFound(UsageError, LookupError):
    """Nothing is called so; the message lists what is near."""


class SeveralFound(UsageError, LookupError):
    """Several are called so; the message lists them."""


@dataclass(frozen=True)
class Match:
    """The item that somebody meant."""

    item: int  #: its number
    notes: tuple[str, ...] = ()  #: lines for people, on what else it could have been


class Titles:
    """The items of a catalogue, to be found by title or id."""

    def __init__(self, catalogue: Catalogue) -> None:
        self.labels = labels = Labels(catalogue)
        self._users = catalogue.users.tolist()
        # Ids that nobody would take for a title may be typed without a mark.
        numbers = catalogue.item_ids.dtype.kind in "iu"
        self._plain_ids = not numbers or labels.titles == labels.ids

    def find(self, text: str) -> Match:
        """The one item that is meant by a title, a title with its year, `#296` or `id:296`.

        Raises:
            NotFound: nothing is called so; the message lists titles with its words, or near it.
            SeveralFound: several are; the message lists them.
        """
        text = text.strip()
        given = _ID.fullmatch(text)
        for id_ in (given[1], text) if given else ():
            if id_ in self._by_id:
                return Match(self._by_id[id_])
        if not joined(text):
            raise NotFound(_EMPTY)
        found, weaker = self._called(text)
        if found:
            return self._one_of(text, found, weaker)
        if given:
            raise NotFound(self._unknown_id(given[1]))
        if self._plain_ids and text in self._by_id:
            return Match(self._by_id[text])
        raise NotFound(self._near(text))

    def search(self, text: str) -> list[int]:
        """Items that are called so, then those with all the words; else those that are near.

        Raises:
            NotFound: there is none, or the text is too short to search by.
        """
        try:
            return [self.find(text).item] if _ID.fullmatch(text.strip()) else self._search(text)
        except SeveralFound:
            return self._search(text)

    def split(self, text: str) -> list[str]:
        """The titles in a line: between semicolons, or else between commas.

        A title may have commas in it: pieces that together are a title are one, the longest first.
        """
        if self._is_title(text):
            return [text.strip()]
        if ";" in text:
            return [each.strip() for each in text.split(";") if each.strip()]
        pieces = [each.strip() for each in text.split(",") if each.strip()]
        found, start = [], 0
        while start < len(pieces):
            for end in range(min(len(pieces), start + MOST_JOINED), start, -1):
                together = ", ".join(pieces[start:end])
                if end == start + 1 or self._is_title(together):
                    found.append(together)
                    start = end
                    break
        return found

    @cached_property
    def _by_id(self) -> dict[str, int]:
        return {id_: item for item, id_ in enumerate(self.labels.ids)}

    @cached_property
    def _sure(self) -> tuple[dict[str, list[int]], ...]:
        """For each tier of names but the loose ones, the items that have a name in it."""
        tiers = tuple(defaultdict[str, list[int]](list) for _ in range(SURE))
        for item, title in enumerate(self.labels.titles):
            for tier, names in zip(tiers, names_of(title), strict=True):
                for name in names:
                    tier[name].append(item)
        return tiers

    @cached_property
    def _by_name(self) -> tuple[dict[str, list[int]], ...]:
        """The same for all tiers."""
        loose = defaultdict[str, list[int]](list)
        for item, title in enumerate(self.labels.titles):
            for name in loose_names_of(title):
                loose[name].append(item)
        return (*self._sure, loose)

    @cached_property
    def _words(self) -> list[list[str]]:
        return [words_of(title) for title in self.labels.titles]

    def _called(self, text: str) -> tuple[list[int], list[int]]:
        """Who is called so, by the surest names with anyone; and who else goes by this name."""
        name, year = split_year(text)
        behind = _YEAR_BEHIND.fullmatch(text) if year is None else None
        readings = [(name, year), *([(behind[1], int(behind[2]))] if behind else [])]
        for name, year in readings:
            typed = names_typed(name)
            for at, names in enumerate(typed):
                if found := self._named(names, year, at + 1):
                    others = self._named(typed.whole, year, SURE) if at < SURE else []
                    return found, [each for each in others if each not in found]
        return [], []

    def _named(self, names: frozenset[str], year: int | None, tiers: int) -> list[int]:
        """Who has one of the names in the first tiers, most users first. Of another year nobody."""
        known = self._sure[:tiers] if tiers <= SURE else self._by_name
        hits = {item for tier in known for name in names for item in tier.get(name, ())}
        if year is not None:
            hits = {item for item in hits if self.labels.years[item] == year}
        return sorted(hits, key=self._by_users)

    def _one_of(self, text: str, found: list[int], weaker: list[int]) -> Match:
        (first, *others), labels = found, self.labels
        same = {(joined(labels.titles[each]), labels.years[each]) for each in found}
        mark, label = labels.mark(first), labels.label(first)
        if others and (len(same) > 1 or labels.years[first] is None):
            raise SeveralFound(
                f"several are called {shown(text)}; type the year too, or the id, as '{mark}':\n"
                f"{labels.listing(found)}"
            )
        notes = []
        if others:
            left = ", ".join(f"{labels.mark(each)} ({self._users[each]:,})" for each in others)
            notes.append(
                f"{label} is in the catalogue {len(found)} times: {mark} with"
                f" {self._users[first]:,} users is taken, not {left}"
            )
        if weaker:
            left = "; ".join(f"{labels.label(each)}, {labels.mark(each)}" for each in weaker[:3])
            notes.append(f"{label} is taken; also called so: {left}")
        return Match(first, tuple(notes))

    def _search(self, text: str) -> list[int]:
        if not joined(text):
            raise NotFound(_EMPTY)
        found, weaker = self._called(text.strip())
        wanted = split_year(text)[0]
        further = [] if _too_short(wanted) else self._with_words(words_of(wanted))
        if items := list(dict.fromkeys([*found, *weaker, *further])):
            return items
        if _too_short(wanted):
            raise NotFound(f"{shown(text)} is too short to search by; type more of the title")
        if items := self._near_spellings(wanted):
            return items
        raise NotFound(f"nothing here is called {shown(text)}, nor anything near it")

    def _with_words(self, wanted: list[str]) -> list[int]:
        """Who has each word as one of the title's, or as the beginning of one."""
        found = []
        for item, words in enumerate(self._words):
            if all(any(_begins(word, each) for word in words) for each in wanted):
                whole = sum(each in words for each in wanted)
                found.append((-whole, *self._by_users(item), item))
        return [item for *_, item in sorted(found)]

    def _near_spellings(self, text: str) -> list[int]:
        keys = {joined(text), *names_typed(text).loose}
        known = (name for tier in self._by_name for name in tier)
        found: dict[int, None] = {}
        for name in nearest(keys, known):
            items = {each for tier in self._by_name for each in tier.get(name, ())}
            found |= dict.fromkeys(sorted(items, key=self._by_users))
        return list(found)[:5]

    def _near(self, text: str) -> str:
        """What to say where nothing is called so."""
        name, year = split_year(text)
        found, weaker = self._called(name) if year is not None else ([], [])
        if others := [*found, *weaker]:
            listing = self.labels.listing(others)
            return f"nothing here is called {shown(name)} of {year}, but:\n{listing}"
        if _too_short(name):
            return f"{shown(text)} is too short to search by; type more of the title"
        said = f"nothing here is called {shown(text)}"
        if items := self._with_words(words_of(name)):
            return f"{said}; titles with {_these(words_of(name))}:\n{self.labels.listing(items)}"
        if items := self._near_spellings(name):
            return f"{said}; near it:\n{self.labels.listing(items)}"
        return f"{said}, nor anything near it"

    def _unknown_id(self, id_: str) -> str:
        example = self.labels.mark(max(range(len(self.labels.ids)), key=self._users.__getitem__))
        close = nearest({id_}, self.labels.ids)[:3] if self._plain_ids else []
        hint = (
            f"Did you mean {', '.join(map(repr, close))}?" if close else f"An id here is {example}"
        )
        return f"no item has the id {shown(id_)}. {hint}"

    def _is_title(self, text: str) -> bool:
        name, year = split_year(text)
        return bool(self._named(names_typed(name).short, year, SURE)) or text in self._by_id

    def _by_users(self, item: int) -> tuple[int, int]:
        return -self._users[item], item


def _begins(word: str, wanted: str) -> bool:
    """Whether a word begins so; in a script without spaces, whether it has it anywhere."""
    return word.startswith(wanted) or (not wanted.isascii() and wanted in word)


def _too_short(text: str) -> bool:
    """Whether no word says anything: Latin ones of one or two letters, and articles."""
    return all(word in ARTICLES or (word.isascii() and len(word) < 3) for word in words_of(text))


def _these(words: list[str]) -> str:
    return "this word" if len(words) == 1 else "these words"
