"""Roles of columns: by the names that people use, by types where there is no header."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bench.data.columns import is_number
from bench.data.table import Table
from bench.errors import UsageError, unknown
from bench.text import one_line

# As compared: in small letters, without anything that is no letter or digit. Earlier ones first,
# where a table has several.
NAMES: dict[str, tuple[str, ...]] = {
    "user": (
        *("user", "userid", "uid", "useridx", "userindex", "userno", "usernumber", "username"),
        *("customer", "customerid", "custid", "clientid", "client", "visitorid", "visitor"),
        *("memberid", "member", "reviewerid", "reviewer", "buyerid", "shopperid", "listenerid"),
        *("readerid", "viewerid", "playerid", "accountid", "account", "personid", "patientid"),
        *("profileid", "profilename", "reviewprofilename", "householdkey", "householdid"),
        *("deviceid", "cookieid", "fullvisitorid", "authorid", "usersha1"),
        *("sessionid", "session", "basketid", "playlistid"),
    ),
    "item": (
        *("item", "itemid", "iid", "itemidx", "itemindex", "itemno", "itemnumber"),
        *("movieid", "movie", "filmid", "film", "asin", "parentasin", "product", "productid"),
        *("sku", "articleid", "article", "trackid", "track", "songid", "song", "artistid"),
        *("artist", "albumid", "bookid", "book", "isbn", "businessid", "business", "poiid"),
        *("locationid", "venueid", "placeid", "appid", "gameid", "game", "recipeid", "recipe"),
        *("animeid", "anime", "newsid", "storyid", "videoid", "video", "offerid", "adid", "docid"),
        *("contentid", "showid", "episodeid", "podcastid", "courseid", "stockcode", "goodsid"),
        *("productcode", "materialid", "hotelid", "restaurantid", "listingid", "jobid", "eventid"),
        *("beerid", "beerbeerid", "beer", "jokeid", "aid", "trackname", "songname", "artistname"),
        *("campaignid", "campaign", "webpageid", "pageid", "url"),
    ),
    "time": (
        *("timestamp", "time", "ts", "unixtime", "unixtimestamp", "unixreviewtime", "datetime"),
        *("eventtime", "eventtimestamp", "createdat", "created", "createdtime", "ratedat"),
        *("interactiontime", "purchasetime", "purchasedat", "clickedat", "viewedat", "playedat"),
        *("orderdate", "invoicedate", "transactiondate", "tdat", "purchasedate", "reviewtime"),
        *("reviewdate", "eventdate", "checkintime", "timestampms", "date", "day", "when"),
    ),
    "rating": (
        *("rating", "ratings", "score", "stars", "overall", "userrating", "userscore", "myrating"),
        *("reviewscore", "preference", "weight", "strength", "grade", "vote", "count"),
        *("playcount", "plays", "listens", "listencount", "quantity", "watchratio", "bookrating"),
    ),
    "event": (
        *("event", "eventtype", "eventname", "action", "actiontype", "behavior", "behaviortype"),
        *("behaviour", "interactiontype", "activity", "feedbacktype"),
    ),
}
MOST_SHOWN = 24  # characters of a value
RATING_VALUES = 200  # a rating has few distinct values
A_DATE = re.compile(r"(19|20)[0-9]{2}-[01][0-9](-[0-3][0-9].*)?")


class UnclearColumns(UsageError):
    """It cannot be seen which column is what: a table of the columns, and the flag to type."""


@dataclass(frozen=True, kw_only=True)
class Column:
    """What the first rows tell of a column."""

    name: str
    type: str  # "whole numbers", "numbers", "times", "text", or what the file says
    values: tuple[str, ...]  # the first three distinct ones
    distinct: int  # among the first rows


def find_roles(table: Table, given: Mapping[str, str], needed: Sequence[str]) -> dict[str, str]:
    """Role -> column, for all roles that are found.

    Args:
        table: of interactions.
        given: role -> column as the user says; an empty one: there is none.
        needed: the roles that must be found.

    Raises:
        UnknownName: a given column does not exist.
        UnclearColumns: a needed role is not found, or several columns have its name.
    """
    given = {role: _named(table, column) for role, column in given.items()}
    taken = {role: column for role, column in given.items() if column}
    twice = [column for column in taken.values() if list(taken.values()).count(column) > 1]
    if twice:
        raise UsageError(f"column {twice[0]!r} cannot be {' and '.join(_roles(taken, twice[0]))}")
    free = [column for column in table.columns if column not in taken.values()]
    if table.has_header:
        for role in NAMES:
            if role not in given and (found := _by_name(table, role, free)):
                taken[role] = found
                free.remove(found)
    elif not given:
        if not table.header_is_certain:
            raise unclear(table, "it cannot be seen whether the first line names the columns", {})
        taken = _by_type(describe(table))
    missing = [role for role in needed if role not in taken]
    if missing:
        why = f"no column is clearly the {' or the '.join(missing)}"
        raise unclear(table, why, dict.fromkeys(missing, "...") | taken)
    return taken


def _named(table: Table, given: str) -> str:
    """The column of this name, or of this number from 1; empty where that is given."""
    if not given or given in table.columns:
        return given
    if given.isdecimal() and 0 < int(given) <= len(table.columns):
        return table.columns[int(given) - 1]
    raise unknown(f"column of {table.name}", given, table.columns)


def _roles(taken: Mapping[str, str], column: str) -> list[str]:
    return [role for role, other in taken.items() if other == column]


def _by_name(table: Table, role: str, free: Sequence[str]) -> str | None:
    for name in NAMES[role]:
        found = [column for column in free if compared(column) == name]
        if len(found) > 1:
            raise unclear(table, f"{' and '.join(map(repr, found))} may both be the {role}", {})
        if found:
            return found[0]
    return None


def compared(name: str) -> str:
    """A name as it is looked for in NAMES."""
    return re.sub(r"[^a-z0-9]", "", name.lower())


def _by_type(columns: Sequence[Column]) -> dict[str, str]:
    """Of a file without header: user, item, and then what the values can only be."""
    if len(columns) < 2 or columns[0].type == "times" or columns[1].type == "times":
        return {}
    found = {"user": columns[0].name, "item": columns[1].name}
    for column in columns[2:]:
        role = "time" if _may_be_time(column) else "rating" if _may_be_rating(column) else None
        if role is None or role in found:
            return {}  # something that is neither: then the first two may be anything too
        found[role] = column.name
    return found


def _may_be_time(column: Column) -> bool:
    if column.type == "times":
        return True
    return "numbers" in column.type and all(1e8 <= float(value) < 1e19 for value in column.values)


def _may_be_rating(column: Column) -> bool:
    return (
        "numbers" in column.type
        and column.distinct <= RATING_VALUES
        and all(-100 <= float(value) <= 1000 for value in column.values)
    )


def unclear(table: Table, why: str, taken: Mapping[str, str]) -> UnclearColumns:
    """The error that shows the columns and the flag to type."""
    columns = describe(table)
    rows = [("column", "type", "first values", "distinct")]
    rows += [
        (one_line(c.name), c.type, ", ".join(map(_cut, c.values)), f"{c.distinct:,}")
        for c in columns
    ]
    widths = [max(len(row[k]) for row in rows) for k in range(3)]
    lines = [
        "  " + "  ".join([*(row[k].ljust(widths[k]) for k in range(3)), row[3].rjust(8)])
        for row in rows
    ]
    proposed = {role: taken.get(role, "...") for role in ("user", "item")}
    proposed |= {role: taken[role] for role in ("time", "rating", "event") if role in taken}
    flag = ",".join(f"{role}={column}" for role, column in proposed.items())
    flag = f"'{flag}'" if re.search(r"[^\w.,=-]", flag) else flag
    named = "" if table.has_header else " (it has no header: columns go by their number)"
    return UnclearColumns(
        f"{table.name}: {why}{named}\n" + "\n".join(lines) + f"\nSay which is which: --columns"
        f" {flag} (time= and rating= may be added, or left empty where there is none)"
    )


def describe(table: Table) -> list[Column]:
    """What the first rows tell of each column."""
    sample = table.sample()
    return [
        _described(name, sample.column(name), table.kinds().get(name)) for name in table.columns
    ]


def _described(name: str, values: Any, kind: str | None) -> Column:
    distinct = values.unique().to_pylist() if _hashable(values.type) else values.to_pylist()
    known = [str(value) for value in distinct if value is not None]
    return Column(
        name=name,
        type=kind or _type_of(values.type, known),
        values=tuple(known[:3]),
        distinct=len(known),
    )


def _hashable(kind: Any) -> bool:
    import pyarrow as pa

    return not pa.types.is_nested(kind) and not pa.types.is_string_view(kind)


def _type_of(kind: Any, known: Sequence[str]) -> str:
    import pyarrow as pa

    if pa.types.is_temporal(kind):
        return "times"
    if pa.types.is_nested(kind):
        return "lists"
    if not known:
        return "empty"
    if all(re.fullmatch(r"0|-?[1-9][0-9]*", value) for value in known):
        return "whole numbers"
    if all(is_number(value) for value in known):
        return "numbers"
    return "times" if all(A_DATE.fullmatch(value) for value in known) else "text"


def _cut(value: str) -> str:
    """A value as it is shown; it may have any length."""
    value = one_line(value[: MOST_SHOWN + 1])
    return value if len(value) <= MOST_SHOWN else f"{value[: MOST_SHOWN - 3]}..."
