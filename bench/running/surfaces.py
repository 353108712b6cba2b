"""Where the progress of a run is shown: lines, a terminal with a line that moves, a notebook."""

import sys
from abc import ABC, abstractmethod
from html import escape
from importlib import import_module
from typing import Any, Literal

import click

SurfaceName = Literal["lines", "terminal", "notebook"]


class Surface(ABC):
    """Takes lines that stay, and what goes on now."""

    @abstractmethod
    def line(self, text: str) -> None:
        """Say something that stays."""

    @abstractmethod
    def update(self, done: int, now: str, words: str) -> None:
        """Show how many cells are done, which one is at work, and how far it is."""

    @abstractmethod
    def close(self) -> None:
        """Take what goes on now away."""


class Lines(Surface):
    """Only what stays."""

    def line(self, text: str) -> None:
        """See `Surface`."""
        click.echo(text)

    def update(self, done: int, now: str, words: str) -> None:
        """Nothing."""

    def close(self) -> None:
        """Nothing."""


class Terminal(Surface):
    """A line at the bottom that moves."""

    def __init__(self, cells: int) -> None:
        from rich import progress

        self._progress = progress.Progress(
            progress.SpinnerColumn("line"),  # of signs that every terminal has
            progress.TextColumn("{task.completed}/{task.total}"),
            progress.BarColumn(bar_width=20),
            progress.TextColumn("{task.description}", markup=False),
            progress.TextColumn("{task.fields[words]}", style="dim", markup=False),
            transient=True,
        )
        self._task = self._progress.add_task("", total=cells, words="")
        self._progress.start()

    def line(self, text: str) -> None:
        """See `Surface`."""
        self._progress.console.print(text, highlight=False, markup=False, soft_wrap=True)

    def update(self, done: int, now: str, words: str) -> None:
        """See `Surface`."""
        self._progress.update(self._task, completed=done, description=now, words=words)

    def close(self) -> None:
        """See `Surface`."""
        self._progress.stop()


class Notebook(Surface):
    """One output under the cell of a notebook that is written anew; it needs no widgets.

    Its last state stays in the file of the notebook, so it holds the lines too.
    """

    def __init__(self, cells: int) -> None:
        self._display = import_module("IPython.display")
        self._cells, self._lines = cells, list[str]()
        self._shown = ""  # what stands there
        self._handle: Any = self._display.display(self._display.HTML(""), display_id=True)

    def line(self, text: str) -> None:
        """See `Surface`."""
        self._lines.append(text)

    def update(self, done: int, now: str, words: str) -> None:
        """See `Surface`."""
        self._show(f"{now}  {words}".strip(), done)

    def close(self) -> None:
        """See `Surface`."""
        self._show("", None)

    def _show(self, now: str, done: int | None) -> None:
        text = "\n".join([*self._lines, now] if now else self._lines)
        bar = "" if done is None else f'<progress value="{done}" max="{self._cells}"></progress>'
        page = f'{bar}<pre style="white-space: pre-wrap">{escape(text)}</pre>'
        if page != self._shown:  # asked several times a second, about what changes once
            self._shown = page
            self._handle.update(self._display.HTML(page))


def surface(name: SurfaceName, cells: int) -> Surface:
    """The surface of that name, for so many cells."""
    if name == "lines":
        return Lines()
    return Terminal(cells) if name == "terminal" else Notebook(cells)


def surface_here() -> SurfaceName:
    """The one that fits where this process writes to."""
    # What runs in a notebook has IPython loaded, and a kernel behind it.
    shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    if getattr(shell, "kernel", None) is not None:
        return "notebook"
    return "terminal" if sys.stdout.isatty() else "lines"
