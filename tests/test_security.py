"""What bench loads, where it listens, and what becomes of hostile words in suites and records."""

import ast
import re
from dataclasses import replace
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from typing import NamedTuple

import pytest

from bench.errors import UnknownName
from bench.leaderboard.html import html
from bench.leaderboard.sections import sections
from bench.leaderboard.tables import markdown, terminal
from bench.leaderboard.write import board_of, write
from bench.records.folder import Results
from bench.records.record import Cell, Record
from bench.registry import suites
from bench.registry.blame import BadSuite
from bench.running.folder import keep
from bench.tuning import report
from bench.tuning.trials import Log, Trial

ROOT = Path(__file__).resolve().parent.parent
FOLDERS = ("bench", "models", "datasets", "tests")
SOURCES = sorted(path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py"))

# Whatever turns bytes or text into code or objects, and where it may stand, with the reason.
LOADS = re.compile(
    r"(pickle|cPickle|dill|cloudpickle|marshal|shelve|joblib|torch|skops\.io)\.(loads?|open)"
    r"|(pd|pandas)\.read_pickle|.*\bload_model|yaml\.(unsafe_|full_)?load(_all)?"
    r"|.*\.recv"  # of a connection of multiprocessing
    r"|(.*\.)?(extract|extractall|unpack_archive)|eval|exec|os\.(system|popen)|tarfile\..*"
)
ALLOWED = {
    ("bench/isolation/transfer.py", "pickle.loads"): "what the run wrote for this very cell",
    ("bench/certify/laws.py", "pickle.loads"): "an adapter that the line itself pickled",
    ("bench/api/handed.py", "pickle.loads"): "a class that the run wrote for its own cells",
    ("tests/api/test_code.py", "exec"): "the cell of a notebook that stands in the test",
    ("tests/api/test_page.py", "exec"): "the examples of a page of ours",
    ("tests/fuzz/warm.py", "exec"): "the line that the harness gives a child",
    ("bench/running/executors/at_node.py", "pickle.loads"): "of the driver, which sends models too",
    ("bench/running/executors/answers.py", "found.extractall"): "a zip file stays in its folder",
    ("bench/isolation/worker.py", "connection.recv"): "where the run wrote it",
    ("bench/isolation/worker.py", "self._connection.recv"): "the test items, from the run",
    ("bench/isolation/warm.py", "self._told.recv"): "bytes of a socket",
    ("tests/fuzz/warm.py", "source.recv"): "bytes of a socket",
    ("tests/tracking/test_failures.py", "connection.recv"): "bytes of a socket",
    ("tests/fuzz/warm.py", "self._source.recv"): "bytes of a socket",
    ("tests/contract/test_interactions.py", "pickle.loads"): "arrays that the line itself pickled",
    ("tests/faults/test_24_foreign_pickles.py", "pickle.loads"): "shows that the poison works",
    ("tests/peers/with_bench.py", "pickle.load"): "data that make peers wrote for the same run",
}


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


class Call(NamedTuple):
    """What is called in a file, and what is given by name."""

    line: int
    called: str
    given: dict[str | None, str]


class Code(NamedTuple):
    """Of a file, what loads something; its tree, kept for all files, would slow all tests down."""

    calls: list[Call]
    imported_from: set[str | None]


@cache
def code_of(path: Path) -> Code:
    calls, modules = [], set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call):
            given = {each.arg: ast.unparse(each.value) for each in node.keywords}
            calls.append(Call(node.lineno, ast.unparse(node.func), given))
        elif isinstance(node, ast.ImportFrom):
            modules.add(node.module)
    return Code(calls, modules)


def test_what_loads_code_is_known_by_its_name() -> None:
    for code in ("torch.load", "pickle.loads", "opened.extractall", "yaml.load", "eval"):
        assert LOADS.fullmatch(code)
    for code in ("json.loads", "yaml.safe_load", "np.load", "re.compile", "tomllib.loads"):
        assert not LOADS.fullmatch(code)


@pytest.mark.parametrize("path", SOURCES, ids=name)
def test_nothing_is_loaded_that_can_be_code(path: Path) -> None:
    for line, called, given in code_of(path).calls:
        if LOADS.fullmatch(called):
            assert (name(path), called) in ALLOWED, f"line {line}: {called}"
        assert given.get("allow_pickle", "False") == "False"
        assert given.get("shell", "False") == "False"
    # By their full name alone, so that the line above sees them.
    loading = {"pickle", "joblib", "marshal", "shelve", "tarfile"}
    assert not code_of(path).imported_from & loading


def test_every_exception_is_still_needed() -> None:
    found = {(name(path), call.called) for path in SOURCES for call in code_of(path).calls}
    assert ALLOWED.keys() <= found


