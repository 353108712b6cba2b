"""A kept model, as what searches and recommends reads it."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import click
import numpy as np

from bench.adapter import Adapter, State
from bench.errors import Problem, UnknownName, UsageError
from bench.interactions import Floats, Interactions, OriginalIds
from bench.kept.arrays import read_arrays
from bench.kept.catalogue import Catalogue
from bench.kept.learned_from import read_interactions
from bench.kept.manifest import (
    DATA,
    ITEMS,
    MANIFEST,
    STATE,
    USERS,
    By,
    Damaged,
    DataManifest,
    FileFacts,
    Kind,
    Manifest,
    intact,
)
from bench.kept.tables import read_items, read_users
from bench.records.files import load
from bench.records.learned_from import data_folder
from bench.records.record import Cell
from bench.registry.models import ModelSpec, adapter_class, complete_adapter, is_model
from bench.registry.names import files
from bench.registry.sources import source_sha256
from bench.text import in_one_line, shown


class CannotBeRestored(Problem, ValueError):
    """A kept model of which there is nothing to score with, in another process than its fit."""


class OtherVersion(Problem, ValueError):
    """Data that are not those from which a kept model learned."""


@dataclass(frozen=True, kw_only=True, eq=False)
class KeptModel:
    """What is kept of a fit. Reading it loads neither torch nor pandas; the rest is lazy.

    I items, U users, d numbers in a vector.
    """

    folder: Path
    cell: Cell
    key: str  # of the cell, as in its record
    kind: Kind  # "vectors": the model's own; "profile": of its scores; "none": no vectors
    biases: int  # of the last columns of the vectors, which are no part of what an item is like
    by: By  # how items are compared, unless somebody asks for another way
    data_sha256: str
    split_sha256: str
    catalogue: Catalogue
    item_vectors: Floats  # [I, d] as kept, biases included; [I, 0] of kind "none"
    files: dict[str, FileFacts]
    note: str = ""  # where it is not the fit of its record
    code_sha256: str = ""  # of what the model was made of, as in its record

    @classmethod
    def read(cls, folder: Path) -> "KeptModel":
        """Read what is kept in a folder.

        Raises:
            BadRecord: its model.json is missing, or of another schema.
            Damaged: a file is missing, or has changed.
        """
        kept = load(Manifest, folder / MANIFEST)
        catalogue, vectors = read_items(intact(folder, ITEMS, kept.files, kept.cell.model))
        if (kept.kind == "none") != (vectors.shape[1] == 0) or kept.biases > vectors.shape[1]:
            raise Damaged(f"{folder / ITEMS}: its vectors are not those of {MANIFEST}")
        return cls(
            folder=folder,
            cell=kept.cell,
            key=kept.key,
            kind=kept.kind,
            biases=kept.biases,
            by=kept.by,
            data_sha256=kept.data_sha256,
            split_sha256=kept.split_sha256,
            catalogue=catalogue,
            item_vectors=vectors,
            files=kept.files,
            note=kept.note,
            code_sha256=kept.code_sha256,
        )

    @property
    def name(self) -> str:
        """The name on the board."""
        return self.cell.name

    def vectors(self, by: By | None = None) -> Floats:
        """Item vectors whose dot products are the similarity of items. float32 [I, d - biases]

        Args:
            by: "dot", as they are; "cosine", of length 1; "centred", less the mean item vector,
                then of length 1. None: the model's own, `self.by`. An item about which the model
                learned nothing has a vector of zeros, which is like no other.
        """
        plain = self.item_vectors[:, : self.item_vectors.shape[1] - self.biases]
        by = by or self.by
        if by == "dot":
            return plain
        wide = plain.astype(np.float64)
        known = (wide != 0).any(axis=1, keepdims=True)
        if by == "centred":
            wide = np.where(known, wide - wide.mean(axis=0, keepdims=True), 0.0)
        lengths = np.linalg.norm(wide, axis=1, keepdims=True)
        wide /= np.where(lengths > 0, lengths, np.inf)
        return wide.astype(np.float32)

    def users(self) -> tuple[OriginalIds, Floats | None]:
        """Ids of the users, and their vectors [U, d], whose products with the items' are scores.

        None for vectors where the model has none of users. Those of a model of sequences are what
        stands for a user after the latest item.
        """
        return self._users

    @cached_property
    def _users(self) -> tuple[OriginalIds, Floats | None]:
        return read_users(intact(self.folder, USERS, self.files, self.cell.model))

    def train(self) -> Interactions:
        """What the model learned from.

        Raises:
            BadRecord, Damaged: it is missing, or has changed.
            OtherVersion: it is of other data.
        """
        return self._train

    @cached_property
    def _train(self) -> Interactions:
        folder = data_folder(self.folder.parent, self.data_sha256, self.split_sha256)
        beside = load(DataManifest, folder / DATA)
        for what, own, found in (
            ("data", self.data_sha256, beside.data_sha256),
            ("a split", self.split_sha256, beside.split_sha256),
        ):
            if own != found:
                raise OtherVersion(
                    f"{self.name} learned from {what} of SHA-256 {own[:16]}..., and {folder} is of"
                    f" {found[:16]}...; keep the model again"
                )
        return read_interactions(folder)

    def restorable(self) -> bool:
        """Whether `adapter` gives the model, and not only its vectors are kept."""
        return STATE in self.files

    def uses_item_features(self) -> bool:
        """Whether it can know of items that nobody chose; so where its code is not here, too."""
        try:
            return "items" in adapter_class(self.cell.model).uses_features
        except (UsageError, Problem, TypeError, ImportError):
            return True

    def only(self) -> str:
        """What there is of a model that cannot be restored, before "kept"."""
        found = {
            "vectors": "only its vectors are",
            "profile": "only its profile is",
            "none": "neither vectors nor state are",
        }
        return found[self.kind]

    def adapter(self) -> Adapter:
        """The model as after its fit: its scores are the same, bit for bit.

        Where its code has changed since, that is said on standard error.

        Raises:
            CannotBeRestored: only its vectors are kept, or its code is no longer that of the fit.
            Damaged: a file is missing, or has changed.
        """
        return self._adapter

    @cached_property
    def _adapter(self) -> Adapter:
        if not self.restorable():
            raise CannotBeRestored(f"{self.name}: {self.only()} kept, as it has no state()")
        state = self._state()
        try:
            adapter = complete_adapter(ModelSpec(self.cell.model, self.cell.params))
            adapter.restore(state, self.train())
        except Problem:
            raise
        except UnknownName as error:
            model = self.cell.model
            raise CannotBeRestored(
                f"{self.name} cannot be restored: the code of {shown(model)} is not here; pass its"
                f" file by --model-path {model}.py, or from Python the file or the class, as"
                f" bench.open(..., models='{model}.py')"
            ) from error
        except Exception as error:  # whatever the model's own file does
            raise CannotBeRestored(
                f"{self.folder}: {self.name} cannot be restored: {in_one_line(error)}"
            ) from error
        here = self.cell.model in files("models")  # and not a class of a script
        if here and self.code_sha256 not in ("", source_sha256(self.cell.model)):
            click.echo(
                f"warning: {self.name} was kept by another state of"
                f" models/{self.cell.model}.py, of what it imports, or of its libraries: scores"
                " may differ; keep it again, by --keep",
                err=True,
            )
        return adapter

    def _state(self) -> State:
        return read_arrays(intact(self.folder, STATE, self.files, self.cell.model))


def has_code(cell: Cell) -> bool:
    """Whether the code of a cell's model is known here, so that the model may be restored."""
    return is_model(cell.model)
