"""A model's file that is quick to import, and certificates made up."""

from pathlib import Path
from typing import Any

from bench.records.certificates import Certificate, Finding

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
EXTRA = """
    def __reduce__(self):
        REDUCE
        return super().__reduce__()
"""


def write_model(folder: Path, name: str, **code: str) -> Path:
    """A model's file, with code in its methods."""
    text = MODEL + (EXTRA if "REDUCE" in code else "")
    for place in ("FIT", "SCORES", "REDUCE"):
        text = text.replace(place, code.get(place, "pass"))
    path = folder / f"{name}.py"
    path.write_text(text)
    return path


def a_certificate(status: str, **changes: Any) -> Certificate:
    findings = (Finding("form", "pass", "fine"), Finding("users", status, "so"))  # type: ignore[arg-type]
    values = {"code_sha256": "c" * 64, "params": {}}
    return Certificate(model="als", seed=0, findings=findings, **values | changes)  # type: ignore[arg-type]
