"""Certificates as files: what comes back, and what certifies nothing."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from certifiable import a_certificate
from records import made_up

from bench.records import certificates
from bench.records.certificates import Certificate
from bench.records.files import load
from bench.records.folder import Results


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


def test_what_was_found_of_code_that_records_are_of_stays_beside_what_is_found_now(
    tmp_path: Path,
) -> None:
    results = Results(tmp_path)
    for code in ("a", "b", "a", "d"):
        results.keep(a_certificate("pass", code_sha256=code * 64))
        results.save(replace(made_up("als", 0.5), code_sha256="a" * 64))
    assert results.verdicts() == {"a" * 64: "yes", "d" * 64: "yes"}  # no record is of b
    names = [path.name for path in results.certificates.iterdir()]
    assert sorted(names) == ["als.aaaaaaaa.json", "als.json"]


@pytest.mark.parametrize("damaged", ["", "{", "[]"])
def test_a_damaged_certificate_is_written_over(damaged: str, tmp_path: Path) -> None:
    results = Results(tmp_path)
    results.keep(a_certificate("fail")).write_text(damaged)
    results.keep(a_certificate("pass"))
    assert results.verdicts() == {"c" * 64: "yes"}
