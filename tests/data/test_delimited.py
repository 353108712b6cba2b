"""Delimited text: what is read, what is refused, and in which words."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.data.delimited import BadData, _read_lines, read_columns

RATINGS = {"user": "integer", "item": "integer", "rating": "number", "time": "time"}
GOOD = b"1\t10\t4\t881250949\n2\t20\t3.5\t881250950\n"


def read(data, separator="\t", columns=RATINGS, **options):
    return read_columns(data, name="u.data", separator=separator, columns=columns, **options)


def test_columns_and_their_types():
    table = read(GOOD)
    assert table["user"].tolist() == [1, 2] and table["user"].dtype == np.int64
    assert table["rating"].tolist() == [4, 3.5] and table["rating"].dtype == np.float32
    assert table["time"].tolist() == [881250949, 881250950] and table["time"].dtype == np.int64


@pytest.mark.parametrize(
    "data",
    [
        b"\xef\xbb\xbf" + GOOD,
        GOOD.replace(b"\n", b"\r\n"),
        GOOD.rstrip(b"\n"),
        GOOD.replace(b"\n", b"\n\n"),
        GOOD + b"  \n",
        GOOD.replace(b"881250949", b"881250949.0"),
        GOOD.replace(b"1\t10", b"+1\t010"),
    ],
    ids=["BOM", "CRLF", "no last newline", "blank lines", "spaces", "whole float", "sign"],
)
def test_harmless_variants_read_the_same(data):
    for column, values in read(data).items():
        assert np.array_equal(values, read(GOOD)[column])


@pytest.mark.parametrize("separator", ["::", "|", ",", "\t"])
def test_any_separator(separator):
    data = GOOD.replace(b"\t", separator.encode())
    assert read(data, separator)["item"].tolist() == [10, 20]


def test_ids_may_be_negative_or_huge():
    data = b"-5\t9223372036854775807\t1\t0\n"
    assert read(data)["user"].tolist() == [-5]
    assert read(data)["item"].tolist() == [2**63 - 1]


def test_header():
    columns = {"id": "integer", "title": "text"}
    data = b"id,title\n1,Alpha\n"
    table = read(data, ",", columns, header="id,title")
    assert table["title"].tolist() == ["Alpha"]
    with pytest.raises(BadData, match=r"u.data, line 1: expected the header 'id,name', not 'id,t"):
        read(data, ",", columns, header="id,name")
    with pytest.raises(BadData, match=r"u.data: no lines after the header"):
        read(b"id,title\n", ",", columns, header="id,title")
    with pytest.raises(BadData, match=r"line 1: user 'user' is not a whole number \(a header\?"):
        read(b"user\titem\trating\ttime\n" + GOOD)


def test_line_numbers_count_the_header():
    with pytest.raises(BadData, match="line 3: b 'x'"):
        read(b"a\tb\n1\t2\n1\tx\n", columns={"a": "integer", "b": "integer"}, header="a\tb")


def test_latin_1_titles_may_hold_any_character():
    columns = {"id": "integer", "title": "text"}
    data = b'1|Mis\xe9rables \x85 "Les"\n'
    table = read(data, "|", columns, encoding="latin-1")
    assert table["title"].tolist() == ['Misérables \x85 "Les"']
    with pytest.raises(BadData, match=r"u.data, line 2: byte 0xE9 is not utf-8 text"):
        read(b"0|Fine\n" + data, "|", columns)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("1\t2\t3", "expected 4 fields separated by tabs, found 3 in '1\\t2\\t3'"),
        ("1\t2\t3\t4\t5", "expected 4 fields separated by tabs, found 5"),
        ("1,2,3,4", "found 1 in '1,2,3,4'; it looks separated by commas"),
        ("1::2::3::4", "it looks separated by '::'"),
        ("1\t\t3\t4", "item '' is missing"),
        ("\t\t\t", "user '' is missing"),
        ("x\t2\t3\t4", "user 'x' is not a whole number"),
        ("1.5\t2\t3\t4", "user '1.5' is not a whole number"),
        ("0x10\t2\t3\t4", "user '0x10' is not a whole number"),
        ("1_0\t2\t3\t4", "user '1_0' is not a whole number"),
        ("99999999999999999999\t2\t3\t4", "does not fit into 64 bits"),
        ("1\t2\tnan\t4", "rating 'nan' is not a finite number"),
        ("1\t2\tinf\t4", "rating 'inf' is not a finite number"),
        ("1\t2\t1e400\t4", "rating '1e400' is too large"),
        ("1\t2\t1e39\t4", "rating '1e39' is too large"),
        ("1\t2\t3\t", "time '' is missing"),
        ("1\t2\t3\tNaN", "time 'NaN' is not a whole number"),
        ("1\t2\t3\t-1", "time '-1' is negative; times are seconds since 1970"),
        ("1\t2\t3\t881250949000", "time '881250949000' looks like milliseconds"),
        ("1\t2\t3\t1997-09-20", "time '1997-09-20' is not a whole number"),
    ],
)
def test_a_bad_line_is_named(line, message):
    with pytest.raises(BadData) as caught:
        read(GOOD + line.encode() + b"\n" + GOOD)
    assert str(caught.value).startswith("u.data, line 3: ")
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("data", [b"", b"\n", b"\xef\xbb\xbf", b" \r\n\n"])
def test_an_empty_file(data):
    with pytest.raises(BadData, match=r"u.data: the file is empty"):
        read(data)


def test_a_long_line_is_shortened():
    with pytest.raises(BadData) as caught:
        read(b"1\t" + b"x" * 10_000)
    assert len(str(caught.value)) < 200


numbers = st.tuples(
    st.integers(-(2**63), 2**63 - 1),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(width=32, allow_nan=False, allow_infinity=False),
    st.integers(0, 10**11 - 1),
)


@given(st.lists(numbers, min_size=1, max_size=20))
def test_what_was_written_is_read(rows):
    text = "".join(f"{user}::{item}::{rating}::{time}\n" for user, item, rating, time in rows)
    table = read(text.encode(), "::")
    for column, expected in zip(table, zip(*rows, strict=True), strict=True):
        assert np.array_equal(table[column], np.array(expected, dtype=table[column].dtype))


@given(st.text(alphabet="0123456789+-.eE\t\r\n xn", min_size=1, max_size=40))
def test_the_fast_path_accepts_exactly_what_the_slow_one_does(text):
    columns = {"id": "integer", "rating": "number"}
    data = b"7\t7\n" + text.encode()
    results = []
    for reader in (
        lambda: read(data, columns=columns),
        lambda: _read_lines(data, "u.data", "\t", columns, None, "utf-8", False),
    ):
        results.append(outcome(reader))
    assert results[0] == results[1]


def outcome(reader):
    """The table as lists, or the error in words."""
    try:
        return {column: values.tolist() for column, values in reader().items()}
    except BadData as error:
        return str(error)


@pytest.mark.parametrize("encoding", ["utf-8", "latin-1"])
@pytest.mark.parametrize(("separator", "quotes"), [(",", False), ("::", False), (",", True)])
@given(text=st.text(alphabet='057xXé"\t\r\n ,:+.-\ufeff\x00\x85', min_size=1, max_size=40))
def test_text_is_read_as_line_by_line(encoding, separator, quotes, text):
    columns = {"id": "integer", "title": "text", "age": "number"}
    first = f"7{separator}é{separator}7\n"
    data = (first + text).encode(encoding, "replace")
    quick = outcome(
        lambda: read(data, separator, columns, encoding=encoding, quotes=quotes),
    )
    slow = outcome(
        lambda: _read_lines(data, "u.data", separator, columns, None, encoding, quotes),
    )
    assert quick == slow


CSV = {"id": "integer", "title": "text", "year": "integer"}


@pytest.mark.parametrize("quotes", [False, True])
def test_well_formed_text_needs_no_slow_path(quotes, monkeypatch):
    monkeypatch.setattr("bench.data.delimited._read_lines", None)
    title = '"A, ""B"" and C"' if quotes else '"A" and B'
    data = f"id,title,year\r\n5,{title},1995\r\n\r\n7,é,-1\r\n".encode()
    table = read(data, ",", CSV, header="id,title,year", quotes=quotes)
    assert table["title"].tolist() == ['A, "B" and C' if quotes else '"A" and B', "é"]
    assert table["year"].tolist() == [1995, -1]
    latin = read(data.decode().encode("latin-1"), ",", CSV, header="id,title,year",
                 quotes=quotes, encoding="latin-1")  # fmt: skip
    assert latin["title"].tolist() == table["title"].tolist()


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('5,"A, 1995', "a quote is not closed"),
        ('5,A,"1995', "a quote is not closed"),
        ('"5,A,1995', "a quote is not closed"),
        ('5,"A",B,1995', "expected 3 fields separated by commas, found 4"),
        ('"x",A,1995', "id 'x' is not a whole number"),
        ("0x5,A,1995", "id '0x5' is not a whole number"),
        ("5,A\r,", "new-line character seen in unquoted field"),
    ],
)
@pytest.mark.parametrize("after", ["", '6,"B, C",1996\n'])
def test_a_bad_line_of_csv_is_named(line, message, after):
    with pytest.raises(BadData) as caught:
        read(f"1,A,1995\n{line}\n{after}".encode(), ",", CSV, quotes=True)
    assert str(caught.value).startswith("u.data, line 2: ")
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


@given(st.binary(max_size=60))
def test_any_bytes_are_read_or_refused(data):
    try:
        table = read(data, columns={"user": "integer", "time": "time", "name": "text"})
    except BadData as error:
        assert str(error).startswith("u.data")
    else:
        assert len({len(values) for values in table.values()}) == 1


@pytest.mark.parametrize("part", [40, 64, 1 << 22])
@pytest.mark.parametrize("separator", [",", "::"])
def test_reading_in_parts_changes_nothing(part, separator, monkeypatch):
    lines = [f"{n}\t{n * 7}\t{n % 5}.5\t{881250949 + n}" for n in range(300)]
    data = "\n".join(lines).replace("\t", separator).encode()
    monkeypatch.setattr("bench.data.delimited.PART", part)
    monkeypatch.setattr("bench.data.delimited._read_lines", None)  # the quick way alone
    table = read(data, separator)
    assert table["item"].tolist() == [n * 7 for n in range(300)]
    assert table["time"].tolist() == [881250949 + n for n in range(300)]


@pytest.mark.parametrize(("cut", "warned"), [(0, False), (1, True), (4, True)])
def test_a_last_line_without_its_end_is_warned_of(cut, warned, capsys):
    read(GOOD[: len(GOOD) - cut])
    assert ("u.data: the last line has no line end" in capsys.readouterr().err) == warned
