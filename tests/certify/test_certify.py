"""`bench certify`: real processes that crash and hang, what is kept of them, and the board."""

import ast
import csv
import io
import json
from contextlib import chdir
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from command import bench_here
from hanging import over_when_said
from made import interactions

from bench.certify import judge, laws, rewrites, under_test
from bench.certify.laws import LAWS
from bench.certify.run import certify
from bench.leaderboard.sections import sections
from bench.leaderboard.tables import terminal
from bench.leaderboard.write import files
from bench.records import certificates
from bench.records.certificates import Certificate, Finding
from bench.records.files import load
from bench.records.folder import Results
from bench.records.record import Cell, Record
from bench.registry import names
from bench.registry.models import ModelSpec
from bench.registry.sources import source_sha256

MODEL = '''"""A model that is quick to import."""
import os, signal, sys, time
from dataclasses import dataclass
import numpy as np
from bench.adapter import Adapter, tolerate

@dataclass(kw_only=True)
class Model(Adapter):
    power: float = 1.0
    epochs: int = 40

    def fit(self, train, run):
        FIT
        counts = np.bincount(train.items, minlength=train.n_items)
        self.table = np.float32(counts**self.power)

    def scores(self, users):
        SCORES
        return np.tile(self.table, (len(users), 1))
'''
HANGS = "if len(users) == 1: open('hangs', 'w').close(); time.sleep(3600)"
EXTRA = """
    def __reduce__(self):
        REDUCE
        return super().__reduce__()
"""
DATA = [interactions([(u, (u * k) % 11, k) for u in range(12) for k in range(1, 6)], 12, 11)]


def write(folder: Path, name: str, **code: str) -> Path:
    """A model's file, with code in its methods."""
    text = MODEL + (EXTRA if "REDUCE" in code else "")
    for place in ("FIT", "SCORES", "REDUCE"):
        text = text.replace(place, code.get(place, "pass"))
    path = folder / f"{name}.py"
    path.write_text(text)
    return path


def held(folder: Path, path: Path) -> Certificate:
    """What is found of a model's file, on a few interactions."""
    signs = folder / "hanging"
    with (
        names.with_models([path]) as (name,),
        over_when_said("bench.certify.run", signs),
        chdir(signs),
    ):
        return certify(ModelSpec(name, {}), DATA, seed=0, timeout=1200, memory_mb=0, work=folder)


def failed(certificate: Certificate) -> dict[str, str]:
    assert sorted(each.law for each in certificate.findings) == sorted(LAWS)
    return {each.law: each.evidence for each in certificate.findings if each.status == "fail"}


def test_the_command_on_a_good_model_beside_the_checkout(tmp_path: Path) -> None:
    path = write(tmp_path, "good", FIT="assert self.epochs == 6")
    done = bench_here(tmp_path, "certify", "--model-path", str(path), "--set", "good.power=0.5")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "good: certified yes" in done.stdout
    assert "36,000 of 36,000 ranks equal" in done.stdout
    assert "Certified: 1 yes, 0 tolerances, 0 no." in done.stdout
    (file,) = (tmp_path / "results" / "certificates").glob("good.*.json")
    kept = load(Certificate, file)
    assert kept.params == {"power": 0.5}
    assert {each.law: each.status for each in kept.findings} == dict.fromkeys(LAWS, "pass")
    with names.with_models([path]):
        assert kept.code_sha256 == source_sha256("good")
    assert Results(tmp_path / "results").verdicts() == {}  # with a parameter that is not its own
    Results(tmp_path / "results").save(replace(kept, params={}))
    assert Results(tmp_path / "results").verdicts() == {kept.code_sha256: "yes"}


@pytest.mark.slow
def test_a_crash_fails_the_law_that_it_happens_in(tmp_path: Path) -> None:
    path = write(tmp_path, "fragile", REDUCE="os.kill(os.getpid(), signal.SIGKILL)")
    found = failed(held(tmp_path, path))
    assert found == {"pickled": "the process was ended by SIGKILL"}


def test_a_model_that_writes_into_what_it_learns_from_is_not_asked_further(
    tmp_path: Path,
) -> None:
    path = write(tmp_path, "writes", FIT="train.items[0] = 1")
    found = held(tmp_path, path)
    assert failed(found) == {"form": "ValueError: assignment destination is read-only"}
    assert {each.status for each in found.findings[1:]} == {"not run"}
    assert found.verdict == "no"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("code", "law", "evidence"),
    [
        ({"SCORES": HANGS}, "batches", "stopped after 1200 s"),
        ({"FIT": "sys.exit(3)"}, "form", "SystemExit: 3"),
        ({"FIT": "self.power = 2 - run.threads"}, "threads", "ranks equal"),
        ({"REDUCE": "raise TypeError('no pickle')"}, "pickled", "TypeError: no pickle"),
    ],
)
def test_other_models_in_processes_of_their_own(
    code: dict[str, str],
    law: str,
    evidence: str,
    tmp_path: Path,
) -> None:
    found = failed(held(tmp_path, write(tmp_path, "other", **code)))
    assert list(found) == [law]
    assert evidence in found[law]


@pytest.mark.slow
def test_every_model_of_the_zoo_is_certified(tmp_path: Path) -> None:
    done = bench_here(tmp_path, "certify")
    assert done.returncode == 0, done.stdout
    assert len(Results(tmp_path / "results").verdicts()) == len(names.files("models"))


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["popularit"], "unknown model 'popularit'. Did you mean 'popularity'?"),
        (["popularity", "--set", "als.factors=3"], "unknown model in this run 'als'"),
        (["popularity", "--set", "factors"], "--set takes model.parameter=value"),
        (["popularity", "--timeout", "0"], "--timeout takes seconds above 0"),
        (["popularity", "--timeout", "nan"], "--timeout takes seconds above 0"),
        (["--model-path", "nowhere.py"], "needs a .py file"),
        (["--sed", "1"], "No such option '--sed'"),
    ],
)
def test_words_typed_wrong(words: list[str], message: str, tmp_path: Path) -> None:
    done = bench_here(tmp_path, "certify", *words)
    assert done.returncode == 2
    assert message in done.stderr
    assert not (tmp_path / "results").exists()


