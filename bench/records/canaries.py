"""The canaries of a data set under a protocol, and what they came to: a JSON file.

Canaries are models whose figures are known beforehand (`bench.canaries.models`). One that leaves
its bounds says that the protocol, and so the whole board, cannot be believed.
"""

import math
import re
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from bench.records.files import Kept


class Check(NamedTuple):
    """One figure of a canary, and where it has to be."""

    figure: str  # hr_at_10, full_ndcg_at_10, ...
    found: float | None  # None where there is no finite number
    wanted: float
    margin: float  # how far from the wanted one it may lie

    @property
    def holds(self) -> bool:
        return self.found is not None and abs(self.found - self.wanted) <= self.margin

    def __str__(self) -> str:
        found = "no number" if self.found is None else f"{self.found:.6g}"
        margin = f" ± {self.margin:.2g}" if self.margin > 1e-5 else ""
        return f"{self.figure} is {found}, must be {self.wanted:.6g}{margin}"


@dataclass(frozen=True, kw_only=True)
class Canaries(Kept):
    """All canaries of one task, measured in one process."""

    KIND = "canaries"
    SCHEMA = 1

    dataset: str
    protocol: str
    key: str  # 16 hex digits: data, split, protocol, harness, libraries
    status: str = "ok"  # of the process that measured them
    reason: str = ""  # one line, of what is not ok
    checks: dict[str, tuple[Check, ...]] = field(default_factory=dict)  # by canary
    errors: dict[str, str] = field(default_factory=dict)  # by canary: what it raised
    users: int = 0  # ranked for each canary
    data_sha256: str = ""
    split_sha256: str = ""
    seconds: float = 0.0
    started: str = ""  # ISO 8601, UTC
    schema: int = SCHEMA

    @property
    def stem(self) -> str:
        """Name of its file, without the ending."""
        return re.sub(r"[^\w.-]", "_", f"{self.dataset}.{self.protocol}.{self.key}")

    def broken(self) -> dict[str, str]:
        """The canaries that are out of their bounds, and in one line why."""
        found = dict(self.errors)
        for name, checks in self.checks.items():
            if out := [check for check in checks if not check.holds]:
                found[name] = str(out[0])
        return found

    def invalid(self) -> list[str]:
        """Why no board can be believed that these canaries vouch for; empty when it can."""
        if self.status != "ok":
            return [f"the canaries could not be measured: {self.status}, {self.reason}"]
        return [f"canary {name}: {why}" for name, why in self.broken().items()]

    def __str__(self) -> str:
        if self.status != "ok":
            return f"canaries: {self.status}, {self.reason}"
        names = self.checks.keys() | self.errors.keys()
        within = len(names) - len(self.broken())
        return f"canaries: {within} of {len(names)} within their bounds"

    @classmethod
    def parts(cls, values: dict[str, Any]) -> dict[str, Any]:
        """The checks of each canary."""
        return {"checks": {name: checks_of(given) for name, given in values["checks"].items()}}


def checks_of(given: list[list[Any]]) -> tuple[Check, ...]:
    """The checks of a canary, from JSON; a figure that is not finite is none."""
    return tuple(
        Check(
            str(figure),
            float(found) if found is not None and math.isfinite(found) else None,
            float(wanted),
            float(margin),
        )
        for figure, found, wanted, margin in given
    )
