"""Recommendations, by every way of asking for them."""

from pathlib import Path

import numpy as np
import pytest
from kept import FILMS, TITLES, films, made_up_kept

from bench.errors import Problem, UsageError
from bench.kept.model import KeptModel
from bench.records.folder import Results
from bench.retrieval.answer import Answer
from bench.retrieval.filters import parse_years
from bench.retrieval.opened import Opened

NAMES = list(TITLES)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """als, the best; mf, which serves new people by alike alone; and popularity."""
    folder = tmp_path_factory.mktemp("kept")
    made_up_kept(folder, "als", factors=4, ndcg=0.5)
    made_up_kept(folder, "mf", factors=4, ndcg=0.4)
    made_up_kept(folder, "popularity", ndcg=0.2)
    return folder


@pytest.fixture(scope="module")
def opened(folder: Path) -> Opened:
    return Opened(Results(folder))


@pytest.fixture(scope="module")
def als(folder: Path) -> KeptModel:
    return Opened(Results(folder)).use("als").kept


def titles(answer: Answer) -> list[str]:
    return [line.title for line in answer.lines]


def test_a_user_of_the_data_gets_the_best_of_what_they_have_not_seen(
    opened: Opened, als: KeptModel
) -> None:
    answer = opened.recommend(user=6, n=5)
    scores = als.adapter().scores(np.array([5], dtype=np.int32))[0]
    seen = set(FILMS.items[FILMS.users == 5].tolist())
    wanted = [j for j in np.argsort(-scores) if j not in seen][:5]
    assert titles(answer) == [NAMES[j] for j in wanted]
    assert [line.score for line in answer.lines] == pytest.approx(scores[wanted])
    assert answer.said == (
        "For user 6, by als on made-up, loo-99 (the best of 3 kept models by exact NDCG@10)"
    )
    assert all(line.why.startswith("because of ") for line in answer.lines[:1])
    assert answer.query == {"recommend": {"user": 6}}


def test_a_new_person_gets_what_a_user_of_the_same_choices_would(
    opened: Opened, als: KeptModel
) -> None:
    answer = opened.recommend(likes=["Alien", "aliens", "Blade Runner"], n=3, model="als")
    people = opened.use("als").history(0)
    person = people.take(np.zeros(3, dtype=np.int64))
    person = type(person)(
        users=np.zeros(3, dtype=np.int32),
        items=np.array([0, 1, 2], dtype=np.int32),
        times=np.arange(3),
        n_users=1,
        n_items=len(NAMES),
    )
    scores = als.adapter().welcome(person).scores(np.zeros(1, dtype=np.int32))[0]
    wanted = [j for j in np.argsort(-scores) if j > 2][:3]
    assert titles(answer) == [NAMES[j] for j in wanted]
    assert set(titles(answer)) <= set(NAMES[:6])
    assert answer.query["recommend"]["way"] == "own"
    assert answer.query["recommend"]["likes"][0] == {"id": 101, "title": "Alien", "year": 1979}


def test_a_model_without_a_way_of_its_own_serves_by_who_is_alike(opened: Opened) -> None:
    answer = opened.recommend(likes="Alien, Aliens", model="mf")
    assert answer.query["recommend"]["way"] == "alike"
    assert "Alien" not in titles(answer)
    with pytest.raises(UsageError, match="cannot serve new people by 'own', but by alike"):
        opened.recommend(likes="Alien", model="mf", way="own")


def test_one_line_of_likes_and_a_list_are_the_same(opened: Opened) -> None:
    line = opened.recommend(likes="Alien, Antz")
    for likes in (["Alien", "Antz"], ["Alien, Antz"], ("#101", 111), [101, "antz (1998)"]):
        assert opened.recommend(likes=likes) == line  # type: ignore[arg-type]


def test_dislikes_are_left_out_and_push_down(opened: Opened) -> None:
    plain = opened.recommend(likes=["Toy Story", "Alien"], n=16, way="prior")
    less = opened.recommend(likes=["Toy Story", "Alien"], dislikes=["Aliens"], n=16, way="prior")
    assert "Aliens" in titles(plain) and "Aliens" not in titles(less)
    scores = {line.title: line.score for line in plain.lines}
    fallen = {line.title: line.score - scores[line.title] for line in less.lines}  # type: ignore[operator]
    assert fallen["The Terminator"] < fallen["Mulan"]
    assert less.said.startswith("For someone who likes Toy Story, Alien, but not Aliens, by als")


