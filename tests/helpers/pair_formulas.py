"""The formulas of the neural models, one pair at a time, in float64, from the parameters alone."""

import itertools
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from bench.interactions import Features, Interactions

Numbers = NDArray[np.float64]


def numbers(tensor: torch.Tensor) -> Numbers:
    return tensor.detach().double().numpy()


def mlp(network: Any, joined: Numbers, *, first: Numbers | None = None) -> float:
    """relu(W_1 x + b_1), and so on up to one number."""
    if first is None:
        both = [network.first.users.weight, network.first.items.weight]
        first = np.concatenate([numbers(weight) for weight in both], axis=1)
    hidden = first @ joined + numbers(network.first.users.bias)
    for matrix, bias in network.tower.layers():
        hidden = numbers(matrix) @ np.maximum(hidden, 0) + numbers(bias)
    return float(hidden[0])


def gmf(network: Any, u: int, i: int) -> float:
    p, q, h = (
        numbers(network.users.weight)[u],
        numbers(network.items.weight)[i],
        numbers(network.weights),
    )
    return float((h * p * q).sum())


def ncf(network: Any, u: int, i: int) -> float:
    return mlp(
        network,
        np.concatenate([numbers(network.users.weight)[u], numbers(network.items.weight)[i]]),
    )


def neumf(network: Any, u: int, i: int) -> float:
    return gmf(network.gmf, u, i) + ncf(network.mlp, u, i)


def feature_vectors(side: Any, known: Features | None, entity: int, dense: int) -> list[Numbers]:
    """x_f v_f of each field, as a list of its features: the id, categories, tags, dense columns."""
    vectors = numbers(side.vectors) if hasattr(side, "vectors") else np.empty((0, 0))
    fields, start = [numbers(side.ids.weight)[entity][None]], 0
    if known is not None:
        for value, size in zip(known.categorical[entity], known.categorical_sizes, strict=True):
            fields.append(vectors[start + value][None])
            start += size
        if known.multi_hot.shape[1]:
            tags = np.flatnonzero(known.multi_hot[entity])
            fields.append(vectors[start + tags] / max(len(tags), 1))
            start += known.multi_hot.shape[1]
    for column in range(dense):
        fields.append(numbers(side.dense)[entity, column] * vectors[start + column][None])
    return fields


def both_sides(network: Any, train: Interactions, u: int, i: int, dense: bool) -> Any:
    return [
        feature_vectors(side, known, entity, side.dense.shape[1] if dense else 0)
        for side, known, entity in (
            (network.users, train.user_features, u),
            (network.items, train.item_features, i),
        )
    ]


def fm(network: Any, u: int, i: int, train: Interactions) -> float:
    user, item = both_sides(network, train, u, i, dense=True)
    every = [vector for field in user + item for vector in field]
    total = float(numbers(network.bias)[0]) + sum(vector[-1] for vector in every)
    return float(total + sum(a[:-1] @ b[:-1] for a, b in itertools.combinations(every, 2)))


def deepfm(network: Any, u: int, i: int, train: Interactions) -> float:
    user, item = both_sides(network, train, u, i, dense=True)
    joined = np.concatenate([field.sum(0)[:-1] for field in user + item])
    return fm(network, u, i, train) + mlp(network, joined)


def dlrm(network: Any, u: int, i: int, train: Interactions) -> float:
    def bottom(layers: Any, dense: Numbers) -> Numbers:
        for layer in itertools.islice(layers, 0, None, 2):
            dense = np.maximum(numbers(layer.weight) @ dense + numbers(layer.bias), 0)
        return dense

    user, item = (
        [bottom(layers, numbers(side.dense)[entity]), *(field.sum(0) for field in fields)]
        for layers, side, entity, fields in zip(
            (network.user_bottom, network.item_bottom),
            (network.users, network.items),
            (u, i),
            both_sides(network, train, u, i, dense=False),
            strict=True,
        )
    )
    within = [
        [fields[0], [float(a @ b) for a, b in itertools.combinations(fields, 2)]]
        for fields in (user, item)
    ]
    across = [float(a @ b) for a in item for b in user]
    joined = np.concatenate([*within[0], *within[1], across])
    matrices = (network.first.users.weight, network.first.items.weight, network.tower.cross)
    first = np.concatenate([numbers(matrix) for matrix in matrices], axis=1)
    return mlp(network, joined, first=first)
