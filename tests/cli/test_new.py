"""`bench new`: each kind of file runs, keeps the laws, and reads well, wherever it is written."""

import io
import json
import os
import re
import shlex
import subprocess
import sys
import tokenize
from dataclasses import fields
from importlib import import_module
from pathlib import Path

import pytest
from command import bench_here

from bench.cli.new import KINDS, model
from bench.registry import names
from bench.registry.models import adapter_class
from bench.registry.names import summary

ROOT = Path(__file__).resolve().parents[2]
LONGER = ("--timeout", "1800")  # kernels may have to be compiled first, on a busy machine


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder like a checkout, whose models/ has no models yet but is the one looked into."""
    root = tmp_path / "checkout"
    (root / "models").mkdir(parents=True)
    (root / "pyproject.toml").touch()
    package = import_module("bench.models")
    monkeypatch.setattr(package, "__path__", [str(root / "models"), *package.__path__])
    return root


def written(folder: Path, kind: str, *words: str, name: str = "my_model") -> tuple[Path, list[str]]:
    """The file that the command writes, and the commands that it says come next."""
    done = bench_here(folder, "new", name, "--kind", kind, *words)
    assert (done.returncode, done.stderr) == (0, "")
    path = re.match(r"Wrote (.*)\. It runs", done.stdout)
    assert path
    return folder / path[1], re.findall(r"^  (bench .*)", done.stdout, re.MULTILINE)


def test_there_are_three_kinds() -> None:
    assert KINDS.keys() == {"plain", "pairs", "sequence"}


@pytest.mark.parametrize("inside", [True, False], ids=["inside", "outside"])
@pytest.mark.parametrize("kind", KINDS)
def test_the_linter_has_nothing_to_say(kind: str, inside: bool) -> None:
    text = model(KINDS[kind], "my_model", inside=inside)
    # Without this, what is below bench.models would count as another project's outside of models/.
    ours = [] if inside else ["--config", 'lint.isort.known-first-party=["bench"]']
    ruff = [Path(sys.executable).parent / "ruff", *ours]
    for words in (["check"], ["format", "--check"]):
        done = subprocess.run(
            [*ruff, *words, "--stdin-filename=models/my_model.py"],
            cwd=ROOT,
            input=text,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stdout + done.stderr
    assert not re.search("new_?model", text, re.IGNORECASE)
    assert ("from bench.models." in text) == (kind != "plain" and not inside)
    assert ("from .shared." in text) == (kind != "plain" and inside)


@pytest.mark.parametrize("kind", KINDS)
def test_a_comment_has_one_line(kind: str) -> None:
    text = model(KINDS[kind], "my_model", inside=True)
    tokens = tokenize.generate_tokens(io.StringIO(text).readline)
    starts = [t.start[0] for t in tokens if t.type == tokenize.COMMENT and t.line.strip()[0] == "#"]
    assert len(starts) >= 4
    assert not {line + 1 for line in starts} & set(starts)


@pytest.mark.parametrize("kind", KINDS)
def test_the_search_space_names_hyper_parameters(kind: str, tmp_path: Path) -> None:
    path, _ = written(tmp_path, kind, name=f"my_{kind}")
    with names.with_models([path]) as (name,):
        cls = adapter_class(name)
    defaults = {field.name: field.default for field in fields(cls)}  # type: ignore[arg-type]
    assert cls.search
    assert all(defaults[field] in values for field, values in cls.search.items())
    assert all(each.why for each in cls.tolerances.values())
    assert summary(path)


# Where it is written, and what is said of it


@pytest.mark.parametrize("words", [[], ["--at", "models"]], ids=["default", "at"])
def test_in_a_checkout_it_is_found_by_its_name(checkout: Path, words: list[str]) -> None:
    path, commands = written(checkout, "pairs", *words)
    assert path == checkout / "models" / "my_model.py"
    assert names.find("models", "my_model") == path
    assert "from .shared.pairs import" in path.read_text()
    assert commands == ["bench run --suite quick --models my_model,ease", "bench certify my_model"]


def test_in_a_folder_of_a_checkout_it_still_goes_to_models(checkout: Path) -> None:
    (checkout / "docs").mkdir()
    path, _ = written(checkout / "docs", "plain")
    assert path == checkout / "models" / "my_model.py"


def test_elsewhere_its_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "my models").mkdir()
    path, commands = written(tmp_path, "pairs", "--at", "my models")
    assert path == tmp_path / "my models" / "my_model.py"
    assert "from bench.models.shared.pairs import" in path.read_text()
    option = ["--model-path", "my models/my_model.py"]
    assert [shlex.split(line) for line in commands] == [
        ["bench", "run", "--suite", "quick", "--models", "my_model,ease", *option],
        ["bench", "certify", *option],
    ]


def test_without_a_folder_it_is_written_here(tmp_path: Path) -> None:
    path, _ = written(tmp_path, "plain")
    assert path == tmp_path / "my_model.py"


@pytest.mark.parametrize(
    ("name", "cls"),
    [("cooc", "Cooc"), ("my_2nd", "My2nd"), ("run", "RunModel"), ("none", "NoneModel")],
)
def test_the_class_is_called_as_the_file(name: str, cls: str) -> None:
    assert f"\nclass {cls}(Adapter):\n" in model(KINDS["plain"], name, inside=True)


# Mistakes


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("ease", "a model 'ease' exists already"),
        ("shared", "no model is called 'shared'"),
        ("class", "a model's name has letters, digits and _"),
        ("2nd", "unlike '2nd'"),
        ("_mine", "unlike '_mine'"),
        ("models/mine", "unlike 'models/mine'"),
        ("mine.py", "unlike 'mine.py'"),
        ("übung", "unlike 'übung'"),
        ("mine --kind pair", "unknown kind 'pair'. Did you mean 'pairs'?"),
        ("mine --at nowhere", "'nowhere' does not exist"),
        ("mine --at file", "'file' is a file"),
        ("there", "there.py exists already, and is left as it is"),
        ("dangling", "dangling.py exists already"),
        ("", "Missing argument 'NAME'"),
    ],
)
def test_a_mistake_is_one_line(tmp_path: Path, words: str, message: str) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "there.py").write_text("kept")
    (tmp_path / "dangling.py").symlink_to("nothing.py")
    before = sorted(tmp_path.rglob("*"))
    done = bench_here(tmp_path, "new", *words.split())
    assert (done.returncode, done.stdout) == (2, "")
    assert message in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert sorted(tmp_path.rglob("*")) == before
    assert (tmp_path / "there.py").read_text() == "kept"


def test_a_folder_that_takes_no_files_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Not by chmod: an administrator, as whom tests may run, writes anywhere.
    monkeypatch.setattr(os, "access", lambda path, mode: mode != os.W_OK)
    done = bench_here(tmp_path, "new", "mine", "--at", ".")
    assert done.returncode == 2
    assert "'.' is not writable" in done.stderr


# What is written runs


@pytest.mark.slow
@pytest.mark.parametrize("inside", [True, False], ids=["inside", "outside"])
def test_it_learns_what_is_planted(folder: Path, inside: bool) -> None:
    words = []
    for kind, template in KINDS.items():
        path = folder / f"my_{kind}.py"
        path.write_text(model(template, path.stem, inside=inside))
        words += ["--model-path", path.name]
    models = ",".join(["random", *(f"my_{kind}" for kind in KINDS)])
    done = bench_here(folder, "run", "--suite", "quick", "--models", models, *words, *LONGER)
    assert done.returncode == 0, done.stdout + done.stderr
    records = [json.loads(path.read_text()) for path in (folder / "results/records").glob("*.json")]
    hits = {each["cell"]["model"]: each["metrics"]["hr_at_10"] for each in records}
    chance = hits.pop("random")
    error = (2 * 0.25 / 300) ** 0.5  # of the difference at most, as 300 users are tested
    assert hits.keys() == {f"my_{kind}" for kind in KINDS}
    assert all(hit > chance + 4 * error for hit in hits.values()), hits


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_it_keeps_the_laws(kind: str, tmp_path: Path) -> None:
    path, (_, certify) = written(tmp_path, kind, name=f"my_{kind}")
    done = bench_here(tmp_path, *shlex.split(certify)[1:], *LONGER)
    assert done.returncode == 0, done.stdout + done.stderr
    verdict = "tolerances" if "tolerate(" in path.read_text() else "yes"
    assert f"my_{kind}: certified {verdict}" in done.stdout
