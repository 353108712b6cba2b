"""Tables of any kind read into interactions."""

import re
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bench.data.delimited import BadData
from bench.data.options import ReadOptions
from bench.data.read import NoTimes, Reading, read_data
from bench.data.roles import UnclearColumns
from bench.errors import UnknownName

Read = Callable[..., Reading]


@pytest.fixture
def read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Read:
    monkeypatch.setenv("BENCH_DATA_DIR", str(tmp_path / "cache"))

    def read_content(content: bytes, **options: Any) -> Reading:
        path = tmp_path / "clicks.csv"
        path.write_bytes(content)
        return read_data(path, ReadOptions.of(options))

    return read_content


@pytest.mark.parametrize("separator", [",", "\t", ";", "|", "::", "~"])
@pytest.mark.parametrize("header", ["", "userId,movieId,rating,timestamp"])
def test_every_separator_is_read_with_and_without_a_header(
    read: Read, separator: str, header: str
) -> None:
    rows = ["7,30,4.5,978300760", "5,10,3,978300761", "7,10,1,978300700"]
    lines = [line.replace(",", separator) for line in ([header] if header else []) + rows]
    given = {"separator": separator} if separator == "~" else {}
    data = read("\r\n".join(lines).encode(), **given).data.interactions
    assert data.user_ids.tolist() == [5, 7]
    assert data.item_ids.tolist() == [10, 30]
    assert data.users.tolist() == [1, 0, 1]
    assert data.items.tolist() == [1, 0, 0]
    assert data.times.tolist() == [978300760, 978300761, 978300700]
    assert data.ratings is not None
    assert data.ratings.tolist() == [4.5, 3, 1]


def test_ids_with_leading_zeros_stay_text(read: Read) -> None:
    data = read(b"uid,sku,ts\n007,1,1\n7,2,2\n").data.interactions
    assert data.user_ids.tolist() == ["007", "7"]
    assert data.item_ids.tolist() == [1, 2]


@pytest.mark.parametrize(
    ("rows", "fault"),
    [
        ("1,2,978300760,3\n,2,978300760,3\n", "line 3: user (column 'uid') is missing"),
        ("1,2,978300760,3\nNA,2,978300760,3\n", "line 3: user (column 'uid') is missing"),
        (
            "1,2,01/13/2020 12:00,3\n",
            "line 2: time (column 'ts') '01/13/2020 12:00' is no time: neither",
        ),
        ("1,2,978300760,3\n1,2,soon,3\n", "line 3: time (column 'ts') 'soon' is no time"),
        ("1,2,978300760,3\n1,2,978300760,good\n", "line 3: rating 'good' is not a number"),
        ("1,2,978300760,3\n1,2,978300760\n", "line 3: expected 4 fields, found 3"),
        ("1,2,978300760,3\n\xff,2,978300760,3\n", "line 3: byte 0xFF is not utf-8 text"),
    ],
)
def test_a_bad_value_is_named_with_file_line_and_column(read: Read, rows: str, fault: str) -> None:
    with pytest.raises(BadData) as caught:
        read(f"uid,sku,ts,rating\n{rows}".encode("latin-1"))
    assert str(caught.value).startswith(f"clicks.csv, {fault}")


def test_columns_that_are_not_clear_are_shown_with_the_flag_to_type(read: Read) -> None:
    with pytest.raises(UnclearColumns, match=r"--columns user=\.\.\.,item=\.\.\.") as caught:
        read(b"foo,bar,baz\n1,5,3\n3,6,4\n")
    assert "foo" in str(caught.value)


def test_a_column_that_is_not_there_is_said_with_the_nearest(read: Read) -> None:
    with pytest.raises(UnknownName, match="Did you mean 'foo'"):
        read(b"foo,bar\n1,5\n3,6\n", columns="user=fo,item=bar")


def test_without_times_an_order_must_be_given(read: Read) -> None:
    with pytest.raises(NoTimes, match="--order file"):
        read(b"user,item\n1,5\n3,6\n")
    data = read(b"user,item\n1,5\n3,6\n", order="file").data.interactions
    assert np.array_equal(data.times, [0, 1])


@pytest.mark.parametrize(
    ("times", "ticks", "expected"),
    [
        ("978300760", 1, 978300760),
        ("978300760123", 1000, 978300760123),
        ("978300760123456", 10**6, 978300760123456),
        ("978300760123456789", 10**9, 978300760123456789),
        ("978300760.5", 1000, 978300760500),
        ("978300760.123456789", 10**9, 978300760123456789),
        ("9.7830076e8", 1, 978300760),
        ("2001-01-01", 1, 978307200),
        ("2001-01-01 00:00:01", 1, 978307201),
        ("2001-01-01T01:00:00+01:00", 1, 978307200),
        ("2001-01-01 00:00:00.25 UTC", 1000, 978307200250),
        ("7", None, 7),
        ("20010101", None, 20010101),
    ],
)
@pytest.mark.parametrize("later", [False, True])
def test_times_are_kept_in_the_unit_they_need(
    read: Read, times: str, ticks: int | None, expected: int, later: bool
) -> None:
    rows = [f"1,2,{times}", *(["1,3,978300760"] * 5000 if later else [])]
    content = "\n".join(["uid,sku,ts", *reversed(rows), ""]).encode()
    if later and (ticks is None or "-" in times or len(times.partition(".")[0]) > 9):
        with pytest.raises(BadData, match=r"line (2|5002): ") if ticks else nullcontext():
            read(content)  # a date among numbers, or seconds among finer numbers
        return
    reading = read(content)
    assert reading.data.interactions.times.max() == expected
    assert reading.ticks == ticks