def test_filters_leave_out_genres_and_years(opened: Opened) -> None:
    found = opened.recommend(user=1, n=100, genres="animation", years="1995-")
    assert found.lines
    assert all("Animation" in line.genres and line.year >= 1995 for line in found.lines)  # type: ignore[operator]
    assert found.query["genres"] == ["Animation"] and found.query["years"] == [1995, None]
    both = opened.recommend(user=1, n=100, genres=["Crime", "Horror"])
    assert both.lines and all({"Crime", "Horror"} & set(line.genres) for line in both.lines)
    with pytest.raises(UsageError, match=r"unknown genre 'Animatoin'\. Did you mean 'Animation'"):
        opened.recommend(user=1, genres="Animatoin")


@pytest.mark.parametrize(
    ("text", "years"),
    [
        ("1980-1999", (1980, 1999)),
        ("1980 - 1999", (1980, 1999)),
        ("1980-", (1980, None)),
        ("-1999", (None, 1999)),
        ("1999", (1999, 1999)),
    ],
)
def test_years_are_read(text: str, years: tuple[int | None, int | None]) -> None:
    assert parse_years(text) == years


@pytest.mark.parametrize("text", ["", "-", "eighties", "1999-1980", "1980-1990-2000", "19 80"])
def test_other_years_are_refused(text: str) -> None:
    with pytest.raises(UsageError, match="years"):
        parse_years(text)


def test_an_unknown_user_is_told_the_range_and_an_example(opened: Opened) -> None:
    said = r"no user has the id '999'; ids are whole numbers from 1 to 40, as 21"
    with pytest.raises(UsageError, match=said):
        opened.recommend(user=999)


def test_text_ids_of_users_are_found_and_the_nearest_is_named(tmp_path: Path) -> None:
    train = films()
    ids = np.array([f"anna-{j}" for j in range(train.n_users)], dtype=object)
    object.__setattr__(train, "user_ids", ids)
    made_up_kept(tmp_path, "als", factors=4, train=train)
    own = Opened(Results(tmp_path))
    assert own.recommend(user="anna-7").said.startswith("For user anna-7, by als")
    with pytest.raises(UsageError, match="no user has the id 'ana-7'; the nearest is 'anna-7'"):
        own.recommend(user="ana-7")


def test_of_a_user_without_train_items_nothing_is_known(tmp_path: Path) -> None:
    train = films()
    made_up_kept(tmp_path, "als", factors=4, train=train.take(train.users != 3))
    answer = Opened(Results(tmp_path)).recommend(user=4, n=3)
    assert "(nothing is known of them: popularity)" in answer.said
    users = [line.users for line in answer.lines]
    assert users == sorted(np.bincount(train.items[train.users != 3]))[::-1][:3]


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({}, "recommend takes a user or likes"),
        ({"user": 1, "likes": "Alien"}, "recommend takes a user or likes, not both"),
        ({"user": 1, "dislikes": "Alien"}, "dislikes go with likes"),
        ({"likes": ["Alien"] * 201}, "at most 200 likes, not 201"),
        ({"likes": "Alien", "dislikes": ["Alien"] * 201}, "at most 200 dislikes, not 201"),
        ({"likes": "Alien, Antz", "dislikes": "antz, #101"}, "liked and disliked: Antz.*Alien"),
        ({"likes": "Xqz, Wvk"}, "nothing to recommend from: .*'Xqz'.*; .*'Wvk'"),
        ({"likes": "Se7en"}, "Se7en .1995. was chosen by nobody that the model learned from"),
        ({"likes": " , "}, "nothing liked is named"),
        ({"user": 1, "way": "own"}, "a way is for who is not in the data"),
        ({"likes": 50}, r"likes takes a list of titles, as \['Alien', 296\], not 50"),
        ({"likes": [None]}, "a title is a text, as 'Alien', or an id"),
        ({"likes": "Alien", "n": 0}, "n must be a whole number from 1 on, not 0"),
        ({"likes": "Alien", "n": -1}, "n must be a whole number from 1 on, not -1"),
        ({"likes": "Alien", "years": 1990}, "years takes a text, as '1980-1999'"),
        ({"likes": "Alien", "genres": 3}, "genres takes texts"),
        ({"likes": "Alien", "model": 3}, "model takes a text"),
        ({"likes": "Alien", "model": "mf", "way": "prior"}, "^mf cannot serve new people"),
        ({"likes": "Alien", "way": "pror"}, "unknown way to serve new people 'pror'"),
        ({"likes": "Alien", "model": "alz"}, "unknown kept model 'alz'. Did you mean 'als'"),
    ],
)
def test_what_cannot_be_answered_is_refused_in_a_line(
    opened: Opened, asked: dict[str, object], said: str
) -> None:
    with pytest.raises(UsageError, match=said):
        opened.recommend(**asked)  # type: ignore[arg-type]


