"""MovieLens 100K and 1M from made files in the publishers' formats."""

import hashlib
import importlib
import zipfile

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from same_data import assert_same

from bench.data.delimited import BadData
from bench.data.fetch import DataUnavailable

movielens = importlib.import_module("bench.datasets.shared.movielens")
movielens_100k = importlib.import_module("bench.datasets.movielens_100k")
movielens_1m = importlib.import_module("bench.datasets.movielens_1m")

# Made-up people and films, in the formats of MovieLens 100K. Film 9 is never rated.
RATINGS_100K = "3\t7\t4\t900000002\n1\t9\t5\t900000001\n1\t7\t1\t900000001\n"
USERS_100K = [
    ("1", "24", "M", "technician", "55555"),
    ("3", "53", "F", "other", "T1A2B"),
]
FILMS_100K = [
    # id, title, year, genres, and the title and year that RecBole's files would have
    ("12", "Never Rated", "1962", ["Drama"], "Never Rated", "1962"),
    ("7", "Example, The", "1995", ["Animation", "Children's"], "Example, The", "1995"),
    ("9", "Étude (Study)", "1931", ["Film-Noir"], "Étude (Study)", "1931"),
    ("8", "Sequel 3", "1996) (V", ["Comedy"], "Sequel 3 (1996)", "V"),
    ("4", "unknown", None, ["unknown"], "unkonwn", "unkonwn"),
]


def write_grouplens_100k(folder):
    folder.mkdir(parents=True)
    (folder / "u.data").write_text(RATINGS_100K)
    (folder / "u.user").write_text("".join("|".join(user) + "\n" for user in USERS_100K))
    lines = []
    for film, title, year, genres, *_ in FILMS_100K:
        flags = ["01"[genre in genres] for genre in movielens_100k.GENRES]
        full_title = f"{title}  ({year}) " if year else title
        lines.append("|".join([film, full_title, "", "", "", *flags]))
    (folder / "u.item").write_bytes("\n".join([*lines, ""]).encode("latin-1"))
    return folder


def write_recbole_100k(folder):
    folder.mkdir(parents=True)
    header = movielens_100k.RECBOLE_RATINGS_HEADER
    (folder / "ml-100k.inter").write_text(f"{header}\n{RATINGS_100K}")
    users = ["\t".join(user) for user in USERS_100K]
    users = [movielens_100k.RECBOLE_USERS_HEADER, *users, ""]
    (folder / "ml-100k.user").write_text("\n".join(users))
    films = [
        f"{film}\t{title}\t{year}\t{' '.join(genres)}"
        for film, _, _, genres, title, year in FILMS_100K
    ]
    films = [movielens_100k.RECBOLE_ITEMS_HEADER, *films, ""]
    (folder / "ml-100k.item").write_text("\n".join(films), encoding="utf-8")
    return folder


def write_1m(folder):
    folder.mkdir(parents=True)
    (folder / "ratings.dat").write_text("2::30::4::978300760\n1::10::5::978300761\n")
    (folder / "users.dat").write_text("1::F::1::10::48067\n2::M::56::16::70072-1234\n")
    films = (
        "10::Étude (1931)::Animation|Children's\n20::Never Rated (1999)::War\n30::Last::Sci-Fi\n"
    )
    (folder / "movies.dat").write_bytes(films.encode("latin-1"))
    return folder


def zipped(folder, archive, inside):
    with zipfile.ZipFile(archive, "w") as opened:
        for file in folder.iterdir():
            opened.write(file, inside + file.name)
    return archive


# MovieLens 100K


