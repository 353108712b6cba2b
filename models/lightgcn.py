"""LightGCN: embeddings smoothed over the graph of users and items (He et al., SIGIR 2020)."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse as sp
import torch
from torch import Tensor, nn
from torch.autograd import Function
from torch.nn import functional as F

from bench.adapter import Run, tolerate
from bench.interactions import Interactions
from bench.space import choice, log, space, whole

from .shared.devices import compiled, threads
from .shared.kernels.ranking import pairwise_ranking
from .shared.layers import normal_of_seen
from .shared.negatives import Negatives
from .shared.optimizers import Adam, slow_down
from .shared.vectors import VectorAdapter

# Shapes: B observed pairs in a batch, M negatives of each, N nodes (users, then items), E edges,
# each both ways, D factors.


@dataclass(kw_only=True)
class LightGCN(VectorAdapter):
    """Scores by the mean of embeddings that were propagated 0, 1, ..., `layers` times.

    Trained by Adam on the BPR loss (section 3.3), as a mean over the negatives of a pair; the paper
    has one. They are drawn uniformly from the items that its user left untouched, anew in each
    epoch. A user without any untouched item has no negatives, and is left out of training.

    Every step propagates over the whole graph, forth and back: 2 * layers sparse products, which
    are nearly all of its time on a CPU. Hence batches larger than the paper's 2,048, and perhaps
    several negatives, which cost little beside it. Propagation is
    linear and symmetric, so that its gradient is the same propagation, and nothing is kept for it.
    There is no mixed precision: the model has no dense product that would gain from it.
    """

    factors: int = 64
    layers: int = 3
    init_scale: float = 0.1  # standard deviation of the initial embeddings
    epochs: int = 150
    batch_size: int = 8192  # observed pairs; each comes with its negatives
    negatives: int = 1  # for each observed pair
    learning_rate: float = 1e-2
    last_rate: float = 1.0  # at the end, as a share of the first; it falls evenly
    l2: float = 1e-4  # of the initial embeddings of a pair and its negatives (the paper's lambda)

    search = space(
        factors=choice(32, 64, 128),
        layers=whole(1, 4),
        epochs=whole(20, 400, log=True),
        batch_size=choice(8192, 16384, 32768, 65536),
        negatives=whole(1, 8),
        learning_rate=log(1e-3, 0.1),
        last_rate=log(0.02, 1),
        l2=log(1e-6, 1e-2),
    )
    tolerances = tolerate("users", "items", "rows", hit_rate=0.05, why="it draws in their order")

    def fit(self, train: Interactions, run: Run) -> None:
        """Learn from train.

        Raises:
            FloatingPointError: the loss became NaN or infinite.
        """
        with threads(run.threads):
            self._found = None
            self._n_users = train.n_users
            self._graph = Graph(train).to(run.device)
            generator = torch.Generator().manual_seed(run.seed)
            nodes = np.concatenate([train.users, train.items + train.n_users])
            initial = normal_of_seen(
                nodes, train.n_users + train.n_items, self.factors, self.init_scale, generator
            ).detach()
            self._initial = initial.to(run.device).requires_grad_()  # [N, D]
            self._train(train, run)

    def _train(self, train: Interactions, run: Run) -> None:
        generator = torch.Generator(run.device).manual_seed(run.seed)
        negatives = Negatives(train, run.device)
        users = torch.tensor(train.users, device=run.device)
        items = torch.tensor(train.items, device=run.device)
        usable = negatives.available[users.long()] > 0
        users, items = users[usable], items[usable]
        optimizer = Adam([self._initial], lr=self.learning_rate, fused=True)
        for epoch in range(self.epochs):
            total = torch.zeros((), device=run.device)
            order = torch.randperm(len(users), generator=generator, device=run.device)
            for start in range(0, len(order), max(1, self.batch_size)):
                done = (epoch + start / len(order)) / self.epochs
                slow_down(optimizer, self.learning_rate, self.last_rate, done)
                pairs = order[start : start + max(1, self.batch_size)]
                some = users[pairs]
                drawn = negatives.draw(some, self.negatives, generator)  # [B, M]
                optimizer.zero_grad(set_to_none=True)
                loss = self.loss(some, items[pairs], drawn)
                loss.backward()
                optimizer.step()
                total += loss.detach() * len(pairs)
            self._found = None
            # The only wait for the device in an epoch.
            samples = (1 + self.negatives) * len(users)
            if run.epoch(samples=samples, loss=total.item() / max(len(users), 1)):
                break

    def loss(self, users: Tensor, items: Tensor, others: Tensor) -> Tensor:
        """The mean loss of pairs, int32 [B] each, with negatives, int32 [B, M].

        It has l2 / 2 |e|^2 of each pair's nodes, and of its negatives as a mean.
        """
        items, others = items + self._n_users, others + self._n_users
        nodes = self._graph(self._initial, self.layers)
        ranking = _Ranking.apply if compiled(nodes) else plain_ranking
        losses = ranking(nodes, users, items, others)
        # How often each node takes part, instead of a look-up of each.
        taken = torch.bincount(torch.cat([users, items]), minlength=len(nodes))  # [N]
        drawn = torch.bincount(others.flatten(), minlength=len(nodes)) / others.shape[1]  # [N]
        squares = (taken + drawn) @ self._initial.square().sum(1)
        return (losses + self.l2 / 2 * squares) / len(users)

    def _vectors(self) -> tuple[Tensor, Tensor]:
        """The propagated embeddings."""
        nodes = self._graph(self._initial.detach(), self.layers)
        return nodes[: self._n_users], nodes[self._n_users :]


class Graph(nn.Module):
    """The adjacency matrix D^-1/2 A D^-1/2 [N, N] of users and items (section 3.1.3)."""

    columns: Tensor
    starts: Tensor
    values: Tensor

    def __init__(self, train: Interactions) -> None:
        super().__init__()
        observed = train.matrix()
        # By row, and symmetric: a node's neighbours, each with 1 / sqrt(its degree * theirs).
        adjacency = sp.csr_array(sp.block_array([[None, observed], [observed.T, None]]))
        degrees = np.diff(adjacency.indptr)
        own = np.repeat(degrees, degrees)
        values = 1 / np.sqrt(own * degrees[adjacency.indices].astype(np.float64))
        self.register_buffer("columns", torch.from_numpy(adjacency.indices.astype(np.int32)))
        self.register_buffer("starts", torch.from_numpy(adjacency.indptr.astype(np.int32)))
        self.register_buffer("values", torch.from_numpy(values.astype(np.float32)))

    def forward(self, nodes: Tensor, layers: int) -> Tensor:
        """The mean of nodes [N, D] propagated 0, 1, ..., layers times (equation 4): [N, D]."""
        return _Propagation.apply(nodes, self, layers)

    def mean(self, nodes: Tensor, layers: int) -> Tensor:
        """The same, without a gradient."""
        total = nodes.clone()
        for _ in range(layers):
            # On a CPU almost three times as fast as a product with torch's sparse matrices, and the
            # sum of a row has the same order on every run.
            nodes = F.embedding_bag(
                self.columns,
                nodes,
                self.starts,
                mode="sum",
                include_last_offset=True,
                per_sample_weights=self.values,
            )
            total += nodes
        return total / (layers + 1)


class _Propagation(Function):
    @staticmethod
    def forward(ctx: Any, nodes: Tensor, graph: Graph, layers: int) -> Tensor:
        ctx.graph, ctx.layers = graph, layers
        return graph.mean(nodes, layers)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None, None]:
        return ctx.graph.mean(gradient.contiguous(), ctx.layers), None, None


def plain_ranking(nodes: Tensor, users: Tensor, items: Tensor, others: Tensor) -> Tensor:
    """The sum of -log sigmoid(u . (i - j)) over pairs (u, i), as a mean over their negatives j.

    Nodes [N, D] are looked up by F.embedding, whose gradient is the same on every run, on a GPU
    too.

    Args:
        users, items: int32 [B], which nodes.
        others: int32 [B, M], which nodes.
    """
    user, item, other = (F.embedding(each, nodes) for each in (users, items, others))
    margins = ((item[:, None] - other) @ user[:, :, None])[:, :, 0]  # [B, M]
    return F.softplus(-margins).mean(1).sum()


class _Ranking(Function):
    """The same, compiled; the gradient is found along with the loss."""

    @staticmethod
    def forward(ctx: Any, nodes: Tensor, users: Tensor, items: Tensor, others: Tensor) -> Tensor:
        gradient = torch.zeros_like(nodes)
        ctx.save_for_backward(gradient)
        numbers = (each.detach().numpy() for each in (users, items, others, nodes, gradient))
        return nodes.new_tensor(pairwise_ranking(*numbers))

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None, None, None]:
        return ctx.saved_tensors[0] * gradient, None, None, None
