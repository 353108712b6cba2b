"""results/gpu-check.md: what was found, as tables."""

from typing import Any

from tabulate import tabulate

from bench.leaderboard.columns import with_unit

# NVIDIA/DeepLearningExamples, PyTorch/Recommendation/NCF/README.md, "Training performance: NVIDIA
# DGX A100": one GPU, batches of 1,048,576 samples, ML-20M. Its mixed precision is of float16.
ANCHOR_MODEL = "neumf"
ANCHORS = {"tf32": 22.59e6, "bfloat16": 34.08e6}
TEXT = """# GPU check

{what}: {torch}; {cpu}, {cores} cores. {when}, {seconds:.0f} of {budget:.0f} s.

## Accuracy

{counts} A figure agrees where it is within two standard errors, over the test users, of the CPU's.
Models that are *fitted on* the CPU use no GPU, whatever the device.

{accuracy}

## Training rates

Samples per second on `{rates_on}`, after an epoch that warms up. *memory* is the most that torch
held on the GPU. *of the anchor* is against one A100 in NVIDIA's example of NCF, whose widths neumf
has here: 22.6 M in TF32, 34.1 M in mixed precision, on ML-20M.

{rates}
"""


def text_of(found: dict[str, Any]) -> str:
    """The page.

    Args:
        found: what gpu_check.py writes as JSON.
    """
    machine = found["machine"]
    what = "A rehearsal on the CPU, without a GPU"
    if found["device"] != "cpu":
        memory = f"{machine['gpu_memory_mb'] / 1024:.0f} GB"
        what = f"{machine['gpu']}, {memory}, driver {machine['driver'] or 'unknown'}"
    verdicts = [line["verdict"] for line in found["accuracy"]]
    counts = ", ".join(f"{verdicts.count(each)} {each}" for each in dict.fromkeys(verdicts))
    return TEXT.format(
        what=what,
        torch=f"torch {machine['torch']}"
        + (f", CUDA {machine['cuda']}" if machine["cuda"] else ""),
        cpu=machine["cpu"],
        cores=machine["cores"],
        when=found["started"],
        seconds=found["seconds"],
        budget=found["budget_s"],
        counts=f"{counts}.",
        rates_on=found["rates_on"],
        accuracy=accuracy_table(found["accuracy"]),
        rates=rate_table(found["rates"]),
    )


def accuracy_table(lines: list[dict[str, Any]]) -> str:
    titles = ["data", "model", "verdict", "HR@10", "HR@10 on the CPU", "NDCG@10"]
    titles += ["NDCG@10 on the CPU", "fitted on", "train s", "train s on the CPU", "GPU MB"]
    rows = []
    for line in lines:
        start = [line["dataset"], line["model"], line["verdict"]]
        if "figures" not in line:
            rows.append([*start, f"{line['side'].upper()}: {line['reason']}", *[""] * 7])
            continue
        figures = []
        for each in line["figures"].values():
            figures += [f"{each['gpu']:.4f}", f"{each['cpu']:.4f} ±{each['cpu_se']:.4f}"]
        seconds = [f"{line[f'train_seconds_{side}']:.2f}" for side in ("gpu", "cpu")]
        memory = line["device_memory_mb"]
        rows.append(
            [*start, *figures, line["fitted_on"], *seconds, f"{memory:.0f}" if memory else ""]
        )
    return table(titles, rows)


def rate_table(lines: list[dict[str, Any]]) -> str:
    titles = ["model", "precision", "batch", "samples/s", "samples are", "of the anchor"]
    titles += ["memory MB", "epochs", "seconds"]
    rows = []
    for line in lines:
        size = f"{line['batch_size']:,}" if "batch_size" in line else ""
        start = [line["model"], line.get("precision", ""), size]
        if "samples_per_second" not in line:
            rows.append([*start, line["reason"], *[""] * 5])
            continue
        anchor = ANCHORS.get(line["precision"]) if line["model"] == ANCHOR_MODEL else None
        rate, memory = line["samples_per_second"], line.get("memory_mb")
        rows.append(
            [
                *start,
                with_unit(rate),
                line["unit"],
                f"{rate / anchor:.2f}" if anchor else "",
                f"{memory:.0f}" if memory else "",
                str(line["epochs"]),
                f"{line['seconds']:.1f}",
            ]
        )
    return table(titles, rows)


def table(titles: list[str], rows: list[list[str]]) -> str:
    cells = [[cell.replace("|", "/") for cell in row] for row in rows]
    return tabulate(cells, titles, tablefmt="github", disable_numparse=True)
