"""From the rows of a suite to cells with keys and limits."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, get_args

from bench import machine
from bench.errors import BadParameter, unknown
from bench.fold_in.prior import PARAMETERS as PRIOR
from bench.fold_in.ways import WAYS
from bench.hashing import key_of
from bench.isolation.process import Limits
from bench.peers.known import label_of
from bench.protocol.task import Task
from bench.records.folder import Results
from bench.records.record import Cell, Record
from bench.registry.code import code_of_files
from bench.registry.sources import source_sha256
from bench.registry.suites import Suite, SuiteRow
from bench.running import text_vectors
from bench.running.describe import Described
from bench.running.surfaces import SurfaceName
from bench.tracking.address import check_address
from bench.tracking.aside import Track

# The files of the harness that decide a ledger, a figure or a clock. Why the others cannot is said
# in tests/running/test_key.py. Some load numba: they are only read.
DECISIVE = (
    *("adapter.py", "interactions.py", "compilation.py", "machine.py"),
    *(
        "evaluation/*.py",
        "evaluation/kernels/*.py",
        "evaluation/tiles/*.py",
        "fold_in/*.py",
        "isolation/*.py",
    ),
    *("records/timings.py", "registry/models.py"),
    *("running/cell.py", "running/compiling.py", "running/job.py", "running/new_people.py"),
    *("running/reference.py", "running/stages.py", "running/text_vectors.py"),
    *("running/together.py", "running/training.py"),
)
SHARE_OF_MEMORY = 0.8  # of the machine's


@dataclass(frozen=True, kw_only=True)
class Options:
    """How to run, beside what."""

    results: Results
    data_dir: Path | None = None
    device: str = "cpu"
    threads: int = 1
    force: bool = False  # measure again what is measured
    shown_on: SurfaceName = "lines"
    track: Track = "wait"  # when MLflow is told
    mlflow: str | None = None  # address of its store, see `bench.tracking.address`
    jobs: int = 1  # cells at a time
    cluster: str = ""  # address of a Ray cluster whose nodes measure

    def __post_init__(self) -> None:
        if not re.fullmatch(r"cpu|cuda(:\d+)?", self.device):
            raise unknown("device", self.device, ["cpu", "cuda", "cuda:0"])
        if self.cluster and self.device not in ("cpu", "cuda"):
            raise BadParameter(f"a cluster gives each cell a GPU: device cuda, not {self.device}")
        if self.device != "cpu" and not self.cluster:
            _check_gpu(self.device)
        if self.track not in get_args(Track):
            raise unknown("way to track", str(self.track), get_args(Track))
        if self.track != "off":
            check_address(self.mlflow)
        if self.threads < 1:
            raise BadParameter(f"threads must be 1 or more, not {self.threads}")
        if self.jobs < 1:
            raise BadParameter(f"jobs must be 1 or more, not {self.jobs}")
        if self.jobs > 1 and self.device != "cpu":
            raise BadParameter(f"device {self.device}: one cell at a time, not {self.jobs} jobs")


@dataclass(frozen=True, kw_only=True)
class Planned:
    """A cell that is to be measured, or was."""

    cell: Cell
    key: str
    row: SuiteRow
    described: Described

    @property
    def fit(self) -> tuple[int, int]:
        """What cells have in common that one fit serves: row and seed."""
        return id(self.row), self.cell.seed

    @property
    def way(self) -> tuple[int, int, str]:
        """What cells have in common that differ in how many items are shown of new people."""
        return *self.fit, self.cell.fold_in.get("way", "")


def planned_cells(
    suite: Suite, described: list[Described], task: Task, device: str, threads: int
) -> list[Planned]:
    """Every row x every seed, and x every way to serve new people where there are any."""
    return [
        planned(row, known, seed, task, device, threads, fold_in)
        for row, known in zip(suite.rows, described, strict=True)
        for seed in row.seeds or suite.seeds
        for fold_in in ways_to_measure(suite.prior | row.prior, known, task)
    ]


def ways_to_measure(
    prior: Mapping[str, float], described: Described, task: Task
) -> list[dict[str, Any]]:
    """The ways in which a row serves the users of a task, with their parameters; [{}] for known.

    prior: parameters of that way that are not its defaults.
    """
    if task.shown is None:
        return [{}]
    given = {"prior": PRIOR | dict(prior)}
    return [{"way": way, **given.get(way, {})} for way in described.ways or WAYS[-1:]]


def planned(
    row: SuiteRow,
    described: Described,
    seed: int,
    task: Task,
    device: str,
    threads: int,
    fold_in: dict[str, Any] | None = None,
) -> Planned:
    """A row with one seed, by the hyper-parameters that it was described with.

    fold_in: the way to serve new people, and its parameters.
    """
    cell = Cell(
        dataset=task.dataset,
        protocol=task.protocol,
        model=row.model,
        label=row.label or label_of(row.model),
        params=described.params,
        seed=seed,
        device=device,
        threads=threads,
        eval_users=task.eval_users,
        fold_in=fold_in or {},
    )
    return Planned(
        cell=cell, key=cell_key(cell, task, described.needs), row=row, described=described
    )


def cell_key(cell: Cell, task: Task, needs: Sequence[str] = ()) -> str:
    """16 hex digits that change with anything that may change the result, and with nothing else.

    The label is only what the row is called. Of code it counts what it does, not how it is written.
    """
    parts = {
        "cell": {name: value for name, value in vars(cell).items() if name != "label"},
        "data": task.data_sha256,
        "split": task.split_sha256,
        "source": source_sha256(cell.model),
        "packages": machine.packages(),
        "harness": harness_sha256(),
        "schema": Record.SCHEMA,
    }
    if text_vectors.NEED in needs:
        parts["texts"] = text_vectors.text_key(task.train)
    return key_of(parts)


@cache
def harness_sha256() -> str:
    """A hash of the code of the harness that decides what is measured."""
    folder = Path(__file__).parents[1]
    return code_of_files((path for each in DECISIVE for path in folder.glob(each)), folder)


def limits_of(planned: Planned, suite: Suite, options: Options) -> Limits:
    """What a cell may use: its row's limits, else the suite's, else most of the machine."""
    return Limits(
        seconds=planned.row.timeout or suite.timeout,
        memory_mb=suite.memory_limit or most_memory_mb(),
        threads=options.threads,
    )


def _check_gpu(device: str) -> None:
    """Refuse a GPU that is not there: models would be fitted on the CPU under its name."""
    there = machine.gpu_count()
    if int(device.partition(":")[2] or 0) >= there:
        known = ", ".join(["cpu", *(f"cuda:{number}" for number in range(there))])
        raise BadParameter(f"device {device}: torch finds no such GPU here. There is: {known}")


def most_memory_mb() -> int:
    """What a process may take when no limit is given, in MB."""
    return int(machine.memory_bytes() / 2**20 * SHARE_OF_MEMORY)
