"""Whose run it is: the process, its machine, and the results folder that it wrote of."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import psutil
import pytest
from command import PATIENCE

from bench.records.folder import Results
from bench.tracking import origin

LIVES = """import json, sys; from bench.tracking import origin
print(json.dumps(origin.process()), flush=True); sys.stdin.readline()"""


def test_a_process_lives_until_it_is_gone() -> None:
    words = [sys.executable, "-P", "-c", LIVES]
    pipe = subprocess.PIPE
    with subprocess.Popen(words, stdin=pipe, stdout=pipe, text=True) as other:
        assert other.stdout is not None
        tags = json.loads(other.stdout.readline())
        assert tags["bench.pid"] == str(other.pid)
        assert not origin.gone(tags)
        assert origin.busy_elsewhere(tags)
        other.communicate("\n", timeout=PATIENCE)
    assert origin.gone(tags)
    assert not origin.busy_elsewhere(tags)


def test_this_process_is_not_busy_elsewhere_and_its_number_may_be_anothers_later() -> None:
    tags = origin.process()
    assert not origin.gone(tags)
    assert not origin.busy_elsewhere(tags)
    later = tags | {"bench.process_started": str(psutil.Process().create_time() - 1000)}
    assert origin.gone(later)
    assert origin.gone(tags | {"bench.process_started": "no number"})


@pytest.mark.parametrize("name", origin.MACHINE)
def test_of_another_start_container_or_host_nothing_is_known(name: str) -> None:
    """A process id that is free here may be one that lives there."""
    tags = origin.process() | {"bench.pid": str(2**22 + 1)}
    assert origin.gone(tags)
    other = tags | {name: "another"}
    assert not origin.of_this_machine(other)
    assert not origin.gone(other)
    assert origin.busy_elsewhere(other)


def test_a_folder_keeps_its_identity_where_it_is_moved_and_a_copy_gets_another(
    tmp_path: Path,
) -> None:
    first = Results(tmp_path / "first")
    first.path.mkdir()
    assert origin.identity(first, make=False) == ""
    known = origin.identity(first)
    assert len(known) == 32
    assert origin.identity(first) == origin.identity(first, make=False) == known
    shutil.copytree(first.path, tmp_path / "copy")
    copy = Results(tmp_path / "copy")
    assert origin.identity(copy, make=False) == ""
    assert origin.identity(copy) not in ("", known)
    moved = Results(first.path.rename(tmp_path / "moved"))
    assert origin.identity(moved) == known
    moved.identity.write_text("nonsense")
    assert origin.identity(moved) not in ("", known, "nonsense")
    assert [path.name for path in moved.path.iterdir()] == [".identity"]


def test_a_folder_that_cannot_be_written_has_none(tmp_path: Path) -> None:
    assert origin.identity(Results(tmp_path / "is not there")) == ""


@pytest.mark.skipif(not Path("/proc/self/ns/pid").exists(), reason="no namespaces here")
def test_another_namespace_of_process_ids_is_another_machine(tmp_path: Path) -> None:
    """As a container has, whose host name may be the same."""
    unshare = shutil.which("unshare")
    tried = [unshare or "", "--pid", "--fork", "--kill-child", "--mount-proc"]
    if os.getuid():
        tried[1:1] = ["--user", "--map-root-user"]
    if not unshare or subprocess.run([*tried, "true"], capture_output=True).returncode:
        pytest.skip("no namespace of process ids may be made here")
    words = [*tried, sys.executable, "-P", "-c", LIVES]
    pipe = subprocess.PIPE
    with subprocess.Popen(words, stdin=pipe, stdout=pipe, text=True) as other:
        assert other.stdout is not None
        tags = json.loads(other.stdout.readline())
        other.communicate("\n", timeout=PATIENCE)
    assert tags["bench.host"] == origin.machine()["bench.host"]
    assert tags["bench.boot"] == origin.machine()["bench.boot"]
    assert not origin.of_this_machine(tags)
    assert not origin.gone(tags)
