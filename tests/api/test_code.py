"""The hash of a class that stands in no file of its own: what changes it, and what does not."""

import sys
from pathlib import Path
from types import ModuleType

import pytest

from bench.api.code import Code

SOURCE = '''
from dataclasses import dataclass
import json
import numpy as np
from bench.adapter import Adapter

HALF = 0.5
TABLE = np.arange(3)
UNUSED = 1

def helper(x):
    return inner(x) * HALF

def inner(x):
    return x + 1

class Base(Adapter):
    SIZE = 4

    @staticmethod
    def start():
        return 1

@dataclass(kw_only=True)
class Mine(Base):
    """A model."""

    depth: int = 1

    def fit(self, train, run):
        import math
        self.kept = [helper(x) for x in TABLE] + [math.pi]

    def scores(self, users):
        # A comment.
        return {"a", "b", "c"}
'''


def digest(text: str, name: str = "made") -> tuple[str, set[str]]:
    """Of the class Mine in a module with such a text."""
    module = ModuleType(name)
    sys.modules[name] = module
    try:
        exec(compile(text, "a cell", "exec"), vars(module))
        code = Code(name)
        code.add("Mine", module.Mine)
        return code.digest(), code.modules
    finally:
        del sys.modules[name]


def test_the_same_text_gives_the_same_hash_wherever_it_stands() -> None:
    first, modules = digest(SOURCE)
    again, _ = digest("\n\n# moved down\n" + SOURCE, "another")
    assert first == again
    assert modules >= {"bench.adapter", "math", "numpy"}
    assert "json" not in modules  # nothing of the class uses it


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("HALF = 0.5", "HALF = 0.25"),
        ("np.arange(3)", "np.arange(4)"),
        ("x + 1", "x + 2"),
        ("SIZE = 4", "SIZE = 5"),
        ("        return 1\n", "        return 2\n"),
        ("import math", "import cmath as math"),
        ('"b", "c"', '"b", "d"'),
        ("run):", "run, more=1):"),
    ],
)
def test_what_the_class_uses_changes_it(old: str, new: str) -> None:
    assert SOURCE.count(old) == 1
    assert digest(SOURCE.replace(old, new))[0] != digest(SOURCE)[0]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("UNUSED = 1", "UNUSED = 2"),
        ("# A comment.", "# Another one."),
        ('"""A model."""', '"""A model, and more of it."""'),
        ("import json", "import re"),
        ("depth: int = 1", "depth: int = 2"),  # a parameter is recorded as one
    ],
)
def test_what_it_does_not_use_changes_nothing(old: str, new: str) -> None:
    assert SOURCE.count(old) == 1
    assert digest(SOURCE.replace(old, new))[0] == digest(SOURCE)[0]


def test_a_module_of_ones_own_counts_as_its_file_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    text = SOURCE.replace("import json", "import own_helper").replace("HALF", "own_helper.HALF", 2)
    text = text.replace("own_helper.HALF = 0.5", "HALF = 0.5")
    found = []
    for value in (1, 2):
        (tmp_path / "own_helper.py").write_text(f"HALF = {value}  # of ones own\n")
        found.append(digest(text)[0])
        assert "own_helper" in digest(text)[1]
    assert found[0] != found[1]
    sys.modules.pop("own_helper", None)
