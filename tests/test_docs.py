"""What README, CONTRIBUTING and the pages tell a newcomer is true, and works."""

import ast
import json
import re
import runpy
import shlex
import shutil
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import click
import pytest
from command import bench_here
from kept import made_up_kept
from tiny_library import wheel

from bench.registry.names import with_models

cli: click.Group = import_module("bench.cli.main").cli

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"
PAGES = sorted(page for page in DOCS.rglob("*.md") if "_build" not in page.parts)
TEXTS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "results" / "README.md", *PAGES]
FENCED = re.compile(r"^```([^\n]*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
SHIMS = {"models", "datasets", "suites"}  # folders of bench/ that are no package of the harness


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def read(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def blocks(path: Path, language: str) -> list[str]:
    """What stands in the fenced blocks of a page in one language."""
    return [text for word, text in FENCED.findall(read(path)) if word == language]


def anchors(path: Path) -> set[str]:
    """What GitHub calls the headings of a page."""
    headings = re.findall(r"^#+ (.+)$", FENCED.sub("", read(path)), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", each.lower()).replace(" ", "-") for each in headings}


def table(path: Path, heading: str) -> list[dict[str, str]]:
    """The rows of the one table with such a first line, by its titles."""
    lines = iter(read(path).splitlines())
    rows = [cells(next(line for line in lines if line.startswith(heading)))]
    next(lines)
    for line in lines:
        if not line.startswith("|"):
            break
        rows.append(cells(line))
    return [dict(zip(rows[0], row, strict=True)) for row in rows[1:]]


def cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip("|").split("|")]


# The length of what is read first


@pytest.mark.parametrize(("page", "most"), [("README.md", 120), ("CONTRIBUTING.md", 60)])
def test_it_is_short(page: str, most: int) -> None:
    assert read(ROOT / page).count("\n") <= most


def test_an_entry_of_the_changelog_has_three_lines_at_most() -> None:
    entries = re.split(r"^- ", read(ROOT / "CHANGELOG.md"), flags=re.MULTILINE)[1:]
    assert len(entries) > 20
    assert not [entry for entry in entries if entry.rstrip().count("\n") > 2]


# Links and names


LINKS = [
    (path, link)
    for path in TEXTS
    for link in sorted(set(re.findall(r"\]\(([^)\s]+)\)", FENCED.sub("", read(path)))))
    if not link.startswith(("http:", "https:"))
]


@pytest.mark.parametrize(
    ("path", "link"), LINKS, ids=[f"{name(path)}-{link}" for path, link in LINKS]
)
def test_a_link_leads_somewhere(path: Path, link: str) -> None:
    file, _, anchor = link.partition("#")
    target = (path.parent / file).resolve() if file else path
    assert target.exists() and target.is_relative_to(ROOT)
    assert not anchor or anchor in anchors(target)


def test_every_page_is_in_the_list_of_pages() -> None:
    trees = "\n".join(blocks(DOCS / "index.md", "{toctree}"))
    entries = [line for line in trees.splitlines() if line and not line.startswith(":")]
    listed = [re.sub(r".*<(.*)>$", r"\1", entry) for entry in entries]
    assert len(listed) == len(set(listed))
    assert not [each for each in listed if not (DOCS / f"{each}.md").is_file()]
    pages = {str(page.relative_to(DOCS).with_suffix("")) for page in PAGES}
    assert pages - {"index"} <= set(listed)


def test_the_readme_leads_to_every_page_that_is_written_by_hand() -> None:
    linked = {link for path, link in LINKS if path == ROOT / "README.md"}
    pages = {name(page) for page in DOCS.glob("*.md")} - {"docs/index.md"}
    assert pages <= linked


def test_every_test_that_a_page_names_is_there() -> None:
    named = {word for page in TEXTS for word in re.findall(r"\btest_\w+", read(page))}
    assert named
    assert named <= {path.stem for path in (ROOT / "tests").rglob("test_*.py")}


# What the pages say of the code


def test_the_board_of_the_readme_is_the_published_one() -> None:
    shown = table(ROOT / "README.md", "|  # | model")
    published = table(ROOT / "results" / "ml-100k-all" / "leaderboard.md", "|  # | model")
    assert [row["#"] for row in shown] == [str(place) for place in range(1, 11)]
    assert len(shown[0]) > 5
    assert shown == [{title: row[title] for title in shown[0]} for row in published[:10]]


def test_every_package_is_described_by_its_own_first_line() -> None:
    said = {
        re.sub(r"\[`(\w+)/`\].*", r"\1", row["package"]): row["what it does"]
        for row in table(DOCS / "architecture.md", "| package |")
    }
    own = {
        path.parent.name: (ast.get_docstring(ast.parse(read(path))) or "").partition("\n")[0]
        for path in (ROOT / "bench").glob("*/__init__.py")
        if path.parent.name not in SHIMS
    }
    assert said == own


def test_every_file_on_top_of_the_packages_is_named() -> None:
    files = {path.name for path in (ROOT / "bench").glob("*.py")} - {"__init__.py"}
    rows = table(DOCS / "architecture.md", "| file | subject")
    assert {re.sub(r"\[(.*)\].*", r"\1", row["file"]) for row in rows} == files


def test_who_may_import_whom_is_what_is_tested() -> None:
    allowed = runpy.run_path(str(ROOT / "tests" / "test_layering.py"))["ALLOWED"]
    said = {
        row["file or package"].strip("`"): set(re.findall(r"`(\w+)`", row["may import"]))
        for row in table(DOCS / "architecture.md", "| file or package |")
    }
    assert said == allowed


def test_every_fact_that_a_data_set_must_have_is_named() -> None:
    facts = {row["name"].strip("`") for row in table(DOCS / "add-a-data-set.md", "| name |")}
    for file in (ROOT / "datasets").glob("[a-z]*.py"):
        assert facts <= vars(import_module(f"bench.datasets.{file.stem}")).keys(), file


# Commands


def commands(group: click.Group) -> Iterator[tuple[list[str], click.Command]]:
    """All commands that do something, with the words that call them."""
    context = click.Context(group)
    for word in group.list_commands(context):
        command = group.get_command(context, word)
        assert command is not None
        if isinstance(command, click.Group):
            yield from (([word, *words], below) for words, below in commands(command))
        else:
            yield [word], command


def lines(path: Path) -> Iterator[list[str]]:
    """The words of every line that a page tells its reader to type."""
    for block in blocks(path, "sh"):
        for line in block.splitlines():
            words = shlex.split(line, comments=True)
            while words and re.fullmatch(r"[A-Z_]+=.*", words[0]):  # as FUZZ_SEED=1 make torture
                words.pop(0)
            if words:
                yield words


SHOWN = [(path, words) for path in TEXTS for words in lines(path)]


@pytest.mark.parametrize(
    ("path", "words"), SHOWN, ids=[f"{name(path)}-{' '.join(words)}" for path, words in SHOWN]
)
def test_a_command_that_is_shown_can_be_typed(path: Path, words: list[str]) -> None:
    program, *rest = words
    if program == "make":
        targets = re.findall(r"^([a-z-]+):", read(ROOT / "Makefile"), re.MULTILINE)
        assert next(word for word in rest if "=" not in word) in targets
        return
    if program != "bench":
        assert program in ("python", ".venv/bin/pytest")
        return
    command: click.Command = cli
    while isinstance(command, click.Group):
        found = command.get_command(click.Context(command), rest.pop(0))
        assert found is not None
        command = found
    if "--help" in rest:
        return
    _, left, _ = command.make_parser(click.Context(command)).parse_args(rest)
    assert not left


@pytest.mark.parametrize("words", [words for words, _ in commands(cli)], ids=" ".join)
def test_every_command_is_named_in_a_page(words: list[str]) -> None:
    command = re.compile(rf"\bbench {' '.join(words)}\b")
    assert any(command.search(read(page)) for page in PAGES)


# Code


CODE = [(path, code) for path in TEXTS for code in blocks(path, "python")]


@pytest.mark.parametrize(("path", "code"), CODE, ids=[name(path) for path, _ in CODE])
def test_code_that_is_shown_is_python(path: Path, code: str) -> None:
    ast.parse(code)


def code_with(path: Path, word: str) -> str:
    """The one block of Python with this word."""
    (code,) = [code for code in blocks(path, "python") if word in code]
    return code


def test_the_models_shown_are_short_and_run(folder: Path) -> None:
    shown = {
        "cooccurrence": code_with(ROOT / "README.md", "(Adapter)"),
        "weighteddot": code_with(DOCS / "add-a-model.md", "(PairAdapter)"),
    }
    words = ["--set", "cooccurrence.power=0.6"]
    words += ["--set", "weighteddot.epochs=30", "--set", "weighteddot.batch_size=256"]
    for model, code in shown.items():
        assert code.count("\n") < 42
        (folder / f"{model}.py").write_text(code)
        words += ["--model-path", str(folder / f"{model}.py")]
    models = ",".join(["popularity", *shown])
    done = bench_here(folder, "run", "--suite", "quick", "--models", models, *words)
    assert done.returncode == 0, done.stderr
    records = [json.loads(read(path)) for path in (folder / "results/records").glob("*.json")]
    found = {each["cell"]["model"]: each for each in records}
    assert found["cooccurrence"]["cell"]["params"] == {"power": 0.6}
    floor = found.pop("popularity")["metrics"]["hr_at_10"]
    assert found.keys() == shown.keys()
    assert all(each["metrics"]["hr_at_10"] > 1.5 * floor for each in found.values())


def test_the_model_shown_serves_new_people_in_every_way(tmp_path: Path) -> None:
    path = tmp_path / "plainsvd.py"
    path.write_text(code_with(DOCS / "add-a-model.md", "def welcome"))
    with with_models([path]):
        made_up_kept(tmp_path / "results", "plainsvd", factors=4)
    words = ("recommend", "--likes", "Alien, Antz", "--model-path", "plainsvd.py")
    for way in ("own", "prior", "alike"):
        done = bench_here(tmp_path, *words, "--way", way)
        assert done.returncode == 0, done.stderr
        assert "because of Alien (" in done.stdout


def test_the_library_shown_is_installed_and_measured(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kept_canaries: Path
) -> None:
    """As a new user would: three files and two commands, here without a network."""
    page = DOCS / "add-a-library.md"
    (lock,) = blocks(page, "text")
    name, version = lock.strip().split("==")
    site = Path(import_module(name).__file__ or "").parents[1]
    wheel(tmp_path, name, version, {"numpy_of_the_tests.pth": f"{site}\n"})
    for variable, value in (("PIP_NO_INDEX", "1"), ("PIP_FIND_LINKS", str(tmp_path))):
        monkeypatch.setenv(variable, value)
    monkeypatch.setenv("BENCH_PEERS", str(tmp_path / "environments"))
    folder = tmp_path / "tenlines"
    folder.mkdir()
    (side,), (definition,) = blocks(page, "python"), blocks(page, "toml")
    files = {"peer.toml": definition, "requirements.txt": lock, "side.py": side}
    for file, text in files.items():
        (folder / file).write_text(text)
    assert len([line for line in side.splitlines() if line]) == 10
    shutil.copytree(kept_canaries, tmp_path / "results")
    commands = [line for line in blocks(page, "sh")[1].splitlines() if line]
    for command in commands:
        done = bench_here(tmp_path, *shlex.split(command)[1:])
        assert done.returncode == 0, done.stderr
    assert re.search(r"Ten lines 2\.\S+ Popular seed 0  HR@10 0\.2", done.stdout)


def test_the_data_set_shown_can_be_loaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = DOCS / "add-a-data-set.md"
    (tmp_path / "books.py").write_text(code_with(page, "def load("))
    (loans,) = [text for text in blocks(page, "text") if text.startswith("reader,")]
    (tmp_path / "books").mkdir()
    (tmp_path / "books" / "loans.csv").write_text(loans)
    places = import_module("bench.datasets").__path__
    monkeypatch.setattr(import_module("bench.datasets"), "__path__", [*places, str(tmp_path)])
    done = bench_here(tmp_path, "data", "get", "books", "--data-dir", ".")
    assert done.returncode == 0, done.stderr
    assert done.stdout in blocks(page, "text")


def test_a_model_can_be_called_without_the_harness(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = DOCS / "when-a-cell-fails.md"
    script = tmp_path / "without.py"
    script.write_text(code_with(page, "Run(seed=0)"))
    runpy.run_path(str(script))
    assert capsys.readouterr().out in blocks(page, "text")
