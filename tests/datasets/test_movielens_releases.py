"""MovieLens latest-small, 10M, 20M, 25M and 32M, from made files in their formats."""

import csv
import importlib
import io
import zipfile

import numpy as np
import pytest
from command import bench_here
from hypothesis import given
from hypothesis import strategies as st
from loopback import serving

from bench.data.delimited import BadData, read_columns
from bench.data.fetch import DataUnavailable, sha256_of

large = importlib.import_module("bench.datasets.shared.movielens_releases")
NAMES = ("latest_small", "10m", "20m", "25m", "32m")
MODULES = {name: importlib.import_module(f"bench.datasets.movielens_{name}") for name in NAMES}
EACH = pytest.mark.parametrize("name", NAMES)
FIXED = pytest.mark.parametrize("name", NAMES[1:])  # those that do not change in time

# Made-up films and ratings. Film 40 is never rated; the ids have gaps.
FILMS = [
    (40, "Never Rated (1999)", "War"),
    (7, 'Example, The ("One") (1995)', "Animation|Children|IMAX"),
    (300, "Étude: A Study (1931)", "(no genres listed)"),
    (12, "Without a Year", "Film-Noir"),
]
RATINGS = [
    (2, 300, 0.5, 978300760),
    (2, 7, 4.0, 978300760),
    (5, 12, 3.5, 978300000),
    (9, 7, 5.0, 978300761),
    (9, 12, 2.0, 978300762),
    (9, 300, 1.0, 978300759),
]
COUNTS = {"users": 3, "items": 3, "interactions": 6}


def write(folder, name):
    folder.mkdir(parents=True)
    if name == "10m":
        ratings = [f"{user}::{item}::{rating:g}::{time}" for user, item, rating, time in RATINGS]
        films = ["::".join(map(str, film)) for film in FILMS]
        (folder / "ratings.dat").write_text("\n".join([*ratings, ""]))
        (folder / "movies.dat").write_text("\n".join([*films, ""]), encoding="utf-8")
        return folder
    ratings = [",".join(map(str, row)) for row in RATINGS]
    (folder / "ratings.csv").write_text("\n".join([large.RATINGS_HEADER, *ratings, ""]))
    with (folder / "movies.csv").open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows([large.FILMS_HEADER.split(","), *FILMS])
    return folder


def zipped(folder, archive, inside):
    archive.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as opened:
        for file in folder.iterdir():
            opened.write(file, inside + file.name)
    return archive


def made_archive(tmp_path, name):
    layout = MODULES[name].LAYOUT
    folder = write(tmp_path / "made" / name, name)
    return zipped(folder, tmp_path / "publisher" / layout.archive, layout.inside)


def publish(monkeypatch, name, archive):
    """Have this archive be the publisher's."""
    if MODULES[name].COUNTS:
        monkeypatch.setitem(MODULES[name].SHA256, archive.name, sha256_of(archive))
        count(monkeypatch, name, COUNTS)


def count(monkeypatch, name, counts):
    """Have these be the publisher's counts."""
    for what, number in counts.items():
        monkeypatch.setitem(MODULES[name].COUNTS, what, number)


def assert_is_what_was_made(data):
    assert data.user_ids.tolist() == [2, 5, 9]
    assert data.item_ids.tolist() == [7, 12, 300]  # film 40 is never rated
    assert (data.n_users, data.n_items, len(data)) == (3, 3, 6)
    # The file's order, which decides ties of time.
    assert data.users.tolist() == [0, 0, 1, 2, 2, 2]
    assert data.items.tolist() == [2, 0, 1, 0, 1, 2]
    assert data.users.dtype == data.items.dtype == np.int32
    assert data.ratings.tolist() == [0.5, 4, 3.5, 5, 2, 1]
    assert data.times.tolist() == [time for *_, time in RATINGS]
    assert data.user_features is None
    films = data.item_features
    assert films.labels == ('Example, The ("One")', "Without a Year", "Étude: A Study")
    np.testing.assert_array_equal(films.dense, [[1995], [np.nan], [1931]])
    assert films.dense_names == ("year",)
    tagged = [set(np.array(films.multi_hot_names)[row]) for row in films.multi_hot]
    assert tagged == [{"Animation", "Children", "IMAX"}, {"Film-Noir"}, set()]


@EACH
def test_facts(name):
    module = MODULES[name]
    if name == "latest_small":
        assert module.SHA256 == module.COUNTS == {}
    else:
        assert list(module.SHA256) == [module.LAYOUT.archive]
        for number in module.COUNTS.values():
            assert f"{number:,}" in module.__doc__
    assert len(large.GENRES) == 19


@EACH
def test_the_same_from_every_place(tmp_path, name):
    layout = MODULES[name].LAYOUT
    folder = write(tmp_path / "one" / layout.folder, name)
    archive = zipped(folder, tmp_path / "two" / layout.archive, layout.inside)
    flat = zipped(folder, tmp_path / "three" / layout.archive, "")
    for place in (folder, folder.parent, archive, archive.parent, flat):
        assert_is_what_was_made(MODULES[name].load(place))


