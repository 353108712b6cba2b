"""Facts that take long to find out, kept in the user's cache for the next process.

Each is found again where it is missing or damaged, so nothing here is needed, or to be repaired.
"""

import json
import os
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Any

import platformdirs

MOST = 1000  # facts in a folder; then the older half goes


def remembered(name: str) -> Any | None:
    """What is kept under a name, as "answers/0123"; None where that is nothing, or damaged."""
    try:
        return json.loads(_path(name).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None


def remember(name: str, fact: Any) -> None:
    """Keep a fact that is fit for JSON. Where that cannot be, as on a full disk, it is not kept."""
    path = _path(name)
    with suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, temporary = tempfile.mkstemp(dir=path.parent)
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                json.dump(fact, file)
            Path(temporary).replace(path)
        except OSError:
            Path(temporary).unlink(missing_ok=True)
        _trim(path.parent)


def _path(name: str) -> Path:
    return platformdirs.user_cache_path("bench") / f"{name}.json"


def _trim(folder: Path) -> None:
    files = list(folder.iterdir())
    if len(files) > MOST:
        files.sort(key=lambda path: path.stat().st_mtime)
        for path in files[: len(files) // 2]:
            path.unlink(missing_ok=True)
