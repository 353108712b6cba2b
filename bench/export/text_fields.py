"""Ids and titles in files of text, where white space may end a field."""

from collections.abc import Callable, Iterable

from bench.export.exported import CannotExport, Exported
from bench.text import quoted

LINE_ENDS = "\n\r\v\f\x1c\x1d\x1e\x85\u2028\u2029"  # as str.splitlines has them
IN_FIELDS = str.maketrans(dict.fromkeys(f"\t{LINE_ENDS}", " "))


def field(text: str) -> str:
    """A title as a field of a line: tabs and line ends become blanks."""
    return text.translate(IN_FIELDS)


def tokens(given: Exported, format_name: str) -> list[str]:
    """Ids for a format whose fields end at any white space.

    Raises:
        CannotExport: an id has white space, or is empty.
    """
    return _ids(given, format_name, lambda text: any(map(str.isspace, text)), "white space")


def fields(given: Exported, format_name: str) -> list[str]:
    """Ids for a format whose fields end at tabs and line ends.

    Raises:
        CannotExport: an id has one of them, or is empty.
    """
    return _ids(given, format_name, lambda text: field(text) != text, "a tab or a line end")


def _ids(
    given: Exported, format_name: str, has_border: Callable[[str], bool], border: str
) -> list[str]:
    ids = [str(each) for each in given.ids.tolist()]
    for text in ids:
        if not text:
            refuse(given, text, "is empty", format_name)
        if has_border(text):
            refuse(given, text, f"has {border}, where {format_name} ends a field", format_name)
    return ids


def refuse(given: Exported, text: str, why: str, format_name: str) -> None:
    """Refuse a format for the sake of an id.

    Raises:
        CannotExport: always.
    """
    others = [name for name in ("parquet", "safetensors") if name != format_name]
    raise CannotExport(
        f"the id {quoted(text)} of {given.of} {why}: export them as {' or '.join(others)}"
    )


def encoded(lines: Iterable[str]) -> bytes:
    """Lines of text in UTF-8, each with its end."""
    return "".join(f"{line}\n" for line in lines).encode()
