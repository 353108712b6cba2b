"""Networks and sparse matrices as arrays, for `Adapter.state` and `restore`.

It loads no torch: a network is handed in.
"""

from typing import Any

import numpy as np
import scipy.sparse as sp

from bench.adapter import State


def of_network(network: Any) -> State:
    """The parameters and buffers of a torch.nn.Module, by their names."""
    return {name: each.cpu().numpy() for name, each in network.state_dict().items()}


def into_network(state: State, network: Any) -> None:
    """Give a network these parameters and buffers.

    Raises:
        KeyError, ValueError: the state is not one of such a network.
    """
    own = network.state_dict()
    if own.keys() != state.keys():
        raise KeyError(f"the state lacks, or has too much: {sorted(own.keys() ^ state.keys())}")
    for name, tensor in own.items():
        if tuple(tensor.shape) != state[name].shape:
            raise ValueError(f"{name} has the shape {state[name].shape}, not {tuple(tensor.shape)}")
        tensor.copy_(tensor.new_tensor(state[name]))


def of_sparse(matrix: Any) -> State:
    """A CSR matrix, with its numbers in their order."""
    shape = np.array(matrix.shape, dtype=np.int64)
    return {"data": matrix.data, "indices": matrix.indices, "indptr": matrix.indptr, "shape": shape}


def into_sparse(state: State) -> Any:
    """The CSR matrix again."""
    parts = (state["data"], state["indices"], state["indptr"])
    return sp.csr_matrix(parts, shape=tuple(state["shape"].tolist()))