# Only MLflow's pages listen, and this machine's own address alone is named anywhere.
@pytest.mark.parametrize("path", SOURCES, ids=name)
def test_nothing_listens_but_on_this_machine(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    if path != Path(__file__):
        assert "0.0.0.0" not in text
    opened = re.findall(r"(?:\.bind|Server|_server)\(\(([^,()]+),", text)
    assert set(opened) <= {"HOST", "ui.HOST", '"127.0.0.1"'}
    if path.is_relative_to(ROOT / "bench") and name(path) != "bench/tracking/ui.py":
        assert not opened


HOSTILE = [
    "../../../outside",
    "/outside",
    "..",
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "a|b`c`*d*[e](javascript:alert(1))",
    "{0.__class__.__init__.__globals__} %s %n ${PATH} $(id)",
    "\x1b]0;title\x07\x1b[2Jgone",
    "two\nlines\r\nand\0more",
    "a very long name " * 40,
    "ü" * 300,
    r"$\frac{1}$",
]


def refused(label: str) -> bool:
    """Whether a suite may not have it: it would not fit in a line of the board."""
    return len(label) > suites.MOST_LABEL or not label.isprintable()


def made_up(label: str, **changes: object) -> Record:
    cell = Cell(dataset="synthetic", protocol="loo-99", model="ease", params={}, seed=0)
    values = {
        "cell": replace(cell, label=label),
        "key": "0123456789abcdef",
        "status": "failed",
        "reason": label,
        "started": "2026-01-01T10:00:00+00:00",
    }
    return Record(**{**values, **changes})  # type: ignore[arg-type]


@pytest.mark.parametrize("label", HOSTILE)
def test_a_label_of_a_suite_is_text_and_nothing_leaves_the_results(
    label: str, tmp_path: Path
) -> None:
    written = "".join(f"\\u{ord(c):04x}" for c in label)
    path = tmp_path / "mine.toml"
    path.write_text(f'dataset = "synthetic"\n[[rows]]\nmodel = "ease"\nlabel = "{written}"\n')
    if refused(label):
        with pytest.raises(BadSuite, match="label must be one printable line"):
            suites.load(str(path))
        return
    (row,) = suites.load(str(path)).rows
    assert row.label == label

    results = tmp_path / "a" / "b" / "results"
    keep(made_up(row.label), None, "mine", "one", Results(results))
    write(board_of(Results(results)), Results(results))
    assert [found.cell.label for found in Results(results).read_records()] == [label]
    kept = {entry for entry in tmp_path.rglob("*") if entry.is_file()} - {path}
    assert {entry.parent for entry in kept} == {results, results / "records"}
    assert len(kept) == 4


class Tags(HTMLParser):
    """Which tags and attributes a page has."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: set[str] = set()
        self.links: set[str] = set()
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes |= {attribute for attribute, _ in attrs}
        self.links |= {value or "" for attribute, value in attrs if attribute in ("href", "src")}


@pytest.mark.parametrize("label", HOSTILE)
@pytest.mark.parametrize("where", ["label", "reason", "dataset", "params"])
def test_the_board_shows_hostile_words_as_they_are(label: str, where: str) -> None:
    def records(text: str) -> list[Record]:
        bad = made_up("bad", reason=text if where == "reason" else "why")
        good = made_up("good", status="ok", metrics={"hr_at_10": 0.5}, reason="")
        changes = {"label": {"label": text}, "dataset": {"dataset": text}}.get(where, {})
        changes |= {"params": {"text": text}} if where == "params" else {}
        return [replace(each, cell=replace(each.cell, **changes)) for each in (bad, good)]

    tame = Tags(html(sections(records("tame"))))
    page = Tags(html(sections(records(label))))
    assert set(page.tags) == set(tame.tags)
    assert page.tags.count("script") == 1
    assert page.attributes <= tame.attributes | {"title"}
    assert not {attribute for attribute in page.attributes if attribute.startswith("on")}
    assert page.links == tame.links
    text = markdown(sections(records(label)))
    assert not re.search(r"<(script|img)|(?<!\\)\]\(", text)
    shown = terminal(sections(records(label)), 120)
    for each in (text, shown):
        assert all(line.isprintable() for line in each.split("\n"))


@pytest.mark.parametrize("label", HOSTILE)
def test_the_report_of_a_tuning_shows_them_too(label: str, tmp_path: Path) -> None:
    figures = {"ndcg_at_10_expected": 0.4, "hr_at_10_expected": 0.7}
    trial = Trial(number=0, status="ok", params={"l2": 1.0}, figures=figures, seconds=9.0)
    log = Log(
        name=label,
        model="ease",
        dataset="synthetic",
        protocol="loo-99-validation",
        seed=0,
        budget=60.0,
        searched="l2",
        chosen=["l2"],
        suite={"dataset": "synthetic", "protocol": "loo-99"},
        trials=(trial,),
    )
    page = report.page([log])
    assert not re.search(r"<(script|img)|(?<!\\)\]\(javascript", page)
    assert all(line.isprintable() for line in page.split("\n"))
    (tmp_path / "tuned.toml").write_text(report.fragment([log]))
    if not refused(label):
        (row,) = suites.load(str(tmp_path / "tuned.toml")).rows
        assert (row.label, row.params) == (label, {"l2": 1.0})
    assert report.picture([log]).startswith(b"<?xml")


@pytest.mark.parametrize(
    "text",
    [
        'dataset = "../../etc/passwd"\n[[rows]]\nmodel = "ease"',
        'dataset = "synthetic"\n[[rows]]\nmodel = "../../evil"',
        'dataset = "synthetic"\n[[rows]]\nmodel = "os.path"',
        'dataset = "synthetic"\n[[rows]]\nmodel = "shared.tables"',
        'dataset = "synthetic"\nfile = "/etc/passwd"\n[[rows]]\nmodel = "ease"',
        'dataset = "synthetic"\nname = "../x"\n[[rows]]\nmodel = "ease"',
        'dataset = "synthetic"\nmodel_path = "evil.py"\n[[rows]]\nmodel = "ease"',
        'dataset = "synthetic:scale=__import__(\'os\')"\n[[rows]]\nmodel = ""',
        'dataset = "synthetic"\n[[rows]]\nmodel = "ease"\nparams = "__import__(\'os\')"',
    ],
)
def test_a_suite_names_only_what_is_there(text: str, tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text(text)
    with pytest.raises((BadSuite, UnknownName)) as caught:
        suites.load(str(tmp_path / "mine.toml"))
    assert "\n" not in str(caught.value)