def test_100k_from_grouplens_files(tmp_path, capsys):
    data = movielens_100k.load(write_grouplens_100k(tmp_path / "ml-100k"))
    assert data.user_ids.tolist() == [1, 3]
    assert data.item_ids.tolist() == [4, 7, 8, 9, 12]
    assert (data.n_users, data.n_items) == (2, 5)
    # The file's order, which decides ties of time.
    assert data.users.tolist() == [1, 0, 0]
    assert data.items.tolist() == [1, 3, 1]
    assert data.ratings.tolist() == [4, 5, 1]
    assert data.times.tolist() == [900000002, 900000001, 900000001]

    users, films = data.user_features, data.item_features
    assert users.dense.tolist() == [[24], [53]]
    assert users.categorical_names == ("gender", "occupation", "region")
    assert users.categorical_sizes == (2, 21, 11)
    occupations = movielens_100k.OCCUPATIONS
    assert users.categorical.tolist() == [
        [1, occupations.index("technician"), 5],
        [0, occupations.index("other"), 10],
    ]
    assert films.labels == ("unknown", "Example, The", "Sequel 3", "Étude (Study)", "Never Rated")
    np.testing.assert_array_equal(films.dense[:, 0], [np.nan, 1995, 1996, 1931, 1962])
    assert len(films.multi_hot_names) == 19
    tagged = [set(np.array(films.multi_hot_names)[row]) for row in films.multi_hot]
    assert tagged[:2] == [{"unknown"}, {"Animation", "Children's"}]

    digest = hashlib.sha256(RATINGS_100K.encode()).hexdigest()
    assert data.source.startswith(
        f"ml-100k/, not the publisher's file (u.data has SHA-256 {digest}): other counts, "
    )
    warning = capsys.readouterr().err
    assert warning.startswith("warning: ") and "not the publisher's file" in warning
    assert warning.count("\n") == 1


def test_100k_is_the_same_from_every_place(tmp_path):
    grouplens = write_grouplens_100k(tmp_path / "one" / "ml-100k")
    recbole = write_recbole_100k(tmp_path / "two" / "ml-100k")
    places = [grouplens, grouplens.parent, recbole, recbole.parent]
    for folder, layout in (
        (grouplens, movielens_100k.GROUPLENS),
        (recbole, movielens_100k.RECBOLE),
    ):
        for inside in (layout.inside, ""):
            at = tmp_path / f"{len(places)}"
            at.mkdir()
            places += [at, zipped(folder, at / layout.archive, inside)]
    assert len(places) == 12
    expected = movielens_100k.load(grouplens)
    for place in places:
        assert_same(movielens_100k.load(place), expected)


def test_what_is_no_year_is_none(tmp_path):
    folder = write_recbole_100k(tmp_path / "ml-100k")
    films = folder / "ml-100k.item"
    lines = films.read_text(encoding="utf-8").splitlines()
    first = lines[1].split("\t")
    lines[1] = "\t".join([*first[:2], "9" * 60, first[3]])
    films.write_text("\n".join([*lines, ""]), encoding="utf-8")
    assert np.isnan(movielens_100k.load(folder).item_features.dense[0, 0])


@pytest.mark.parametrize("cut", [1, 2, 3])
@pytest.mark.parametrize("file", ["u.data", "ml-100k.inter"])
def test_100k_that_was_cut_off_is_refused(tmp_path, file, cut):
    """Inside its last number that is another time, which nothing else would tell."""
    write = write_grouplens_100k if file == "u.data" else write_recbole_100k
    path = write(tmp_path / "ml-100k") / file
    movielens_100k.load(path.parent)
    path.write_bytes(path.read_bytes()[:-cut])
    with pytest.raises(BadData, match="no line end: it was cut off, so fetch it again"):
        movielens_100k.load(path.parent)


def test_100k_of_the_publisher_is_recognised_by_its_ratings(tmp_path, monkeypatch, capsys):
    digest = hashlib.sha256(RATINGS_100K.encode()).hexdigest()
    monkeypatch.setitem(movielens_100k.SHA256, "u.data", digest)
    monkeypatch.setattr(movielens_100k, "COUNTS", {"users": 2, "items": 5, "interactions": 3})
    folder = write_recbole_100k(tmp_path / "ml-100k")
    assert movielens_100k.load(folder).source.startswith("GroupLens' u.data (SHA-256 verified)")
    assert capsys.readouterr().err == ""

    (folder / "ml-100k.user").open("a").write("4\t20\tM\tother\t12345\n")
    with pytest.raises(BadData, match=r"expected .*'users': 2"):
        movielens_100k.load(folder)


