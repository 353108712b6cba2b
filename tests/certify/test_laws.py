"""The laws of `bench certify`, by models that break one each."""

import ast
import os
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from cheats import CHEATS, DATA, GivesDoubles, GivesNaN, GivesVectors, Good

from bench.adapter import Adapter, Run
from bench.certify import judge, keeping, laws, rewrites, under_test
from bench.certify.judge import check
from bench.certify.keeping import leave_state
from bench.certify.laws import LAWS, never
from bench.certify.under_test import ModelUnderTest
from bench.interactions import Interactions
from bench.records import certificates
from bench.records.certificates import Finding


def findings(cls: type[Adapter]) -> dict[str, Finding]:
    """All laws in this process; of those of another process, as if the scores came from there."""
    subject = ModelUnderTest(cls, DATA, seed=3)
    found = {law: check(law, [subject]) for law in LAWS}
    before = subject.scores
    for law, threads in (("process", 1), ("threads", 2)):
        found[law] = check(law, [ModelUnderTest(cls, DATA, seed=3, threads=threads, before=before)])
    with TemporaryDirectory() as folder:
        left = Path(folder) / "state.safetensors"
        leave_state(subject, left)
        found["kept"] = check("kept", [ModelUnderTest(cls, DATA, seed=3, before=before, left=left)])
    return found


def test_a_good_model_keeps_every_law() -> None:
    found = findings(Good)
    assert {each.status for each in found.values()} == {"pass"}
    assert found["embeddings"].evidence == "no vectors of its own"
    assert found["kept"].evidence == "no state(): its vectors alone can be kept"
    assert found["users"].evidence == "450 of 450 ranks equal"
    assert "24 held-out items exchanged" in found["hidden"].evidence


def test_a_model_with_vectors_and_a_state_does_too() -> None:
    found = findings(GivesVectors)
    assert {each.status for each in found.values()} == {"pass"}
    assert "products of 19 numbers, 1 of them biases are the scores" in found["embeddings"].evidence
    assert found["kept"].evidence == "450 scores of the restored model equal, bit for bit"


def test_a_state_that_was_never_written_is_the_models_fault(tmp_path: Path) -> None:
    found = check("kept", [ModelUnderTest(GivesVectors, DATA, left=tmp_path / "state.safetensors")])
    assert (found.status, found.evidence) == ("fail", "state(): the process ended")


@pytest.mark.parametrize("cls", CHEATS, ids=lambda cls: cls.__name__)
def test_each_cheat_fails_the_one_law_that_it_breaks(cls: type[Adapter]) -> None:
    found = findings(cls)
    assert [law for law in found if found[law].status != "pass"] == [CHEATS[cls]]
    assert found[CHEATS[cls]].status == "fail"
    assert found[CHEATS[cls]].evidence


@pytest.mark.parametrize(
    ("cls", "evidence"),
    [(GivesNaN, "NaN for user 3, item 0"), (GivesDoubles, "must return float32, not float64")],
)
def test_scores_that_cannot_be_ranked(cls: type[Adapter], evidence: str) -> None:
    found = check("form", [ModelUnderTest(cls, DATA)])
    assert found.status == "fail"
    assert evidence in found.evidence


@pytest.mark.parametrize("name", LAWS)
def test_a_law_is_judged_in_one_way(name: str) -> None:
    law = LAWS[name]
    assert law.tried
    assert (law.alone is None) == (law.again is not never)


def test_another_process_counts_as_one() -> None:
    class OfItsProcess(Good):
        def fit(self, train: Interactions, run: Run) -> None:
            super().fit(train, run)
            self._scores[:, os.getpid() % 7] += 50

    elsewhere = np.roll(ModelUnderTest(OfItsProcess, DATA).scores, 1, axis=1)
    found = check("process", [ModelUnderTest(OfItsProcess, DATA, before=elsewhere)])
    assert found.status == "fail"


# Of the code of the laws, without comments, docstrings and imports, when they were given a number.
CODE_OF_LAWS = {
    1: "15f4a6df347917e76e45603c7b6acfcb9fb2098952c81735bd0626e39d56aa8e",
    2: "bc0f54198c40b73669a77bba497a810f0be82e482d50f4b325c18dbff4ae8d1f",
}


def test_who_changes_a_law_thinks_of_its_number() -> None:
    code = [
        _code(ast.parse(Path(module.__file__).read_text(encoding="utf-8")))
        for module in (laws, keeping, judge, under_test, rewrites)
    ]
    assert sha256(repr(code).encode()).hexdigest() == CODE_OF_LAWS[certificates.LAWS], (
        "the code of the laws has changed: raise LAWS in certificates.py where another verdict may"
        " come of it, for then every model must be certified again; then write the new hash here"
    )


def _code(node: object) -> object:
    """A syntax tree without imports and docstrings, the same in all versions of Python."""
    if isinstance(node, list):
        return [_code(each) for each in node if not _says_nothing(each)]
    if isinstance(node, ast.AST):
        parts = {name: _code(value) for name, value in ast.iter_fields(node)}
        return type(node).__name__, {k: v for k, v in parts.items() if v not in (None, [])}
    return node


def _says_nothing(node: object) -> bool:
    """Whether a statement is an import, or a docstring."""
    constant = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    return constant or isinstance(node, ast.Import | ast.ImportFrom)
