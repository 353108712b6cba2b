"""Suite files and command lines with anything wrong with them: exit code 2 and one line which says
what and where, or they are right and their cells are shown."""

import warnings
from collections.abc import Iterator
from pathlib import Path
from subprocess import CompletedProcess

import pytest
from broken_suites import GOOD, command_lines, document, suites
from command import bench_here
from fuzzing import budget, fuzz
from warm import DESCRIBING, warm_processes

MOST = 700  # characters of an error


@pytest.fixture(scope="module", autouse=True)
def warm() -> Iterator[None]:
    with warm_processes(DESCRIBING):
        yield


def dry_run(folder: Path, *words: str) -> CompletedProcess[str]:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return bench_here(folder, "run", "--dry-run", *words)


def check_answer(done: CompletedProcess[str], most: int = MOST) -> None:
    """Cells, or one line and the exit code of a usage error, or of data and protocol that do not
    fit each other."""
    done.stdout.encode()
    if done.returncode == 0:
        assert not done.stderr and "HR@10" not in done.stdout
        assert "to measure" in done.stdout
        return
    assert done.returncode in (1, 2)
    assert not done.stdout
    line = done.stderr.removesuffix("\n")
    assert line.startswith("bench: ") and line.isprintable() and len(line) < most, line
    if done.returncode == 1:
        assert line.startswith(("bench: protocol ", "bench: nobody can be tested: of ")), line


def test_the_good_one_is_good(tmp_path: Path) -> None:
    (tmp_path / "good.toml").write_text(document(GOOD))
    done = dry_run(tmp_path, "--suite", "good.toml")
    measured = done.stdout.count("to measure")  # with the canaries
    assert (done.returncode, measured, done.stderr) == (0, 5, "")


@budget(short=130, long=3500)
def test_suites(cases: int, tmp_path: Path) -> None:
    path = tmp_path / "fuzzed.toml"

    def check(text: bytes) -> None:
        path.write_bytes(text)
        done = dry_run(tmp_path, "--suite", str(path))
        check_answer(done)
        if done.returncode == 2:
            assert str(path) in done.stderr or ":" in GOOD["dataset"] in done.stderr, done.stderr

    fuzz(suites, check, cases)


@budget(short=50, long=1000)
def test_command_lines(cases: int, tmp_path: Path) -> None:
    (tmp_path / "good.toml").write_text(document(GOOD))

    def check(words: list[str]) -> None:
        done = dry_run(tmp_path, "--suite", "good.toml", *words)
        check_answer(done, MOST + max(map(len, words)))

    fuzz(command_lines(), check, cases)
