"""What `bench certify` found of a model, as results/certificates/MODEL.json."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any, Literal, NamedTuple

from bench.records.files import write_whole

SCHEMA = 1
FOLDER = "certificates"  # in the results
LAWS = 1  # raise it when a law changes, or how it is tried, so that another verdict may come of it
# What certificates say that were written before there was a number, of the laws that became 1.
PUBLISHED_AS_1 = "9719bbe505dbd63cddca35631aded57486c715a0aee7f33bd865c0d5415fb19b"

Verdict = Literal["yes", "tolerances", "no"]


class Finding(NamedTuple):
    """What is known of a model and a law."""

    law: str
    status: Literal["pass", "tolerance", "fail", "not run"]
    evidence: str  # one line


@dataclass(frozen=True, kw_only=True)
class Certificate:
    """All laws that a model was held to, in one state of its code."""

    model: str
    code_sha256: str  # of the model's file and the shared files it imports, as in records
    laws: int = LAWS  # their number when they were tried; 0 where it is not known
    params: dict[str, Any]  # that were given; the others were the model's own, but for few epochs
    seed: int
    findings: tuple[Finding, ...]
    environment: dict[str, Any] = field(default_factory=dict)
    started: str = ""  # ISO 8601, UTC
    schema: int = SCHEMA

    @property
    def verdict(self) -> Verdict:
        """Whether all laws hold, and by themselves."""
        statuses = {finding.status for finding in self.findings}
        if statuses <= {"pass"}:
            return "yes"
        return "tolerances" if statuses <= {"pass", "tolerance"} else "no"

    @property
    def stem(self) -> str:
        """Name of its file, without the ending: the model's, and of parameters that were given."""
        if not self.params:
            return self.model
        given = json.dumps(self.params, sort_keys=True, default=str)
        return f"{self.model}.{sha256(given.encode()).hexdigest()[:8]}"


def save(certificate: Certificate, results: Path) -> Path:
    """Write it into a results folder, in place of the last one of the model and parameters."""
    values = asdict(certificate)
    values["findings"] = [finding._asdict() for finding in certificate.findings]
    values["certified"] = certificate.verdict
    path = results / FOLDER / f"{certificate.stem}.json"
    write_whole(path, (json.dumps(values, indent=1) + "\n").encode())
    return path


def load(path: Path) -> Certificate:
    """Read one.

    Raises:
        ValueError: the file is no certificate that this bench can read.
    """
    values = json.loads(path.read_text(encoding="utf-8"))
    try:
        if values.pop("schema") != SCHEMA:
            raise ValueError(f"{path} has another schema")
        values.pop("certified")
        if values.pop("laws_sha256", "") == PUBLISHED_AS_1:
            values["laws"] = 1
        values.setdefault("laws", 0)
        findings = tuple(Finding(**finding) for finding in values.pop("findings"))
        return Certificate(**values, findings=findings)
    except (AttributeError, KeyError, TypeError) as error:
        raise ValueError(f"{path} is no certificate: {error}") from error


def verdicts(results: Path) -> Mapping[str, Verdict]:
    """Of each certified state of the code, by its hash.

    A model is certified with its own parameters: what was found with others says nothing of it. Nor
    does what was found by other laws than these, or cannot be read.
    """
    found: dict[str, Verdict] = {}
    for path in sorted((results / FOLDER).glob("*.json")):
        try:
            certificate = load(path)
        except (OSError, ValueError):
            continue
        if not certificate.params and certificate.laws == LAWS:
            found[certificate.code_sha256] = certificate.verdict
    return found
