"""What was read is kept: whole, for the same content and options alone, or not at all."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bench.data import cache, read
from bench.data.delimited import BadData
from bench.data.options import ReadOptions
from bench.data.read import Reading, read_data
from bench.hashing import fingerprint

ROWS = b"user,item,ts,rating\nann,7,978300760,4.5\nbob,8,978300761,3\nann,8,978300762,1\n"


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("BENCH_DATA_DIR", str(tmp_path / "cache"))
    path = tmp_path / "clicks.csv"
    path.write_bytes(ROWS)
    return path


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Path]]:
    """The tables that are opened, and so not taken from the cache."""
    opened: list[Path] = []
    of_opener = read.Opener.open

    def counted(self: Any, path: Path) -> Any:
        opened.append(path)
        return of_opener(self, path)

    monkeypatch.setattr(read.Opener, "open", counted)
    yield opened


def data_of(path: Path, **options: Any) -> Reading:
    return read_data(path, ReadOptions.of(options))


def test_the_second_time_is_mapped_and_the_same(path: Path, reads: list[Path]) -> None:
    first, second = data_of(path), data_of(path)
    assert len(reads) == 1
    assert fingerprint(first.data.interactions) == fingerprint(second.data.interactions)
    assert first.lines() == second.lines()
    assert first.ticks == second.ticks
    (entry,) = cache.entries()
    assert (entry.source, entry.rows) == (str(path), 3)
    assert cache.clear() > 0
    assert cache.entries() == []


@pytest.mark.parametrize("options", [{"min_rating": 2}, {"where": "rating > 2"}, {"order": "file"}])
def test_other_options_are_another_entry(
    path: Path, reads: list[Path], options: dict[str, Any]
) -> None:
    data_of(path)
    data_of(path, **options)
    assert len(reads) == 2


def test_another_content_of_the_same_size_is_read_anew(path: Path, reads: list[Path]) -> None:
    first = data_of(path).data.interactions
    path.write_bytes(ROWS.replace(b"ann", b"eve"))
    second = data_of(path).data.interactions
    assert len(reads) == 2
    assert first.user_ids.tolist() != second.user_ids.tolist()
    path.write_bytes(ROWS)
    data_of(path)
    assert len(reads) == 2


def test_a_hash_is_taken_once_of_a_file_that_is_settled(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cache, "SETTLED_SECONDS", -1.0)
    taken: list[Path] = []
    of_file = cache.sha256_of
    monkeypatch.setattr(cache, "sha256_of", lambda path: (taken.append(path), of_file(path))[1])
    data_of(path)
    data_of(path)
    assert len(taken) == 1
    os.utime(path, ns=(1, 1))
    data_of(path)
    assert len(taken) == 2


@pytest.mark.parametrize("name", ["rows.arrow", "user_ids.arrow", cache.FACTS])
@pytest.mark.parametrize("damage", [b"", b"nonsense", None])
def test_what_is_damaged_is_read_anew(
    path: Path, reads: list[Path], name: str, damage: bytes | None
) -> None:
    expected = fingerprint(data_of(path).data.interactions)
    (entry,) = (cache.folder() / found.key for found in cache.entries())
    file = entry / name
    if damage is None:
        file.unlink()
    else:
        file.write_bytes(damage.ljust(file.stat().st_size, b"x") if damage else b"")
    assert fingerprint(data_of(path).data.interactions) == expected
    assert len(reads) == 2
    assert fingerprint(data_of(path).data.interactions) == expected
    assert len(reads) == 2


def test_a_file_that_grows_while_it_is_read_is_refused_and_not_kept(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    of_reader = read._read

    def growing(*arguments: Any) -> Reading:
        reading = of_reader(*arguments)
        with path.open("ab") as file:
            file.write(b"eve,9,978300799,1\n")
        return reading

    monkeypatch.setattr(read, "_read", growing)
    with pytest.raises(BadData, match=r"clicks\.csv: changed while it was read"):
        data_of(path)
    assert cache.entries() == []


def test_a_fault_leaves_nothing_behind(path: Path) -> None:
    path.write_bytes(ROWS + b"eve,9,soon,1\n")
    with pytest.raises(BadData):
        data_of(path)
    assert cache.entries() == []
    assert not list((cache.folder().parent / "scratch").iterdir())


def test_without_a_writable_cache_all_is_read(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    blocked = path.parent / "file"
    blocked.touch()
    monkeypatch.setenv("BENCH_DATA_DIR", str(blocked / "below"))
    assert len(data_of(path).data.interactions) == 3


def test_a_full_disk_is_no_error(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(cache, "_write", full)
    assert len(data_of(path).data.interactions) == 3
    assert cache.entries() == []


def test_what_was_used_longest_ago_goes_first(
    path: Path, reads: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    data_of(path)
    (oldest,) = cache.entries()
    os.utime(cache.folder() / oldest.key, (1, 1))
    data_of(path, order="file")
    assert len(cache.entries()) == 2
    monkeypatch.setattr(cache, "MOST_BYTES", int(2.5 * oldest.bytes))
    data_of(path, order="random")
    assert oldest.key not in [entry.key for entry in cache.entries()]
    assert len(cache.entries()) == 2
    assert len(reads) == 3


READ = """
import sys
from pathlib import Path
from bench.data.options import ReadOptions
from bench.data.read import read_data
data = read_data(Path(sys.argv[1]), ReadOptions()).data.interactions
print(int(data.times.sum()), data.n_users)
"""


def test_processes_at_once_and_a_killed_one_do_no_harm(path: Path) -> None:
    rng = np.random.default_rng(0)
    users, items = rng.integers(5000, size=200_000), rng.integers(900, size=200_000)
    lines = (f"{u},{i},{k}" for k, (u, i) in enumerate(zip(users, items, strict=True)))
    path.write_text("user,item,ts\n" + "\n".join(lines))
    command = [sys.executable, "-c", READ, str(path)]
    killed = subprocess.Popen(command)
    time.sleep(0.2)  # somewhere on its way
    killed.kill()
    killed.wait()
    readers = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(4)]
    found = [reader.communicate()[0].split() for reader in readers]
    assert found == [[str(199_999 * 100_000), "5000"]] * 4
    assert len(cache.entries()) == 1
