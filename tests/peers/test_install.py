"""Environments of libraries: made whole or not at all, by a lock, and told apart."""

import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
import tiny_library
from command import BENCH, PATIENCE, bench_here

from bench.peers.definition import read
from bench.peers.environment import Environment, environment_of, is_version, place
from bench.peers.known import with_peers
from bench.registry.sources import source_sha256


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder with a library in it, which is not installed."""
    variables = tiny_library.wheels(tmp_path / "wheels") | {"BENCH_PEERS": str(tmp_path / "envs")}
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    tiny_library.library(tmp_path / "tiny")
    yield tmp_path


def environment(here: Path) -> Environment:
    return environment_of(read(here / "tiny"))


def install(here: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return bench_here(here, "peers", "install", "tiny", "--peer-path", "tiny", *words)


def test_install_list_remove(here: Path) -> None:
    listed = bench_here(here, "peers", "list", "--peer-path", "tiny").stdout
    assert "tiny: Tiny 1.2, not installed\n  tiny/popular\n" in listed
    first = install(here)
    assert first.returncode == 0, first.stderr
    assert first.stdout.splitlines()[-1] == f"Tiny 1.2 is installed in {here}/envs/tiny"
    assert environment(here).fault() == ""
    assert environment(here).versions() == {"numpy": "9.9.9", "tinyrec": "1.2"}
    assert environment(here).python_version() == ".".join(map(str, sys.version_info[:3]))
    assert "is there already" in install(here).stdout
    assert "Tiny 1.2, installed" in bench_here(here, "peers", "list", "--peer-path", "tiny").stdout
    removed = bench_here(here, "peers", "remove", "tiny", "--peer-path", "tiny")
    assert removed.stdout == f"removed {here}/envs/tiny\n"
    assert environment(here).fault().startswith("needs peer tiny")
    again = bench_here(here, "peers", "remove", "tiny", "--peer-path", "tiny")
    assert again.stdout == "there is no environment of tiny\n"


def imports_it(process: psutil.Process) -> bool:
    """Whether it tries the library, as its last step."""
    try:
        return process.cmdline()[1:] == ["-s", "-c", "import numpy, tinyrec"]
    except psutil.Error:
        return False


def stopped_in_the_middle(here: Path, number: signal.Signals) -> int:
    """The exit code of an installation that is sent a signal; nothing of it is left running."""
    hold = "import time; time.sleep(10**6)\n"
    tiny_library.wheel(here / "wheels", "tinyrec", "1.2", {"tinyrec.py": hold})  # when tried
    words = [BENCH, "peers", "install", "tiny", "--peer-path", "tiny"]
    started = psutil.Popen(words, cwd=here, stderr=subprocess.DEVNULL, start_new_session=True)
    below: list[psutil.Process] = []
    try:
        end = time.monotonic() + PATIENCE
        while not any(imports_it(each) for each in below):
            assert started.poll() is None and time.monotonic() < end
            time.sleep(0.05)
            below = started.children(recursive=True)
    finally:
        started.send_signal(number)
    assert not psutil.wait_procs(below, PATIENCE)[1]
    return int(started.wait(PATIENCE))


def test_one_that_is_killed_in_the_middle_is_half_installed_and_made_anew(here: Path) -> None:
    assert stopped_in_the_middle(here, signal.SIGKILL) == -signal.SIGKILL
    assert environment(here).fault() == "peer tiny is half installed; bench peers install tiny"
    tiny_library.wheels(here / "wheels")
    done = install(here)
    assert done.returncode == 0, done.stderr
    assert "anew: peer tiny is half installed" in done.stdout
    assert environment(here).fault() == ""


def test_ctrl_c_in_the_middle_leaves_no_process(here: Path) -> None:
    assert stopped_in_the_middle(here, signal.SIGINT) == 130


def test_two_at_once_make_one_environment(here: Path) -> None:
    words = [BENCH, "peers", "install", "tiny", "--peer-path", "tiny"]
    both = [subprocess.Popen(words, cwd=here, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    said = [each.communicate(timeout=PATIENCE)[0] for each in both]
    assert [each.returncode for each in both] == [0, 0]
    text = "".join(said)
    assert text.count("installing Tiny") == 1
    assert text.count("is there already") == 1


def test_another_lock_is_said_and_made_anew(here: Path) -> None:
    assert install(here).returncode == 0
    with with_peers([here / "tiny"]):
        first = source_sha256("tiny/popular")
    tiny_library.wheel(here / "wheels", "tinyrec", "1.3", {"tinyrec.py": tiny_library.LIBRARY})
    tiny_library.library(here / "tiny", lock="numpy==9.9.9\ntinyrec==1.3\n")
    fault = "peer tiny was installed by another lock; bench peers install tiny"
    assert environment(here).fault() == fault
    assert install(here).returncode == 0
    assert environment(here).versions()["tinyrec"] == "1.3"
    with with_peers([here / "tiny"]):
        assert source_sha256("tiny/popular") != first


def test_what_somebody_changed_in_it_is_said(here: Path) -> None:
    assert install(here).returncode == 0
    (info,) = environment(here).folder.glob("lib/python*/site-packages/tinyrec-*.dist-info")
    info.rename(info.with_name("tinyrec-7.dist-info"))
    assert environment(here).fault() == (
        "peer tiny has tinyrec 7, and its lock says 1.2; bench peers install tiny"
    )


def test_what_a_wheel_was_built_for_is_the_same_version(here: Path) -> None:
    """As torch 2.13.0+cpu, where a lock says 2.13.0."""
    tiny_library.wheel(here / "wheels", "tinyrec", "1.2+cpu", {"tinyrec.py": tiny_library.LIBRARY})
    assert install(here).returncode == 0
    assert environment(here).versions()["tinyrec"] == "1.2+cpu"
    assert environment(here).fault() == ""
    assert not is_version("1.2+cpu", "1.2+cu") and not is_version("1.21+cpu", "1.2")


@pytest.mark.parametrize(
    ("lock", "words"),
    [
        (
            "numpy==9.9.9\ntinyrec>=1\n",
            "ts.txt, line 2: 'tinyrec>=1' is no exact version",
        ),
        ("numpy==9.9.9\ntinyrec\n", "line 2: 'tinyrec' is no exact version"),
        ("numpy==9.9.9\n-e .\n", "line 2: '-e .' is no exact version"),
        ("tinyrec==1\nnumpy==9\nTinyRec==2\n", "line 3: TinyRec stands there twice"),
        ("numpy==9.9.9\n", "the lock has no tinyrec, which is its package"),
    ],
)
def test_a_lock_is_refused_that_is_none(lock: str, words: str, here: Path) -> None:
    tiny_library.library(here / "tiny", lock=lock)
    done = install(here)
    assert done.returncode == 2
    assert words in done.stderr and done.stderr.count("\n") == 1


def test_another_python_is_refused(here: Path) -> None:
    tiny_library.library(here / "tiny", definition=f'python = "<3.8"\n{tiny_library.DEFINITION}')
    done = install(here)
    assert done.returncode == 1
    assert re.search(r"bench: tiny needs Python <3.8, and .* is 3\.\d+; --python", done.stderr)
    assert not environment(here).folder.exists()
    assert "no Python at /nowhere" in install(here, "--python", "/nowhere").stderr
    assert "no Python at /bin/true: it says ''" in install(here, "--python", "/bin/true").stderr


def test_a_package_that_cannot_be_had_is_one_line(here: Path) -> None:
    tiny_library.library(here / "tiny", lock="numpy==9.9.9\ntinyrec==1.2\nabsent==1\n")
    done = install(here)
    assert done.returncode == 1
    assert done.stderr.startswith("bench: pip could not install it: ")
    assert "absent==1" in done.stderr and done.stderr.count("\n") == 1
    assert environment(here).fault().startswith("peer tiny is half installed")


def test_without_a_network_it_is_one_line(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PIP_NO_INDEX")
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")  # where nobody listens
    monkeypatch.setenv("PIP_RETRIES", "0")
    tiny_library.library(here / "tiny", lock="numpy==9.9.9\ntinyrec==1.2\nabsent==1\n")
    done = install(here)
    assert done.returncode == 1
    assert done.stderr.startswith("bench: pip could not install it: ")
    assert done.stderr.count("\n") == 1


def test_a_library_that_cannot_be_imported_is_not_installed(here: Path) -> None:
    broken = {"tinyrec.py": "raise ImportError('of old')\n"}
    tiny_library.wheel(here / "wheels", "tinyrec", "1.2", broken)
    done = install(here)
    assert done.returncode == 1
    assert done.stderr == "bench: it has no working tinyrec: ImportError: of old\n"
    assert environment(here).fault().startswith("peer tiny is half installed")


def test_an_unknown_library_is_told_the_nearest(here: Path) -> None:
    done = bench_here(here, "peers", "install", "tinny", "--peer-path", "tiny")
    assert done.returncode == 2
    assert "unknown library 'tinny'. Did you mean 'tiny'?" in done.stderr


def test_environments_stand_in_the_checkout(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("BENCH_PEERS", raising=False)
    assert place() == Path(__file__).parents[2] / ".peers"
