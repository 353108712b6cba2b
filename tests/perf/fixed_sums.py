"""What sums in the same order on every CPU would cost: python tests/perf/fixed_sums.py

Compiled loops take sums in as many lanes as a vector of the CPU has, and fuse products with sums
where it can. Here they are compiled for what other CPUs have too, so that all of these give the
same bits, and models are fitted by them, in turns.
"""

import json
import os
import subprocess
import sys
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

FIT = """
import json, sys
from time import process_time
from bench.adapter import Run
from bench.compilation import instruction_set
from bench.registry.datasets import load_data
from bench.registry.models import adapter_class
data = "synthetic:n_users=943,n_items=1682,interactions_per_user=106.0"
train = load_data(data, None).interactions
taken = {}
for name, params in json.loads(sys.argv[1]).items():
    model = adapter_class(name)(**params)
    for _ in range(3):
        began = process_time()
        model.fit(train, Run())
        taken.setdefault(name, []).append(process_time() - began)
print(json.dumps([instruction_set(), taken]))
"""
CPUS = {  # on x86-64
    "this CPU": {},
    "AVX2, FMA (2013)": {"NUMBA_CPU_NAME": "haswell", "NUMBA_CPU_FEATURES": "+avx2,+fma"},
    "SSE2 (2003)": {"NUMBA_CPU_NAME": "generic", "NUMBA_CPU_FEATURES": "+sse2"},
}
MODELS = {
    "mf": {"factors": 64, "epochs": 5},
    "bpr": {"factors": 64, "epochs": 10},
    "eals": {"factors": 64, "iterations": 5},
    "ials": {"factors": 64, "iterations": 5},
}
TURNS = 3


def fitted(cpu: dict[str, str], cache: Path) -> tuple[str, dict[str, list[float]]]:
    """What the models were compiled for, and the CPU seconds of their fits."""
    done = subprocess.run(
        [sys.executable, "-P", "-c", FIT, json.dumps(MODELS)],
        env={**os.environ, "OMP_NUM_THREADS": "1", "NUMBA_CACHE_DIR": str(cache), **cpu},
        capture_output=True,
        text=True,
        check=True,
    )
    instructions, taken = json.loads(done.stdout)
    return instructions, taken


def main() -> None:
    """Print the medians over turns."""
    found: dict[str, dict[str, list[float]]] = {cpu: {} for cpu in CPUS}
    with TemporaryDirectory() as caches:
        for _ in range(TURNS):
            for number, (cpu, variables) in enumerate(CPUS.items()):
                instructions, taken = fitted(variables, Path(caches) / str(number))
                for model, seconds in taken.items():
                    found[cpu].setdefault(model, []).extend(seconds)
                found[cpu].setdefault(instructions, [])
    for cpu, of_models in found.items():
        told = []
        for model in MODELS:
            share = median(of_models[model]) / median(found["this CPU"][model])
            told.append(f"{model} {median(of_models[model]):.3f} s, {share:.2f} times")
        print(f"{cpu}: {'; '.join(told)} ({', '.join(of_models.keys() - MODELS)})")


if __name__ == "__main__":
    main()