def test_unknown_and_cold_likes_are_named_and_left_out(opened: Opened) -> None:
    answer = opened.recommend(likes="Alien, Xqz, Se7en", dislikes="Wvk")
    assert answer.said.startswith("For someone who likes Alien, by als")
    assert answer.notes[:3] == (
        "Left out: nothing here is called 'Xqz', nor anything near it",
        "Left out: Se7en (1995) was chosen by nobody that the model learned from",
        "Left out: nothing here is called 'Wvk', nor anything near it",
    )
    assert answer.lines == opened.recommend(likes="Alien").lines


def test_where_the_order_of_likes_counts_it_is_said(opened: Opened, tmp_path: Path) -> None:
    made_up_kept(tmp_path, "ease", half_life=1.0)
    recent = Opened(Results(tmp_path))
    said = "For ease the order of the likes counts: what is named last is the latest."
    assert said in recent.recommend(likes="Alien, Antz").notes
    assert said not in recent.recommend(likes="Alien").notes
    assert not any("order" in note for note in opened.recommend(likes="Alien, Antz").notes)
    one, other = (recent.recommend(likes=each, n=1) for each in ("Antz, Alien", "Alien, Antz"))
    assert titles(one) != titles(other)


def test_more_than_there_are_is_the_whole_catalogue(opened: Opened) -> None:
    assert len(opened.recommend(likes="Alien", n=10_000).lines) == len(NAMES) - 1


def test_reasons_can_be_left_out(opened: Opened) -> None:
    answer = opened.recommend(likes="Alien", why=False)
    assert not any(line.why for line in answer.lines)
    assert "why" not in repr(answer).splitlines()[2]


def test_a_film_that_is_twice_in_the_catalogue_is_known_twice(tmp_path: Path) -> None:
    train = films()
    assert train.item_features is not None
    labels = ("Aliens", "Aliens", *train.item_features.labels[2:])  # type: ignore[index]
    object.__setattr__(train.item_features, "labels", labels)
    years = train.item_features.dense.copy()
    years[:2] = 1986
    object.__setattr__(train.item_features, "dense", years)
    made_up_kept(tmp_path, "als", factors=4, train=train)
    opened = Opened(Results(tmp_path))
    answer = opened.recommend(likes="Aliens", n=100)
    assert "Aliens" not in titles(answer)
    assert "Aliens" not in titles(opened.similar("Aliens", n=100))
    with pytest.raises(UsageError, match=r"liked and disliked: Aliens \(1986\), which is #10[12]"):
        opened.recommend(likes=["#101"], dislikes=["#102"])
    assert any("2 times" in note for note in answer.notes)


def test_where_only_a_profile_is_kept_another_model_is_named(tmp_path: Path) -> None:
    profile = np.random.default_rng(0).normal(size=(len(NAMES), 3)).astype(np.float32)
    made_up_kept(tmp_path, "ncf", vectors=profile, kind="profile", ndcg=0.6)
    opened = Opened(Results(tmp_path))
    said = "no kept model can recommend: .* bench run --models als --keep"
    with pytest.raises(Problem, match=said):
        opened.recommend(user=1)
    made_up_kept(tmp_path, "als", factors=4)
    opened = Opened(Results(tmp_path))
    with pytest.raises(Problem, match="only its profile is kept; choose by --model one of: als"):
        opened.recommend(user=1, model="ncf")
    assert ", by als on made-up" in opened.recommend(user=1).said
    assert ", by ncf on made-up" in opened.similar("Alien").said


def test_vectors_alone_serve_the_users_of_the_data(tmp_path: Path) -> None:
    kept = made_up_kept(tmp_path, "als", factors=4, with_state=False)
    opened = Opened(Results(tmp_path))
    answer = opened.recommend(user=2, n=4)
    vectors = kept.users()[1]
    assert vectors is not None
    scores = kept.item_vectors @ vectors[1]
    seen = set(FILMS.items[FILMS.users == 1].tolist())
    assert titles(answer) == [NAMES[j] for j in np.argsort(-scores) if j not in seen][:4]
    with pytest.raises(Problem, match="of none there is a state to restore"):
        opened.recommend(likes="Alien")
