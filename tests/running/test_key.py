"""The key of a cell changes with each file that decides a result, and with nothing else."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from measured_models import write_models

import bench
from bench.protocol.task import Task, prepare
from bench.registry import names
from bench.registry.datasets import load_data
from bench.registry.suites import SuiteRow
from bench.running import plan
from bench.running.describe import Described
from bench.running.folder import keep_label, kept_record, stands
from bench.running.plan import cell_key, planned

HARNESS = Path(bench.__file__).parent
CHANGE = b"\n_changed = 1\n"
# Files of the harness that decide no figure of a cell, and why. A folder stands for all in it.
CANNOT_MATTER = {
    "__init__.py": "gives names",
    "api": "hands over; what is run is in the key",
    "canaries": "has a key of its own, of all files; vouches for figures and gives none",
    "certify": "counts by the number of the laws; certificates are beside records",
    "cli": "what was asked for is in the cell, its protocol and its data",
    "compare": "reads ledgers afterwards",
    "data": "what comes out is in the key: the hash of the data",
    "datasets": "what comes out is in the key: the hash of the data",
    "embeddings": "reads kept models afterwards",
    "errors.py": "words of errors",
    "explore": "reads kept models afterwards",
    "export": "reads kept models afterwards",
    "hashing.py": "makes the key: other hashes are another key",
    "kept": "is called when the cell is measured",
    "leaderboard": "reads records and ledgers afterwards",
    "models": "lets models be found; they are in the key",
    "peers": "hands over models of other libraries, whose keys have it: `environment.peer_sha256`",
    "protocol": "what comes out is in the key: the hash of train, cases and what is shown",
    "records": "forms of files, of which the schema is in the key",
    "registry": "what comes out is in the key: parameters, data, and the code that is found",
    "report": "reads records and ledgers afterwards",
    "retrieval": "reads kept models afterwards",
    "running": "shows, keeps, plans: what comes of it for a cell is in the key, or comes after it",
    "space.py": "what may be searched; what is chosen of it is in the key",
    "statistics": "computed from ledgers, and kept by a key of their own",
    "study": "reads ledgers afterwards",
    "suites": "rows, seeds and data that are asked for are in the cell",
    "text.py": "how words are shown; names of files",
    "tracking": "is told of records afterwards",
    "tuning": "chooses parameters, which are in the key",
}
DECISIVE = {path for each in plan.DECISIVE for path in HARNESS.glob(each)}
FILES = sorted(path.relative_to(HARNESS).as_posix() for path in HARNESS.rglob("*.py"))


@pytest.fixture(autouse=True)
def nothing_cached() -> Iterator[None]:
    plan.harness_sha256.cache_clear()
    yield
    plan.harness_sha256.cache_clear()


@pytest.fixture(scope="module")
def task() -> Task:
    return prepare(load_data("synthetic", None), "loo-99")


def key(task: Task, row: SuiteRow | None = None) -> str:
    plan.harness_sha256.cache_clear()
    row = row or SuiteRow(model="ease")
    return planned(row, Described("ok", {"l2": 1.0}), 0, task, "cpu", 1).key


def changed(path: Path, text: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """As if this stood at the end of a file."""
    read_bytes = Path.read_bytes
    monkeypatch.setattr(Path, "read_bytes", lambda p: read_bytes(p) + text * (p == path))


def is_listed(file: str) -> bool:
    return any(file == each or file.startswith(f"{each}/") for each in CANNOT_MATTER)


def decides(file: str) -> bool:
    return HARNESS / file in DECISIVE


@pytest.mark.parametrize("file", FILES)
def test_each_file_changes_the_key_or_is_known_not_to_matter(
    file: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The part of the key that is of the harness; the next test is of the whole."""
    first = plan.harness_sha256()
    plan.harness_sha256.cache_clear()
    changed(HARNESS / file, CHANGE, monkeypatch)
    assert (plan.harness_sha256() != first) == decides(file)
    assert decides(file) or is_listed(file), f"{file}: can it change a figure? See CANNOT_MATTER"


