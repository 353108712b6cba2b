"""Filters of rows: conditions, events, moments and the core."""

import contextlib
from collections import Counter
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.data.delimited import BadData
from bench.data.options import ReadOptions
from bench.data.read import Reading, read_data
from bench.data.roles import UnclearColumns
from bench.data.where import Where
from bench.errors import BadParameter, UnknownName

M = 700_000_000_000
FRAME = pd.DataFrame(
    {
        "visitorid": [1, 2, 1, 3, 2, 3],
        "itemid": [7, 7, 8, 9, 9, 7],
        "timestamp": [
            1433221332117,
            1433224214164,
            1433221999827,
            1433221955914,
            1433221337106,
            7e11,
        ],
        "event": ["view", "view", "addtocart", "transaction", "view", "transaction"],
        "price": [1.5, 2.0, None, 4.0, 5.0, 6.0],
        "my col": ["a", "b", None, "d", "e", "f"],
    }
).astype({"timestamp": "int64"})


def read(frame: pd.DataFrame = FRAME, **options: Any) -> Reading:
    return read_data(frame, ReadOptions.of(options))


def rows(reading: Reading) -> list[tuple[int, int]]:
    data = reading.data.interactions
    users, items = data.user_ids[data.users], data.item_ids[data.items]
    return list(zip(users.tolist(), items.tolist(), strict=True))


PAIRS = list(zip(FRAME["visitorid"], FRAME["itemid"], strict=True))


@pytest.mark.parametrize(
    ("where", "kept"),
    [
        ("event == 'transaction'", [3, 5]),
        ("event != 'view' and price > 4", [5]),
        ("event in ['view', 'addtocart']", [0, 1, 2, 4]),
        ("event not in ('view', 'addtocart')", [3, 5]),
        ("price is null", [2]),
        ("price is not null and not event == 'view'", [3, 5]),
        ("price == None", [2]),
        ("`my col` > 'b' or visitorid == 1", [0, 2, 3, 4, 5]),
        ("(price >= 2) & (price < 5)", [1, 3]),
        ("~(event == 'view')", [2, 3, 5]),
        ("1.5 < price <= 5", [1, 3, 4]),
        ("visitorid == -1 | visitorid == 3", None),
        ("visitorid in [1, 3.0]", [0, 2, 3, 5]),
        ("itemid > visitorid", [0, 1, 2, 3, 4, 5]),
        ("timestamp >= 1433221955914", [1, 2, 3]),
        ("timestamp > 999", [0, 1, 2, 3, 4, 5]),
    ],
)
def test_a_condition_keeps_what_pandas_keeps(where: str, kept: list[int] | None) -> None:
    if kept is None:  # | binds closer than ==, as in Python: refused, not misread
        with pytest.raises(BadParameter, match="is not allowed"):
            read(where=where)
        return
    assert rows(read(where=where)) == [PAIRS[k] for k in kept]
    as_text = FRAME.astype({name: "str" for name in FRAME if name not in ("my col", "price")})
    assert rows(read(as_text, where=where)) == [PAIRS[k] for k in kept]


@pytest.mark.parametrize(
    "where",
    [
        "__import__('os').system('true')",
        "event.lower() == 'view'",
        "price + 1 > 2",
        "[x for x in event]",
        "event == event[0]",
        "lambda: 1",
        "f'{event}' == 'view'",
        "event == ",
        "(" * 500,
        "1 == 1",
        "event < None",
        "event in []",
        "event in [1, 'a']",
        "x" * 3000,
        "price if price else price",
        "(price := 3) > 2",
        "event == b'view'",
        "event == 'a' if 1 else 2",
    ],
)
def test_what_is_no_condition_is_refused_before_anything_is_read(where: str) -> None:
    with pytest.raises(BadParameter, match="where"):
        Where.parse(where, FRAME.columns)


def test_one_equals_sign_is_said_to_be_too_few() -> None:
    with pytest.raises(BadParameter, match="two are compared by =="):
        Where.parse("event = 'view'", FRAME.columns)


