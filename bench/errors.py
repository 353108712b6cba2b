"""Errors that are told in one line, without a traceback; and the nearest name to a wrong one."""

import difflib
from collections.abc import Iterable

from bench.text import shown


class UsageError(Exception):
    """Something that was typed wrong: one line for the user, and exit code 2."""


class Problem(Exception):
    """Something that is wrong with data, files or results: one line, and exit code 1."""


class UnknownName(UsageError, LookupError):
    """A name that does not exist; the message gives the nearest that does."""


class BadParameter(UsageError, ValueError):
    """A parameter with a value that it does not take."""


def unknown(what: str, given: str, known: Iterable[str]) -> UnknownName:
    """The error for a name that is not among the known ones."""
    names, given = sorted(known), given[:200]  # comparing very long ones takes long
    close = difflib.get_close_matches(given, names, n=1, cutoff=0.3)
    hint = f" Did you mean {close[0]!r}?" if close else ""
    return UnknownName(f"unknown {what} {shown(given)}.{hint} Known: {', '.join(names) or 'none'}")
