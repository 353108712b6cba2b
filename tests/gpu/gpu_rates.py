"""Training rates of one model at growing batch sizes; gpu_check.py starts it for each model.

It writes a line of JSON as soon as a rate is known, so that nothing is lost when it is stopped.
"""

import argparse
import json
import sys
from collections.abc import Iterator
from time import monotonic
from typing import Any, NamedTuple

import torch

from bench.adapter import Run
from bench.interactions import Interactions
from bench.protocol.task import prepare
from bench.registry.datasets import load_data
from bench.registry.models import adapter_class

LEAST_SECONDS, LEAST_EPOCHS = 2.0, 3  # that are measured, after one that warms up
PAIRS = 2**12, 2**14, 2**16, 2**18


class Rated(NamedTuple):
    params: dict[str, Any]
    unit: str
    batches: tuple[int, ...]


MODELS = {
    # Widths and negatives are those of NVIDIA's example; its 2^20 samples are 2^18 pairs' worth.
    "neumf": Rated(
        {"factors": 64, "mlp_factors": 128, "hidden": (256, 128, 64), "negatives": 4},
        "pairs, negatives among them",
        PAIRS,
    ),
    "dlrm": Rated({}, "pairs, negatives among them", PAIRS),
    "sasrec": Rated({}, "positions", (2**10, 2**12, 2**14, 2**16)),
    "multvae": Rated({}, "users", (2**6, 2**8, 2**10, 2**12)),
}


class Watch:
    """Hears of each epoch, and asks to stop when enough of them were timed."""

    def __init__(self, until: float) -> None:
        self._until, self._first = until, 0.0
        self.samples, self.epochs, self.seconds = 0, -1, 0.0

    def __call__(self, samples: int, loss: float | None) -> bool:
        if torch.cuda.is_available():
            torch.cuda.synchronize()
        now = monotonic()
        self.epochs += 1
        if self.epochs == 0:  # the first warms up
            self._first = now
            return False
        self.samples += samples
        self.seconds = now - self._first
        enough = self.seconds >= LEAST_SECONDS and self.epochs >= LEAST_EPOCHS
        return enough or now >= self._until


def rate(
    name: str, train: Interactions, device: str, precision: str, batch_size: int, until: float
) -> dict[str, Any]:
    """Samples per second of one setting, or the reason why there is no figure."""
    rated = MODELS[name]
    params = {**rated.params, "batch_size": batch_size, "epochs": 10_000}
    if precision == "bfloat16":
        params["mixed_precision"] = True
    torch.set_float32_matmul_precision("high" if precision == "tf32" else "highest")
    found: dict[str, Any] = {"model": name, "precision": precision, "batch_size": batch_size}
    found |= {"params": rated.params, "unit": rated.unit}
    watch = Watch(until)
    on_gpu = device != "cpu"
    if on_gpu:
        torch.cuda.reset_peak_memory_stats(device)
    try:
        adapter_class(name)(**params).fit(train, Run(device=device, report=watch))
    except (RuntimeError, ValueError, FloatingPointError) as error:  # as out of memory
        return found | {"reason": " ".join(f"{type(error).__name__}: {error}".split())[:200]}
    if watch.epochs < 1:
        return found | {"reason": "there was no time left"}
    found |= {"samples_per_second": watch.samples / watch.seconds}
    found |= {"epochs": watch.epochs, "seconds": watch.seconds}
    if on_gpu:
        found["memory_mb"] = torch.cuda.max_memory_allocated(device) / 2**20
        torch.cuda.empty_cache()
    return found


def rates(name: str, train: Interactions, device: str, until: float) -> Iterator[dict[str, Any]]:
    """Growing batches in float32; then, on a GPU, what other precisions make of the fastest."""
    sizes = MODELS[name].batches if device != "cpu" else MODELS[name].batches[:2]
    best, best_rate = sizes[0], 0.0
    for size in sizes:
        if monotonic() >= until:
            return
        found = rate(name, train, device, "float32", size, until)
        if found.get("samples_per_second", 0.0) > best_rate:
            best, best_rate = size, found["samples_per_second"]
        yield found
    for precision in ("tf32", "bfloat16") if device != "cpu" else ():
        if monotonic() < until:
            yield rate(name, train, device, precision, best, until)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("model", choices=MODELS)
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--dataset", default="synthetic:scale=1")
    parser.add_argument("--seconds", type=float, default=60.0)
    options = parser.parse_args()
    until = monotonic() + options.seconds
    train = prepare(load_data(options.dataset, None), "loo-99").train
    for found in rates(options.model, train, options.device, until):
        print(json.dumps(found), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
