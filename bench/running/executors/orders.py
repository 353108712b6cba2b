"""Make orders to the nodes of a cluster, and what many of them have in common."""

import pickle
from collections.abc import Mapping, Sequence
from dataclasses import replace
from io import BytesIO
from typing import Any, NamedTuple

import numpy as np

from bench.protocol.task import Task
from bench.records.record import Cell
from bench.running.cluster.client import Cluster, Node
from bench.running.executors.executor import Errand, unheard
from bench.running.executors.order import (
    Order,
    Room,
    facts,
    facts_of_libraries,
    files_from_outside,
)
from bench.running.text_vectors import NEED, with_vectors


class Sent(NamedTuple):
    """An order, and what goes with it; what is shared goes to each node once."""

    order: bytes
    shared: Sequence[Any]  # the tasks, and vectors of texts where they are needed


class Orders:
    """Orders about some tasks."""

    def __init__(self, cluster: Cluster, tasks: Mapping[str, Task]) -> None:
        """Nothing is sent yet.

        Args:
            cluster: to whose nodes.
            tasks: by protocol.
        """
        self._cluster, self._tasks = cluster, tasks
        self._shared: dict[str, Any] = {}  # vectors of texts by protocol; "": the tasks

    def canaries(self, node: Node, room: Room, *, gpu: bool, cell: Cell | None = None) -> Sent:
        """To say what a node can measure.

        Args:
            node: that is asked.
            room: as many places as are wanted.
            gpu: whether it is asked for GPUs too; it then gets one.
            cell: whose key it is to tell.
        """
        return self._sent(replace(self._order(node, room, []), gpu=gpu, cell=cell))

    def cells(self, node: Node, room: Room, errand: Errand) -> Sent:
        """To measure.

        Args:
            node: that measures.
            room: its place.
            errand: what is measured; its vectors of texts are sent along.

        Raises:
            Problem: there are no such vectors any more.
        """
        models = sorted({each.cell.model for each in errand.planned})
        order = replace(
            self._order(node, room, models),
            errand=replace(errand, hear=unheard),
            has_texts=any(NEED in each.described.needs for each in errand.planned),
        )
        return self._sent(order)

    def _order(self, node: Node, room: Room, models: Sequence[str]) -> Order:
        return Order(
            room=room,
            node={"node": node.address, "ray": self._cluster.version},
            facts=facts(models),
            libraries=facts_of_libraries(models),
            models=models,
            files=files_from_outside(models),
        )

    def _sent(self, order: Order) -> Sent:
        shared = [self._share("")]
        if order.has_texts and order.errand is not None:
            shared.append(self._share(order.errand.planned[0].cell.protocol))
        return Sent(pickle.dumps(order), shared)

    def _share(self, protocol: str) -> Any:
        if protocol not in self._shared:
            content = BytesIO()
            if protocol:
                features = with_vectors(self._tasks[protocol].train).item_features
                np.save(content, np.asarray(features and features.text_vectors))
            else:
                pickle.dump(dict(self._tasks), content)
            self._shared[protocol] = self._cluster.share(content.getvalue())
        return self._shared[protocol]
