"""Fault 23: a zip archive with ../ or absolute names, symbolic links, a bomb, or half of one. Only
the members that are asked for are read, of a bounded size, and nothing is ever extracted."""

import io
import tracemalloc
import zipfile

import pytest
from faulty import command, made_100k

from bench.data.archives import has_member, read_file, read_member
from bench.data.fetch import DataUnavailable

CONTENT = b"1\t2\t3\t4\n" * 20_000


@pytest.fixture
def archive(tmp_path):
    path = tmp_path / "data.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as opened:
        opened.writestr("data/good.txt", CONTENT)
        opened.writestr("../outside.txt", "never written")
        opened.writestr("/absolute.txt", "never written")
        link = zipfile.ZipInfo("data/link.txt")
        link.external_attr = 0o120777 << 16
        opened.writestr(link, "/etc/passwd")
        opened.writestr("data/bomb.txt", bytes(20_000_000))
    return path


def test_members_are_read_by_name_and_nothing_is_extracted(archive, tmp_path):
    assert read_member(archive, "data/good.txt", 1_000_000) == CONTENT
    assert has_member(archive, "data/good.txt")
    assert not has_member(archive, "good.txt")
    assert [entry.name for entry in tmp_path.iterdir()] == ["data.zip"]
    assert not (tmp_path.parent / "outside.txt").exists()


def test_a_symbolic_link_is_not_followed(archive):
    assert read_member(archive, "data/link.txt", 100) == b"/etc/passwd"


def test_a_bomb_is_refused(archive):
    with pytest.raises(DataUnavailable, match=r"data/bomb.txt is larger than 1,000,000 bytes"):
        read_member(archive, "data/bomb.txt", 1_000_000)


def test_archives_that_cannot_be_read(archive, tmp_path):
    with pytest.raises(DataUnavailable, match=r"data.zip holds no data/other.txt"):
        read_member(archive, "data/other.txt", 1_000_000)
    page = tmp_path / "page.zip"
    page.write_text("<html>no zip</html>")
    with pytest.raises(DataUnavailable, match=r"page.zip: cannot read a \(File is not a zip file"):
        read_member(page, "a", 10)
    assert not has_member(page, "a")
    with pytest.raises(DataUnavailable, match=r"none.zip: No such file"):
        read_member(tmp_path / "none.zip", "a", 10)

    content = bytearray(archive.read_bytes())
    content[60] ^= 0xFF  # inside the first member
    archive.write_bytes(content)
    with pytest.raises(DataUnavailable, match=r"cannot read data/good.txt"):
        read_member(archive, "data/good.txt", 1_000_000)


def test_files(tmp_path):
    file = tmp_path / "file"
    file.write_bytes(b"12345")
    assert read_file(file, 5) == b"12345"
    with pytest.raises(DataUnavailable, match="larger than 4 bytes"):
        read_file(file, 4)
    with pytest.raises(DataUnavailable, match="No such file"):
        read_file(tmp_path / "other", 4)


def test_truncated_zips_never_crash(archive):
    whole = archive.read_bytes()
    for length in (0, 1, 22, len(whole) // 2, len(whole) - 1):
        archive.write_bytes(whole[:length])
        with pytest.raises(DataUnavailable, match=r"cannot read data/good.txt"):
            read_member(archive, "data/good.txt", 1_000_000)


@pytest.mark.parametrize("claimed", [10, 1000, 10**9])
def test_a_size_that_is_a_lie_is_refused_and_costs_no_memory(tmp_path, claimed):
    path = tmp_path / "data.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as opened:
        opened.writestr("a", bytes(5_000_000))
    content = bytearray(path.read_bytes())
    for start, offset in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        place = content.index(start) + offset
        content[place : place + 4] = claimed.to_bytes(4, "little")
    path.write_bytes(content)
    with zipfile.ZipFile(path) as opened:
        assert opened.getinfo("a").file_size == claimed
    tracemalloc.start()
    with pytest.raises(DataUnavailable, match=r"cannot read a|larger than 1,000,000 bytes"):
        read_member(path, "a", 1_000_000)
    assert tracemalloc.get_traced_memory()[1] < 5_000_000
    tracemalloc.stop()


def test_of_a_bomb_no_more_than_the_limit_is_ever_in_memory(tmp_path):
    path = tmp_path / "data.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as opened:
        opened.writestr("a", bytes(100_000_000))
    assert path.stat().st_size < 100_000_000 / 500
    tracemalloc.start()
    with pytest.raises(DataUnavailable, match="larger than 1,000,000 bytes"):
        read_member(path, "a", 1_000_000)
    assert tracemalloc.get_traced_memory()[1] < 5_000_000
    tracemalloc.stop()


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_packing_that_may_ask_for_any_memory_is_refused(tmp_path, method):
    path = tmp_path / "data.zip"
    with zipfile.ZipFile(path, "w", method) as opened:
        opened.writestr("a", CONTENT)
    with pytest.raises(DataUnavailable, match=r"cannot read a .neither stored nor deflated"):
        read_member(path, "a", 1_000_000)


def test_an_encrypted_member_is_refused(tmp_path):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as opened:
        opened.writestr("a", "b")
    content = bytearray(buffer.getvalue())
    content[content.index(b"PK\x01\x02") + 8] |= 1  # the flag for encryption, in the directory
    content[6] |= 1  # and in the member's own header
    path = tmp_path / "data.zip"
    path.write_bytes(content)
    with pytest.raises(DataUnavailable, match="encrypted"):
        read_member(path, "a", 10)


@pytest.mark.parametrize("share", [0.0, 0.5, 0.99])
def test_the_command_says_in_one_line_that_half_an_archive_is_none(tmp_path, share):
    folder = made_100k(
        tmp_path / "made", [(user, item, 900) for user in range(3) for item in "123"]
    )
    archive = tmp_path / "ml-100k.zip"
    with zipfile.ZipFile(archive, "w") as opened:
        for file in folder.iterdir():
            opened.write(file, f"ml-100k/{file.name}")
    whole = archive.read_bytes()
    assert command("data", "audit", "movielens_100k", "--data-dir", archive).code == 0
    archive.write_bytes(whole[: int(len(whole) * share)])
    done = command("data", "audit", "movielens_100k", "--data-dir", archive)
    assert (done.code, done.err.count("\n")) == (1, 1)
    assert done.err.startswith(f"bench: {archive}")
