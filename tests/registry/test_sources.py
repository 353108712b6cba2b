"""The hash of a model covers all files that it is made of."""

import json
import subprocess
import sys
from itertools import count
from pathlib import Path

import pytest

from bench.registry import imports, names, sources
from bench.registry.sources import source_sha256


def test_the_hash_of_a_model_covers_the_shared_files_it_imports(tmp_path: Path) -> None:
    model, shared = tmp_path / "hashed.py", tmp_path / "_hashed_parts.py"
    model.write_text("from ._hashed_parts import part\n")
    shared.write_text("part = 1\n")
    name = names.add_model(model)
    first = source_sha256(name)
    assert source_sha256(name) == first
    shared.write_text("part = 2\n")
    assert source_sha256(name) != first


SHARED = {
    "parts/__init__.py": "from .deep import deep\n",
    "parts/deep.py": "from ..beside import beside\ndeep = 1\n",
    "beside.py": "beside = 1\n",
}


@pytest.mark.parametrize("changed", [*SHARED, "other.py", "parts/other.py"])
def test_the_hash_of_a_model_follows_packages_and_all_relative_imports(
    changed: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "parts").mkdir()
    for name, text in (SHARED | {"other.py": "", "parts/other.py": ""}).items():
        (tmp_path / name).write_text(text)
    (tmp_path / "built.py").write_text("from .parts import deep\nfrom ..... import too_high\n")
    name = names.add_model(tmp_path / "built.py")
    first = source_sha256(name)
    with (tmp_path / changed).open("a") as file:
        file.write("changed = 1\n")
    assert (source_sha256(name) != first) == (changed in SHARED)


LOADED = """
import json, sys
from bench.registry.models import adapter_class
from bench.registry.names import files
found = {}
for name in files("models"):
    for module in [m for m in sys.modules if m.startswith("bench.models.")]:
        del sys.modules[module]
    adapter_class(name)
    found[name] = [m.__file__ for n, m in sys.modules.items() if n.startswith("bench.models.")]
print(json.dumps(found))
"""


@pytest.fixture(scope="module")
def loaded() -> dict[str, list[str]]:
    """The files below models/ that an import of each model loads."""
    command = [sys.executable, "-P", "-c", LOADED]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return dict(json.loads(done.stdout))


@pytest.mark.parametrize("name", names.files("models"))
def test_the_hash_of_each_model_follows_the_files_that_it_is_made_of(
    name: str, loaded: dict[str, list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """One line more in each of its files in turn, and in all others of models/ together."""
    files = set(sources.source_files(name))
    assert set(map(Path, loaded[name])) <= files
    others = set(names.find("models", name).parent.rglob("*.py")) - files
    assert others
    read_bytes = Path.read_bytes

    def digest(longer: set[Path]) -> str:
        monkeypatch.setattr(
            Path, "read_bytes", lambda path: read_bytes(path) + b"\nx = 1\n" * (path in longer)
        )
        return source_sha256(name)

    first = digest(set())
    assert digest(others) == first
    assert [path for path in files if digest({path}) == first] == []


def test_what_is_installed_is_searched_again_when_it_has_changed_or_is_forgotten(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(sys, "path", [str(tmp_path)])
    searches = count(1)

    def found() -> int:
        return imports._of_what_is_installed("something", lambda: next(searches))

    (tmp_path / "one-1.0.dist-info").mkdir()
    assert [found(), found()] == [1, 1]
    (tmp_path / "two-1.0.dist-info").mkdir()
    assert [found(), found()] == [2, 2]
    for kept in (tmp_path / "cache").rglob("*.json"):
        kept.write_text('{"key"')
    assert [found(), found()] == [3, 3]
