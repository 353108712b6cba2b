"""What several commands have: options, the terminal's width, the end by a signal."""

import re
import shutil
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bench.errors import unknown

if TYPE_CHECKING:
    from bench.running.plan import Options

INTERRUPTED = 130  # exit code after Ctrl-C
WIDTH = 120  # of the board where there is no terminal


def results_option(command: Callable[..., Any]) -> Callable[..., Any]:
    return click.option(
        "--results",
        type=click.Path(path_type=Path, file_okay=False),
        default=Path("results"),
        show_default=True,
        help="Folder of records, ledgers, boards and the MLflow store.",
    )(command)


def data_dir_option(command: Callable[..., Any]) -> Callable[..., Any]:
    return click.option(
        "--data-dir",
        type=click.Path(path_type=Path, exists=True),
        help="Folder, or file, with the publisher's data; nothing is downloaded then.",
    )(command)


def model_path_option(command: Callable[..., Any]) -> Callable[..., Any]:
    return click.option(
        "--model-path",
        "model_paths",
        multiple=True,
        type=click.Path(path_type=Path),
        help="A model's file outside the checkout. It is code, and it is run.",
    )(command)


def names(text: str | None) -> list[str] | None:
    """The words of a list with commas."""
    if text is None:
        return None
    return [word.strip() for word in text.split(",") if word.strip()]


def run_options(*, device: str, **given: Any) -> "Options":
    """Options of a run, with a live line where somebody sees it."""
    from bench.running.plan import Options  # only now: --help must not wait for numpy

    if not re.fullmatch(r"cpu|cuda(:\d+)?", device):
        raise unknown("device", device, ["cpu", "cuda", "cuda:0"])
    given["device"] = device
    return Options(live=sys.stdout.isatty(), **given)


def end_on_request() -> None:
    """A request to end is handled as Ctrl-C is: the child is ended and what is finished is kept."""
    signal.signal(signal.SIGTERM, _interrupt)


def _interrupt(number: int, frame: Any) -> None:
    raise KeyboardInterrupt


def width() -> int:
    """Columns of the terminal."""
    return shutil.get_terminal_size((WIDTH, 24)).columns if sys.stdout.isatty() else WIDTH
