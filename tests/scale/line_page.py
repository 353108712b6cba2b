"""docs/scale.md: the harness's stages at each size, the limits of arithmetic, and what follows."""

import json
from pathlib import Path
from typing import Any

from scale_page import table

from bench.records.files import write_whole

ROW = 16  # bytes of an interaction: user, item and time
NEGATIVES = 99 * 4  # bytes of a user's
FACTORS = 64
BILLION = {"interactions": 10**9, "users": 6_000_000, "items": 500_000, "tested": 6_000_000}
CORES, NODES = 64, 16  # of the large machine; of the cluster, each with 8 cores
TEMPLATE = Path(__file__).with_name("scale.md.txt")
# Bytes that each stage reads and writes at least, of n interactions and m tested users.
LEAST_BYTES = {
    "read": lambda n, m: ROW * n,
    "split": lambda n, m: 2 * ROW * n,
    "negatives": lambda n, m: 4 * n + NEGATIVES * m,
    "audit and hashes": lambda n, m: 2 * ROW * n + NEGATIVES * m,
    "hand-over": lambda n, m: ROW * n + NEGATIVES * m,
    "metrics": lambda n, m: 32 * m,
    "ledger": lambda n, m: 80 * m,
}
STAGES = ("read", "split", "negatives", "audit and hashes", "hand-over", "compiled code")
STAGES += ("full ranks", "metrics", "ledger")
ONCE = "compiled code"  # takes as long whatever the size
OF_RANKED = ("full ranks", "metrics", "ledger")  # of those only who are ranked, maybe a sample


def write(folder: Path, page: Path) -> None:
    """Write the page from what was measured of each size."""
    found = [json.loads(path.read_text()) for path in folder.glob("line-*.json")]
    found.sort(key=lambda each: each["size"])
    environment = found[-1]["environment"]
    text = TEMPLATE.read_text().format(
        machine=f"{environment['cpu']}, {environment['cores']} cores,"
        f" {environment['memory_mb'] // 1024} GB",
        load=f"{max(each['load_before'] for each in found):.1f}",
        stages=stages(found),
        billion=billion(found[-1]),
    )
    write_whole(page, text.encode())


def seconds(of: dict[str, Any], stage: str) -> float:
    """Of the processor; those of a sample stand for those of all who are tested."""
    found: float = of["steps"][stage]["cpu_seconds"]
    return found * of["tested"] / of["ranked"] if stage in OF_RANKED else found


def limit(of: dict[str, Any], stage: str) -> float:
    """Seconds that a stage takes at least: its products, or its bytes copied once."""
    if stage == "full ranks":
        return float(of["tested"] * of["items"] * of["product_ns"]) / 1e9
    if stage == ONCE:
        return 0.0
    least: float = LEAST_BYTES[stage](of["interactions"], of["tested"]) * of["copy_ns"] / 1e9
    return least


def stages(found: list[dict[str, Any]]) -> str:
    """A line for each stage: CPU seconds, the limit, and memory at each size."""
    titles = ["stage", *(f"{each['interactions'] / 1e6:.0f} M" for each in found)]
    lines = [["users x items, in thousands", *(shape(each) for each in found)]]
    for stage in STAGES:
        cells = []
        for each in found:
            star = "\\*" if stage in OF_RANKED and each["ranked"] < each["tested"] else ""
            spent, peak = seconds(each, stage), each["steps"][stage]["peak_mb"]
            cells.append(f"{rounded(spent)}{star} / {rounded(limit(each, stage))} / {peak:,.0f}")
        lines.append([stage, *cells])
    sums = [(sum(seconds(each, stage) for stage in STAGES), each) for each in found]
    own = [
        f"{rounded(total)}, {rounded(total - seconds(each, 'full ranks'))}" for total, each in sums
    ]
    return table(titles, [*lines, ["all; without full ranks", *own]])


def shape(of: dict[str, Any]) -> str:
    return f"{of['users'] / 1000:,.0f} x {of['items'] / 1000:,.0f}"


def rounded(value: float) -> str:
    return f"{value:.2f}" if value < 10 else f"{value:,.0f}"


def billion(of: dict[str, Any]) -> str:
    """What a billion interactions need, computed from the largest size that was measured."""
    by = BILLION["interactions"] / of["interactions"]
    prepare = sum(seconds(of, stage) for stage in STAGES if stage not in ("full ranks", ONCE)) * by
    scores = BILLION["tested"] * BILLION["items"]
    ranks = seconds(of, "full ranks") / (of["tested"] * of["items"]) * scores
    peak = max(step["peak_mb"] for step in of["steps"].values()) * by / 1024
    train = ROW * BILLION["interactions"] / 2**30
    vectors = 4 * FACTORS * (BILLION["users"] + BILLION["items"]) / 2**30
    lines = [
        ["all but full ranks", *[f"{prepare / 60:.0f} min on one core"] * 2],
        ["its memory", f"{peak:.0f} GB", f"{peak:.0f} GB, on one node"],
        ["train data", f"{train:.0f} GB, mapped by all cells", f"{train:.0f} GB on each node"],
        [f"vectors of {FACTORS} factors", f"{vectors:.1f} GB", f"{vectors:.1f} GB on each node"],
        [
            "full ranks of a cell",
            f"{ranks / 3600:.1f} core-hours: {ranks / CORES / 60:.1f} min",
            f"{ranks / 3600:.1f} core-hours: {ranks / (NODES * 8) / 60:.1f} min if sharded",
        ],
    ]
    titles = ["", f"one machine of {CORES} cores, 512 GB", f"{NODES} nodes of 8 cores, 64 GB"]
    return table(titles, lines)
