"""Items are found by what people type."""

import os
import re
from pathlib import Path

import numpy as np
import pytest
from catalogues import FILMS, catalogue
from hypothesis import given
from hypothesis import strategies as st

from bench.errors import UsageError
from bench.kept.catalogue import Catalogue
from bench.registry.datasets import load_data
from bench.retrieval.names import joined
from bench.retrieval.titles import NotFound, SeveralFound, Titles

TITLES = Titles(FILMS)


def found(text: str, titles: Titles = TITLES) -> str:
    return titles.labels.label(titles.find(text).item)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("Toy Story", "Toy Story (1995)"),
        ("  toy   STORY ", "Toy Story (1995)"),
        ("toystory!", "Toy Story (1995)"),
        ("Godfather, The", "The Godfather (1972)"),
        ("The Godfather", "The Godfather (1972)"),
        ("godfather", "The Godfather (1972)"),
        ("the godfather part 2", "The Godfather: Part II (1974)"),
        ("Seven", "Seven (Se7en) (1995)"),
        ("Se7en", "Seven (Se7en) (1995)"),
        ("seven (se7en)", "Seven (Se7en) (1995)"),
        ("Leon", "The Professional (a.k.a. Leon: The Professional) (1994)"),
        ("Leon: The Professional", "The Professional (a.k.a. Leon: The Professional) (1994)"),
        ("professional (1994)", "The Professional (a.k.a. Leon: The Professional) (1994)"),
        ("Hamlet (1948)", "Hamlet (1948)"),
        ("hamlet [1948]", "Hamlet (1948)"),
        ("Hamlet 1948", "Hamlet (1948)"),
        ("les miserables", "Les Misérables (1995)"),
        ("Miserables, Les", "Les Misérables (1995)"),
        ("Misérables", "Les Misérables (1995)"),
        ("Il Postino", "Il Postino (The Postman) (1994)"),
        ("postman", "Il Postino (The Postman) (1994)"),
        ("Der Himmel ueber Berlin", "Wings of Desire (Der Himmel über Berlin) (1987)"),
        ("Himmel über Berlin", "Wings of Desire (Der Himmel über Berlin) (1987)"),
        ("der himmel uber berlin", "Wings of Desire (Der Himmel über Berlin) (1987)"),
        ("Dr Strangelove", "Dr. Strangelove or: How I Learned to Stop Worrying (1963)"),
        ("ET", "E.T. the Extra-Terrestrial (1982)"),
        ("M", "M (1931)"),
        ("empire strikes back", "Star Wars: Episode V - The Empire Strikes Back (1980)"),
        ("star wars: episode 5", "Star Wars: Episode V - The Empire Strikes Back (1980)"),
        ("star wars: episode five", "Star Wars: Episode V - The Empire Strikes Back (1980)"),
        ("toy story two", "Toy Story 2 (1999)"),
        ("Killer", "Killer (1994)"),
        ("The Killer", "The Killer (Die xue shuang xiong) (1989)"),
        ("$", "$ (1971)"),
        ("Schindlers List", "Schindler's List (1993)"),
        ("Schindler\u2019s list", "Schindler's List (1993)"),
        ("#296", "Pulp Fiction (1994)"),
        ("id:296", "Pulp Fiction (1994)"),
        ("ID: 296", "Pulp Fiction (1994)"),
    ],
)
def test_one_match_is_taken(typed: str, meant: str) -> None:
    assert found(typed) == meant


@pytest.mark.parametrize(
    ("typed", "title"),
    [
        ("12 monkeys", "Twelve Monkeys"),
        ("twelve angry men", "12 Angry Men"),
        ("101 dalmatians", "One Hundred and One Dalmatians"),
        ("a hundred and one dalmatians", "101 Dalmatians"),
        ("28 days", "Twenty-Eight Days"),
        ("ninety nine", "99"),
    ],
)
def test_numbers_in_words_are_numbers(typed: str, title: str) -> None:
    rows = [(1, title, None, 5), (2, "Monkeys", None, 9), (3, "Days", None, 9)]
    assert Titles(catalogue(rows)).find(typed).item == 0  # type: ignore[arg-type]


def test_of_a_film_that_is_twice_in_the_catalogue_the_one_with_more_users_is_taken() -> None:
    for typed in ("Chasing Amy", "chasing amy (1997)"):
        match = TITLES.find(typed)
        assert FILMS.item_ids[match.item] == 268
        assert match.notes == (
            "Chasing Amy (1997) is in the catalogue 2 times: #268 with 255 users is taken,"
            " not #246 (124)",
        )


