"""The files of pinned versions: what users install is no more than what the project depends on."""

import os
import re
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from importlib.metadata import distribution
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
USERS, TESTS = ROOT / "requirements.txt", ROOT / "tests" / "requirements.txt"


def pinned(path: Path) -> dict[str, str]:
    """The versions of a file, by name."""
    lines = [line for line in path.read_text("utf-8").splitlines() if not line.startswith("#")]
    assert lines == sorted(lines, key=str.lower)
    return {canonicalize_name(name): version for name, version in (x.split("==") for x in lines)}


def needed(requirements: list[str]) -> set[str]:
    """These, and all that they need here in turn, by what is installed."""
    todo = [Requirement(each) for each in requirements]
    done: set[tuple[str, frozenset[str]]] = set()
    while todo:
        each = todo.pop()
        name, extras = canonicalize_name(each.name), frozenset(each.extras)
        if (name, extras) in done or name == "loobench":
            continue
        done.add((name, extras))
        for words in distribution(name).requires or []:
            one = Requirement(words)
            if one.marker is None or any(
                one.marker.evaluate({"extra": extra}) for extra in extras or {""}
            ):
                todo.append(one)
    return {name for name, _ in done}


def test_users_install_what_the_project_needs_and_no_more() -> None:
    assert set(pinned(USERS)) == needed(PROJECT["dependencies"])


def test_tests_and_docs_install_the_rest_of_what_they_need() -> None:
    extras = PROJECT["optional-dependencies"]
    wanted = needed([*PROJECT["dependencies"], *extras["dev"], *extras["docs"]])
    assert set(pinned(TESTS)) == wanted - set(pinned(USERS))


def test_pinned_versions_are_those_that_the_project_allows() -> None:
    versions = pinned(USERS) | pinned(TESTS)
    extras = PROJECT["optional-dependencies"]
    for words in [*PROJECT["dependencies"], *extras["dev"], *extras["docs"]]:
        one = Requirement(words)
        if one.name != "loobench":
            assert one.specifier.contains(versions[canonicalize_name(one.name)]), words


def wheel(folder: Path, version: str) -> str:
    """An empty wheel of torch. The link to it, for an index."""
    name = f"torch-{version}-py3-none-any.whl"
    info = f"torch-{version}.dist-info"
    with zipfile.ZipFile(folder / name, "w") as archive:
        archive.writestr(
            f"{info}/METADATA", f"Metadata-Version: 2.1\nName: torch\nVersion: {version}\n"
        )
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        archive.writestr(f"{info}/RECORD", "")
    return f'<a href="/{name.replace("+", "%2B")}">{name}</a>'


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def indexes(tmp_path: Path) -> Iterator[str]:
    """Two indexes: /simple/ as PyPI's, and /whl/cpu/ as PyTorch's for its build without CUDA."""
    version = pinned(USERS)["torch"]
    for place, built in (("simple", version), ("whl/cpu", f"{version}+cpu")):
        (tmp_path / place / "torch").mkdir(parents=True)
        (tmp_path / place / "torch" / "index.html").write_text(wheel(tmp_path, built))
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(tmp_path)))
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize(("words", "built"), [([], ""), (["TORCH=cpu"], "+cpu")])
def test_the_build_of_torch_that_was_asked_for_is_installed(
    words: list[str], built: str, indexes: str, tmp_path: Path
) -> None:
    shown = subprocess.run(
        ["make", "-Bn", ".venv/.ready", f"TORCH_INDEX={indexes}/whl", *words],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    (line,) = re.findall(r"^\S*pip install (.*) -r requirements\.txt$", shown, re.M)
    needs = tmp_path / "requirements.txt"
    needs.write_text(f"torch=={pinned(USERS)['torch']}\n")
    usual = ("--index-url", f"{indexes}/simple")
    into = ("--target", str(tmp_path / "installed"), "--no-deps", "-r", str(needs))
    done = subprocess.run(
        [sys.executable, "-m", "pip", "install", *line.split(), *usual, *into],
        env={"PATH": os.environ["PATH"], "PIP_CONFIG_FILE": os.devnull, "no_proxy": "127.0.0.1"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    folder = tmp_path / "installed" / f"torch-{pinned(USERS)['torch']}{built}.dist-info"
    assert folder.is_dir(), sorted((tmp_path / "installed").iterdir())
