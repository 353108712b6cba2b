"""What a node of a cluster is told of this machine, and how a difference is named."""

from pathlib import Path

import pytest

from bench.registry.names import with_models
from bench.running.executors.order import facts, files_from_outside, first_difference, models_in

MODEL = """from bench.adapter import Adapter
from helper import value

class One(Adapter):
    pass
"""


def test_a_machine_does_not_differ_from_itself() -> None:
    assert first_difference(facts(["als", "gmf"]), facts(["als", "gmf"])) == ""


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"numpy": "0.0.1"}, "numpy 0.0.1 there, {numpy} here"),
        ({"bench": "9"}, "bench 9 there, {bench} here"),
        ({"code of als": "another"}, "code of als is not the same"),
        ({"new": "1"}, "new 1 there, missing here"),
    ],
)
def test_the_first_difference_is_named(changes: dict[str, str], said: str) -> None:
    here = facts(["als"])
    assert first_difference(here, here | changes) == said.format(**here)


def test_what_is_missing_is_named() -> None:
    here = facts([])
    there = {name: value for name, value in here.items() if name != "numpy"}
    assert first_difference(here, there) == f"numpy is missing there, {here['numpy']} here"


def test_models_from_outside_are_sent_with_what_they_import_beside_them(tmp_path: Path) -> None:
    (tmp_path / "one.py").write_text(MODEL)
    (tmp_path / "helper.py").write_text("value = 1\n")
    (tmp_path / "other.py").write_text("nobody = 1\n")
    with with_models([tmp_path / "one.py"]):
        files = files_from_outside(["als", "one"])
    assert models_in(files, ["als", "one"]) == ["models/one.py"]
    assert {name: content.decode() for name, content in files.items()} == {
        **{"models/one.py": MODEL, "models/helper.py": "value = 1\n"}
    }
