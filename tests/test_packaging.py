"""What is installed: every package, and nothing that is not one."""

import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SETUPTOOLS = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]


def test_every_folder_with_modules_is_a_package_that_is_installed() -> None:
    """One that is forgotten is missing in the wheel, and nowhere else."""
    found = {
        ".".join(("bench", *path.parent.relative_to(ROOT).parts)).replace("bench.bench", "bench")
        for top in ("bench", "models", "datasets")
        for path in (ROOT / top).rglob("*.py")
    }
    assert SETUPTOOLS["packages"] == sorted(found)


def test_every_other_file_of_a_package_is_installed() -> None:
    listed = {
        path
        for package, patterns in SETUPTOOLS["package-data"].items()
        for pattern in patterns
        for path in (ROOT / package.replace(".", "/")).glob(pattern)
    }
    there = {
        path
        for top in ("bench", "models", "datasets")
        for path in (ROOT / top).rglob("*")
        if path.is_file() and path.suffix != ".py" and "__pycache__" not in path.parts
    }
    assert there == listed
