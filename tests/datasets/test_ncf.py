"""The NCF authors' splits, from made files in their format."""

import hashlib
import importlib
import re
import subprocess
from dataclasses import replace

import numpy as np
import pytest
from command import bench_here
from loopback import serving

from bench.data.delimited import BadData
from bench.data.fetch import DataUnavailable

MODULES = {
    stem: importlib.import_module(f"bench.datasets.{name}")
    for stem, name in (("ml-1m", "ncf_ml_1m"), ("pinterest-20", "ncf_pinterest_20"))
}
EACH = pytest.mark.parametrize("stem", list(MODULES))


def write_ncf(folder, stem, times=True):
    folder.mkdir(parents=True)
    train = ["0\t1\t5\t10", "0\t2\t5\t11", "1\t0\t4\t12"]
    test = ["0\t25\t5\t20", "1\t133\t3\t13"]
    for part, lines in (("train", train), ("test", test)):
        kept = lines if times else [line.rpartition("\t")[0] for line in lines]
        (folder / f"{stem}.{part}.rating").write_text("".join(f"{line}\n" for line in kept))
    negatives = "\t".join(map(str, range(100, 199)))
    (folder / f"{stem}.test.negative").write_text(f"(0,25)\t{negatives}\n(1,133)\t{negatives}\n")
    return folder


@EACH
def test_facts(stem):
    module = MODULES[stem]
    assert module.COUNTS["interactions"] == module.FILES.train_lines + module.COUNTS["users"]


@EACH
def test_a_published_split(tmp_path, capsys, stem):
    folder = write_ncf(tmp_path / "ncf", stem)
    for place in (folder, tmp_path):
        given = MODULES[stem].load(place)
        data, published = given.interactions, given.published
        assert (len(data), data.n_users, data.n_items) == (5, 2, 199)
        assert data.users.tolist() == [0, 0, 1, 0, 1]
        assert data.items.tolist() == [1, 2, 0, 25, 133]
        assert data.times.tolist() == [10, 11, 12, 20, 13]
        assert published.users.tolist() == [0, 1]
        assert published.held_out.tolist() == [25, 133]
        assert published.negatives.shape == (2, 99)
        assert 133 in published.negatives[1]  # kept as published
        assert "with other counts" in data.source
    warnings = capsys.readouterr().err
    assert warnings.count("not the authors' files: expected") == warnings.count("\n") == 2


@EACH
def test_the_authors_counts_are_recognised(tmp_path, monkeypatch, capsys, stem):
    counts = {"users": 2, "items": 199, "interactions": 5}
    monkeypatch.setattr(MODULES[stem], "COUNTS", counts)
    bare = replace(MODULES[stem].FILES, sha256={}, git_blobs={})
    monkeypatch.setattr(MODULES[stem], "FILES", bare)
    given = MODULES[stem].load(write_ncf(tmp_path / "ncf", stem))
    assert given.interactions.source == (
        f"{' and '.join(bare.names)}, named like the authors': counts match, content not verified"
    )
    assert capsys.readouterr().err == ""


def blob(path):
    """The id that git gives a file, by git itself."""
    done = subprocess.run(["git", "hash-object", path], capture_output=True, text=True, check=True)
    return done.stdout.strip()


@pytest.fixture
def proven(tmp_path, monkeypatch):
    """Files that are the authors', by checksums: their folder."""
    folder, module = write_ncf(tmp_path / "ncf", "ml-1m"), MODULES["ml-1m"]
    train, *tests = module.FILES.names
    sums = {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in tests}
    blobs = {train: blob(folder / train)[:8]}
    monkeypatch.setattr(module, "COUNTS", {"users": 2, "items": 199, "interactions": 5})
    monkeypatch.setattr(module, "FILES", replace(module.FILES, sha256=sums, git_blobs=blobs))
    return folder


def test_the_authors_files_are_known_by_their_checksums(proven, capsys):
    source = MODULES["ml-1m"].load(proven).interactions.source
    assert source.startswith("the NCF authors' ml-1m.train.rating and ml-1m.test.rating and")
    assert source.endswith("verified by checksum")
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("train.rating", "\t10", "\t9"),
        ("test.rating", "\t20", "\t21"),
        ("test.negative", "\t150\t", "\t151\t"),
    ],
)
def test_a_file_with_the_authors_counts_and_other_content_is_named(proven, capsys, file, old, new):
    path = proven / f"ml-1m.{file}"
    path.write_text(path.read_text().replace(old, new))
    source = MODULES["ml-1m"].load(proven).interactions.source
    wanted = f"ml-1m.{file}, not the authors' file: counts match, content not verified"
    assert source.endswith(f"verified by checksum; {wanted}")
    assert f"ml-1m.{file}" not in source.partition(";")[0]
    warning = capsys.readouterr().err
    assert (
        warning
        == f"warning: {path}: not the authors' file, by its checksum; its counts are theirs\n"
    )


