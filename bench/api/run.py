"""`bench.run`: what the command does, from a script or a notebook."""

import io
import tempfile
import warnings
from collections.abc import Iterable
from contextlib import ExitStack, redirect_stdout
from dataclasses import replace
from pathlib import Path

from bench.api.board import Board
from bench.api.data import Data
from bench.api.read import read
from bench.api.rows import Models, rows_of
from bench.errors import BadParameter
from bench.interactions import DataSet, Interactions
from bench.leaderboard.sections import sections
from bench.leaderboard.statistics import with_statistics
from bench.records.folder import Results
from bench.registry.names import with_models
from bench.registry.suites import Suite, load, narrow, with_defaults
from bench.running.plan import Options
from bench.running.run import run as run_suite
from bench.running.surfaces import surface_here
from bench.text import shown
from bench.tracking.aside import Track

DEFAULT_SUITE = "ml-100k"  # whose models are run where none are named


def run(
    data: "Data | DataSet | Interactions | Path | str",
    models: Models | None = None,
    *,
    results: Path | str = "results",
    protocol: str | None = None,
    seeds: int | Iterable[int] = 0,
    min_rating: float | None = None,
    eval_users: int | None = None,
    device: str = "cpu",
    threads: int = 1,
    jobs: int = 1,
    cluster: str = "",
    timeout: float = 1800.0,
    memory_limit: int = 0,
    data_dir: Path | str | None = None,
    keep: bool = False,
    force: bool = False,
    track: Track = "wait",
    mlflow: str | None = None,
    progress: bool = True,
) -> Board:
    """Train and measure models, each in a process of its own, and keep all results.

    It does what the command `bench run` does: the canaries first, records and ledgers in the
    results folder, every run in MLflow; and what is measured there already, with the same data,
    parameters, code and libraries, is not measured again. A model that fails has a row without
    figures, and ends nothing.

    Args:
        data: what `bench.read` returns; the name of a data set, as "movielens_100k" or
            "synthetic:scale=1"; the `pathlib.Path` of a table; or `Interactions`, or a `DataSet` of
            them with a name.
        models: names, as "als"; Adapter classes, with their defaults, or instances, with the
            values that they have. They may be defined in the script or the notebook itself. In a
            mapping the keys are their labels. None: all models of the suite ml-100k.
        results: the folder of all that is kept.
        protocol: see `docs/protocol.md`; None: leave-one-out with 99 negatives, by the order that
            the data has.
        seeds: of the models; a model is averaged over several.
        min_rating: only interactions rated at least this high count.
        eval_users: only a sample of so many test users is scored.
        device: "cpu", "cuda" or "cuda:0".
        threads: that a model may use.
        jobs: cells that are measured at a time, each on a core of its own; their times are upper
            bounds.
        cluster: address of a Ray cluster on whose nodes cells are measured, as "10.0.0.1:6379".
        timeout: seconds that a cell may take.
        memory_limit: MB that a cell may take; 0 is most of the machine's.
        data_dir: of a data set by name: where the publisher's files are; nothing is downloaded.
        keep: keep the fitted models in the results folder, to be used in other processes.
        force: measure again what is measured.
        track: when MLflow is told: "wait" has told it when this returns, "later" leaves it to a
            process that goes on, "off" tells it nothing; `bench track` makes up for that.
        mlflow: address of MLflow's server, as "http://HOST:5000"; None: $MLFLOW_TRACKING_URI, else
            a database in the results folder.
        progress: False shows nothing until the board.

    Returns:
        The board of this run.

    Raises:
        bench.UsageError: something was named, or given, that there is not.
        bench.Problem: the data cannot be used, or another run is in the results folder.
        KeyboardInterrupt: it was interrupted; what is finished is kept.
    """
    if isinstance(data, Path):
        data = read(data)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-")))
        stack.enter_context(with_models(()))
        # MLflow brings tqdm, which asks in a notebook for widgets that nothing here needs.
        stack.enter_context(warnings.catch_warnings())
        warnings.filterwarnings("ignore", message="IProgress not found")
        if not progress:
            stack.enter_context(redirect_stdout(io.StringIO()))
        if isinstance(data, str):
            asked, given = data, None
        else:
            whole = _data(data)
            asked, given = whole.asked_as, whole.data
        suite = with_defaults(load(DEFAULT_SUITE), asked)
        if models is not None:
            suite = Suite(dataset=asked, rows=rows_of(models, folder))
        suite = narrow(
            suite,
            protocol=protocol,
            seeds=_seeds(seeds),
            min_rating=min_rating,
            eval_users=eval_users,
            timeout=timeout,
            memory_limit=memory_limit,
            keep=keep or None,
        )
        options = Options(
            results=Results(Path(results)),
            data_dir=None if data_dir is None else Path(data_dir),
            device=device,
            threads=threads,
            force=force,
            track=track,
            mlflow=mlflow,
            jobs=jobs,
            cluster=cluster,
            shown_on=surface_here() if progress else "lines",
        )
        outcome = run_suite(suite, options, given)
        if outcome.interrupted:
            raise KeyboardInterrupt
        verdicts = options.results.verdicts()
        alone = sections(outcome.records, outcome.canaries, verdicts)  # of this run
        return Board(tuple(with_statistics(alone, options.results)), options.results.absolute())


def _seeds(seeds: int | Iterable[int]) -> tuple[int, ...]:
    found = (seeds,) if isinstance(seeds, int) else tuple(seeds)
    if not all(type(seed) is int for seed in found):
        raise BadParameter(f"seeds takes whole numbers from 0, not {shown(seeds)}")
    return found


def _data(data: "Data | DataSet | Interactions") -> Data:
    """Data in memory, with a name to stand under."""
    if isinstance(data, Data):
        return data
    if not isinstance(data, DataSet | Interactions):
        kind = type(data).__name__
        raise BadParameter(
            f"bench.run takes data by name, or what bench.read returns, not {shown(kind)}"
        )
    whole = DataSet.of(data)
    name = whole.name or whole.interactions.source or "interactions"
    return Data(replace(whole, name=name))