@FIXED
def test_other_files_than_the_publishers_are_told(tmp_path, monkeypatch, capsys, name):
    module, layout = MODULES[name], MODULES[name].LAYOUT
    archive = made_archive(tmp_path, name)
    other = module.load(archive)
    digest = sha256_of(archive)
    told = f"{layout.archive}, not the publisher's (SHA-256 {digest}): "
    assert other.source.startswith(f"{told}other counts, ")
    folder = write(tmp_path / layout.folder, name)
    found = "'users': 3, 'items': 3, 'interactions': 6"
    assert found in module.load(folder).source
    warnings = capsys.readouterr().err.splitlines()
    assert len(warnings) == 2 and all("not the publisher's" in line for line in warnings)

    count(monkeypatch, name, COUNTS)
    assert module.load(archive).source == f"{told}counts match, content not verified"
    assert "not the publisher's" in capsys.readouterr().err
    counted = module.load(folder)
    assert (
        counted.source == f"{layout.folder}/, extracted by hand: counts match, content not verified"
    )
    publish(monkeypatch, name, archive)
    verified = f"GroupLens' {layout.archive} (SHA-256 verified)"
    assert module.load(archive).source == verified
    assert capsys.readouterr().err == ""


@FIXED
def test_the_publishers_archive_with_other_counts(tmp_path, monkeypatch, name):
    archive = made_archive(tmp_path, name)
    publish(monkeypatch, name, archive)
    count(monkeypatch, name, {"items": 4})
    with pytest.raises(BadData, match=r"expected .*'items': 4.*, found .*'items': 3") as caught:
        MODULES[name].load(archive)
    assert "\n" not in str(caught.value)


def test_latest_small_names_its_version(tmp_path, capsys):
    archive = made_archive(tmp_path, "latest_small")
    data = MODULES["latest_small"].load(archive)
    assert data.source.endswith(f"this one has SHA-256 {sha256_of(archive)}")
    folder = MODULES["latest_small"].load(write(tmp_path / "ml-latest-small", "latest_small"))
    assert "extracted by hand" in folder.source
    assert capsys.readouterr().err == ""


@EACH
def test_fetched_from_the_publisher_then_from_the_cache(tmp_path, monkeypatch, capsys, name):
    archive = made_archive(tmp_path, name)
    publish(monkeypatch, name, archive)
    monkeypatch.setenv("BENCH_DATA_DIR", str(tmp_path / "cache"))
    with serving(archive.parent, monkeypatch) as address:
        monkeypatch.setattr(large, "BASE_URL", address)
        assert_is_what_was_made(MODULES[name].load())
    assert "Please cite: F. Maxwell Harper" in capsys.readouterr().err
    assert [file.name for file in (tmp_path / "cache").iterdir()] == [archive.name]
    assert_is_what_was_made(MODULES[name].load())
    assert capsys.readouterr().err == ""


@FIXED
def test_a_download_that_is_not_the_publishers_is_refused(tmp_path, monkeypatch, name):
    archive = made_archive(tmp_path, name)
    monkeypatch.setenv("BENCH_DATA_DIR", str(tmp_path / "cache"))
    with serving(archive.parent, monkeypatch) as address:
        monkeypatch.setattr(large, "BASE_URL", address)
        with pytest.raises(DataUnavailable, match=r"SHA-256 is .*, expected "):
            MODULES[name].load()
    assert list((tmp_path / "cache").iterdir()) == []


@EACH
def test_damaged_archives(tmp_path, name):
    archive = made_archive(tmp_path, name)
    whole = archive.read_bytes()
    archive.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(DataUnavailable, match="is no zip archive with") as caught:
        MODULES[name].load(archive.parent)
    assert "\n" not in str(caught.value)
    at = whole.index(b"ratings.") + 30  # in the packed ratings
    archive.write_bytes(whole[:at] + bytes(8) + whole[at + 8 :])
    with pytest.raises(DataUnavailable, match=r"cannot read .*ratings") as caught:
        MODULES[name].load(archive)
    assert "\n" not in str(caught.value)


@EACH
def test_not_there(tmp_path, name):
    layout = MODULES[name].LAYOUT
    with pytest.raises(DataUnavailable, match=f"none of: {layout.archive} or {layout.folder}/"):
        MODULES[name].load(tmp_path)
    (write(tmp_path / layout.folder, name) / layout.items).unlink()
    with pytest.raises(DataUnavailable, match=f"{layout.items}: No such file"):
        MODULES[name].load(tmp_path)


