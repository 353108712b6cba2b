"""Arguments that somebody passes from Python, checked: titles, counts and names."""

from collections.abc import Iterable, Sequence
from typing import Any

from bench.errors import BadParameter
from bench.text import shown

Titled = str | int  #: a title as people type it, `#296`, or the id as a whole number


def title_typed(title: Titled) -> str:
    """A title or an id as it would be typed.

    Raises:
        BadParameter: it is neither.
    """
    if isinstance(title, str):
        return title
    if isinstance(title, bool) or not hasattr(title, "__index__"):  # numpy has whole numbers, too
        raise BadParameter(f"a title is a text, as 'Alien', or an id, as 296, not {shown(title)}")
    return f"#{title.__index__()}"


def titles_typed(what: str, given: str | Sequence[Titled]) -> list[str]:
    """Several of them.

    Raises:
        BadParameter: they are no texts and ids.
    """
    if isinstance(given, str):
        return [given]
    if not isinstance(given, Iterable):
        raise BadParameter(f"{what} takes a list of titles, as ['Alien', 296], not {shown(given)}")
    return [title_typed(each) for each in given]


def texts_typed(what: str, given: str | Sequence[str], example: str) -> list[str]:
    """Texts, or one of them.

    Raises:
        BadParameter: they are none.
    """
    texts = [given] if isinstance(given, str) else given
    if not isinstance(texts, Iterable) or not all(isinstance(each, str) for each in texts):
        raise BadParameter(f"{what} takes texts, as {example!r}, not {shown(given)}")
    return list(texts)


def check_count(name: str, given: Any, least: int = 1) -> None:
    """Refuse what is no whole number from `least` on.

    Raises:
        BadParameter: it is none.
    """
    if isinstance(given, bool) or not hasattr(given, "__index__") or given < least:
        raise BadParameter(f"{name} must be a whole number from {least} on, not {shown(given)}")


def check_text(name: str, given: Any, example: str) -> None:
    """Refuse what is neither a text nor None.

    Raises:
        BadParameter: it is something else.
    """
    if given is not None and not isinstance(given, str):
        raise BadParameter(f"{name} takes a text, as {example!r}, not {shown(given)}")
