"""Certificates: what `bench certify` found of each model, as JSON files."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, Literal, NamedTuple, Self

from bench.records.files import Kept

LAWS = 2  # raise it when a law changes, or how it is tried, so that another verdict may come of it
# Certificates by these laws count on boards, too: nothing has changed since but that laws have come
# which are about using a kept model, and not about what it ranks.
COUNTED = frozenset({1, LAWS})
# What certificates say that were written before there was a number, of the laws that became 1.
PUBLISHED_AS_1 = "9719bbe505dbd63cddca35631aded57486c715a0aee7f33bd865c0d5415fb19b"

Verdict = Literal["yes", "tolerances", "no"]


class Finding(NamedTuple):
    """What is known of a model and a law."""

    law: str
    status: Literal["pass", "tolerance", "fail", "not run"]
    evidence: str  # one line


@dataclass(frozen=True, kw_only=True)
class Certificate(Kept):
    """All laws that a model was held to, in one state of its code."""

    KIND = "certificate"
    SCHEMA = 1

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

    def to_dict(self) -> dict[str, Any]:
        """Its fields, fit for JSON, and the verdict, for people to read."""
        findings = [finding._asdict() for finding in self.findings]
        return super().to_dict() | {"findings": findings, "certified": self.verdict}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Self:
        """As for all that is kept; of before there was a number of the laws, too."""
        given = {name: value for name, value in values.items() if name != "certified"}
        known_by_hash = given.pop("laws_sha256", "") == PUBLISHED_AS_1
        return super().from_dict({"laws": int(known_by_hash)} | given)

    @classmethod
    def parts(cls, values: dict[str, Any]) -> dict[str, Any]:
        """The findings."""
        return {"findings": tuple(Finding(**finding) for finding in values["findings"])}


def verdicts(certificates: Iterable[Certificate]) -> dict[str, Verdict]:
    """Of each certified state of the code, by its hash.

    A model is certified with its own parameters: what was found with others says nothing of it. Nor
    does what was found by other laws than these.
    """
    return {
        each.code_sha256: each.verdict
        for each in certificates
        if not each.params and each.laws in COUNTED
    }
