"""CPU seconds of a suite's rows, of fits and of scores and ranks, without measuring it.

A fit that would take long is ended after two epochs, and the rest of its epochs are taken to cost
as much as the second. What it has learned by then scores and ranks as many pairs as in the end.
No test item is looked at.
"""

import sys
from pathlib import Path

import click

from bench import machine
from bench.adapter import Run
from bench.evaluation.evaluate import evaluate
from bench.protocol.protocols import VALIDATION
from bench.protocol.task import Task, prepare
from bench.registry import suites
from bench.registry.datasets import load_data
from bench.registry.models import ModelSpec, complete_adapter

LONG = 12.0  # seconds; a fit that is expected to take more is not made to the end


class Enough(Exception):
    """Ends a fit."""


class Stopwatch:
    """Hears of each epoch, and ends a fit that would be long."""

    def __init__(self, epochs: int, long: float) -> None:
        self.at: list[float] = []  # CPU seconds, by the end of each epoch
        self._epochs, self._long = epochs, long
        self._began = machine.cpu_seconds()

    def seconds(self) -> float:
        """CPU seconds since the fit began."""
        return machine.cpu_seconds() - self._began

    def whole(self) -> float:
        """What all epochs take, by the first two."""
        return self.at[0] + (self._epochs - 1) * (self.at[1] - self.at[0])

    def epoch(self, samples: int, loss: float | None) -> bool:
        """Note the time; raise Enough where the rest of a long fit is known."""
        self.at.append(self.seconds())
        if len(self.at) == 2 and self.whole() > self._long:
            raise Enough
        return False


def cost(row: suites.SuiteRow, task: Task, long: float) -> tuple[float, float, str]:
    """CPU seconds of fit, and of scores and ranks, and how the former were found."""
    params = dict(row.params)
    epochs = params.get("epochs", params.get("iterations", 1))
    halves = params.get("pretraining", 0)  # epochs of each of two halves alone, before both
    if halves:
        params |= {"pretraining": 1, "epochs": 1}
    adapter = complete_adapter(ModelSpec(row.model, params))
    watch = Stopwatch(0 if halves else epochs, long)
    how = "all of it"
    try:
        adapter.fit(task.train, Run(threads=1, report=watch.epoch))
        fit = watch.seconds()
    except Enough:
        fit = watch.whole()
        how = f"{epochs} epochs of {watch.at[1] - watch.at[0]:.2f}"
    if halves:
        one, other, both = (b - a for a, b in zip([0.0, *watch.at], watch.at, strict=False))
        fit = halves * (one + other) + epochs * both
        how = f"{halves} epochs of {one:.2f} and of {other:.2f}, {epochs} of {both:.2f}"
    before = machine.cpu_seconds()
    evaluate(adapter, task.train, task.cases)
    return fit, machine.cpu_seconds() - before, how


@click.command(help=__doc__)
@click.argument("suite")
@click.option("--data-dir", type=click.Path(exists=True, path_type=Path))
@click.option("--models", default="", help="Some of its models, with commas between them.")
@click.option("--long", default=LONG, show_default=True, help="CPU seconds of a long fit.")
def main(suite: str, data_dir: Path | None, models: str, long: float) -> None:
    """Print a table of Markdown, a row as soon as it is known."""
    found = suites.load(suite)
    task = prepare(load_data(found.dataset, data_dir), found.protocol + VALIDATION)
    fits = ranks = 0.0
    click.echo("| row | fit | by | scores and ranks |\n|---|---|---|---|")
    for row in found.rows:
        if models and row.model not in models.split(","):
            continue
        fit, rank, how = cost(row, task, long)
        fits, ranks = fits + fit, ranks + rank
        click.echo(f"| {row.label or row.model} | {fit:.1f} | {how} | {rank:.1f} |")
        sys.stdout.flush()
    load = machine.load_average()
    click.echo(f"| all | {fits:.0f} | load average {load:.0f} in the end | {ranks:.0f} |")


if __name__ == "__main__":
    main()
