"""An epoch of the networks that consist of a few parts, compiled as a whole."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from bench.interactions import Floats, Ids, Interactions

from ..kernels.epochs import MovingNetwork, MovingTower, train_batches
from ..kernels.optimizers import Moving
from ..kernels.parts import PartArrays
from ..kernels.untouched import Samples
from ..negatives import Negatives
from ..tables import Optimizer, Table
from .network import Part, Tower


class Epochs:
    """Trains a network of two parts and perhaps a tower."""

    def __init__(
        self,
        parts: tuple[Part, Part],
        tower: Tower | None,
        train: Interactions,
        negatives: Negatives,
        optimizer: Optimizer,
    ) -> None:
        self._train, self._negatives, self._optimizer = train, negatives, optimizer
        users, items = (_arrays(each, optimizer) for each in parts)
        self._network = MovingNetwork(users, items, _moving(tower, optimizer))

    def learn(
        self, order: Tensor, batch_size: int, negatives: int, generator: torch.Generator
    ) -> float:
        """One epoch over the observed pairs in this order, int32 [N]: the sum of the losses."""
        train, untouched = self._train, self._negatives.untouched
        samples = Samples(train.users, train.items, untouched, negatives)
        total, start = 0.0, 0
        while start < len(order):
            seed = int(torch.randint(2**63 - 1, (), generator=generator))
            some = order[start : start + batch_size * self._optimizer.due()]
            clock = self._optimizer.clock
            total += train_batches(
                some.numpy(), batch_size, samples, self._network, np.uint64(seed), clock
            )
            self._optimizer.settle()
            start += len(some)
        return total


_EMPTY = np.zeros((0, 0), dtype=np.float32)
_NOTHING = Moving(*(np.zeros((1, 0), dtype=np.float32),) * 3, np.zeros(0, dtype=np.int64))
_NO_TABLE = Moving(_EMPTY, _EMPTY, _EMPTY, np.zeros(0, dtype=np.int64))


def _moving(tower: Tower | None, optimizer: Optimizer) -> MovingTower:
    if tower is None:
        return MovingTower(_NOTHING, np.zeros(0, dtype=np.int64), 0.0)
    return MovingTower(optimizer.of(tower.weights), tower.widths, tower.dropout)


def _arrays(part: Part, optimizer: Optimizer) -> PartArrays:
    fields = part.fields
    vectors = part.vectors if fields is None else fields.ids
    known = None if fields is None or fields.count == 1 else fields  # some beside the ids
    starts, columns, values = _no_features(vectors) if known is None else known.x.arrays()
    place = [] if fields is None else [fields.ids.weight.shape[1] - part.of_users]
    return PartArrays(
        dot=_of_table(vectors, optimizer),
        scale=_of(part.scale, optimizer),
        table=_of_table(part.table, optimizer),
        matrix=_NO_TABLE if part.layer is None else optimizer.of(part.layer.weight),
        bias=_of(None if part.layer is None else part.layer.bias, optimizer),
        vectors=_NO_TABLE if known is None else optimizer.of(known.vectors),
        offset=_of(part.offset, optimizer),
        starts=starts,
        columns=columns,
        values=values,
        fields=np.cumsum([0] if known is None else [0, *known.widths], dtype=np.int32),
        place=np.array(place, dtype=np.int64),
    )


def _of(parameter: nn.Parameter | None, optimizer: Optimizer) -> Moving:
    return _NOTHING if parameter is None else optimizer.of(parameter)


def _of_table(table: Table | None, optimizer: Optimizer) -> Moving:
    return _NO_TABLE if table is None else optimizer.of_table(table)


def _no_features(table: Table | None) -> tuple[NDArray[np.int64], Ids, Floats]:
    entities = 0 if table is None else len(table)
    starts = np.zeros(entities + 1, dtype=np.int64)
    return starts, np.zeros(0, dtype=np.int32), np.zeros(0, dtype=np.float32)
