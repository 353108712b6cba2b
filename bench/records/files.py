"""Files of results, written whole or not at all; one reader and writer of all that is JSON."""

import json
import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any, ClassVar, Self, TypeVar

import psutil

from bench.errors import Problem
from bench.records.forms import wrong_fields
from bench.text import one_line


class BadRecord(Problem, ValueError):
    """A file that is no record, or no ledger, that this bench can read."""


class Kept:
    """What a results folder keeps as a JSON file with a schema; each kind is a frozen dataclass."""

    KIND: ClassVar[str]  # for messages
    SCHEMA: ClassVar[int]  # that this bench reads and writes

    started: str  # ISO 8601, UTC

    @property
    def stem(self) -> str:
        """Name of its file, without the ending."""
        raise NotImplementedError

    def to_dict(self) -> dict[str, Any]:
        """Its fields, fit for JSON."""
        return asdict(self)  # type: ignore[call-overload,no-any-return]  # they are dataclasses

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Self:
        """Rebuild it from its JSON.

        Raises:
            BadRecord: the schema is another, or a field is missing, unknown or of another form.
        """
        if values.get("schema") != cls.SCHEMA:
            raise BadRecord(
                f"{cls.KIND} of schema {values.get('schema')!r}; this bench reads {cls.SCHEMA}"
            )
        known = {field.name for field in fields(cls)}  # type: ignore[arg-type]
        if unknown := values.keys() - known:
            raise BadRecord(f"{cls.KIND} with unknown fields {sorted(unknown)}")
        try:
            found = cls(**values | cls.parts(values))
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise BadRecord(f"incomplete {cls.KIND}: {error}") from error
        if wrong := "; ".join(wrong_fields(found)):
            raise BadRecord(f"{cls.KIND}: {one_line(wrong)}")
        return found

    @classmethod
    def parts(cls, values: dict[str, Any]) -> dict[str, Any]:
        """The fields that JSON has in another form than the dataclass."""
        return {}


AnyKept = TypeVar("AnyKept", bound=Kept)


def save(value: Kept, path: Path) -> Path:
    """Write a record, canaries or a certificate; the path is returned.

    Raises:
        ValueError: a number is NaN or infinite.
        OSError: see `write_whole`.
    """
    text = json.dumps(value.to_dict(), indent=1, allow_nan=False) + "\n"
    write_whole(path, text.encode())
    return path


def load(cls: type[AnyKept], path: Path) -> AnyKept:
    """Read what `save` wrote.

    Raises:
        BadRecord: the file is missing, or of no such kind; the message names it.
    """
    try:
        return cls.from_dict(json.loads(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise BadRecord(f"{path}: {error.strerror or error}") from error
    except (ValueError, AttributeError, RecursionError) as error:
        raise BadRecord(f"{path}: {error}") from error


def load_all(
    cls: type[AnyKept], folder: Path, skip: Callable[[BadRecord], None] | None = None
) -> list[AnyKept]:
    """All of a kind that stand in a folder, oldest first; none where there is no folder.

    Args:
        cls: the kind.
        folder: theirs alone.
        skip: is told of each file that is no such thing; without it the first one is raised.

    Raises:
        BadRecord: a file is of no such kind, and there is no skip.
    """
    found = []
    for path in sorted(folder.glob("*.json")):
        try:
            found.append(load(cls, path))
        except BadRecord as error:
            if skip is None:
                raise
            skip(error)
    return sorted(found, key=lambda kept: (kept.started, kept.stem))


def write_whole(path: Path, content: bytes) -> None:
    """Write a file under a temporary name, flush it to the disk, then rename it.

    Raises:
        OSError: no space left, a read-only folder, ...; nothing is left of the file then.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with temporary.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError:
        with suppress(OSError):
            temporary.unlink()
        raise
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)  # or a power cut could undo the renaming
    finally:
        os.close(folder)


def remove_unfinished(folder: Path) -> None:
    """Remove the temporary files in a folder that processes left there which are gone."""
    for path in folder.glob(".*.tmp*"):
        number = path.name.rpartition(".tmp")[0].rpartition(".")[2]
        if number.isdecimal() and not psutil.pid_exists(int(number)):
            path.unlink(missing_ok=True)
