"""Fault 41: the memory limit of a container, a checkout of another owner, a device that is not
there. They are asked, and recorded, as they are."""

import subprocess
from pathlib import Path

import psutil
import pytest
from faulty import command

from bench import machine

GIB = 2**30


def made(root: Path, files: dict[str, str]) -> Path:
    """A system with these control groups."""
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


V2 = "sys/fs/cgroup/{}memory.max"
V1 = "sys/fs/cgroup/memory/{}memory.limit_in_bytes"


@pytest.mark.parametrize(
    ("groups", "limits", "wanted"),
    [
        ("0::/\n", {V2.format(""): f"{GIB}\n"}, GIB),
        ("0::/a/b\n", {V2.format("a/b/"): "max\n", V2.format("a/"): f"{GIB}\n"}, GIB),
        ("0::/a/b\n", {V2.format("a/b/"): f"{GIB // 2}\n", V2.format("a/"): f"{GIB}\n"}, GIB // 2),
        ("0::/outside/of/the/container\n", {V2.format(""): f"{GIB}\n"}, GIB),
        ("9:cpu:/x\n4:memory:/docker/1\n", {V1.format("docker/1/"): f"{GIB}\n"}, GIB),
        ("4:cpu,memory:/docker/1\n", {V1.format(""): f"{GIB}\n"}, GIB),
        ("4:memory:/\n", {V1.format(""): "9223372036854771712\n"}, None),
        ("0::/\n", {V2.format(""): "max\n"}, None),
        ("nonsense\n", {}, None),
    ],
)
def test_the_memory_is_the_containers(
    groups: str, limits: dict[str, str], wanted: int | None, tmp_path: Path
) -> None:
    found = machine.memory_bytes(made(tmp_path, {"proc/self/cgroup": groups, **limits}))
    assert found == (wanted or psutil.virtual_memory().total)


def test_without_control_groups_it_is_the_machines(tmp_path: Path) -> None:
    assert machine.memory_bytes(tmp_path) == psutil.virtual_memory().total


@pytest.mark.parametrize("there", [0, 2])
def test_a_gpu_that_is_not_there_is_refused_in_one_line(
    there: int, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(machine, "gpu_count", lambda: there)
    device = f"cuda:{there}" if there else "cuda"
    for words in (["run", "--suite", "quick"], ["tune", "ease"]):
        done = command(*words, "--device", device, "--results", tmp_path / "results")
        assert done.code == 2
        known = "cpu, cuda:0, cuda:1" if there else "cpu"
        assert done.err == (
            f"bench: device {device}: torch finds no such GPU here. There is: {known}\n"
        )
    assert not (tmp_path / "results").exists()


def test_a_checkout_that_git_refuses_is_not_called_clean(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / ".git").mkdir()  # git takes it for none
    (tmp_path / "bench").mkdir()
    monkeypatch.setattr(machine, "__file__", str(tmp_path / "bench" / "machine.py"))
    assert machine._git() == {"git_commit": "unknown", "git_dirty": True}


def test_a_checkout_of_another_owner_has_its_commit(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "bench").mkdir()
    (tmp_path / "bench" / "machine.py").write_text("")
    for words in ("init", "add .", "-c user.name=a -c user.email=a commit -m first"):
        subprocess.run(["git", *words.split()], cwd=tmp_path, check=True, capture_output=True)
    monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")  # git's own switch for its tests
    monkeypatch.setattr(machine, "__file__", str(tmp_path / "bench" / "machine.py"))
    found = machine._git()
    assert len(found["git_commit"]) == 40
    assert found["git_dirty"] is False
