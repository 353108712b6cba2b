"""Data under the name of a published set, which are not the authors': no published figures."""

from typing import Any

import pytest
from records import made_up

from bench.leaderboard import published
from bench.leaderboard.remarks import remarks_below
from bench.leaderboard.sections import sections

THEIRS = dict(zip(published.COUNTED, published.AUTHORS["ncf_ml_1m"], strict=True))


def board(audit: dict[str, Any], **more: Any) -> Any:
    cell = {"dataset": "ncf_ml_1m", "protocol": "ncf-files"}
    return sections([made_up("als", 0.5, audit=audit, **cell, **more)])[0]


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"users": 50}, "50 users, theirs 6040"),
        ({"interactions": 1_000_208}, "1000208 interactions, theirs 1000209"),
        ({"items": 3_700, "users": 6_039}, "6039 users, theirs 6040, 3700 items, theirs 3706"),
    ],
)
def test_other_counts_have_no_published_figure_and_say_why(
    changed: dict[str, int], said: str
) -> None:
    section = board(THEIRS | changed)
    assert published.cells(section.rows[0]) == {}
    assert published.in_short(section.rows[0]) == ""
    wanted = f"no published figures: the data are not the authors' ({said})"
    assert wanted in remarks_below(section)


def test_data_that_nobody_counted_have_no_published_figure() -> None:
    section = board({})
    assert published.target(section.rows[0]) is None
    wanted = "no published figures: the data are not the authors' (their counts are not known)"
    assert wanted in remarks_below(section)


def test_beside_rows_of_the_authors_data_those_of_others_have_none() -> None:
    cell = {"dataset": "ncf_ml_1m", "protocol": "ncf-files"}
    made = [
        made_up("als", 0.6, audit=THEIRS, **cell),
        made_up("mf", 0.5, audit=THEIRS | {"users": 50}, **cell),
        # one seed of two on other data is enough
        made_up("gmf", 0.4, audit=THEIRS, **cell),
        made_up("gmf", 0.4, seed=1, audit=THEIRS | {"interactions": 999}, **cell),
    ]
    section = sections(made)[0]
    assert [bool(published.in_short(row)) for row in section.rows] == [True, False, False]


def test_the_authors_counts_have_it() -> None:
    section = board(THEIRS)
    assert published.in_short(section.rows[0])
    assert not [line for line in remarks_below(section) if "authors'" in line]


def test_other_data_sets_say_nothing() -> None:
    section = sections([made_up("als", 0.5)])[0]
    assert published.other_data(section.rows[0]) == ""
    assert not [line for line in remarks_below(section) if "authors'" in line]
