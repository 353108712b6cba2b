"""Report of the studies of a folder: a table, a picture, a suite and all trials."""

import csv
import io
import json
from collections.abc import Sequence
from pathlib import Path

import tabulate

from bench.records.files import write_whole
from bench.records.folder import Results
from bench.records.record import HEADLINE
from bench.text import markdown, one_line, toml
from bench.tuning import study
from bench.tuning.picture import picture
from bench.tuning.trials import Log

MINUTES = (1, 5, 15, 30, 60)  # of the budget
PAGE, PICTURE, SUITE, TRIALS = "README.md", "best.svg", "tuned.toml", "trials.csv"
HOW = """
The figure is NDCG@10 on the validation items, averaged exactly over all draws of negatives; as the
values were chosen by it, it is optimistic. A model's minutes are the CPU time of its trials (on a
GPU, time on the wall's clock): start of the process, fit, looks at validation, ranking. A column is
empty where a model had fewer minutes, and has no best where any had. A pruned trial was ended at an
epoch where its best look at validation (HR@10) so far was in the worst quarter of what the
completed trials had at that epoch; it has no figure and cannot win. No trial has seen a test item.
"""
ABOUT_SUITE = """\
# Values that `bench tune` found for {dataset}; run it with `bench run --suite` and this path.
# `tuned` ends with the validation figures of the values chosen, HR@10 and NDCG@10, both averaged
# exactly over all draws of negatives; as they were chosen by NDCG@10, they are optimistic.
"""


def load(place: Results) -> list[Log]:
    """The study of each model in a folder, best first."""
    found = [study.read(path) for path in place.study_files()]
    logs = [log for log in found if log is not None and log.trials]
    return sorted(logs, key=lambda log: -(best.value if (best := log.best()) else -1.0))


def files(place: Results) -> list[Path]:
    """The files of a report; the picture and the suite are missing while there is no figure."""
    return [place.path / name for name in (PAGE, PICTURE, SUITE, TRIALS)]


def write(place: Results) -> list[Log]:
    """Write the report of a folder from its studies, which are returned."""
    logs = load(place)
    write_whole(place.path / TRIALS, trials(logs).encode())
    write_whole(place.path / PAGE, page(logs).encode())
    if any(log.best() for log in logs):
        write_whole(place.path / SUITE, fragment(logs).encode())
        write_whole(place.path / PICTURE, picture(logs))
    return logs


def table(logs: Sequence[Log], form: str = "simple") -> str:
    """Models x minutes: the best validation NDCG@10 known by then."""
    minutes = _minutes_reached(logs)
    best = [_by_minutes(log, minutes) for log in logs]
    comparable = [*(_comparable(logs, each) for each in minutes), True]  # the last is their end
    winners = [
        max((row[c] for row in best if row[c]), default="") if comparable[c] else ""
        for c in range(len(minutes) + 1)
    ]
    mark = "**{}**".format if form == "github" else "{} *".format
    shown = markdown if form == "github" else one_line
    lines = [
        [
            shown(log.name),
            *(mark(f) if f and f == winners[c] else f for c, f in enumerate(row)),
            _figure(log, "hr_at_10_expected"),
            len(log.trials),
            _count(log, "pruned"),
            f"{log.spent / 60:.1f}",
        ]
        for log, row in zip(logs, best, strict=True)
    ]
    heads = [*(f"{m} min" for m in minutes), "end", "HR@10", "trials", "pruned", "minutes"]
    align = ["left", *["right"] * len(heads)]
    return tabulate.tabulate(lines, ["model", *heads], form, colalign=align, disable_numparse=True)


def winners(logs: Sequence[Log]) -> list[str]:
    """Which model is ahead after so many minutes, in words, where all were given as many."""
    found = []
    for minutes in _minutes_reached(logs):
        known = [(t.value, log.name) for log in logs if (t := log.best_within(60 * minutes))]
        if known and _comparable(logs, minutes):
            value, name = max(known, key=lambda each: each[0])
            found.append(f"Ahead after {minutes} min: {one_line(name)}, {value:.4f}.")
    return found