def test_a_parameter_typed_wrong(tmp_path: Path) -> None:
    path = write(tmp_path, "good")
    done = bench_here(tmp_path, "certify", "--model-path", str(path), "--set", "good.powr=1")
    assert done.returncode == 2
    assert "unknown parameter of good 'powr'. Did you mean 'power'?" in done.stderr


def a_certificate(status: str, **changes: Any) -> Certificate:
    findings = (Finding("form", "pass", "fine"), Finding("users", status, "so"))  # type: ignore[arg-type]
    values = {"code_sha256": "c" * 64, "params": {}}
    return Certificate(model="als", seed=0, findings=findings, **values | changes)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("status", "verdict"),
    [("pass", "yes"), ("tolerance", "tolerances"), ("fail", "no"), ("not run", "no")],
)
def test_what_the_findings_come_to(status: str, verdict: str, tmp_path: Path) -> None:
    certificate = a_certificate(status)
    assert certificate.verdict == verdict
    assert load(Certificate, Results(tmp_path).save(certificate)) == certificate


@pytest.mark.parametrize("damaged", ["", "{", "[]", "{}", '{"schema": 2}', '{"schema": 1}'])
def test_what_is_no_certificate_certifies_nothing(damaged: str, tmp_path: Path) -> None:
    path = Results(tmp_path).save(a_certificate("pass"))
    path.with_name("bad.json").write_text(damaged)
    with pytest.raises(ValueError):
        load(Certificate, path.with_name("bad.json"))
    assert Results(tmp_path).verdicts() == {"c" * 64: "yes"}
    values = json.loads(path.read_text()) | {"findings": [{"law": "form"}]}
    path.write_text(json.dumps(values))
    assert Results(tmp_path).verdicts() == {}


def a_record(code: str, model: str = "als") -> Record:
    cell = Cell(dataset="d", protocol="loo-99", model=model, params={}, seed=0)
    return Record(
        cell=cell,
        key="0" * 16,
        status="ok",
        metrics={"hr_at_10": 0.5, "ndcg_at_10": 0.3},
        timings={"train_seconds": 1.0},
        code_sha256=code,
        started="2026-01-01",
        ended="2026-01-01",
    )


def test_the_badge_is_of_this_state_of_the_code(tmp_path: Path) -> None:
    Results(tmp_path).save(a_certificate("tolerance"))
    this, other = a_record("c" * 64), a_record("d" * 64, "ease")
    verdicts = Results(tmp_path).verdicts()
    both = files(sections([this, other], verdicts=verdicts))
    rows = csv.DictReader(io.StringIO(both["leaderboard.csv"]))
    assert {row["model"]: row["certified"] for row in rows} == {"als": "tolerances", "ease": ""}
    assert "certified" in both["leaderboard.md"]
    assert "tolerances" in terminal(sections([this], verdicts=verdicts), 200)
    changed = sections([replace(this, code_sha256="e" * 64)], verdicts=verdicts)
    shown = files(changed)
    for text in (shown["leaderboard.md"], shown["leaderboard.html"], terminal(changed, 200)):
        assert "certified" not in text  # nobody needs the column


def test_what_was_found_with_parameters_is_beside_what_was_found_of_the_model(
    tmp_path: Path,
) -> None:
    Results(tmp_path).save(a_certificate("pass"))
    Results(tmp_path).save(a_certificate("fail", params={"factors": 3}))
    Results(tmp_path).save(a_certificate("fail", params={"factors": 4}))
    assert Results(tmp_path).verdicts() == {"c" * 64: "yes"}
    assert len(list((tmp_path / "certificates").iterdir())) == 3


def test_a_certificate_of_other_laws_is_void(tmp_path: Path) -> None:
    Results(tmp_path).save(a_certificate("pass"))
    Results(tmp_path / "old").save(a_certificate("pass", code_sha256="d" * 64, laws=0))
    Results(tmp_path / "new").save(a_certificate("pass", code_sha256="e" * 64, laws=99))
    assert Results(tmp_path).verdicts() == {"c" * 64: "yes"}
    assert Results(tmp_path / "old").verdicts() == {}
    assert Results(tmp_path / "new").verdicts() == {}


def test_a_certificate_of_before_the_laws_had_a_number(tmp_path: Path) -> None:
    path = Results(tmp_path).save(a_certificate("pass"))
    values = json.loads(path.read_text())
    del values["laws"]
    path.write_text(json.dumps(values | {"laws_sha256": certificates.PUBLISHED_AS_1}))
    assert load(Certificate, path).laws == 1
    for unknown in ("", "0" * 64):
        path.write_text(json.dumps(values | {"laws_sha256": unknown}))
        assert load(Certificate, path).laws == 0
        assert Results(tmp_path).verdicts() == {}


# Of the code of the laws, without comments, docstrings and imports, when they were given a number.
CODE_OF_LAWS = {1: "ab68e8ef7583501e893a1e52a5182222bb12ae0c5823976fb76505aae888f6e6"}


def test_who_changes_a_law_thinks_of_its_number() -> None:
    code = [
        _code(ast.parse(Path(module.__file__).read_text(encoding="utf-8")))
        for module in (laws, judge, under_test, rewrites)
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
