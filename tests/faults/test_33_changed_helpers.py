"""Fault 33: a helper, an editable package or a file that a model reads was changed. The model's
hash, and with it the key, follows."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from faulty import command

from bench.errors import BadParameter
from bench.registry import imports, names
from bench.registry.sources import source_sha256


@pytest.fixture(autouse=True)
def what_is_installed() -> Iterator[None]:
    """It is asked anew, before and after."""
    for cached in (imports.distributions, imports._told_by_version):
        cached.cache_clear()
    yield
    for cached in (imports.distributions, imports._told_by_version):
        cached.cache_clear()


def hash_of(folder: Path, text: str) -> str:
    (folder / "followed.py").write_text(text)
    return source_sha256(names.add_model(folder / "followed.py"))


def is_followed(path: Path, folder: Path, text: str) -> bool:
    """Whether the hash of a model with this text changes with a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("value = 1\n")
    first = hash_of(folder, text)
    assert hash_of(folder, text) == first
    path.write_text("value = 2\n")
    return hash_of(folder, text) != first


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("from twisted_so import value", "twisted_so.py"),
        ("from ._twisted_so import value", "_twisted_so.py"),
        ("from . import _twisted_so", "_twisted_so.py"),
        ("import twisted_so.deep.er", "twisted_so/deep/er.py"),
        ("def f():\n from twisted_so import deep", "twisted_so/deep.py"),
        ("from .parts.sub import value", "parts/sub.py"),
        ("depends = ('weights.npz',)", "weights.npz"),
        ("class A:\n    depends: tuple = ('data/w.bin', 'other')", "data/w.bin"),
        ("class A:\n    depends = ['data']", "data/deep/w.bin"),
    ],
)
def test_what_stands_beside_a_model_is_followed(text: str, name: str, tmp_path: Path) -> None:
    for package in ("twisted_so", "twisted_so/deep", "parts"):
        if name.startswith(f"{package}/"):
            (tmp_path / package).mkdir()
            (tmp_path / package / "__init__.py").write_text("")
    assert is_followed(tmp_path / name, tmp_path, text)


def test_what_a_helper_imports_is_followed(tmp_path: Path) -> None:
    (tmp_path / "first_so.py").write_text("import second_so\n")
    (tmp_path / "second_so.py").write_text("from json import dumps\nimport third_so\n")
    assert is_followed(tmp_path / "third_so.py", tmp_path, "import first_so")


@pytest.mark.parametrize(
    ("url", "followed"),
    [
        ('{"url": "file:///p", "dir_info": {"editable": true}}', True),
        ('{"url": "file:///p", "dir_info": {}}', True),
        ('{"url": "file:///p/made_so-1.0.whl", "archive_info": {}}', True),
        ("", False),
    ],
    ids=["editable", "from a folder", "from a wheel", "from an index"],
)
def test_an_installed_package_is_followed_unless_its_version_tells_all(
    url: str, followed: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    about = tmp_path / "site" / "made_so-1.0.dist-info"
    about.mkdir(parents=True)
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: made-so\nVersion: 1.0\n")
    (about / "top_level.txt").write_text("made_so\n")
    if url:
        (about / "direct_url.json").write_text(url)
    monkeypatch.syspath_prepend(tmp_path / "site")
    (tmp_path / "site" / "made_so").mkdir()
    (tmp_path / "site" / "made_so" / "__init__.py").write_text("from .sub import value\n")
    sub, text = tmp_path / "site" / "made_so" / "sub.py", "from made_so import value"
    assert is_followed(sub, tmp_path, text) == followed
    before = hash_of(tmp_path, text)
    imports.distributions.cache_clear()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: made-so\nVersion: 1.1\n")
    assert hash_of(tmp_path, text) != before


def test_a_module_of_a_path_in_the_environment_is_followed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.syspath_prepend(tmp_path / "elsewhere")
    assert is_followed(tmp_path / "elsewhere" / "found_so.py", tmp_path, "import found_so")


def test_what_the_project_pins_is_told_by_its_version(tmp_path: Path) -> None:
    text = "import numpy, scipy.sparse, json, bench.interactions"
    hash_of(tmp_path, text)
    assert list(imports.imported_by("followed").files) == ["bench.models.followed"]
    assert imports.imported_by("followed").libraries == {"numpy", "scipy"}
    assert "followed" not in sys.modules


def test_a_file_that_comes_or_goes_changes_the_hash(tmp_path: Path) -> None:
    text = "depends = ('late.npz',)"
    before = hash_of(tmp_path, text)
    (tmp_path / "late.npz").write_bytes(b"")
    assert hash_of(tmp_path, text) != before
    (tmp_path / "late.npz").unlink()
    assert hash_of(tmp_path, text) == before


def test_names_that_are_computed_are_refused_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(BadParameter, match=r"followed\.py, line 2: depends must be names of files"):
        hash_of(tmp_path, "import glob\ndepends = tuple(glob.glob('*'))")
    done = command("certify", "--model-path", tmp_path / "followed.py", "--results", tmp_path / "r")
    assert done.err.count("\n") == 1
