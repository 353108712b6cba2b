"""Fault 21: a full disk or a read-only folder. A clear error, and earlier records are intact."""

import subprocess
import sys
from pathlib import Path

import pytest
from command import BENCH, PATIENCE
from faulty import run

# In a name space of its own, so that nobody needs rights or has to clean up.
MOUNTING = ["unshare", "--map-root-user", "--mount", "sh", "-e", "-c"]
FULL = """
mount -t tmpfs -o size=64m tmpfs full
cp -r results/. full
cat /dev/zero > full/filler 2> /dev/null || true
code=0; "$0" run --suite quick --models popularity,ease --results full || code=$?
rm full/filler; cp -r full kept; exit $code
"""
READ_ONLY = """
mount --bind results results
mount -o remount,ro,bind results
exec "$0" run --suite quick --models popularity,ease
"""


def files(folder: Path) -> dict[str, bytes]:
    found = [*folder.glob("records/*"), *folder.glob("ledgers/*"), *folder.glob("leaderboard*")]
    return {str(path.relative_to(folder)): path.read_bytes() for path in found}


def in_a_name_space(folder: Path, script: str) -> subprocess.CompletedProcess[str]:
    words = ["mkdir -p probe && mount -t tmpfs tmpfs probe"]
    try:
        subprocess.run([*MOUNTING, *words], cwd=folder, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("mounting is not permitted here")
    return subprocess.run(
        [*MOUNTING, script, BENCH], cwd=folder, capture_output=True, text=True, timeout=PATIENCE
    )


@pytest.mark.slow
def test_a_full_disk_is_said_and_costs_no_record(folder: Path) -> None:
    assert run(folder, ["popularity"]) == 0
    before = files(folder / "results")
    assert len(before) == 5
    (folder / "full").mkdir()
    done = in_a_name_space(folder, FULL)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == "bench: [Errno 28] No space left on device: 'full'"
    assert "Traceback" not in done.stderr
    assert files(folder / "kept") == before


def test_a_read_only_folder_is_one_line(folder: Path) -> None:
    (folder / "results" / "records").mkdir()
    (folder / "results" / "records" / "earlier.json").write_text("{}")
    done = in_a_name_space(folder, READ_ONLY)
    assert done.returncode == 1
    wanted = (
        "bench: results cannot be written here (Read-only file system): copy it (cp -r) and name"
    )
    assert done.stderr.startswith(wanted)
    assert len(done.stderr.splitlines()) == 1
    assert (folder / "results" / "records" / "earlier.json").read_text() == "{}"


def test_a_file_where_the_results_should_go_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "results").write_text("a file where the folder should be")
    words = [BENCH, "run", "--suite", "quick"]
    done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr


def test_a_file_that_does_not_fit_leaves_the_old_one_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("old")
    script = (
        "import resource, sys; from pathlib import Path\n"
        "from bench.records.files import write_whole\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))\n"
        "try: write_whole(Path(sys.argv[1]), b'new' * 1000)\n"
        "except OSError as error: print(error.strerror)\n"
    )
    words = [sys.executable, "-P", "-c", script, str(path)]
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    assert done.stdout == "File too large\n"
    assert path.read_text() == "old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["file"]
