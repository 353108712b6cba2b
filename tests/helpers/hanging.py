"""Time limits of models that hang: they are over once the model says that it has come so far."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic
from unittest.mock import patch

AHEAD = 1e6  # seconds: more than any limit


@contextmanager
def over_when_said(module: str, folder: Path) -> Iterator[None]:
    """While the block lasts, the clock of a module goes far ahead for each file in a folder.

    A model that hangs makes such a file just before it does, and is over its limit from then on,
    however slow the machine is. What begins after that has all its time.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with patch(f"{module}.monotonic", lambda: monotonic() + AHEAD * len(list(folder.iterdir()))):
        yield
