"""Warm templates that outlive the run, for all tests of a process.

A run has a template of its own, which loads libraries for one to three seconds of CPU time and ends
with the run. Tests run hundreds of times with the same libraries and the same variables.
"""

import sys
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Lock

import pytest

from bench.isolation import warm
from bench.isolation.warm import Forked, Stages, Warm
from bench.running.stages import BASE

OF_PYTEST = "PYTEST_CURRENT_TEST"  # the variable that differs from test to test
ROOM = 1000  # bytes for the name of a job's folder, which is in the folder of its run
MOST = 3  # templates; a test that sets a variable or a path has one of its own


class Pool:
    """A template for each environment and each list of paths, but only the last few."""

    def __init__(self, work: Path) -> None:
        self._work = work
        self._templates: OrderedDict[object, Warm] = OrderedDict()
        self._lock = Lock()  # cells may be started by several threads

    def template(self, environment: dict[str, str]) -> Warm:
        state = frozenset(environment.items()), tuple(sys.path)
        with self._lock:
            if state not in self._templates:
                self._templates[state] = Warm(self._work, BASE)
                if len(self._templates) > MOST:
                    self._templates.popitem(last=False)[1].close()
            self._templates.move_to_end(state)
            return self._templates[state]

    def close(self) -> None:
        for template in self._templates.values():
            template.close()


class OfARun(Warm):
    """Has the jobs of a run forked from a template that serves other runs too."""

    def __init__(self, work: Path, modules: Sequence[str], pool: Pool) -> None:
        super().__init__(work, modules)
        self._pool = pool

    def fork(
        self, stages: Stages, environment: dict[str, str], folder: Path, job: int, output: int
    ) -> Forked | None:
        alike = {name: value for name, value in environment.items() if name != OF_PYTEST}
        return self._pool.template(alike).fork(stages, alike, folder, job, output)


@contextmanager
def lasting_templates(work: Path) -> Iterator[None]:
    """Within this block, for the runs of this process.

    Args:
        work: an existing folder.
    """
    pool = Pool(work.resolve())

    def template(work: Path, modules: Sequence[str]) -> Warm:
        return OfARun(work, modules, pool) if modules is BASE else Warm(work, modules)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(warm, "ROOM", ROOM)
        patch.setattr(warm, "Warm", template)
        try:
            yield
        finally:
            pool.close()