@pytest.mark.parametrize(
    ("file", "counts"), [("evaluation/ledger.py", True), ("running/display.py", False)]
)
def test_the_harness_is_part_of_the_key(
    file: str, counts: bool, task: Task, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = key(task)
    changed(HARNESS / file, CHANGE, monkeypatch)
    assert (key(task) != first) == counts


@pytest.mark.parametrize("listed", CANNOT_MATTER)
def test_what_is_said_not_to_matter_is_there(listed: str) -> None:
    of_it = [file for file in FILES if file == listed or file.startswith(f"{listed}/")]
    assert not all(map(decides, of_it))


@pytest.mark.parametrize("pattern", plan.DECISIVE)
def test_each_name_of_what_decides_is_of_a_file(pattern: str) -> None:
    assert list(HARNESS.glob(pattern))


@pytest.mark.parametrize(
    "text", [b"\n# a comment\n", b"\n\n\n", b'\n"""Words."""\n', b"\nfrom bench.space import log\n"]
)
@pytest.mark.parametrize("file", ["evaluation/metrics.py", "running/job.py", "adapter.py"])
def test_words_in_the_harness_change_no_key(
    text: bytes, file: str, task: Task, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = key(task)
    changed(HARNESS / file, text, monkeypatch)
    assert key(task) == first


MODEL = '''
"""A model."""
from dataclasses import dataclass
from bench.adapter import Adapter, tolerate
from bench.space import space, log

@dataclass(kw_only=True)
class Mine(Adapter):
    """Does nothing."""
    l2: float = 1.0
    search = space(l2=log(0.1, 10))
    tolerances = tolerate("users", scores=0.01, why="so")

    def fit(self, train, run):
        self.n = train.n_items  # not much

    def scores(self, users):
        return users
'''
SAME = [  # what stands there, and what stands there then
    ("# not much", ""),
    ('"""A model."""', '"""Another text."""'),
    ('    """Does nothing."""\n', ""),
    ("log(0.1, 10)", "log(0.1, 100)"),
    ("    search = space(l2=log(0.1, 10))\n", ""),
    ("    search", "    search: object"),
    ("scores=0.01", "scores=0.02"),
    ("from bench.space import space, log", "from bench.space import log, number, space"),
    ("import Adapter, tolerate", "import Adapter, Run, tolerate"),
    ("(self, train, run)", "(\n        self,\n        train,\n        run,\n    )"),
]
OTHER = [
    ("1.0", "2.0"),
    ("n_items", "n_users"),
    ("return users", "return -users"),
    ("@dataclass(kw_only=True)", "@dataclass"),
    ("def fit", "search = 2\n    def fit(self): pass\n    def fit"),
    ("Mine(Adapter)", "Mine(Adapter, object)"),
    ("    def fit", "    uses_order = True\n    def fit"),
    ("self.n = train.n_items", "self.n = self.search"),  # from there on it counts
    ("return users", "return self.__doc__"),
    ('"""A model."""', "import bench.models.ease"),
]


def key_of_model(text: str, folder: Path, task: Task, label: str = "") -> str:
    (folder / "mine_keyed.py").write_text(text)
    name = names.add_model(folder / "mine_keyed.py")
    return key(task, SuiteRow(model=name, label=label))


@pytest.mark.parametrize(("old", "new"), SAME)
def test_words_spaces_and_tolerances_of_a_model_change_no_key(
    old: str, new: str, tmp_path: Path, task: Task
) -> None:
    assert MODEL.count(old) == 1
    assert key_of_model(MODEL.replace(old, new), tmp_path, task) == key_of_model(
        MODEL, tmp_path, task
    )


@pytest.mark.parametrize(("old", "new"), OTHER)
def test_what_a_model_does_changes_it(old: str, new: str, tmp_path: Path, task: Task) -> None:
    assert MODEL.replace(old, new) != MODEL
    assert key_of_model(MODEL.replace(old, new), tmp_path, task) != key_of_model(
        MODEL, tmp_path, task
    )


@pytest.mark.parametrize(
    ("old", "new"), [("log(0.1, 10)", "log(0.1, 99)"), ('"""Does nothing."""', '"""Or not."""')]
)
def test_what_a_model_reads_of_itself_counts(
    old: str, new: str, tmp_path: Path, task: Task
) -> None:
    """Also where another file of it does so: a class that it is derived from."""
    reads = MODEL.replace("bench.adapter import Adapter, tolerate", "bench.adapter import tolerate")
    reads = reads.replace("from bench.space", "from ._base_keyed import Adapter\nfrom bench.space")
    reads = reads.replace("# not much", "self.__doc__")
    (tmp_path / "_base_keyed.py").write_text(
        "import bench.adapter\n"
        "class Adapter(bench.adapter.Adapter):\n    def way(self): return self.search"
    )
    assert key_of_model(reads.replace(old, new), tmp_path, task) != key_of_model(
        reads, tmp_path, task
    )


def test_a_label_changes_no_key(tmp_path: Path, task: Task) -> None:
    keys = {key_of_model(MODEL, tmp_path, task, label) for label in ("", "mine", "als")}
    assert len(keys) == 1


@pytest.mark.parametrize("label", ["other", "it's <b>'another'</b>", ""])
def test_a_record_is_found_under_any_label_and_kept_under_the_new_one(
    label: str, tmp_path: Path
) -> None:
    results = write_models(tmp_path, {"als": [[3, 40]]}, label="first")
    (record,) = results.read_records()
    cell = replace(record.cell, label=label)
    found = kept_record(cell, record.key, results)
    assert found == record and stands(cell, record.key, results)
    named = keep_label(found, cell, results)
    assert named == replace(record, cell=cell)
    assert kept_record(cell, record.key, results) == named
    assert keep_label(named, cell, results) is named
    one, other = (results.ledger_of(each).read_bytes() for each in (record, named))
    assert one == other
    assert len(results.read_records()) == 2
    assert kept_record(cell, "f" * 16, results) is None


@pytest.mark.parametrize("damage", ["status", "ledger"])
def test_one_that_does_not_count_is_not_found_under_another_label(
    damage: str, tmp_path: Path
) -> None:
    results = write_models(tmp_path, {"als": [[3, 40]]}, label="first")
    (record,) = results.read_records()
    if damage == "status":
        results.save(replace(record, status="failed"))
    else:
        results.ledger_of(record).write_bytes(b"PAR1")
    assert kept_record(replace(record.cell, label="other"), record.key, results) is None


def test_all_else_in_a_cell_changes_it(task: Task) -> None:
    cell = planned(SuiteRow(model="ease"), Described("ok", {}), 0, task, "cpu", 1).cell
    values = {"params": {"l2": 2.0}, "fold_in": {"way": "own"}}
    values |= {name: 7 for name in ("seed", "threads", "eval_users")}
    values |= {"dataset": "another", "protocol": "another", "model": "als", "device": "cuda"}
    assert {*values, "label"} == set(vars(cell))
    keys = [cell_key(replace(cell, **{name: value}), task) for name, value in values.items()]
    assert len({cell_key(cell, task), *keys}) == len(keys) + 1
