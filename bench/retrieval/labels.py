"""Items as people read them: title, year, id."""

from collections.abc import Iterable

from bench.kept.catalogue import Catalogue
from bench.retrieval.names import display_title, split_year
from bench.text import one_line

MOST_LISTED = 10


class Labels:
    """Titles of a catalogue, each without its year, and the years."""

    def __init__(self, catalogue: Catalogue) -> None:
        """A year may stand behind a title, as in "Alien (1979)", or in a column of its own."""
        self.ids = [str(each) for each in catalogue.item_ids]
        self.titles: list[str] = []
        self.years: list[int | None] = []
        self._users = catalogue.users.tolist()
        for title, year in zip(catalogue.titles, catalogue.years, strict=True):
            name, behind = split_year(title)
            repeats = behind is not None and year in (None, behind)
            self.titles.append(name if repeats else title.strip())
            self.years.append(behind if repeats else year)

    def title(self, item: int) -> str:
        """A title as people say it, "The Godfather"; the id where there is none."""
        return one_line(display_title(self.titles[item])).strip() or one_line(self.ids[item])

    def label(self, item: int) -> str:
        """The same with its year, where that is known: "The Godfather (1972)"."""
        year = self.years[item]
        return self.title(item) if year is None else f"{self.title(item)} ({year})"

    def twins(self, items: Iterable[int]) -> set[int]:
        """These items, and those that are the same by title and year: one film twice."""
        found = set(items)
        named = {(self.titles[item], self.years[item]) for item in found}
        known = {each for each in named if each[1] is not None}
        pairs = zip(self.titles, self.years, strict=True)
        return found | {item for item, each in enumerate(pairs) if each in known}

    def mark(self, item: int) -> str:
        """The id as it can be typed: "#858"."""
        return f"#{one_line(self.ids[item])}"

    def listing(self, items: Iterable[int]) -> str:
        """A line for each item: its id, title, year, and how many users chose it."""
        items = list(items)
        some = items[:MOST_LISTED]
        columns = [self.mark] if self.titles == self.ids else [self.mark, self.label]
        widths = [max(len(column(each)) for each in some) for column in columns]
        lines = []
        for each in some:
            cells = (f"{column(each):<{w}}" for column, w in zip(columns, widths, strict=True))
            count = self._users[each]
            lines.append(f"  {'  '.join(cells)}  {count:,} {'user' if count == 1 else 'users'}")
        more = len(items) - len(some)
        return "\n".join([*lines, f"  and {more:,} more"] if more else lines)
