"""Hold a model to some laws, in the child process."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np

from bench.adapter import Adapter
from bench.certify.judge import check
from bench.certify.keeping import leave_state
from bench.certify.laws import FIRST
from bench.certify.under_test import ModelUnderTest
from bench.interactions import Interactions
from bench.isolation.worker import Parent
from bench.records.certificates import Finding
from bench.registry.models import ModelSpec, adapter_class
from bench.registry.parameters import complete
from bench.text import in_one_line

EPOCHS = 6  # at most, of a model that has them: the laws are about what it does, not how well
SHORTER = ("epochs", "iterations")


@dataclass(kw_only=True)
class Certify:
    """Hold a model to some laws, and tell of each as soon as it is known."""

    row: ModelSpec
    seed: int
    threads: int
    data: Sequence[Interactions]
    laws: Sequence[str]
    kept: Path  # a folder for scores and state of the first process, which the later ones read

    def run(self, parent: Parent) -> dict[str, Any]:
        subjects: list[ModelUnderTest] = []
        for law in self.laws:
            parent.tell("phase", law)
            try:
                subjects = subjects or [self._subject(j) for j in range(len(self.data))]
                found = check(law, subjects)
                if law == FIRST:
                    for j, subject in enumerate(subjects):
                        np.save(self._scores(j), subject.scores)
            except BaseException as error:  # also SystemExit and KeyboardInterrupt
                found = Finding(law, "fail", in_one_line(error))
            parent.tell("finding", found)
            if law == FIRST and found.status == "fail":
                break
            if law == FIRST:  # a crash in it belongs to the law that reads it
                for j, subject in enumerate(subjects):
                    leave_state(subject, self._state(j))
        return {}

    def _subject(self, j: int) -> ModelUnderTest:
        before = None if FIRST in self.laws else np.load(self._scores(j))
        cls = adapter_class(self.row.model)
        params = quick(cls, self.row)
        return ModelUnderTest(
            lambda: cls(**params),
            self.data[j],
            seed=self.seed,
            threads=self.threads,
            before=before,
            left=self._state(j),
        )

    def _scores(self, j: int) -> Path:
        return self.kept / f"scores-{j}.npy"

    def _state(self, j: int) -> Path:
        return self.kept / f"state-{j}.safetensors"


def quick(cls: type[Adapter], row: ModelSpec) -> dict[str, Any]:
    """The hyper-parameters of a row, complete; what is not given has few epochs."""
    params = complete(cls, *row)
    names = {field.name for field in fields(cls)} & set(SHORTER)  # type: ignore[arg-type]
    return params | {name: min(EPOCHS, params[name]) for name in names - row.params.keys()}
