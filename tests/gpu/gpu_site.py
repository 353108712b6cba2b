"""Let this Python import bench from the checkout, and say what machine this is."""

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
# What a cell and its board are made by. A model may need more, and is skipped without it.
NEEDED = {
    "altair": "altair",
    "click": "click",
    "cloudpickle": "cloudpickle",
    "filelock": "filelock",
    "jinja2": "jinja2",
    "jsonschema": "jsonschema",
    "numba": "numba",
    "numpy": "numpy",
    "pandas": "pandas",
    "platformdirs": "platformdirs",
    "psutil": "psutil",
    "pyarrow": "pyarrow",
    "rich": "rich",
    "scikit-learn": "sklearn",
    "scipy": "scipy",
    "tabulate": "tabulate",
    "threadpoolctl": "threadpoolctl",
    "torch": "torch",
}
ASK_TORCH = """
import json, torch
there = torch.cuda.is_available()
found = torch.cuda.get_device_properties(0) if there else None
print(json.dumps({
    "gpu": found.name if there else "",
    "gpu_memory_mb": found.total_memory // 2**20 if there else 0,
    "gpu_capability": f"{found.major}.{found.minor}" if there else "",
    "torch": torch.__version__,
    "cuda": torch.version.cuda or "",
}))
"""


class Unfit(Exception):
    """This machine, or this Python, cannot run the check."""


def make(folder: Path, wheels: Path | None) -> dict[str, str]:
    """The environment for processes that import bench; this process can from now on, too.

    Args:
        folder: for what is not installed: a link to bench, and the wheels.
        wheels: a folder of wheels to install there; nothing is fetched.

    Raises:
        Unfit: something is missing, or a wheel does not fit.
    """
    folder.mkdir()
    if wheels is not None:
        _install(folder, wheels)
    found = importlib.util.find_spec("bench")
    if found is None or not str(found.origin).startswith(str(ROOT)):
        (folder / "bench").symlink_to(ROOT / "bench")
    sys.path.insert(0, str(folder))
    importlib.invalidate_caches()
    missing = [name for name, module in NEEDED.items() if not importlib.util.find_spec(module)]
    if missing:
        raise Unfit(f"{sys.executable} lacks {', '.join(missing)}; --wheels takes a folder of them")
    path = os.pathsep.join(filter(None, [str(folder), os.environ.get("PYTHONPATH")]))
    return os.environ | {"PYTHONPATH": path}


def _install(folder: Path, wheels: Path) -> None:
    files = sorted(str(path) for path in wheels.glob("*.whl"))
    if not files:
        raise Unfit(f"there are no wheels in {wheels}")
    words = ["--no-index", "--no-deps", "--no-compile", "--quiet", "--target", str(folder)]
    done = subprocess.run(
        [sys.executable, "-m", "pip", "install", *words, *files], capture_output=True, text=True
    )
    if done.returncode:
        raise Unfit(f"wheels of {wheels} cannot be installed: {last_line(done.stderr)}")


def machine(environment: dict[str, str], device: str) -> dict[str, Any]:
    """What torch and the driver say of the GPU, and what bench says of the rest.

    Raises:
        Unfit: the device is a GPU, and torch finds none.
    """
    asking = [sys.executable, "-c", ASK_TORCH]
    done = subprocess.run(asking, env=environment, capture_output=True, text=True)
    if done.returncode:
        raise Unfit(f"torch cannot be loaded: {last_line(done.stderr)}")
    found: dict[str, Any] = json.loads(done.stdout)
    if device != "cpu" and not found["gpu"]:
        raise Unfit("torch finds no GPU here. --device cpu rehearses the check without one")
    from bench.machine import environment as here

    return found | {"driver": _driver(), "load_before": os.getloadavg()[0]} | here()


def _driver() -> str:
    words = ["nvidia-smi", "--query-gpu=driver_version", "--format=csv,noheader"]
    try:
        done = subprocess.run(words, capture_output=True, text=True, timeout=30)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip().partition("\n")[0] if done.returncode == 0 else ""


def last_line(text: str) -> str:
    return (text.strip().splitlines() or ["it said nothing"])[-1]