def test_another_that_is_nearly_called_so_is_named() -> None:
    assert TITLES.find("Killer").notes == (
        "Killer (1994) is taken; also called so: The Killer (Die xue shuang xiong) (1989), #1218",
    )
    assert TITLES.find("The Killer").notes == ()


def test_several_are_listed_with_years_and_users() -> None:
    with pytest.raises(SeveralFound) as error:
        TITLES.find("Hamlet")
    assert str(error.value) == (
        "several are called 'Hamlet'; type the year too, or the id, as '#1411':\n"
        "  #1411  Hamlet (1996)  382 users\n"
        "  #1941  Hamlet (1948)  113 users"
    )
    with pytest.raises(SeveralFound, match="Phantom Menace"):
        TITLES.find("star wars")


def test_without_a_year_equal_titles_are_not_taken_for_the_same() -> None:
    with pytest.raises(SeveralFound, match=r"#12 .*\n.*#11 "):
        TITLES.find("Nobody Knows")


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("Strangelove", "titles with this word:\n  #750  Dr. Strangelove"),
        ("worrying stop", "titles with these words:\n  #750 "),
        ("Toy Stroy", "near it:\n  #1     Toy Story (1995)"),
        ("Godfathr", "near it:\n  #858   The Godfather (1972)"),
        ("Alien (1980)", "nothing here is called 'Alien' of 1980, but:\n  #1214  Alien (1979)"),
        ("xqzwvk", "nothing here is called 'xqzwvk', nor anything near it"),
        ("The", "'The' is too short to search by"),
        ("of", "'of' is too short to search by"),
        ("", "an empty title finds nothing"),
        ("  ", "an empty title finds nothing"),
        ("#999", "no item has the id '999'. An id here is #1196"),
        ("id:Alien", "no item has the id 'Alien'"),
        ("296", "nothing here is called '296'"),
    ],
)
def test_where_nothing_is_called_so_what_is_near_is_listed(typed: str, said: str) -> None:
    with pytest.raises(NotFound, match=re.escape(said)):
        TITLES.find(typed)


def test_a_long_list_is_cut() -> None:
    many = catalogue([(j, f"Part {j} of it", None, j) for j in range(25)])
    with pytest.raises(NotFound) as error:
        Titles(many).find("part it")
    lines = str(error.value).splitlines()
    assert (len(lines), lines[1], lines[-1]) == (
        12,
        "  #24  Part 24 of it  24 users",
        "  and 15 more",
    )


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("Alien, Godfather, The, Se7en", ["Alien", "Godfather, The", "Se7en"]),
        ("I, Worst of All, Alien", ["I, Worst of All", "Alien"]),
        ("Alien; Godfather, The", ["Alien", "Godfather, The"]),
        ("Postino, Il (1994), Misérables, Les", ["Postino, Il (1994)", "Misérables, Les"]),
        ("Alien,, #296 ,", ["Alien", "#296"]),
        ("Godfather, Of, Soul", ["Godfather", "Of", "Soul"]),
        ("Alien", ["Alien"]),
        (" , ;", [","]),
        ("", []),
    ],
)
def test_titles_in_a_line_are_told_apart(typed: str, meant: list[str]) -> None:
    assert TITLES.split(typed) == meant


def test_a_search_lists_what_is_called_so_before_what_has_the_words() -> None:
    def labels(text: str) -> list[str]:
        return [TITLES.labels.label(item) for item in TITLES.search(text)]

    assert labels("alien") == ["Alien (1979)", "Aliens (1986)"]
    assert labels("hamlet") == ["Hamlet (1996)", "Hamlet (1948)"]
    assert labels("story") == ["Toy Story (1995)", "Toy Story 2 (1999)"]
    assert labels("Toy Stroy") == ["Toy Story (1995)", "Toy Story 2 (1999)"]
    assert labels("#296") == ["Pulp Fiction (1994)"]
    assert labels("killer")[:2] == ["Killer (1994)", "The Killer (Die xue shuang xiong) (1989)"]
    for text, said in (("the", "too short"), ("", "empty"), ("xqzwvk", "nothing here")):
        with pytest.raises(NotFound, match=said):
            TITLES.search(text)


def test_ids_that_look_like_titles_are_found_as_they_are() -> None:
    own = Titles(
        catalogue([("Alien", "Alien", None, 5), ("#1", "#1", None, 4), ("b-2", "b-2", None, 3)])
    )
    assert [own.find(text).item for text in ("Alien", "#Alien", "id:Alien")] == [0, 0, 0]
    assert [own.find(text).item for text in ("#1", "id:#1", "1")] == [1, 1, 1]
    assert [own.find(text).item for text in ("b-2", "B 2", "#b-2")] == [2, 2, 2]
    with pytest.raises(NotFound, match=r"no item has the id 'b-3'\. Did you mean 'b-2'\?"):
        own.find("#b-3")


