"""Words of models, suites and libraries, made fit for a terminal, a page or the name of a file."""

import re
from hashlib import sha256

LONGEST_NAME = 120  # of a part of a file's name; the systems allow 255 bytes in all


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
