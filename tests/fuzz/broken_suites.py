"""Suite files with wrong keys, wrong values and broken text, and words for the command line."""

import tomllib
from typing import Any

from hypothesis import strategies as st

GOOD = {
    "dataset": "synthetic:n_users=9,n_items=12,interactions_per_user=6",
    "protocol": "loo-99",
    "seeds": [0, 1],
    "timeout": 60,
    "rows": [
        {"model": "popularity"},
        {"model": "ease", "params": {"l2": 5.0}, "tuned": "not at all", "label": "mine"},
    ],
}
LARGE = 10**400
NUMBERS = [0, 1, -1, 3, 2**31, 2**63 - 1, 2**63, -(2**63) - 1, 10**30, LARGE, 0.0, 0.5, -0.5, 1e308]
NUMBERS += [float("nan"), float("inf"), -float("inf"), 5e-324]
WORDS = [
    "", " ", "ease", "esae", "popularity", "random", "loo-99", "loo-99-validation",
    "ncf-files", "synthetic", "synthetic:", "synthetic:scale=0", "synthetic:scale=7", "none",
    "synthetic:n_users=1000000000000", "synthetic:n_users=-1", "synthetic:seed=-1", "../../x", "/",
    "synthetic:n_users=9,n_items=4", "synthetic:strength=nan", "synthetic:strength=1e400",
    "synthetic:n_users=[[1]]", "synthetic:interactions_per_user=1e300",
    "synthetic:seed=" + "9" * 99,
    "synthetic:n_items=16777217", "synthetic:min_per_user=100", "synthetic:popularity_shift=-5",
    "synthetic:popularity_exponent=-1e300", "movielens_100x", "quikc", "é漢🎲", "a\nb", "\x1b[2J",
    "'", '"', "\\", "%s", "{0}", "x" * 70, "x" * 100_000, "\x7f", "\u2028", "\u202e", "a|b", "<b>",
]  # fmt: skip
KEYS = [
    *GOOD,
    "memory_limit",
    "min_rating",
    "eval_users",
    "name",
    "file",
    "extends",
    "rows",
    "sedes",
    "x y",
]
ROW_KEYS = ["model", "label", "params", "tuned", "timeout", "seeds", "modle", "é", ""]
PARAMETERS = ["l2", "l3", "factors", "power", "", "x.y", "é"]
DATES = [
    tomllib.loads(f"x = {text}")["x"] for text in ("1979-05-27", "07:32:00", "1979-05-27 07:32:00Z")
]
words = st.one_of(
    st.sampled_from(WORDS), st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
)
values = st.recursive(
    st.one_of(st.sampled_from(NUMBERS), words, st.booleans(), st.sampled_from(DATES)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(PARAMETERS), inner, max_size=2)
    ),
    max_leaves=4,
)


def toml(value: Any) -> str:
    """A value as TOML."""
    match value:
        case bool():
            return str(value).lower()
        case float() if value != value:
            return "nan"
        case str():
            escaped = "".join(
                c if c.isprintable() and c not in '"\\' else f"\\U{ord(c):08X}" for c in value
            )
            return f'"{escaped}"'
        case list():
            return f"[{', '.join(map(toml, value))}]"
        case dict():
            pairs = (f"{toml(key)} = {toml(inner)}" for key, inner in value.items())
            return f"{{{', '.join(pairs)}}}"
    return str(value)  # numbers, dates


def document(suite: dict[str, Any]) -> str:
    """A suite as the text of a file; its rows as tables of their own where they can be."""
    rows = suite.get("rows")
    lines = [f"{toml(key)} = {toml(value)}" for key, value in suite.items() if key != "rows"]
    if isinstance(rows, list) and rows and all(isinstance(row, dict) for row in rows):
        for row in rows:
            lines += ["[[rows]]", *(f"{toml(key)} = {toml(value)}" for key, value in row.items())]
    elif "rows" in suite:
        lines.append(f"rows = {toml(rows)}")
    return "\n".join(["# Made up.", *lines, ""])


