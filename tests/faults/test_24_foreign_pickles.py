"""Fault 24: a foreign pickle. It is never loaded: not as data, record, ledger or archive member.

bench keeps no fitted models. What it pickles is what a run hands to the process of its own cell;
what that process says to the run is JSON. That no file of the project loads anything else:
`test_security`.
"""

import pickle
import zipfile
from pathlib import Path

import pytest
from faulty import command, made_100k, model, run

from bench.records.folder import Results


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


SENDING = """import gc, pathlib
        from multiprocessing.connection import Connection
        class Poison:
            def __reduce__(self):
                return pathlib.Path.touch, (pathlib.Path({path!r}),)
        lines = [each for each in gc.get_objects() if isinstance(each, Connection)]
        assert lines
        for line in lines:
            line.send(Poison())
        time.sleep(3600)"""


def test_a_pickle_that_a_model_sends_to_the_run_is_refused_and_not_loaded(tmp_path: Path) -> None:
    path = tmp_path / "loaded"
    assert run(tmp_path, [model(tmp_path, "sends", fit=SENDING.format(path=str(path)))]) == 1
    (found,) = Results(tmp_path / "results").read_records()
    assert found.status == "failed"
    assert found.reason.startswith("the process sent what cannot be read: UnicodeDecodeError")
    assert not path.exists()
