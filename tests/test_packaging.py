"""What `make dist` builds has every package, nothing else, and works where it is installed."""

import csv
import email
import io
import os
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path, PurePosixPath
from typing import Any

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parent.parent
PATIENCE = 1800.0  # seconds; only what hangs takes longer
FOLDERS = {"bench": "bench", "models": "bench/models", "datasets": "bench/datasets"}
# What calls another library runs in the Python of that, and is no module of ours: it is data.
LIBRARIES = "bench/peers/libraries/"
# In a checkout they lead to the folders at its top; in a wheel these stand here themselves.
SHIMS = {"bench/models/__init__.py", "bench/datasets/__init__.py"}


def project() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def files() -> set[str]:
    """The files of the packages in the checkout, by where a wheel has them."""
    found = set()
    for folder, place in FOLDERS.items():
        for path in (ROOT / folder).rglob("*"):
            name = path.relative_to(ROOT).as_posix()
            if path.is_file() and "__pycache__" not in path.parts and name not in SHIMS:
                found.add(place + name.removeprefix(folder))
    return found


def is_code(name: str) -> bool:
    return name.endswith(".py") and not name.startswith(LIBRARIES)


def test_every_folder_of_code_is_named_as_a_package() -> None:
    folders = {PurePosixPath(name).parent for name in filter(is_code, files())}
    wanted = {".".join(folder.parts) for folder in folders}
    assert set(project()["tool"]["setuptools"]["packages"]) == wanted
    bare = {"bench.models", "bench.datasets"}  # whose __init__.py is a shim
    found = {".".join(PurePosixPath(n).parent.parts) for n in files() if n.endswith("__init__.py")}
    assert found == wanted - bare


def test_every_other_file_of_a_package_is_named_as_its_data() -> None:
    named = {
        path.relative_to(ROOT).as_posix()
        for package, patterns in project()["tool"]["setuptools"]["package-data"].items()
        for pattern in patterns
        for path in (ROOT / package.replace(".", "/")).glob(pattern)
    }
    assert {name for name in files() if not is_code(name)} == named


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the sdist, the wheel made of it, and in direct/ a wheel of the checkout."""
    folder = tmp_path_factory.mktemp("dist")
    copy = folder / "checkout"  # a build leaves files behind
    copy.mkdir()
    for name in ("pyproject.toml", "MANIFEST.in", "README.md", "LICENSE", "CHANGELOG.md"):
        shutil.copy(ROOT / name, copy)
    for name in (*FOLDERS, "tests"):
        shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
    for words in (["--outdir", "../"], ["--wheel", "--outdir", "../direct"]):
        done = subprocess.run(
            [sys.executable, "-m", "build", "--no-isolation", *words],
            cwd=copy,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
        )
        assert done.returncode == 0, done.stdout + done.stderr
    return folder


def wheel(folder: Path) -> zipfile.ZipFile:
    (path,) = folder.glob("*.whl")
    return zipfile.ZipFile(path)


def information(found: zipfile.ZipFile, name: str) -> str:
    """A file of the wheel's own folder, as METADATA."""
    (path,) = [each for each in found.namelist() if each.endswith(f".dist-info/{name}")]
    return found.read(path).decode()


@pytest.mark.slow
def test_the_wheel_holds_the_packages_and_nothing_else(built: Path) -> None:
    with wheel(built) as found:
        names = {name for name in found.namelist() if ".dist-info/" not in name}
    assert names == files()


@pytest.mark.slow
def test_the_sdist_builds_the_wheel_that_the_checkout_builds(built: Path) -> None:
    with wheel(built) as ours, wheel(built / "direct") as direct:
        records = [list(csv.reader(io.StringIO(information(x, "RECORD")))) for x in (ours, direct)]
    assert sorted(records[0]) == sorted(records[1])


@pytest.mark.slow
def test_the_wheel_needs_what_the_project_says(built: Path) -> None:
    said = project()["project"]
    wanted = list(map(Requirement, said["dependencies"]))
    for extra, needed in said["optional-dependencies"].items():
        wanted += [Requirement(f"{each}; extra == '{extra}'") for each in needed]
    with wheel(built) as found:
        metadata = email.message_from_string(information(found, "METADATA"))
    assert set(map(Requirement, metadata.get_all("Requires-Dist", []))) == set(wanted)
    assert metadata["Requires-Python"] == said["requires-python"]
    assert set(metadata.get_all("Provides-Extra", [])) == set(said["optional-dependencies"])


@pytest.fixture(scope="module")
def installed(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel alone in an environment of its own, which borrows the libraries of this one."""
    home = tmp_path_factory.mktemp("installed")
    (path,) = built.glob("*.whl")
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--python", "bin/python"]
    for words in (
        [sys.executable, "-m", "venv", "--without-pip", "."],
        [*pip, "install", "--quiet", "--no-index", "--no-deps", str(path)],
    ):
        subprocess.run(words, cwd=home, check=True, timeout=PATIENCE)
    (packages,) = home.glob("lib/python*/site-packages")
    # Last, or pip would take the editable project among these libraries for the installed one.
    theirs = [path for path in sys.path if Path(path).name == "site-packages"]
    (packages / "libraries.pth").write_text("\n".join(theirs))
    return home


@pytest.mark.slow
def test_it_works_where_it_is_installed(installed: Path, tmp_path: Path) -> None:
    environment = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "VIRTUAL_ENV")}

    def run(*words: str) -> str:
        done = subprocess.run(
            [installed / "bin" / words[0], *words[1:]],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    where = run(
        "python", "-c", "import bench.models.als as a, bench; print(a.__file__, bench.__file__)"
    )
    assert all(Path(path).is_relative_to(installed) for path in where.split())
    listed = run("bench", "list").split()
    for folder in ("models", "datasets"):
        assert {path.stem for path in (ROOT / folder).glob("[a-z]*.py")} <= set(listed)
    assert {path.stem for path in (ROOT / "bench" / "suites").glob("*.toml")} <= set(listed)
    # Kernels are compiled anew here, which on a busy machine takes longer than a cell of it may.
    longer = ("--timeout", str(PATIENCE))
    assert "ease" in run("bench", "run", "--suite", "quick", *longer)
    assert "ease" in run("bench", "certify", "ease", *longer)
    for page in ("leaderboard.html", "report.html"):
        assert (tmp_path / "results" / page).is_file()
