"""results/scale.md: tables of what was measured at each size, and a picture of them."""

import json
from pathlib import Path
from typing import Any

from bench.leaderboard.columns import with_unit
from bench.records.files import write_whole
from bench.records.folder import Results
from bench.records.record import Record
from bench.text import compact

HARNESS = ("load", "split", "negatives", "audit", "hashes", "hand-over", "ranks")
OWN_SHARE = ("load", "split", "negatives", "ranks")  # which should take less than 90 s at 25 M
SPARE_MB = 600  # that a cell may take beyond 1.5 times its model or its data
TEXT = """# Scale

`make scale` on `synthetic` data: {sizes} million interactions, users and items as many as in
MovieLens, popularity as skewed. {machine}.

![Seconds and memory against interactions](images/scale.svg)

## The harness

Seconds on one thread, and in brackets the most memory in MB that the process had. *negatives* are
those of a sample of 10,000 test users, and *ranks* is to rank the held-out items of these users
among their negatives and among all items, and to list their top 10, by the scores of a model that
is a dot product of 64 factors; the scoring itself is not in it. *own share* is load, split,
negatives and ranks. No users x items array is larger than 32 MB, or one user's row.

{harness}

## Models, gone over the data once

One thread. *memory* is the most that the cell's process had above its level when `fit` began,
*process* the most in all, libraries included; *bound* is 1.5 times the size of the training data
plus 600 MB. `samples/s` counts negatives. The parameters are not tuned: only the clock counts here.

{models}
"""


def write(results: Path, models: list[str]) -> None:
    """Write the page and its picture from the measurements in results/scale."""
    paths = (results / "scale").glob("harness-*.json")
    found = sorted((json.loads(path.read_text()) for path in paths), key=lambda each: each["size"])
    if not found:
        return
    records = {(r.cell.dataset, r.cell.model): r for r in Results(results / "scale").read_records()}
    cells = [
        (each, model, records.get((f"synthetic:scale={each['size']}", model)))
        for each in found
        for model in models
    ]
    text = TEXT.format(
        sizes=", ".join(str(each["size"]) for each in found),
        machine=machine_of(found, [cell for *_, cell in cells if cell]),
        harness=harness_table(found),
        models=model_table(cells),
    )
    write_whole(results / "scale.md", text.encode())
    draw(found, cells, results / "images" / "scale.svg")


def machine_of(found: list[dict[str, Any]], cells: list[Record]) -> str:
    environment = found[-1]["environment"]
    loads = [each["load_before"] for each in found]
    loads += [cell.timings["load_before"] for cell in cells if "load_before" in cell.timings]
    return (
        f"{environment['cpu']}, {environment['cores']} cores,"
        f" {environment['memory_mb'] // 1024} GB;"
        f" load average before a measurement up to {max(loads):.1f}"
    )


def harness_table(found: list[dict[str, Any]]) -> str:
    titles = [
        "interactions",
        "users",
        "items",
        "top 1 %",
        *HARNESS,
        "own share",
        "negatives of all",
    ]
    lines = []
    for each in found:
        steps, counts = each["steps"], each["audit"]
        lines.append(
            [
                *(f"{counts[name]:,}" for name in ("interactions", "users", "items")),
                f"{each['top_1_percent']:.1%}",
                *(step(steps[name]) for name in HARNESS),
                f"{sum(steps[name]['seconds'] for name in OWN_SHARE):.1f}",
                step(steps["negatives of all"]) if "negatives of all" in steps else "",
            ]
        )
    return table(titles, lines)


def step(of: dict[str, float]) -> str:
    return f"{of['seconds']:.2f} ({of['peak_mb']:.0f})"


def model_table(cells: list[tuple[dict[str, Any], str, Record | None]]) -> str:
    titles = ["interactions", "model", "train s", "samples/s", "scoring s", "users/s", "p50 ms"]
    titles += ["memory MB", "process MB", "bound MB", "parameters"]
    lines = []
    for each, model, cell in cells:
        start = [f"{each['audit']['interactions']:,}", model]
        if cell is None or cell.status != "ok":
            why = "not measured" if cell is None else f"{cell.status}: {cell.reason}"
            lines.append([*start, why, *[""] * (len(titles) - 3)])
            continue
        t = cell.timings
        lines.append(
            [
                *start,
                f"{t['train_seconds']:.1f}",
                with_unit(t["train_samples_per_second"]),
                f"{t['score_seconds']:.2f}",
                with_unit(t["score_users_per_second"]),
                f"{t['latency_p50_ms']:.2f}",
                f"{t['peak_memory_mb']:.0f}",
                f"{t['total_memory_mb']:.0f}",
                f"{1.5 * each['train_mb'] + SPARE_MB:.0f}",
                f"`{compact(cell.cell.params)}`",
            ]
        )
    return table(titles, lines)


def table(titles: list[str], lines: list[list[str]]) -> str:
    rows = [titles, ["---"] * len(titles), *lines]
    return "\n".join(f"| {' | '.join(cell.replace('|', '/') for cell in row)} |" for row in rows)


def draw(
    found: list[dict[str, Any]],
    cells: list[tuple[dict[str, Any], str, Record | None]],
    path: Path,
) -> None:
    """Seconds of the harness, seconds of training, and memory, against interactions."""
    import matplotlib

    matplotlib.use("svg")
    matplotlib.rcParams["svg.hashsalt"] = "scale"  # the same figures give the same file
    matplotlib.rcParams["svg.fonttype"] = "none"
    from matplotlib import pyplot

    figure, panels = pyplot.subplots(1, 3, figsize=(13, 4.2), layout="constrained")
    lines: list[dict[str, list[tuple[float, float]]]] = [{}, {}, {}]
    for each in found:
        n = each["audit"]["interactions"]
        for name in HARNESS:
            lines[0].setdefault(name, []).append((n, each["steps"][name]["seconds"]))
        peak = max(each["steps"][name]["peak_mb"] for name in HARNESS)
        lines[2].setdefault("harness", []).append((n, peak))
        lines[2].setdefault("1.5 x data + 600 MB", []).append(
            (n, 1.5 * each["train_mb"] + SPARE_MB)
        )
    for each, model, cell in cells:
        if cell is not None and cell.status == "ok":
            n = each["audit"]["interactions"]
            lines[1].setdefault(model, []).append((n, cell.timings["train_seconds"]))
            lines[2].setdefault(model, []).append((n, cell.timings["total_memory_mb"]))
    titles = ("seconds of the harness", "seconds of one epoch", "peak memory of the process, MB")
    for panel, title, of in zip(panels, titles, lines, strict=True):
        for name, points in of.items():
            style = "k:" if name.startswith("1.5") else "o-"
            panel.plot(*zip(*points, strict=True), style, label=name, markersize=4)
        panel.set(title=title, xlabel="interactions", xscale="log", yscale="log")
        panel.grid(alpha=0.3)
        if of:
            panel.legend(fontsize=8)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, metadata={"Date": None})
    pyplot.close(figure)