def test_numbers_of_two_units_are_refused_with_the_line(read: Read) -> None:
    with pytest.raises(BadData, match=r"line 4: time \(column 'ts'\) 978300760 is not of the unit"):
        read(b"uid,sku,ts\n1,2,978300760123\n1,3,0\n1,4,978300760\n")
    with pytest.raises(BadData, match=r"line 3: time \(column 'ts'\) 978300760123 is not of the"):
        read(b"uid,sku,ts\n1,2,978300760\n1,3,978300760123\n1,4,978300760\n")


@pytest.mark.parametrize(
    ("header", "roles"),
    [
        ("timestamp,visitorid,event,itemid,transactionid", "visitorid itemid timestamp"),
        ("reviewerID,asin,overall,unixReviewTime", "reviewerID asin unixReviewTime overall"),
        ("business_id,user_id,stars,date,text", "user_id business_id date stars"),
        ("User-ID,ISBN,Book-Rating,created_at", "User-ID ISBN created_at Book-Rating"),
        ("session_id,product_id,event_time", "session_id product_id event_time"),
        ("household_key,BASKET_ID,DAY,PRODUCT_ID", "household_key PRODUCT_ID DAY"),
        ("session,aid,ts,type", "session aid ts"),
        ("timestamp,uid,campaign,click", "uid campaign timestamp"),
        (
            "beer_beerid,brewery_id,review_profilename,review_time",
            "review_profilename beer_beerid review_time",
        ),
        ("USER ID,Track.Id,Date", "USER ID Track.Id Date"),
    ],
)
def test_names_that_people_use_are_known(read: Read, header: str, roles: str) -> None:
    names = header.split(",")
    reading = read(f"{header}\n{','.join(['978300760'] * len(names))}\n".encode())
    found = [
        reading.columns[role]
        for role in ("user", "item", "time", "rating")
        if role in reading.columns
    ]
    for column, words in zip(re.findall(r"USER ID|\S+", roles), found, strict=True):
        assert words.startswith(f"column '{column}'")


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"ann,matrix\nbob,alien\n", "whether the first line names the columns"),
        (b"userId,user_id,item\n1,1,1\n", "'userId' and 'user_id' may both be the user"),
        (b"1\t2010-10-19T23:55:27Z\t30.2\t-97.7\t22847\n", "no column is clearly the user"),
        (b"1\t2\t" + b"9" * 400 + b"\n", "no column is clearly the user or the item"),
        (b"a,b,time\n1,2,3\n", "no column is clearly the user or the item"),
    ],
)
def test_what_is_not_clear_is_asked(read: Read, content: bytes, why: str) -> None:
    with pytest.raises(UnclearColumns, match=why):
        read(content)


def test_without_a_header_columns_go_by_their_number(read: Read) -> None:
    content = b"1\t2010-10-19T23:55:27Z\t30.2\t-97.7\t22847\n"
    data = read(content, columns="user=1,item=5,time=2").data.interactions
    assert (data.user_ids.tolist(), data.item_ids.tolist()) == ([1], [22847])
    named = read(b"a,b,c\n" + b"5,6,7\n", columns="user=3,item=b,time=1").data.interactions
    assert (named.user_ids[0], named.item_ids[0], named.times[0]) == (7, 6, 5)


def test_a_short_line_of_a_table_makes_no_adjacency_list(read: Read) -> None:
    with pytest.raises(BadData, match="line 2: expected 4 fields, found 3"):
        read(b"1 5 3 978300760\n1 6 4\n2 7 5 978300762\n")


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ('1,"a\nb\n c",5,1\n2,"x",6,1\n', "2 line ends within quotes"),
        ('1,"a,5,1\n2,b,6,1\n3,"c",7,1\n4,d,8,1\n', "2 line ends within quotes"),
        ('1,"a",5,1\r\n\r\n\r\n2,b,6,1\r\n\r\n', None),
        ('1,"a",5,1\n\n\n\n2,b,6,1', None),
        ("1,a,5,1\n\n2,b,6,1\n", None),
    ],
)
def test_lines_that_a_quote_takes_in_are_counted(read: Read, rows: str, said: str | None) -> None:
    notes = read(f"user,text,item,ts\n{rows}".encode()).notes
    assert [note for note in notes if "within quotes" in note] == (
        [] if said is None else [f"{said} are taken as parts of fields"]
    )


def test_quotes_hold_separators_and_line_ends_of_columns_that_are_not_used(read: Read) -> None:
    content = b'user,text,item,ts\n1,"a, ""b""\n\n c",5,1\n2,"\n",6,\n'
    with pytest.raises(BadData, match=r"line 5: time .* is missing; --where 'ts is not"):
        read(content)
    data = read(content, where="ts is not null").data.interactions
    assert data.item_ids.tolist() == [5]
