"""model.json of a kept model: what it is of, and the sizes and hashes of the files beside it."""

from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, Literal, NamedTuple, Self, get_args

from bench.errors import Problem
from bench.records.files import BadRecord, Kept
from bench.records.folder import MANIFEST as MANIFEST
from bench.records.record import Cell, stem

Kind = Literal["vectors", "profile", "none"]
By = Literal["centred", "cosine", "dot"]

ITEMS, USERS, STATE = "items.parquet", "users.parquet", "state.safetensors"
DATA = "data.json"  # of a folder of data
PART = 1 << 22  # bytes that are hashed at a time


class Damaged(Problem, ValueError):
    """A kept file that is not there, or not what it was when it was written."""


class FileFacts(NamedTuple):
    """What is known of a file from when it was written."""

    bytes: int
    sha256: str

    @classmethod
    def of(cls, path: Path) -> Self:
        """Of a file as it is now."""
        digest, size = sha256(), 0
        with path.open("rb") as file:
            while part := file.read(PART):
                digest.update(part)
                size += len(part)
        return cls(size, digest.hexdigest())


@dataclass(frozen=True, kw_only=True)
class Manifest(Kept):
    """What model.json says."""

    KIND = "kept model"
    SCHEMA = 1

    cell: Cell
    key: str  # of the cell, as in its record
    data_sha256: str
    split_sha256: str
    kind: Kind  # where the vectors come from: the model, its scores, or nowhere
    biases: int  # how many of the last columns are no part of what an item is like
    by: By  # how items are compared, unless somebody asks for another way
    files: dict[str, FileFacts]
    note: str = ""  # where it is not the fit of its record
    started: str = ""  # ISO 8601, UTC, of the fit
    code_sha256: str = ""  # of what the model was made of, as in its record
    schema: int = SCHEMA

    @property
    def stem(self) -> str:
        """Name of its folder: that of the record and the ledger of the cell."""
        return stem(self.cell, self.key)

    def to_dict(self) -> dict[str, Any]:
        """Its fields, fit for JSON."""
        return super().to_dict() | {"files": _plain(self.files)}

    @classmethod
    def parts(cls, values: dict[str, Any]) -> dict[str, Any]:
        """The cell, and the facts of the files."""
        if values["kind"] not in get_args(Kind) or values["by"] not in get_args(By):
            raise BadRecord(f"kept model of kind {values['kind']!r}, by {values['by']!r}")
        files = _facts(values["files"])
        return {"cell": Cell(**values["cell"]), "files": files}


@dataclass(frozen=True, kw_only=True)
class DataManifest(Kept):
    """What data.json says: of what models learned from."""

    KIND = "kept data"
    SCHEMA = 1

    dataset: str
    data_sha256: str
    split_sha256: str
    source: str  # where the data came from, in words
    files: dict[str, FileFacts]
    started: str = ""
    schema: int = SCHEMA

    def to_dict(self) -> dict[str, Any]:
        """Its fields, fit for JSON."""
        return super().to_dict() | {"files": _plain(self.files)}

    @classmethod
    def parts(cls, values: dict[str, Any]) -> dict[str, Any]:
        """The facts of the files."""
        return {"files": _facts(values["files"])}


def _plain(files: dict[str, FileFacts]) -> dict[str, Any]:
    return {name: facts._asdict() for name, facts in files.items()}


def _facts(files: dict[str, Any]) -> dict[str, FileFacts]:
    return {name: FileFacts(**facts) for name, facts in files.items()}


def intact(folder: Path, name: str, files: dict[str, FileFacts], model: str = "MODEL") -> Path:
    """The path of a file that is as it was when it was written.

    Args:
        folder: of the file.
        name: of the file.
        files: what is known of those that were written.
        model: that is to be kept again where it is not as it was.

    Raises:
        Damaged: it is not there, or has changed; the message names it.
    """
    path, again = folder / name, f"keep it again: bench run --models {model} --keep"
    if name not in files:
        raise Damaged(f"{path}: nothing of this name was kept")
    try:
        found = FileFacts.of(path)
    except OSError as error:
        raise Damaged(f"{path}: {error.strerror or error}; {again}") from error
    if found != files[name]:
        raise Damaged(
            f"{path} is not the file that was kept: its SHA-256 is {found.sha256[:16]}..., and"
            f" {files[name].sha256[:16]}... by the manifest beside it; {again}"
        )
    return path