def page(logs: Sequence[Log]) -> str:
    """The table as Markdown, with the picture and how to read them."""
    if not logs:
        return "# Tuning\n\nNo trials yet.\n"
    parts = [f"# Tuning on {markdown(logs[0].dataset)}, {logs[0].protocol}", table(logs, "github")]
    parts += ["\n".join(f"- {markdown(line)}" for line in winners(logs)), HOW.strip()]
    if any(log.best() for log in logs):
        parts += [f"![Best validation figure against minutes spent]({PICTURE})"]
        parts += [f"The values are in [{SUITE}]({SUITE}), every trial is in [{TRIALS}]({TRIALS})."]
    return "\n\n".join(part for part in parts if part) + "\n"


def fragment(logs: Sequence[Log]) -> str:
    """A suite with the best values of each model."""
    facts = logs[0].suite
    lines = [ABOUT_SUITE.format(dataset=one_line(str(facts["dataset"])))]
    lines[0] += "\n".join(f"{name} = {toml(value)}" for name, value in facts.items())
    for log in logs:
        best = log.best()
        if best is None:
            continue
        row = ["[[rows]]", f"model = {toml(log.model)}"]
        row += [f"label = {toml(log.name)}"] if log.name != log.model else []
        values = ", ".join(f"{name} = {toml(best.params[name])}" for name in log.chosen)
        row += [f"params = {{ {values} }}"] if values else []
        lines.append("\n".join([*row, f"tuned = {toml(tuned(log))}"]))
    return "\n\n".join(lines) + "\n"


def tuned(log: Log) -> str:
    """How the best values were found, and the validation figures that they reached."""
    pruned = f" ({_count(log, 'pruned')} pruned)" if _count(log, "pruned") else ""
    count = f"{len(log.trials)} trial{'s' * (len(log.trials) != 1)}{pruned}"
    figures = ", ".join(_figure(log, f"{name}_expected") for name in HEADLINE)
    budget = f"{_minutes(log.spent)} of {_minutes(log.budget)} min"
    what = log.searched or "nothing to search"
    return f"bench tune, {budget}, seed {log.seed}, {count}: {what}; validation {figures}"


def trials(logs: Sequence[Log]) -> str:
    """Every trial, and the best figure known after it, for programs."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    sampled = HEADLINE[::-1]  # the objective of a study first
    names = [*(f"{name}_expected" for name in sampled), *sampled]
    head = ["model", "trial", "status", "seconds", "minutes_spent", "best_so_far", *names]
    writer.writerow([*head, "reason", "params"])
    for log in logs:
        best, spent = {trial.number: trial.value for _, trial in log.steps()}, 0.0
        so_far: float | str = ""
        for trial in log.trials:
            spent += trial.seconds
            so_far = best.get(trial.number, so_far)
            figures = [trial.figures.get(name, "") for name in names]
            first = [log.name, trial.number, trial.status, trial.seconds, spent / 60, so_far]
            writer.writerow([*first, *figures, trial.reason, json.dumps(trial.params)])
    return text.getvalue()


def _minutes_reached(logs: Sequence[Log]) -> list[int]:
    """Those of the table's columns that a model has come to."""
    longest = max((log.spent for log in logs), default=0.0)
    return [minutes for minutes in MINUTES if 60 * minutes <= longest]


def _comparable(logs: Sequence[Log], minutes: int) -> bool:
    """Whether it is known of every model what it had reached by then."""
    return all(log.known_at(60 * minutes) for log in logs if log.best())


def _by_minutes(log: Log, minutes: Sequence[int]) -> list[str]:
    known = [*(log.best_within(60 * each) for each in minutes), log.best()]
    return [f"{trial.value:.4f}" if trial else "" for trial in known]


def _figure(log: Log, name: str) -> str:
    best = log.best()
    return f"{best.figures[name]:.4f}" if best else ""


def _count(log: Log, status: str) -> int:
    return sum(trial.status == status for trial in log.trials)


def _minutes(seconds: float) -> str:
    return f"{seconds / 60:.3g}"
