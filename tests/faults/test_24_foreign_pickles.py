"""Fault 24: a foreign pickle. It is never loaded: not as data, record, ledger or archive member.

bench keeps no fitted models. What it pickles is what it hands to its own child process.
"""

import ast
import pickle
import zipfile
from pathlib import Path

import pytest
from faulty import command, made_100k

ROOT = Path(__file__).resolve().parents[2]
SOURCES = [p for folder in ("bench", "models", "datasets") for p in (ROOT / folder).glob("*.py")]
OWN = {"handover.py"}  # reads what it wrote itself, in a folder of the run's own
LOADERS = {"pickle", "cPickle", "dill", "joblib", "cloudpickle", "shelve", "marshal"}


class Poison:
    """Writes a file when it is loaded."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, ...]:
        return Path.touch, (self.path,)


@pytest.fixture
def poison(tmp_path: Path) -> bytes:
    found = pickle.dumps(Poison(tmp_path / "loaded"))
    pickle.loads(found)
    assert (tmp_path / "loaded").exists()  # it works
    (tmp_path / "loaded").unlink()
    return found


def test_a_pickle_in_place_of_a_file_is_refused_and_not_loaded(
    tmp_path: Path, poison: bytes
) -> None:
    data = made_100k(tmp_path / "ml-100k", [(u, i, 900) for u in range(3) for i in range(3)])
    for name in ("u.data", "u.user", "u.item"):
        whole = (data / name).read_bytes()
        (data / name).write_bytes(poison)
        assert command("data", "audit", "movielens_100k", "--data-dir", data).code == 1
        (data / name).write_bytes(whole)
    with zipfile.ZipFile(tmp_path / "ml-100k.zip", "w") as archive:
        for name in ("u.data", "u.user", "u.item", "data.pkl"):
            archive.writestr(f"ml-100k/{name}", poison)
    for place in (tmp_path / "ml-100k.zip", tmp_path):
        command("data", "audit", "movielens_100k", "--data-dir", place)
    assert not (tmp_path / "loaded").exists()


def test_a_pickle_among_the_results_is_refused_and_not_loaded(
    tmp_path: Path, poison: bytes
) -> None:
    for name in ("records/some.json", "ledgers/some.parquet"):
        path = tmp_path / "results" / name
        path.parent.mkdir(parents=True)
        path.write_bytes(poison)
    for words in (["leaderboard", "--results"], ["verify"]):
        assert command(*words, tmp_path / "results").code == 1
    assert not (tmp_path / "loaded").exists()


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.name)
def test_no_file_of_the_project_reads_pickles(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import | ast.ImportFrom) and path.name not in OWN:
            names = {alias.name for alias in node.names} | {getattr(node, "module", "") or ""}
            assert not names & LOADERS
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            called = ast.unparse(node.func)
            assert called not in ("torch.load", "pd.read_pickle", "pandas.read_pickle")
            assert all(keyword.arg != "allow_pickle" for keyword in node.keywords)
