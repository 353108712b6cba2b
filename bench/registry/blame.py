"""The file and the line of a suite that an error is about."""

import re
from pathlib import Path

from bench.errors import BadParameter, UsageError


class BadSuite(UsageError, ValueError):
    """A suite file that cannot be used; the message names the file and the line."""


def where(path: Path, text: str, message: str, *, otherwise: tuple[str, ...] = ()) -> str:
    """The file and the line that a message is about, as far as its first quoted word tells.

    Args:
        path: of the suite.
        text: what is in it.
        message: of the error.
        otherwise: what may begin the line that is meant where there is no such word.
    """
    word = re.search(r"'([^']+)'|^(\w+)(?: must|[\w.]* takes)", message)
    if word:
        for number, line in enumerate(text.splitlines(), start=1):
            if re.search(rf"(?<!\w){re.escape(word[1] or word[2])}(?!\w)", line):
                return f"{path}, line {number}"
    for number, line in enumerate(text.splitlines(), start=1):
        if line.strip().startswith(otherwise):
            return f"{path}, line {number}"
    return str(path)


def blamed(error: Exception, file: Path | None, *, otherwise: tuple[str, ...] = ()) -> Exception:
    """The error with the line of the suite that it is about; as it is where no file has it."""
    if file is None:
        return BadParameter(str(error))
    text = file.read_text(encoding="utf-8")
    return BadSuite(f"{where(file, text, str(error), otherwise=otherwise)}: {error}")