@given(st.text(max_size=60))
def test_any_text_is_a_condition_or_refused(text: str) -> None:
    with contextlib.suppress(BadParameter, UnknownName):
        Where.parse(text, ["event", "price"])


def test_a_column_that_is_not_there_is_named() -> None:
    with pytest.raises(UnknownName, match="Did you mean 'event'"):
        read(where="evnt == 'view'")


def test_text_compared_with_a_number_is_said_with_its_row() -> None:
    with pytest.raises(BadData, match="row 1: 'view' is not a number"):
        read(where="event > 3")


def test_events_select_and_weigh() -> None:
    reading = read(events="view=0,addtocart=1,transaction=3")
    assert rows(reading) == [PAIRS[k] for k in (2, 3, 5)]
    ratings = reading.data.interactions.ratings
    assert ratings is not None
    assert ratings.tolist() == [1, 3, 3]
    assert [(step.rows) for step in reading.steps] == [6, 3]


def test_an_event_without_weight_or_a_weight_without_event_is_an_error() -> None:
    with pytest.raises(BadData, match="row 3: 'addtocart' has no weight"):
        read(events="view=0,transaction=3")
    with pytest.raises(BadParameter, match="there is no 'buy'"):
        read(events="view=0,addtocart=1,transaction=3,buy=1")


def test_without_a_column_of_events_the_flag_is_shown() -> None:
    with pytest.raises(UnclearColumns, match=r"--columns user=visitorid,item=itemid,.*event=\.\."):
        read(FRAME.rename(columns={"event": "what"}), events="view=1")


@pytest.mark.parametrize(
    ("options", "kept"),
    [
        ({"since": "2015-06-02"}, [0, 1, 2, 3, 4]),
        ({"until": "2015-06-02"}, [5]),
        ({"since": "2015-06-02T05:12:35.914+00:00"}, [1, 2, 3]),
        ({"since": "1433221955.914", "until": "2015-06-02T05:13:19.827"}, [3]),
    ],
)
def test_moments_bound_the_rows(options: dict[str, str], kept: list[int]) -> None:
    assert rows(read(**options)) == [PAIRS[k] for k in kept]


def test_a_moment_that_is_none_is_refused() -> None:
    with pytest.raises(BadParameter, match="since takes a date"):
        read(since="last week")


def test_nothing_left_is_said_with_the_step() -> None:
    for options in ({"where": "price > 100"}, {"until": "1980-01-01"}, {"min_user": 9}):
        with pytest.raises(BadData, match="no rows are left after"):
            read(**options)


@given(
    st.lists(
        st.tuples(st.integers(0, 6), st.integers(0, 6), st.integers(1, 5)), min_size=1, max_size=60
    ),
    st.integers(0, 4),
    st.integers(0, 4),
    st.sampled_from([None, 3.0]),
)
def test_the_core_is_the_largest_set_in_which_all_have_enough(
    triples: list[tuple[int, int, int]], min_user: int, min_item: int, min_rating: float | None
) -> None:
    left = list(triples)
    while True:  # by brute force
        pairs = {(u, i) for u, i, r in left if min_rating is None or r >= min_rating}
        per_user, per_item = Counter(u for u, _ in pairs), Counter(i for _, i in pairs)
        kept = [
            (u, i, r)
            for u, i, r in left
            if (min_user <= 1 and min_item <= 1)
            or (per_user[u] >= max(min_user, 1) and per_item[i] >= max(min_item, 1))
        ]
        if kept == left:
            break
        left = kept
    frame = pd.DataFrame(triples, columns=["user", "item", "rating"]).assign(ts=range(len(triples)))
    options = {"min_user": min_user, "min_item": min_item, "min_rating": min_rating}
    if not left:
        with pytest.raises(BadData, match="no rows are left"):
            read(frame, **options)
        return
    data = read(frame, **options).data.interactions
    assert rows(read(frame, **options)) == [(u, i) for u, i, _ in left]
    assert len(np.unique(data.users)) == data.n_users
    assert len(np.unique(data.items)) == data.n_items
