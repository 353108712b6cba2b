"""The vectors that are exported: of items or of users, as they are kept or made fit to compare."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from bench.errors import UsageError
from bench.interactions import Floats, OriginalIds
from bench.kept.catalogue import Catalogue
from bench.kept.model import KeptModel

Of = Literal["items", "users"]


class CannotExport(UsageError, ValueError):
    """Vectors that are not there, or that a format cannot hold: one line, which says why."""


@dataclass(frozen=True, kw_only=True)
class Exported:
    """Vectors of n items, or of n users."""

    of: Of
    ids: OriginalIds  # [n], int64 or text
    vectors: Floats  # [n, d], rows in memory one after the other
    catalogue: Catalogue | None  # what is known of the items; None of users
    facts: dict[str, str]  # what they are, for formats that can say it

    def __len__(self) -> int:
        return len(self.ids)


def exported(kept: KeptModel, of: Of, *, centred: bool = False, unit: bool = False) -> Exported:
    """The vectors of a kept model.

    As they are kept, a user's vector times an item's is the score. Centred or at unit length they
    are for comparing items with items, or users with users: bias columns, which say nothing of what
    an item is like, are left out.

    Args:
        of: "items" or "users".
        centred: subtract the mean vector.
        unit: give each the length 1, after that; a vector of zeros stays one.

    Raises:
        CannotExport: nothing of the kind is kept.
    """
    ids, vectors = _kept(kept, of)
    if centred or unit:
        vectors = vectors[:, : vectors.shape[1] - kept.biases]
    wide = vectors.astype(np.float64)
    known = (wide != 0).any(axis=1, keepdims=True)  # of others nothing was learned
    if centred:
        wide = np.where(known, wide - wide.mean(axis=0), 0.0)
    if unit:
        lengths = np.linalg.norm(wide, axis=1, keepdims=True)
        wide = np.divide(wide, lengths, out=np.zeros_like(wide), where=lengths > 0)
    cell = kept.cell
    return Exported(
        of=of,
        ids=ids,
        vectors=np.ascontiguousarray(wide, dtype=np.float32),
        catalogue=kept.catalogue if of == "items" else None,
        facts={
            "model": kept.name,
            "dataset": cell.dataset,
            "protocol": cell.protocol,
            "seed": str(cell.seed),
            "key": kept.key,
            "of": of,
            "kind": kept.kind,
            "biases": str(0 if centred or unit else kept.biases),  # of the last columns
            "centred": str(centred).lower(),
            "unit": str(unit).lower(),
        },
    )


def _kept(kept: KeptModel, of: Of) -> tuple[OriginalIds, Floats]:
    if kept.kind == "none":
        raise CannotExport(f"{kept.name} has no vectors, so there is nothing to export")
    if of == "items":
        return kept.catalogue.item_ids, kept.item_vectors
    ids, vectors = kept.users()
    if vectors is None:
        raise CannotExport(
            f"{kept.name} has no vectors of users: of its items there are those of its profile,"
            " with --what items"
        )
    return ids, vectors
