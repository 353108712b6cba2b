"""Fault 9: missing, NaN, text, negative or millisecond times. An error with file, line, value."""

from pathlib import Path

import pytest
from faulty import command, made_100k

ROWS = [(user, item, 900_000_000 + item) for user in range(3) for item in range(4)]


@pytest.mark.parametrize(
    ("time", "message"),
    [
        ("", "time '' is missing"),
        ("NaN", "time 'NaN' is not a whole number"),
        ("nan", "time 'nan' is not a whole number"),
        ("1997-09-20", "time '1997-09-20' is not a whole number"),
        ("-1", "time '-1' is negative; times are seconds since 1970"),
        ("900000000000", "time '900000000000' looks like milliseconds"),
    ],
)
def test_it_is_one_line_with_file_line_and_value(tmp_path: Path, time: str, message: str) -> None:
    data = made_100k(tmp_path / "ml-100k", ROWS)
    with (data / "u.data").open("a") as file:
        file.write(f"0\t0\t5\t{time}\n")
    done = command("data", "audit", "movielens_100k", "--data-dir", data)
    assert (done.code, done.err.count("\n")) == (1, 1)
    assert done.err.startswith(f"bench: u.data, line {len(ROWS) + 1}: {message}")
