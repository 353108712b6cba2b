"""Answers of models about themselves, kept in the cache of the user: to ask is to import them.

An answer is known by all that decides it: the model's files and libraries, what was given, and the
harness that asked. Only good answers are kept; a model without a library may have it tomorrow.
"""

import os
from functools import cache
from pathlib import Path
from typing import Any

from bench import machine
from bench.errors import UsageError
from bench.hashing import key_of
from bench.registry.code import code_of_files
from bench.registry.models import ModelSpec
from bench.registry.remembered import remember, remembered
from bench.registry.sources import source_sha256

# The files of the harness that decide what is answered.
DECISIVE = (
    *("adapter.py", "space.py", "registry/models.py", "registry/parameters.py"),
    *("running/answered.py", "running/describe.py"),
)


def key_of_answer(row: ModelSpec) -> str | None:
    """16 hex digits that change with all that may change the answer; None where one cannot say."""
    try:
        parts = {
            "row": list(row),
            "source": source_sha256(row.model, declared=True),
            "packages": machine.packages(),
            "harness": _harness_sha256(),
            # Whoever asks has the model's kernels compiled, before any cell's limit of time: so
            # each place where they are kept asks for itself.
            "kernels": [str(Path(__file__).parents[1]), os.environ.get("NUMBA_CACHE_DIR", "")],
        }
        return key_of(parts)
    except (UsageError, OSError, TypeError, ValueError):
        return None


def kept_answer(key: str | None) -> list[Any] | None:
    """What is kept under the key; None where that is nothing."""
    found = remembered(f"answers/{key}") if key else None
    return found if isinstance(found, list) and found[:1] == ["ok"] else None


def keep_answer(key: str | None, answer: list[Any]) -> None:
    """Keep a good answer."""
    if key is not None and answer[0] == "ok":
        remember(f"answers/{key}", answer)


@cache
def _harness_sha256() -> str:
    folder = Path(__file__).parents[1]
    return code_of_files((folder / each for each in DECISIVE), folder)
