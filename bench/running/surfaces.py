"""Where the progress of a run is shown: lines, a terminal with a line that moves, a notebook."""

import sys
from abc import ABC, abstractmethod
from collections.abc import Sequence
from html import escape
from importlib import import_module
from typing import Any, Literal

import click

SurfaceName = Literal["lines", "terminal", "notebook"]
Now = Sequence[tuple[str, str]]  # what is at work, and how far it is


class Surface(ABC):
    """Takes lines that stay, and what goes on now."""

    @abstractmethod
    def line(self, text: str) -> None:
        """Say something that stays."""

    @abstractmethod
    def update(self, done: int, now: Now) -> None:
        """Show how many cells are done, which are at work, and how far they are."""

    @abstractmethod
    def close(self) -> None:
        """Take what goes on now away."""


class Lines(Surface):
    """Only what stays."""

    def line(self, text: str) -> None:
        """See `Surface`."""
        click.echo(text)

    def update(self, done: int, now: Now) -> None:
        """Nothing."""

    def close(self) -> None:
        """Nothing."""


class Terminal(Surface):
    """Lines at the bottom that move, one for each cell that is at work."""

    def __init__(self, cells: int) -> None:
        from rich import progress, table

        def column() -> table.Column:
            """Of lines that stand beside each other."""
            return table.Column(no_wrap=True, overflow="ellipsis")

        self._progress = progress.Progress(
            progress.SpinnerColumn("line"),  # of signs that every terminal has
            progress.TextColumn("{task.completed}/{task.total}"),
            progress.BarColumn(bar_width=20),
            progress.TextColumn("{task.description}", markup=False, table_column=column()),
            progress.TextColumn(
                "{task.fields[words]}", style="dim", markup=False, table_column=column()
            ),
            transient=True,
        )
        self._task = self._progress.add_task("", total=cells, words="")
        self._progress.start()

    def line(self, text: str) -> None:
        """See `Surface`."""
        self._progress.console.print(text, highlight=False, markup=False, soft_wrap=True)

    def update(self, done: int, now: Now) -> None:
        """See `Surface`."""
        names, words = ("\n".join(each) for each in zip(*now, strict=True)) if now else ("", "")
        self._progress.update(self._task, completed=done, description=names, words=words)

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

    def update(self, done: int, now: Now) -> None:
        """See `Surface`."""
        self._show("\n".join(f"{name}  {words}".strip() for name, words in now), done)

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
