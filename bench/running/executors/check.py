"""Ask each node of a cluster what it can measure, before anything is spent on it."""

from collections.abc import Iterator
from dataclasses import dataclass

from bench.protocol.task import Task
from bench.records.record import Cell
from bench.running.cluster.client import Cluster, Node, NodeLost, ProcessLost, Started
from bench.running.executors.answers import About, BadAnswer, read_about
from bench.running.executors.on_cluster import HEARD_SECONDS
from bench.running.executors.order import PROGRAM, Room
from bench.running.executors.orders import Orders
from bench.running.plan import cell_key

MODEL = "popularity"  # whose cell each node tells the key of


@dataclass(frozen=True, kw_only=True)
class Checked:
    """A node, and what came of asking it."""

    node: Node
    wrong: str  # why it can measure nothing; "" where it can
    about: About | None = None  # None where it has not answered
    key: str = ""  # of a cell, here

    @property
    def gpus(self) -> str:
        """Those that the cluster gives, and where torch finds fewer, how many."""
        there = int(self.node.gpus)
        if self.about is None or not there or self.about.gpus >= there:
            return str(there)
        return f"{there}, torch finds {self.about.gpus}"


def checked(cluster: Cluster, task: Task) -> Iterator[Checked]:
    """Each node of a cluster, as they answer.

    Args:
        cluster: whose nodes.
        task: that they measure canaries on.
    """
    cell = Cell(dataset=task.dataset, protocol=task.protocol, model=MODEL, params={}, seed=0)
    key = cell_key(cell, task)
    cluster.check_free()
    orders = Orders(cluster, {task.protocol: task})
    running: dict[Started, None] = {}
    for node in cluster.nodes():
        if node.cpus < 1:
            yield Checked(node=node, wrong="the cluster gives it no CPU")
            continue
        gpu = node.gpus >= 1
        sent = orders.canaries(node, Room(), gpu=gpu, cell=cell)
        running[cluster.start(node, PROGRAM, sent.order, *sent.shared, gpus=int(gpu))] = None
    while running:
        for started in cluster.wait(running, HEARD_SECONDS):
            try:
                message = cluster.next(started)
                if not message.is_answer:
                    continue
                about = read_about(message.content)
            except (NodeLost, ProcessLost, BadAnswer) as error:
                found = Checked(node=started.node, wrong=str(error))
            else:
                wrong = about.fault or ("" if about.key == key else "the key of a cell is another")
                found = Checked(node=started.node, wrong=wrong, about=about, key=key)
            del running[started]
            yield found
