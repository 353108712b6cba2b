"""Measure the harness and some models at growing sizes, and write results/scale.md with a picture.

    .venv/bin/python tests/scale/scale.py --sizes 1,10

Each size and each model has processes of its own. What is measured already is not measured again,
so that an interrupted run goes on where it was.
"""

import argparse
import os
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import scale_page

from bench.registry import names
from bench.registry.models import adapter_class

HERE = Path(__file__).parent
BENCH = Path(sys.executable).parent / "bench"
SIZES = ("1", "10", "25", "100")
MODELS = ("als", "ials", "mf", "neumf")
ONCE = {"epochs": 1, "iterations": 1, "factors": 64}  # as far as a model has such parameters
ONE_THREAD = {f"{library}_NUM_THREADS": "1" for library in ("OMP", "OPENBLAS", "MKL")}
SUITE = """# Made by tests/scale/scale.py: each model goes over the data once, for its time only.
dataset = "synthetic:scale={size}"
eval_users = 10000
timeout = {timeout}
"""
ROW = """
[[rows]]
model = "{model}"
params = {{ {params} }}
tuned = "not at all: one epoch, for its time"
"""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--sizes", default=",".join(SIZES), help="in millions of interactions")
    parser.add_argument("--models", default=",".join(MODELS))
    parser.add_argument("--results", type=Path, default=Path("results"))
    parser.add_argument("--timeout", type=float, default=600.0, help="seconds a cell may take")
    parser.add_argument("--force", action="store_true", help="measure again what is measured")
    options = parser.parse_args()
    sizes = options.sizes.split(",")
    if unknown := set(sizes) - set(SIZES):
        parser.error(f"--sizes takes some of {','.join(SIZES)}, not {','.join(sorted(unknown))}")
    models = options.models.split(",")
    for name in models:
        names.find("models", name)
    folder = options.results / "scale"
    folder.mkdir(parents=True, exist_ok=True)
    failed = 0
    for size in sizes:
        harness = folder / f"harness-{size}.json"
        if options.force or not harness.exists():
            print(f"harness at {size} M interactions", flush=True)
            script = str(HERE / "scale_steps.py")
            words = [sys.executable, script, size, harness]
            failed |= subprocess.run(words, env=os.environ | ONE_THREAD).returncode
        suite = folder / f"scale-{size}.toml"
        suite.write_text(suite_of(size, models, options.timeout))
        words = [BENCH, "run", "--suite", suite, "--results", folder]
        failed |= subprocess.run([*words, *["--force"] * options.force]).returncode
        scale_page.write(options.results, list(dict.fromkeys([*MODELS, *models])))
    return failed


def suite_of(size: str, models: list[str], timeout: float) -> str:
    """A suite file in which each model goes over the data once."""
    text = SUITE.format(size=size, timeout=timeout)
    for model in models:
        known = {field.name for field in fields(adapter_class(model))}  # type: ignore[arg-type]
        params = ", ".join(f"{name} = {value}" for name, value in ONCE.items() if name in known)
        text += ROW.format(model=model, params=params)
    return text


if __name__ == "__main__":
    sys.exit(main())