@st.composite
def wrong_values(draw: st.DrawFn) -> bytes:
    """A suite of which one thing, or several, has another value or another name."""
    suite = {**GOOD, "rows": [dict(row) for row in GOOD["rows"]]}
    for _ in range(draw(st.integers(1, 2))):
        rows = suite.get("rows")
        row = draw(st.sampled_from(rows)) if isinstance(rows, list) and rows else None
        match draw(st.integers(0, 5)):
            case 0 | 1:
                suite[draw(st.sampled_from(KEYS))] = draw(values)
            case 2:
                suite.pop(draw(st.sampled_from(list(GOOD))), None)
            case 3 if isinstance(row, dict):
                row[draw(st.sampled_from(ROW_KEYS))] = draw(values)
            case 4 if isinstance(row, dict):
                row["params"] = {draw(st.sampled_from(PARAMETERS)): draw(values)}
            case _:
                suite["rows"] = draw(st.one_of(values, st.lists(values, max_size=2)))
    return document(suite).encode()


# Text that no table of values comes to.
ODD_TEXT = [
    b"", b"\n", b"\x00", b"\xff\xfe", b"# only this", b"[" * 100_000, b"x = " + b"[" * 3000,
    b"x = " + b"{a=" * 3000, b"x = 0x" + b"f" * 10_000, b"seeds = [0x" + b"f" * 10_000 + b"]",
    b"x = " + b"9" * 5000, b"x = 1e" + b"9" * 5000, b"a." * 5000 + b"b = 1", b'x = "\\ud800"',
    b'x = "', b"x = '''", b"= 1", b"x", b"x =", b"[rows]", b"[[rows]]", b"[rows]\n[[rows]]",
    b"x = 1979-13-45", b"x = 1\nx = 2", b"timeout = 0x" + b"f" * 10_000, b"{}", b"<html>", b"---",
    b"memory_limit = 0x" + b"f" * 10_000, b"eval_users = 0x" + b"f" * 10_000,
    b"dataset = synthetic",
    b"min_rating = 0x" + b"f" * 10_000, b"protocol = 0x" + b"f" * 10_000,
]  # fmt: skip


@st.composite
def wrong_text(draw: st.DrawFn) -> bytes:
    """The text of a good suite with something in it that should not be there."""
    good = document(GOOD).encode()
    odd = draw(st.one_of(st.sampled_from(ODD_TEXT), st.binary(max_size=6)))
    match draw(st.integers(0, 5)):
        case 0:
            return odd
        case 1:
            return odd + b"\n" + good
        case 2:
            return good + odd
        case 3:
            return good[: draw(st.integers(0, len(good)))]
        case 4:
            return draw(st.sampled_from([b"\xef\xbb\xbf" + good, good.replace(b"\n", b"\r\n"),
                                         good.replace(b"\n", b"\r"), good * 2, good[::-1],
                                         good.decode().encode("utf-16")]))  # fmt: skip
    start = draw(st.integers(0, len(good)))
    return good[:start] + odd + good[start + draw(st.integers(0, 5)) :]


suites = st.one_of(wrong_values(), wrong_values(), wrong_text())

OPTIONS = ["--models", "--dataset", "--protocol", "--seeds", "--min-rating", "--eval-users"]
OPTIONS += ["--timeout", "--memory-limit", "--threads", "--device", "--set", "--suite"]
arguments = st.one_of(
    words.filter(lambda word: "\0" not in word),
    st.sampled_from(NUMBERS).map(str),
    st.sampled_from(
        ["9" * 5000, "²", "٣", "0,1", "1,1", ",", "-", "--", "1e999", "0x10", "cuda:9"]
    ),
    st.tuples(st.sampled_from(["ease.l2=", "ease.l3=", "easel2", "als.", "ease.="]), values).map(
        lambda pair: pair[0] + toml(pair[1])
    ),
)


@st.composite
def command_lines(draw: st.DrawFn) -> list[str]:
    """One or two options of `bench run` with anything for a value."""
    chosen = draw(st.lists(st.sampled_from(OPTIONS), min_size=1, max_size=2))
    return [word for option in chosen for word in (option, draw(arguments))]
