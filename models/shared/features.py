"""The fields of users and items, and their vectors: the x and v of a factorisation machine."""

import numpy as np
import scipy.sparse as sp
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from bench.interactions import Features, Floats, Ids, Interactions

from .layers import Linear, normal, normal_of_seen
from .sparse import SparseMatrix
from .tables import Table

# Features start at a tenth of the ids: what is known of the id itself should lead.
FEATURE_SCALE = 0.1

# Shapes: E users or items, R of them, F fields, D numbers in a vector, M features: all categories,
# yes-or-no columns and dense columns; X dense columns, H width of a layer.


class Fields(nn.Module):
    """A vector for each user, or for each item, and for each feature that it may have.

    The fields are the id; each categorical column; the yes-or-no columns as one, where each of the
    n that hold counts 1 / n; and, if asked for, each dense column. Dense columns are also in
    `dense` [E, X], standardised. The first is always there: the log count of the entity's training
    interactions. The id of an entity that has none says nothing: its vector is zero.

    Args:
        features: of the entities, or None where the data has none.
        observed: int32 [n], the entity of each training interaction.
        entities: how many entities there are.
        size: of a vector.
        scale: standard deviation of the initial vectors of ids.
        dense_fields: whether the dense columns are fields.
    """

    dense: Tensor

    def __init__(
        self,
        features: Features | None,
        observed: Ids,
        entities: int,
        *,
        size: int,
        scale: float,
        dense_fields: bool,
        generator: torch.Generator,
    ) -> None:
        super().__init__()
        dense = standardised(features, np.bincount(observed, minlength=entities))  # [E, X]
        self.register_buffer("dense", torch.from_numpy(dense))
        columns = _categories_and_tags(features)
        if dense_fields:
            columns += [sp.csr_array(column[:, None]) for column in dense.T]
        self.count = 1 + len(columns)  # of fields
        self.ids = Table(normal_of_seen(observed, entities, size, scale, generator))
        if columns:
            x = sp.csr_array(sp.hstack(columns))  # [E, M]
            # One row for each entity and field, the fields of an entity side by side.
            rows = np.arange(entities * len(columns)).reshape(-1, entities).T.ravel()
            self.widths = [column.shape[1] for column in columns]  # features of each field
            self.by_field = SparseMatrix(sp.csr_array(sp.block_diag(columns))[rows])
            self.x, self.x_squared = SparseMatrix(x), SparseMatrix(x.power(2))
            self.vectors = normal((x.shape[1], size), scale * FEATURE_SCALE, generator)

    def forward(self, rows: Tensor | None = None) -> Tensor:
        """x_f v_f for every field, of all entities or of rows int32 [R]: [R, F, D], F `count`."""
        ids = self.ids(rows)
        if self.count == 1:
            return ids[:, None]
        known = self.count - 1
        places = torch.arange(known, dtype=torch.int32, device=ids.device)
        by_field = (self._all_or(rows)[:, None] * known + places).flatten()
        vectors = self.by_field(self.vectors, by_field)
        return torch.cat([ids[:, None], vectors.view(len(ids), known, -1)], dim=1)

    def sums(self, rows: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """The sum of x_f v_f over all features f, ids too, [R, D]; and that of |x_f v_f|^2, [R, 1].

        The last number of a vector is a weight of its own, and not part of the squares.
        """
        ids = self.ids(rows)
        squares = ids[:, :-1].square().sum(1, keepdim=True)
        if self.count == 1:
            return ids, squares
        some = self._all_or(rows)
        lengths = self.vectors[:, :-1].square().sum(1, keepdim=True)  # [M, 1]
        return ids + self.x(self.vectors, some), squares + self.x_squared(lengths, some)

    def layer(
        self, linear: Linear, rows: Tensor | None = None, with_id: Tensor | None = None
    ) -> Tensor:
        """A layer over the vectors of all fields, side by side, without their last numbers: [R, H].

        Features are few beside entities: each is mapped once, and the entities add them up. Where
        `with_id` is given, a row counts by its features alone where it has 0 there: float32 [R].
        """
        maps = linear.weight.unflatten(1, (self.count, -1)).unbind(1)  # of each field [H, D - 1]
        ids = self.ids(rows)[:, :-1]
        layer = (ids if with_id is None else ids * with_id[:, None]) @ maps[0].T
        if self.count > 1:
            fields = self.vectors[:, :-1].split(self.widths)
            mapped = [field @ map.T for field, map in zip(fields, maps[1:], strict=True)]
            layer = layer + self.x(torch.cat(mapped), self._all_or(rows))
        return layer if linear.bias is None else layer + linear.bias

    def dense_of(self, rows: Tensor | None = None) -> Tensor:
        """The dense columns of all entities or of rows int32 [R]: [R, X]."""
        return self.dense if rows is None else self.dense.index_select(0, rows)

    def _all_or(self, rows: Tensor | None) -> Tensor:
        if rows is not None:
            return rows
        return torch.arange(len(self.ids), dtype=torch.int32, device=self.dense.device)


def both_fields(
    train: Interactions, *, size: int, scale: float, dense_fields: bool, generator: torch.Generator
) -> tuple[Fields, Fields]:
    """The fields of users and of items; the arguments are those of Fields."""
    user_fields, item_fields = (
        Fields(
            features,
            observed,
            entities,
            size=size,
            scale=scale,
            dense_fields=dense_fields,
            generator=generator,
        )
        for features, observed, entities in (
            (train.user_features, train.users, train.n_users),
            (train.item_features, train.items, train.n_items),
        )
    )
    return user_fields, item_fields


def _categories_and_tags(features: Features | None) -> list[sp.csr_array]:
    """x of each categorical column [E, its size], then x of the yes-or-no columns, if any."""
    if features is None:
        return []
    every = np.arange(len(features))
    ones = np.ones(len(features), dtype=np.float32)
    columns = [
        sp.csr_array((ones, (every, column)), shape=(len(features), size))
        for column, size in zip(features.categorical.T, features.categorical_sizes, strict=True)
    ]
    if features.multi_hot.shape[1]:
        tags = features.multi_hot.astype(np.float32)
        columns.append(sp.csr_array(tags / np.maximum(tags.sum(axis=1, keepdims=True), 1)))
    return columns


def standardised(features: Features | None, counts: NDArray[np.int64]) -> Floats:
    """Log counts, then the dense columns, of mean 0 and deviation 1; missing becomes 0: [E, X]."""
    columns = [np.log1p(counts)[:, None]]
    if features is not None:
        columns.append(features.dense.astype(np.float64))
    dense = np.concatenate(columns, axis=1)
    known = np.isfinite(dense)
    n_known = np.maximum(known.sum(axis=0), 1)
    mean = np.where(known, dense, 0).sum(axis=0) / n_known
    dense = np.where(known, dense - mean, 0)
    deviation = np.sqrt((dense**2).sum(axis=0) / n_known)
    # A column that says the same of everyone says nothing, and becomes 0.
    return (dense / np.where(deviation > 1e-9, deviation, np.inf)).astype(np.float32)
