"""Words of models, suites and libraries, made fit for a terminal, a page or the name of a file.

of                                        for                          function
text of a model, a suite or a library     a terminal, whole            one_line
                                          a page of Markdown, whole    markdown
                                          the name of a file           file_name
a message of a library, or its exception  a line, shortened            first_line
an exception of a model                   its reason: type, message    in_one_line
                                          its traceback                traceback_of
                                          a search in its message      message_of
a value that somebody gave                a message, shortened         shown
a field of a file                         a message, shortened         quoted
values of ours                            JSON without spaces          compact
                                          TOML on one line             toml
"""

import json
import re
import traceback
from collections.abc import Mapping
from hashlib import sha256

LONGEST_NAME = 120  # of a part of a file's name; the systems allow 255 bytes in all
MOST_REASON, MOST_TRACEBACK = 500, 20_000  # characters


def one_line(text: str) -> str:
    """Text of a model or a library, without line ends and what could steer a terminal."""
    return "".join(c if c.isprintable() else " " for c in " ".join(text.split()))


def markdown(text: str) -> str:
    """Text that Markdown shows as it is."""
    text = one_line(text).replace("&", "&amp;").replace("<", "&lt;")
    return "".join(f"\\{c}" if c in "|`*[]\\" else c for c in text)


def file_name(text: str) -> str:
    """Text as the name of a file or a folder, or as a part of it; no path comes of it.

    What is too long is cut, and told apart by a hash.
    """
    name = re.sub(r"[^\w.-]", "_", text)
    if len(name.encode()) <= LONGEST_NAME:
        return name
    kept = name.encode()[: LONGEST_NAME - 9].decode(errors="ignore")
    return f"{kept}-{sha256(text.encode()).hexdigest()[:8]}"


def shown(value: object, most: int = 60) -> str:
    """A value that somebody gave, for a message: on one line, and not too long."""
    try:
        text = repr(value)
    except ValueError:  # a whole number of thousands of digits
        return f"a very large {type(value).__name__}"
    return text if len(text) <= most else f"{text[: most - 3]}..."


def quoted(value: str) -> str:
    """A text from a file, for a message: in quotes, on one line, and not too long."""
    return repr(value if len(value) <= 60 else f"{value[:57]}...")


def first_line(error: BaseException | str) -> str:
    """The first line of a message, and not all of it when it is very long."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    text = lines[0] if lines else type(error).__name__
    return text if len(text) <= 300 else f"{text[:297]}..."


def compact(value: object) -> str:
    """JSON without spaces, its keys sorted."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), default=str)


def toml(value: object) -> str:
    """A value as TOML on one line, None as "none". JSON writes text and numbers the same way."""
    if value is None:
        value = "none"
    if isinstance(value, Mapping):
        return f"{{{','.join(f'{toml(key)}={toml(entry)}' for key, entry in value.items())}}}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(toml, value))}]"
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")  # TOML alone forbids


def in_one_line(error: BaseException) -> str:
    """Type and message of an exception, as a table can show them: short and printable."""
    lines = f"{type(error).__name__}: {message_of(error)}".splitlines()
    return _readable(lines[0].rstrip(": \t"), MOST_REASON) or "an exception without a name"


def message_of(error: BaseException) -> str:
    """The message of an exception, or why it has none: it may be a model's own."""
    try:
        return str(error)
    except BaseException as other:  # whatever a model's exception does
        return f"its message cannot be had, because of {type(other).__name__}"


def traceback_of(error: BaseException) -> str:
    """The traceback of the exception that is being handled, printable and not too long."""
    try:
        text = traceback.format_exc()
    except BaseException:  # of a SyntaxError with something odd in it
        where = vars(BaseException)["__traceback__"].__get__(error)  # no class can intercept this
        text = "Traceback (most recent call last):\n"
        text += "".join(traceback.format_tb(where)) + in_one_line(error)
    return _readable(text, MOST_TRACEBACK, kept="\n")


def _readable(text: str, most: int, kept: str = "") -> str:
    """The text with what no terminal or UTF-8 file should get escaped, shortened in its middle."""
    short = _shortened(text, most)
    # What is escaped is longer.
    shown = "".join(c if c.isprintable() or c in kept else ascii(c)[1:-1] for c in short)
    return _shortened(shown, most)


def _shortened(text: str, most: int) -> str:
    """At most about so many characters: its beginning and its end."""
    return text if len(text) <= most else f"{text[: most // 2]} [...] {text[-most // 2 :]}"