def test_100k_not_there(tmp_path):
    with pytest.raises(DataUnavailable, match=r"ml-100k.zip or ml-100k/u.data or recbole"):
        movielens_100k.load(tmp_path)
    with pytest.raises(DataUnavailable, match="does not exist"):
        movielens_100k.load(tmp_path / "nowhere")
    (tmp_path / "ml-100k.zip").write_text("<html>")
    with pytest.raises(DataUnavailable, match=r"is no zip archive with ml-100k/u.data in it"):
        movielens_100k.load(tmp_path)
    folder = write_grouplens_100k(tmp_path / "other" / "ml-100k")
    (folder / "u.user").unlink()
    with pytest.raises(DataUnavailable, match=r"u.user: No such file"):
        movielens_100k.load(folder)


@pytest.mark.parametrize(
    ("file", "line", "message"),
    [
        ("u.data", "1\t7\t4", "u.data, line 4: expected 4 fields"),
        ("u.data", "1\t7\t4\t900000000000", "u.data, line 4: time '900000000000' looks like milli"),
        ("u.data", "2\t7\t4\t900000000", "u.data: user 2 is not in the list of users"),
        ("u.data", "1\t99\t4\t900000000", "u.data: item 99 is not in the list of items"),
        ("u.user", "2|24|X|other|55555", "u.user: gender 'X' is none of F, M"),
        ("u.user", "2|24|M|wizard|55555", "u.user: occupation 'wizard' is none of administrator"),
        ("u.user", "1|24|M|other|55555", "u.user: id 1 occurs twice"),
        ("u.item", "7|Twice", "u.item, line 6: expected 24 fields"),
    ],
)
def test_100k_bad_lines(tmp_path, file, line, message):
    folder = write_grouplens_100k(tmp_path / "ml-100k")
    with (folder / file).open("a") as stream:
        stream.write(line + "\n")
    with pytest.raises(BadData) as caught:
        movielens_100k.load(folder)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


@given(
    title=st.text(st.characters(codec="latin-1", exclude_categories=["Cc", "Zs"]), min_size=1),
    year=st.integers(1900, 2029),
    suffix=st.sampled_from(["", " ", " (V)", " (TV)"]),
)
def test_title_and_year(title, year, suffix):
    assert movielens.split_title(f"{title} ({year}){suffix}") == (title, year)


def test_titles_without_a_year():
    for title in ("unknown", "(1995)", "2001: A Space Odyssey", "Seven (Se7en)"):
        name, year = movielens.split_title(title)
        assert name == title and np.isnan(year)


# MovieLens 1M


def test_1m(tmp_path, monkeypatch, capsys):
    folder = write_1m(tmp_path / "one" / "ml-1m")
    data = movielens_1m.load(folder)
    assert data.user_ids.tolist() == [1, 2]
    assert data.item_ids.tolist() == [10, 30]  # film 20 is never rated
    assert data.users.tolist() == [1, 0]
    assert data.items.tolist() == [1, 0]
    assert data.user_features.categorical.tolist() == [[0, 10, 4], [1, 16, 7]]
    assert data.user_features.categorical_sizes == (2, 21, 11)
    assert data.user_features.dense.tolist() == [[1], [56]]
    assert data.item_features.labels == ("Étude", "Last")
    np.testing.assert_array_equal(data.item_features.dense, [[1931], [np.nan]])
    assert data.item_features.multi_hot.sum(axis=1).tolist() == [2, 1]
    assert data.source.startswith("ml-1m/, extracted by hand: other counts, ")

    archive = zipped(folder, tmp_path / "ml-1m.zip", "ml-1m/")
    capsys.readouterr()
    for place in (archive, tmp_path):
        other = movielens_1m.load(place)
        assert_same(other, data)
        assert other.source.startswith("ml-1m.zip, not the publisher's file (SHA-256 ")
    assert capsys.readouterr().err.count("not the publisher's file") == 2
    monkeypatch.setattr(movielens_1m, "COUNTS", {"users": 2, "items": 2, "interactions": 2})
    for place in (archive, folder):
        source = movielens_1m.load(place).source
        assert source.endswith(": counts match, content not verified")


def test_1m_without_any_rated_film(tmp_path):
    folder = write_1m(tmp_path / "ml-1m")
    (folder / "ratings.dat").write_text("2::99::4::978300760\n")
    with pytest.raises(BadData, match="none of its films is rated"):
        movielens_1m.load(folder)
