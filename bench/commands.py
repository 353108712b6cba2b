"""What the commands of `bench.cli` do, with the libraries that they need."""

import re
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

import click

from bench import canary_run, certificates, gate, registry, runner
from bench import leaderboard as board
from bench import suite as suites
from bench.audit import audit_lines
from bench.errors import BadParameter, unknown
from bench.parameters import parse_dataset
from bench.protocol import prepare
from bench.runner import Options, load_data
from bench.suite import Suite
from bench.text import one_line, shown

WIDTH = 120  # of the board where there is no terminal


def choose(suite: str, *, seeds: list[str] | None, **changes: Any) -> Suite:
    """A suite as the options of the command line change it."""
    if changes.get("models") == []:
        raise BadParameter("--models takes names with commas between them, as als,ease")
    if seeds is not None:
        if not all(seed.isdecimal() and len(seed) < 19 for seed in seeds):
            wanted = "whole numbers from 0, of up to 18 digits, as 0,1,2"
            raise BadParameter(f"--seeds takes {wanted}, not {shown(seeds)}")
        changes["seeds"] = tuple(int(seed) for seed in seeds)
    return suites.narrow(suites.load(suite), **changes)


def options(*, device: str, **given: Any) -> Options:
    """Options of a run, with a live line where somebody sees it."""
    if not re.fullmatch(r"cpu|cuda(:\d+)?", device):
        raise unknown("device", device, ["cpu", "cuda", "cuda:0"])
    given["device"] = device
    return Options(live=sys.stdout.isatty(), **given)


def run(suite: Suite, options: Options) -> int:
    """Measure a suite and show its board; the exit code."""
    outcome = runner.run(suite, options)
    click.echo()
    if outcome.records:
        verdicts = certificates.verdicts(options.results)
        shown = board.to_terminal(outcome.records, width(), outcome.canaries, verdicts)
        click.echo(shown.rstrip())
        click.echo(f"\nWritten to {options.results}/leaderboard.md, .csv and .html.")
    for found in outcome.records:
        if found.traceback:
            where = options.results / "records" / f"{found.stem}.json"
            click.echo(f"{one_line(found.cell.name)}: the traceback stands in {where}", err=True)
    if outcome.interrupted:
        click.echo("Interrupted; the same command goes on from here.", err=True)
        return 130
    invalid = gate.invalid(outcome.canaries, outcome.records)
    bad = [found for found in outcome.records if found.status not in ("ok", "skipped")]
    return int(bool(bad or invalid))


def dry_run(suite: Suite, options: Options) -> int:
    """Show the cells of a suite and which of them are measured."""
    with tempfile.TemporaryDirectory() as work:  # not in the results: another run may be there
        task, planned = runner.plan(suite, options, Path(work))
    click.echo(audit_lines(suite.dataset, task.protocol, task.audit))
    canaries = "measured" if canary_run.kept(suite.dataset, task, options.results) else "to measure"
    click.echo(f"  canaries first: {canaries}")
    for each in planned:
        measured = (
            "measured" if runner.kept_record(each.cell, each.key, options.results) else "to measure"
        )
        state = each.described.reason or measured
        click.echo(f"  {each.cell.name:<16} seed {each.cell.seed}  {each.key}  {state}")
    return 0


def leaderboard(results: Path) -> int:
    """Write the board again from the records, and show it; 1 where it is INVALID."""
    if not runner.readable_records(results):
        raise FileNotFoundError(f"no records in {results / 'records'}; `bench run` writes them")
    records = runner.write_board(results)
    canaries, verdicts = runner.readable_canaries(results), certificates.verdicts(results)
    click.echo(board.to_terminal(records, width(), canaries, verdicts).rstrip())
    return int(any(section.invalid for section in board.sections(records, canaries)))


def track(results: Path) -> None:
    """Write to MLflow what is missing there."""
    from bench.tracking import Tracker

    written = Tracker(results).track_all(skip=runner.say_left_out)
    click.echo(f"{written} runs written to MLflow")


def get(name: str, data_dir: Path | None) -> None:
    """Fetch a data set and tell its size, source and terms."""
    data = load_data(name, data_dir)
    module = registry.load_module("datasets", parse_dataset(name)[0])
    click.echo(
        f"{name}: {len(data):,} interactions of {data.n_users:,} users, {data.n_items:,} items"
    )
    click.echo(f"from {data.source}\n{module.LICENCE}\n{module.CITATION}")


def audit(name: str, data_dir: Path | None, protocol: str, min_rating: float | None) -> None:
    """Print the audit of a data set under a protocol."""
    task = prepare(load_data(name, data_dir), protocol, min_rating)
    click.echo(audit_lines(name, task.protocol, task.audit))
    click.echo(f"  data {task.data_sha256[:16]}, split {task.split_sha256[:16]}")
    click.echo(f"  from {task.train.source}")


def width() -> int:
    """Columns of the terminal."""
    return shutil.get_terminal_size((WIDTH, 24)).columns if sys.stdout.isatty() else WIDTH
