"""Fault 29: a name typed wrong, or a bad value in a suite file. Exit code 2 and one line, with the
nearest valid word and the line of the file."""

from pathlib import Path

import pytest
from faulty import command

SUITE = '# Mine.\ndataset = "synthetic"\n'


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("run --models esae", "unknown model 'esae'. Did you mean 'ease'?"),
        ("run --dataset syntetic", "unknown data set 'syntetic'. Did you mean 'synthetic'?"),
        ("run --suite quikc", "unknown suite 'quikc'. Did you mean 'quick'?"),
        ("run --protocol loo-9", "unknown protocol 'loo-9'. Did you mean 'loo-99'?"),
        (
            "run --suite quick --models popularity --dataset synthetic:sead=1",
            "Did you mean 'seed'?",
        ),
        ("rnu", "unknown command 'rnu'. Did you mean 'run'?"),
    ],
)
def test_a_wrong_name_on_the_command_line(words: str, message: str, tmp_path: Path) -> None:
    done = command(*words.split(), *(["--results", tmp_path] if "run " in words else []))
    assert (done.code, done.err.count("\n")) == (2, 1)
    assert message in done.err


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('[[rows]]\nmodel = "esae"', "line 4: unknown model 'esae'. Did you mean 'ease'?"),
        ('sedes = [0]\n[[rows]]\nmodel = "ease"', "line 3: unknown key of a suite 'sedes'. Did"),
        ('timeout = 0\n[[rows]]\nmodel = "ease"', "line 3: timeout must be more than 0 seconds"),
        (
            '[[rows]]\nmodel = "ease"\nparams = { l3 = 7 }',
            "line 5: unknown parameter of ease 'l3'. Did you mean 'l2'?",
        ),
        (
            '[[rows]]\nmodel = "ease"\nparams = { l2 = "much" }',
            "line 5: ease.l2 must be a number, not 'much'",
        ),
    ],
)
def test_a_wrong_word_in_a_suite_file(text: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(SUITE + text)
    done = command("run", "--suite", path, "--results", tmp_path / "results")
    assert (done.code, done.err.count("\n")) == (2, 1)
    assert done.err.startswith(f"bench: {path}, {message}")