def test_without_titles_an_item_is_listed_by_its_id_alone() -> None:
    own = Titles(catalogue([(f"SKU {j}", f"SKU {j}", None, j) for j in range(3)]))
    with pytest.raises(NotFound, match=r"\n  #SKU 2  2 users\n  #SKU 1  1 user\n"):
        own.find("SKU")


def test_text_ids_beside_titles_need_no_mark_where_no_title_is_equal() -> None:
    own = Titles(catalogue([("B0017", "Kettle", None, 5), ("Kettle", "Teapot", None, 4)]))
    assert own.find("B0017").item == 0
    assert own.find("kettle").item == 0
    assert own.find("#Kettle").item == 1


def test_a_year_may_stand_in_the_title_alone() -> None:
    own = Titles(catalogue([("a", "Solaris (1972)", None, 5), ("b", "Solaris (2002)", 2002, 4)]))
    assert [own.find(text).item for text in ("Solaris 1972", "solaris (2002)")] == [0, 1]
    assert [own.labels.label(item) for item in (0, 1)] == ["Solaris (1972)", "Solaris (2002)"]
    with pytest.raises(SeveralFound):
        own.find("Solaris")


def test_other_scripts() -> None:
    titles = ("英雄", "千と千尋の神隠し", "Жук", "ガンダム", "Straße, Die", "हिन्दी")
    own = Titles(catalogue([(j, title, None, 1) for j, title in enumerate(titles)]))
    typed = ("英雄", "千と千尋の神隠し", "жук", "ガンダム", "die strasse", "हिन्दी")
    assert [own.find(text).item for text in typed] == list(range(6))
    assert own.search("神隠し") == [1]
    with pytest.raises(NotFound, match="千と千尋の神隠し"):
        own.find("千尋")


def test_titles_cannot_steer_a_terminal() -> None:
    own = Titles(catalogue([("a", "Red \x1b[31mStory\n", None, 5), ("b", "\x07", None, 4)]))
    assert [own.labels.label(item) for item in (0, 1)] == ["Red  [31mStory", "b"]
    assert "\x1b" not in own.labels.listing([0, 1])


WORDS = st.text("abcäé ,:-'().1", min_size=1, max_size=12)
ROWS = st.lists(
    st.tuples(WORDS, st.none() | st.integers(1930, 1932), st.integers(0, 9)), min_size=1, max_size=8
)


@given(ROWS)
def test_every_title_finds_an_item_of_that_name(rows: list[tuple[str, int | None, int]]) -> None:
    titles = Titles(catalogue([(j, *row) for j, row in enumerate(rows)]))
    for item, (title, _, _) in enumerate(rows):
        assert titles.find(f"id:{item}").item == item
        if not joined(title):
            continue
        for typed in (title, title.upper(), f" {title} ", titles.labels.label(item)):
            try:
                assert joined(titles.labels.title(titles.find(typed).item)) != ""
            except SeveralFound as error:
                assert f"#{item} " in str(error)


@given(ROWS)
def test_a_line_of_titles_is_only_cut_and_joined(rows: list[tuple[str, int | None, int]]) -> None:
    titles = Titles(catalogue([(j, *row) for j, row in enumerate(rows)]))
    line = ", ".join(row[0] for row in rows)
    again = ",".join(titles.split(line))
    assert re.sub(r"[\s,]", "", again) == re.sub(r"[\s,]", "", line)


@given(st.text(max_size=20))
def test_whatever_is_typed_is_an_answer_or_a_line(text: str) -> None:
    for ask in (TITLES.find, TITLES.search):
        try:
            ask(text)
        except UsageError as error:
            assert str(error)
    assert all(TITLES.split(text)) and np.all(FILMS.users >= 0)


@pytest.mark.slow
@pytest.mark.skipif("ML_1M" not in os.environ, reason="ML_1M names no folder with MovieLens-1M")
def test_nearly_all_titles_of_movielens_1m_find_their_film_alone() -> None:
    """The counts of docs/use-a-model.md: by title alone, and with the year."""
    data = load_data("movielens_1m", Path(os.environ["ML_1M"])).interactions
    catalogue = Catalogue.of(data)
    titles = Titles(catalogue)
    alone = with_year = 0
    for item, (title, year) in enumerate(zip(catalogue.titles, catalogue.years, strict=True)):
        alone += _finds(titles, title, item)
        with_year += _finds(titles, f"{title} ({year})", item)
    assert (len(catalogue), alone, with_year) == (3706, 3620, 3706)


def _finds(titles: Titles, typed: str, item: int) -> bool:
    try:
        return titles.find(typed).item == item
    except (NotFound, SeveralFound):
        return False
