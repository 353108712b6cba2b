"""The site that `make docs` builds: without a warning, and with every command and name in it."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from bench.cli.main import cli

ROOT = Path(__file__).resolve().parent.parent
REFERENCE = ("adapter", "interactions", "space")  # what a model's author imports
OPTIONS = ("--fail-on-warning", "--keep-going", "--nitpicky", "--quiet")

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    words = ("--conf-dir", str(ROOT / "docs"), *OPTIONS, str(ROOT), str(folder))
    done = subprocess.run(
        [sys.executable, "-m", "sphinx", *words], capture_output=True, text=True, timeout=1800
    )
    assert done.returncode == 0, done.stderr
    return folder


def ids(page: Path) -> set[str]:
    return set(re.findall(r'\bid="([^"]+)"', page.read_text(encoding="utf-8")))


def commands(
    command: click.Command, *words: str
) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    yield words, command
    if isinstance(command, click.Group):
        for name, each in command.commands.items():
            yield from commands(each, *words, name)


def public(body: list[ast.stmt]) -> Iterator[str]:
    """The public names that statements define, and those of a class with its name before them."""
    for each in body:
        names = [each.target] if isinstance(each, ast.AnnAssign) else getattr(each, "targets", [])
        found = [name.id for name in names if isinstance(name, ast.Name)]
        if isinstance(each, ast.FunctionDef | ast.ClassDef):
            found.append(each.name)
        found = [name for name in found if not name.startswith("_")]
        yield from found
        if found and isinstance(each, ast.ClassDef):
            yield from (f"{each.name}.{name}" for name in public(each.body))


def test_every_command_and_option_is_there(site: Path) -> None:
    found = ids(site / "docs" / "reference" / "cli.html")
    for words, command in commands(cli, "bench"):
        assert "-".join(words) in found
        for parameter in command.params:
            if isinstance(parameter, click.Option):
                for option in parameter.opts:
                    assert f"cmdoption-{'-'.join(words)}-{option.lstrip('-')}" in found


@pytest.mark.parametrize("module", REFERENCE)
def test_every_public_name_is_there(site: Path, module: str) -> None:
    source = (ROOT / "bench" / f"{module}.py").read_text(encoding="utf-8")
    wanted = {f"bench.{module}.{name}" for name in public(ast.parse(source).body)}
    assert f"bench.{module}" in {name.rpartition(".")[0] for name in wanted}
    assert wanted <= ids(site / "docs" / "reference" / f"{module}.html")


def test_a_page_loads_nothing_from_elsewhere(site: Path) -> None:
    pages = list(site.rglob("*.html"))
    assert len(pages) > len(REFERENCE)
    for page in pages:
        for tag in re.findall(r"<(?:link|script|img|iframe)\b[^>]*>", page.read_text("utf-8")):
            assert not re.search(r"""(?:href|src)=["']?(?:https?:)?//""", tag), (page, tag)


def test_the_first_page_leads_to_the_pages(site: Path) -> None:
    (target,) = re.findall(r"url=([^\"]+)", (site / "index.html").read_text(encoding="utf-8"))
    assert (site / target).is_file()
