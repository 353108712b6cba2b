"""Parts that several commands share: options, the terminal's width, the end by a signal.

Heavy libraries are imported where they are used: --help must be quick.
"""

import shutil
import signal
import sys
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bench.peers.known import with_peers
from bench.registry.names import with_models

if TYPE_CHECKING:
    from bench.records.folder import Results
    from bench.tracking.aside import Track

INTERRUPTED = 130  # exit code after Ctrl-C
WIDTH = 120  # of the board where there is no terminal
Command = Callable[..., Any]


def as_results(context: click.Context, parameter: click.Parameter, path: Path) -> "Results":
    """The results folder at a path that was given."""
    from bench.records.folder import Results

    return Results(path)


results_option = click.option(
    "--results",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("results"),
    show_default=True,
    callback=as_results,
    help="Folder of records, ledgers, boards and the MLflow store.",
)
data_dir_option = click.option(
    "--data-dir",
    type=click.Path(path_type=Path, exists=True),
    help="Folder, or file, with the publisher's data; nothing is downloaded then.",
)
model_path_option = click.option(
    "--model-path",
    "model_paths",
    multiple=True,
    type=click.Path(path_type=Path),
    help="A model's file outside the checkout. It is code, and it is run.",
)
peer_path_option = click.option(
    "--peer-path",
    "peer_paths",
    multiple=True,
    type=click.Path(path_type=Path),
    help="The folder of another library, outside the package. It is code, and it is run.",
)
mlflow_option = click.option(
    "--mlflow",
    metavar="URL",
    help="MLflow's server, as http://HOST:5000, instead of $MLFLOW_TRACKING_URI or, without that, "
    "a database in the results folder.",
)
settings_option = click.option("--set", "settings", multiple=True, metavar="MODEL.PARAM=VALUE")


def run_options(measured: str) -> Callable[[Command], Command]:
    """The options of a command that measures.

    It gets them as `options`, the names of models of its own, and the changes of a suite.

    Args:
        measured: what the limits are of, as "cell".
    """
    declared = (
        settings_option,
        click.option(
            "--min-rating", type=float, help="Count only interactions rated at least this high."
        ),
        click.option(
            "--eval-users",
            type=click.IntRange(min=1),
            metavar="N",
            help="Score only a sample of N test users; the protocol's name says so.",
        ),
        data_dir_option,
        results_option,
        click.option("--device", default="cpu", show_default=True, help="cpu or cuda."),
        click.option("--threads", type=click.IntRange(min=1), default=1, show_default=True),
        click.option(
            "--jobs",
            type=click.IntRange(min=1),
            default=1,
            show_default=True,
            metavar="N",
            help=f"{measured.capitalize()}s at a time, each on a core of its own.",
        ),
        click.option(
            "--cluster",
            metavar="HOST:PORT",
            default="",
            help="Measure on the nodes of a Ray cluster, see `bench cluster check`.",
        ),
        click.option(
            "--timeout", type=float, metavar="S", help=f"Seconds that a {measured} may take."
        ),
        click.option(
            "--memory-limit", type=click.IntRange(min=1), metavar="MB", help=f"Of a {measured}."
        ),
        model_path_option,
        peer_path_option,
        click.option(
            "--track",
            type=click.Choice(["wait", "later", "off"]),
            default="wait",
            show_default=True,
            envvar="BENCH_TRACK",
            show_envvar=True,
            help="Wait for MLflow at the end, leave it to a process that goes on, or not tell it.",
        ),
        mlflow_option,
    )

    def declare(command: Command) -> Command:
        @wraps(command)
        def with_options(
            *,
            results: "Results",
            data_dir: Path | None,
            device: str,
            threads: int,
            jobs: int,
            cluster: str,
            model_paths: tuple[Path, ...],
            peer_paths: tuple[Path, ...],
            track: "Track",
            mlflow: str | None,
            force: bool = False,
            **given: Any,
        ) -> Any:
            from bench.running.plan import Options
            from bench.running.surfaces import surface_here

            options = Options(
                results=results,
                data_dir=data_dir,
                device=device,
                threads=threads,
                force=force,
                shown_on=surface_here(),
                track=track,
                mlflow=mlflow,
                jobs=jobs,
                cluster=cluster,
            )
            with with_models(model_paths) as own, with_peers(peer_paths):
                return command(options=options, own=own, **given)

        found = with_options
        for option in reversed(declared):
            found = option(found)
        return found

    return declare


def end_on_request() -> None:
    """A request to end is handled as Ctrl-C is: the child is ended and what is finished is kept."""
    signal.signal(signal.SIGTERM, _interrupt)


def _interrupt(number: int, frame: Any) -> None:
    raise KeyboardInterrupt


def width() -> int:
    """Columns of the terminal."""
    return shutil.get_terminal_size((WIDTH, 24)).columns if sys.stdout.isatty() else WIDTH
