"""Fault 37: a terminal or pipe that is not UTF-8, one that nobody reads, one that is closed. Plain
signs stand in the place of others, and the run goes on."""

import csv
import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import pytest
from command import BENCH, PATIENCE

ROOT = Path(__file__).parents[2]
QUICK = "run --suite quick --models popularity"
LIVE = """
from bench.cli.streams import prepare_output
from bench.records.record import Cell
from bench.running.display import Display
prepare_output()
cell = Cell(dataset="d", protocol="p", model="m", label="mödel †", params={}, seed=0)
with Display(cells=1, shown_on="terminal") as display:
    display.begin(cell)
    display.line("± 中")
"""


def shell(
    line: str, folder: Path, encoding: str = "utf-8", **more: str
) -> subprocess.CompletedProcess[bytes]:
    """A line of bash, in which bench is the command; its code is that of its first command."""
    return subprocess.run(
        ["bash", "-c", f'bench() {{ "{BENCH}" "$@"; }}; {line}; exit ${{PIPESTATUS[0]}}'],
        cwd=folder,
        env={**os.environ, "PYTHONIOENCODING": encoding, **more},
        capture_output=True,
        timeout=PATIENCE,
    )


@pytest.mark.parametrize("encoding", ["ascii", "iso-8859-1", "gbk", "utf-8"])
def test_a_board_is_shown_in_signs_that_the_encoding_has(encoding: str, tmp_path: Path) -> None:
    copied = f"cp -r {ROOT / 'results' / 'ml-100k-all'} board; bench leaderboard --results board"
    done = shell(copied, tmp_path, encoding)
    assert done.returncode == 0, done.stderr
    assert done.stderr == b""
    shown = done.stdout.decode(encoding)
    sign = "~" if encoding == "ascii" else "±"
    table = [
        line for line in shown.splitlines() if re.match(rf" ?\d+  .* 0\.\d{{4}} {sign}0\.", line)
    ]
    board = ROOT / "results" / "ml-100k-all" / "leaderboard.csv"
    with board.open(encoding="utf-8", newline="") as file:
        assert len(table) == len(list(csv.DictReader(file)))
    assert len({line.index(sign) for line in table}) == 1  # it stands straight


def test_a_c_locale_without_utf_8_mode_is_ascii(tmp_path: Path) -> None:
    ascii_only = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    line = f"env -u PYTHONIOENCODING {BENCH} run --models 'mödel'"
    done = shell(line, tmp_path, **ascii_only)
    assert done.returncode == 2
    assert done.stderr.isascii()
    assert done.stderr.startswith(b"bench: unknown model 'm")


def test_a_terminal_of_ascii_shows_what_goes_on(tmp_path: Path) -> None:
    ours, theirs = pty.openpty()
    try:
        done = subprocess.run(
            [sys.executable, "-P", "-c", LIVE],
            stdout=theirs,
            stderr=subprocess.PIPE,
            env={**os.environ, "PYTHONIOENCODING": "ascii", "TERM": "xterm", "COLUMNS": "100"},
            timeout=PATIENCE,
        )
        assert (done.returncode, done.stderr) == (0, b"")  # or nothing may be there to be read
        shown = os.read(ours, 100_000)
    finally:
        os.close(ours)
        os.close(theirs)
    assert shown.isascii()
    assert b"model + seed 0" in shown
    assert rb"~ \u4e2d" in shown


@pytest.mark.parametrize("words", ["list", "--help", "list models"])
def test_a_reader_that_has_gone_is_no_failure(words: str, tmp_path: Path) -> None:
    for reader in ("head -1", "true"):
        done = shell(f"bench {words} | {reader}", tmp_path)
        assert (done.returncode, done.stderr) == (0, b"")


def test_a_run_goes_on_when_its_reader_has_gone(folder: Path) -> None:
    done = shell(f"bench {QUICK} | head -1", folder)
    assert (done.returncode, done.stderr) == (0, b"")
    assert (folder / "results" / "leaderboard.md").is_file()


def test_closed_streams_are_no_failure_and_no_file_gets_what_is_printed(folder: Path) -> None:
    assert shell("bench list >&-", folder).returncode == 0
    assert shell("bench list <&- >&- 2>&-", folder).returncode == 0
    assert shell("bench lst 2>&-", folder).returncode == 2
    done = shell(f"bench {QUICK} <&- >&-", folder)
    assert (done.returncode, done.stderr) == (0, b"")
    written = [path for path in (folder / "results").rglob("*") if path.is_file()]
    assert not [path for path in written if path.read_bytes().startswith((b"synthetic, ", b"[1/1"))]


def test_a_full_disk_below_the_output_is_one_line(tmp_path: Path) -> None:
    done = shell("bench list > /dev/full", tmp_path)
    assert done.returncode == 1
    assert done.stderr == b"bench: [Errno 28] No space left on device\n"