@pytest.mark.parametrize("cut", [1, 2])
@pytest.mark.parametrize("file", ["train.rating", "test.rating", "test.negative"])
def test_a_file_that_was_cut_off_is_refused_where_its_checksum_is_known(proven, file, cut):
    """Inside its last number that is another number, which nothing else would tell."""
    path = proven / f"ml-1m.{file}"
    path.write_bytes(path.read_bytes()[:-cut])
    with pytest.raises(BadData, match=rf"ml-1m.{file}: not the publisher's.* it was cut off"):
        MODULES["ml-1m"].load(proven)


def test_where_no_checksum_is_known_it_is_warned_of(proven, monkeypatch, capsys):
    bare = replace(MODULES["ml-1m"].FILES, sha256={}, git_blobs={})
    monkeypatch.setattr(MODULES["ml-1m"], "FILES", bare)
    path = proven / "ml-1m.test.rating"
    path.write_bytes(path.read_bytes()[:-2])
    MODULES["ml-1m"].load(proven)
    assert "the last line has no line end; if the file was cut off" in capsys.readouterr().err


def test_what_is_known_of_the_real_files_is_of_all_three():
    files = MODULES["ml-1m"].FILES
    assert {*files.sha256, *files.git_blobs} == set(files.names)
    assert all(re.fullmatch("[0-9a-f]{8,40}", each) for each in files.git_blobs.values())


def test_without_times_the_order_of_the_files_counts(tmp_path):
    folder = write_ncf(tmp_path / "ncf", "pinterest-20", times=False)
    data = MODULES["pinterest-20"].load(folder).interactions
    assert data.times.tolist() == [0] * 5
    assert data.items.tolist() == [1, 2, 0, 25, 133]
    write_ncf(tmp_path / "other", "ml-1m", times=False)
    with pytest.raises(BadData, match="line 1: expected 4 fields separated by tabs, found 3"):
        MODULES["ml-1m"].load(tmp_path / "other")


@pytest.mark.parametrize(
    ("file", "old", "new", "message"),
    [
        ("test.negative", "(1,133)", "(1,132)", "row 2: (1,132) is not the test pair (1,133)"),
        ("test.negative", "(1,133)", "(1,x)", "line 2: item 'x' is not a whole number"),
        ("test.negative", "\t198\n", "\n", "line 1: expected 101 fields separated by tabs, found"),
        ("test.negative", "\t150", "\t-150", "-150 is no index"),
        ("test.negative", "\t150", "\t99999999999", "99999999999 is no index"),
        ("test.rating", "1\t133\t3\t13\n", "", "has 2 users, "),
        ("train.rating", "1\t0\t4\t12\n", "1\t0", "line 3: expected 4 fields"),
        ("train.rating", "0\t2\t5\t11", "0\t2\t5", "line 2: expected 4 fields"),
    ],
)
@EACH
def test_files_that_cannot_be_used(tmp_path, stem, file, old, new, message):
    path = write_ncf(tmp_path / "ncf", stem) / f"{stem}.{file}"
    path.write_text(path.read_text().replace(old, new))
    with pytest.raises(BadData) as caught:
        MODULES[stem].load(tmp_path)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


@EACH
def test_not_there(tmp_path, stem):
    with pytest.raises(DataUnavailable, match=rf"neither .* holds {stem}.train.rating"):
        MODULES[stem].load(tmp_path)
    (write_ncf(tmp_path / "ncf", stem) / f"{stem}.test.rating").unlink()
    with pytest.raises(DataUnavailable, match=rf"lacks {stem}.test.rating"):
        MODULES[stem].load(tmp_path)


def test_the_three_files_are_fetched_and_their_lines_counted(tmp_path, monkeypatch, capsys):
    module, stem = MODULES["pinterest-20"], "pinterest-20"
    folder = write_ncf(tmp_path / "publisher", stem)
    monkeypatch.setenv("BENCH_DATA_DIR", str(tmp_path / "cache"))
    with serving(folder, monkeypatch) as address:
        monkeypatch.setattr("bench.datasets.shared.ncf.BASE_URL", address)
        with pytest.raises(DataUnavailable, match="3 lines, expected 1,445,622"):
            module.load()
        monkeypatch.setattr(module, "FILES", replace(module.FILES, train_lines=3))
        monkeypatch.setattr(module, "COUNTS", {"users": 2, "items": 199, "interactions": 5})
        capsys.readouterr()
        data = module.load().interactions
    assert "counts match, content not verified" in data.source
    assert capsys.readouterr().err.count("Please cite: Xiangnan He") == 1
    np.testing.assert_array_equal(module.load().interactions.items, data.items)
    assert capsys.readouterr().err == ""  # from the cache


@EACH
def test_an_audit_of_made_files(tmp_path, stem):
    write_ncf(tmp_path / "ncf", stem)
    name = MODULES[stem].__name__.rpartition(".")[2]
    words = ["data", "audit", name, "--protocol", "ncf-files", "--data-dir", str(tmp_path)]
    done = bench_here(tmp_path, *words)
    assert done.returncode == 0, done.stderr
    assert "2 users x 199 items, 5 interactions" in done.stdout
