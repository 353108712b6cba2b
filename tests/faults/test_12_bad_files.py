"""Fault 12: an empty file, empty after filtering, one user, one item, a header where none should
be, a wrong separator, a BOM, CRLF, bad UTF-8. One line that names file and line, or it is read."""

from pathlib import Path

import pytest
from faulty import command, made_100k

ROWS = [(user, item, 900_000_000 + item) for user in range(3) for item in range(4)]


def fault(printed: str) -> str:
    """The one line of the error; one that warns of ratings that are not GroupLens' may precede."""
    *warnings, line = printed.splitlines()
    assert all(warning.startswith("warning: ") for warning in warnings)
    return line.removeprefix("bench: ")


AUDIT = ("data", "audit", "movielens_100k", "--data-dir")


@pytest.mark.parametrize(
    ("file", "content", "message"),
    [
        ("u.data", b"", "u.data: the file is empty"),
        ("u.data", b"\xef\xbb\xbf\r\n", "u.data: the file is empty"),
        ("u.data", b"user\titem\trating\ttime\n", "u.data, line 1: user 'user' is not a whole "),
        ("u.data", b"0\t0\t4\t900\n0,1,4,900\n", "u.data, line 2: expected 4 fields separated by "),
        ("u.data", b"0\t0\t4\t900\n0\t1\n", "u.data, line 2: expected 4 fields separated by tabs"),
        ("u.data", b"0\t0\t4\t900\n0\t\xff\t4\t900\n", "u.data, line 2: byte 0xFF is not utf-8"),
        ("u.user", b"0|30|F|other|1\n1|30|F|oth\xe9r|1\n", "u.user, line 2: byte 0xE9 is not utf"),
        ("u.user", b"", "u.user: the file is empty"),
        ("u.data", b"9\t0\t4\t900\n", "u.data: user 9 is not in the list of users"),
    ],
)
def test_it_is_one_line_that_names_file_and_line(
    tmp_path: Path, file: str, content: bytes, message: str
) -> None:
    data = made_100k(tmp_path / "ml-100k", ROWS)
    (data / file).write_bytes(content)
    done = command(*AUDIT, data)
    assert (done.code, fault(done.err)[: len(message)]) == (1, message)


@pytest.mark.parametrize(
    ("old", "new"),
    [(b"", b"\xef\xbb\xbf"), (b"\n", b"\r\n"), (b"\n", b"\n\n")],
    ids=["BOM", "CRLF", "blank lines"],
)
def test_harmless_variants_are_the_same_data(tmp_path: Path, old: bytes, new: bytes) -> None:
    data = made_100k(tmp_path / "ml-100k", ROWS)
    plain = command(*AUDIT, data).out.splitlines()
    text = (data / "u.data").read_bytes()
    (data / "u.data").write_bytes(text.replace(old, new) if old else new + text)
    found = command(*AUDIT, data).out.splitlines()
    of = [line for line in plain if "data " in line and "split " in line]
    assert len(of) == 1 and of[0] in found


@pytest.mark.parametrize(
    ("rows", "more", "message"),
    [
        ([(0, 0, 900)], (), "nobody can be tested: of 1 users none has 3 distinct items among 1 "),
        ([(u, 0, 900) for u in range(9)], (), "nobody can be tested: of 9 users none has 3 "),
        (ROWS, ("--min-rating", 5), "nobody can be tested: of 3 users none has 3 distinct items"),
    ],
    ids=["one interaction", "one item", "empty after filtering"],
)
def test_nobody_to_test_is_one_line(
    tmp_path: Path, rows: list[tuple[int, int, int]], more: tuple[object, ...], message: str
) -> None:
    done = command(*AUDIT, made_100k(tmp_path / "ml-100k", rows), *more)
    assert done.code == 1
    assert message in fault(done.err)


def test_one_user_is_enough(tmp_path: Path) -> None:
    rows = [(0, item, 900 + item) for item in range(4)]
    done = command(*AUDIT, made_100k(tmp_path / "ml-100k", rows))
    assert done.code == 0
    assert "1 users tested" in done.out