@pytest.mark.parametrize(
    ("name", "file", "old", "new", "message"),
    [
        ("20m", "ratings.csv", "userId,", "user,", "ratings.csv, line 1: expected the header"),
        ("20m", "ratings.csv", "5,12,3.5,978300000", "5,12,3.5", "line 4: expected 4 fields"),
        ("20m", "ratings.csv", "300,1.0,978300759\n", "300,1.0,", "line 7: time '' is missing"),
        ("20m", "ratings.csv", ",978300000", ",978300000000", "looks like milliseconds"),
        ("20m", "ratings.csv", "2,7,", "2,8,", "ratings.csv: item 8 is not in the list of items"),
        ("20m", "ratings.csv", "2,7,", "-2,7,", "ratings.csv: user -2 is no id; they lie in 0.."),
        ("20m", "ratings.csv", "2,7,", "2,70000000,", "item 70000000 is no id"),
        ("20m", "movies.csv", "movieId,title", "title,movieId", "movies.csv, line 1: expected the"),
        ("20m", "movies.csv", ",War", "", "line 2: expected 3 fields separated by commas, found 2"),
        ("20m", "movies.csv", "40,", "x40,", "movies.csv, line 2: id 'x40' is not a whole"),
        ("20m", "movies.csv", "40,", "9" * 30 + ",", f"id '{'9' * 30}' does not fit"),
        ("20m", "movies.csv", "40,", "7,", "movies.csv: id 7 occurs twice"),
        ("20m", "movies.csv", "Film-Noir", "Film-Blanc", "genre 'Film-Blanc' is none of Action"),
        ("20m", "movies.csv", "40,Never", '40,"Never', "movies.csv, line 2: a quote is not closed"),
        ("20m", "movies.csv", "12,Without", '12,"Without', "line 5: a quote is not closed"),
        ("10m", "ratings.dat", "5::12::3.5::", "5::12::", "ratings.dat, line 3: expected 4 fields"),
        ("10m", "ratings.dat", "::", ",", "it looks separated by commas"),
        ("10m", "ratings.dat", "300::1::978300759\n", "300", "ratings.dat, line 6: expected 4"),
        ("10m", "movies.dat", "::War", "", "movies.dat, line 1: expected 3 fields"),
        ("10m", "movies.dat", "Film-Noir", "Film-Blanc", "genre 'Film-Blanc' is none of Action"),
    ],
)
def test_files_that_cannot_be_used(tmp_path, name, file, old, new, message):
    layout = MODULES[name].LAYOUT
    folder = write(tmp_path / "made", name)
    text = (folder / file).read_text(encoding="utf-8")
    assert old in text
    (folder / file).write_text(text.replace(old, new), encoding="utf-8")
    archive = zipped(folder, tmp_path / layout.archive, layout.inside)
    with pytest.raises(BadData) as caught:
        MODULES[name].load(archive)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def films_of_csv(content):
    return read_columns(
        content,
        name="movies.csv",
        separator=",",
        columns=large.FILM_COLUMNS,
        header=large.FILMS_HEADER,
        quotes=True,
    )


@pytest.mark.parametrize("content", [b"", b"movieId,title,genres\n", b"\xff\xfe", b"\x00"])
def test_no_films(content):
    with pytest.raises(BadData, match=r"movies.csv") as caught:
        films_of_csv(content)
    assert "\n" not in str(caught.value)


def test_a_quote_that_is_never_closed():
    content = f'{large.FILMS_HEADER}\n1,"A\n{"2,B,War" * 20_000}'.encode()
    with pytest.raises(BadData, match=r"movies.csv, line 2: a quote is not closed") as caught:
        films_of_csv(content)
    assert "\n" not in str(caught.value)


field = st.text(st.characters(codec="utf-8", exclude_characters="\0\r\n"))


@given(
    films=st.lists(st.tuples(st.integers(0, 10**9), field, field), min_size=1),
    start=st.sampled_from([b"", b"\xef\xbb\xbf"]),
    ending=st.sampled_from(["\n", "\r\n"]),
)
def test_films_of_csv_reads_what_was_written(films, start, ending):
    stream = io.StringIO(newline="")
    header = large.FILMS_HEADER.split(",")
    csv.writer(stream, lineterminator=ending).writerows([header, *films])
    table = films_of_csv(start + stream.getvalue().encode())
    found = zip(table["id"].tolist(), table["title"], table["genres"], strict=True)
    assert list(found) == films


@pytest.mark.parametrize("name", ["latest_small", "10m", "32m"])
def test_an_audit_of_made_files(tmp_path, name):
    write(tmp_path / MODULES[name].LAYOUT.folder, name)
    done = bench_here(tmp_path, "data", "audit", f"movielens_{name}", "--data-dir", str(tmp_path))
    assert done.returncode == 0, done.stderr
    assert "3 users x 3 items, 6 interactions" in done.stdout
    assert "user features: none" in done.stdout
    assert "item features: year, 19 tags" in done.stdout


def test_list_names_them(tmp_path):
    listed = bench_here(tmp_path, "list").stdout
    for name in (*(f"movielens_{name}" for name in NAMES), "ncf_pinterest_20"):
        assert f"\n  {name}" in listed
