"""The table of a comparison: a pure function of what was measured."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from statistics import median

from findings import EVALUATION, FIGURES, MEMORY, SCORING, SPEED, Found, Pair, Record, good, pairs
from plan import CELL, OURS, PAIR_NETWORKS, REMARKS

from bench.leaderboard.columns import with_unit

NEEDED_RATIO = 10  # to RecBole, in training samples a second and in evaluation
SAME_IN_RECBOLE = set(PAIR_NETWORKS) - {"dlrm"}
EVALUATED = "movielens_1m"  # where the promise for evaluation is for
MOST_ADDED = 0.05  # by the harness to implicit's own fit

HEAD = """\
# bench and the libraries people use

On the same data, split and candidates, with the same dimensions, samples in a batch, negatives,
learning rate, weight decay and epochs; each cell in a fresh process, the sides taking turns;
medians of the rounds. Accuracy is computed by bench's own metrics from the scores of each library.
`make peers` measures it again; tests/peers has what it runs.
"""
MEANINGS = """\
- **samples/s**: training samples processed in a second of processor time (of all threads),
  negatives included. For a peer that learns in epochs, its epochs alone; for bench all of `fit`,
  with what it sets up. A fit of under 3 s is repeated, and its median counts.
- **scores**: seconds to score all items for all test users.
- **evaluation**: seconds that each library's own evaluation of all test users takes. bench: sampled
  and full ranks together, from scoring on; peers: full ranks, top 10 (sampled ranks in the second
  table).
- **HR@10, NDCG@10**: among 99 sampled negatives, after the same number of epochs; ± is the
  standard error over users.
- **memory**: what training and full evaluation took above the level before.
- No clock has imports or compilation in it: bench compiles its kernels once, which takes about a
  minute of processor for all models.
- In parentheses: how many times better bench is.
- **ahead**: by more than 2 %, or in accuracy by more than one standard error.
"""


def markdown(records: Sequence[Record]) -> str:
    """The whole file, from records as `sides.measure` returns them, with data set and protocol."""
    parts = [HEAD, MEANINGS]
    for task in dict.fromkeys((r["dataset"], r["protocol"]) for r in records):
        some = [r for r in records if (r["dataset"], r["protocol"]) == task]
        found = pairs(some)
        parts += [f"## {task[0]}, {task[1]}", about(some), compared(found)]
        parts += [
            promised(found, task[0]),
            remarks(found),
            "### Every side",
            every_side(found),
            failures(some),
        ]
    return "\n\n".join(part.strip() for part in parts if part) + "\n"


def about(records: Sequence[Record]) -> str:
    """Where, when and with what it was measured."""
    versions = {r["cell"]["side"]: r["version"] for r in good(records) if r["version"]}
    machines = {f"{r['machine']['cpu']}, {r['machine']['cores']} cores" for r in records}
    threads = sorted({r["cell"]["threads"] for r in records})
    started = sorted(r["started"] for r in records)
    return (
        f"{'; '.join(sorted(machines))}; threads: {', '.join(map(str, threads))}; rounds:"
        f" {rounds_of(records)}; {started[0]} to {started[-1]}; load average"
        f" before a cell up to {max(r['load_before'] for r in records):.1f}. Versions:"
        f" {', '.join(f'{side} {version}' for side, version in sorted(versions.items()))}."
    )


def rounds_of(records: Sequence[Record]) -> str:
    """As "3; of als: 9": what most models had, then those with another number."""
    most = {
        model: max(r["cell"]["round"] for r in records if r["cell"]["model"] == model)
        for model in sorted({r["cell"]["model"] for r in records})
    }
    common, _ = Counter(most.values()).most_common(1)[0]
    others = [f"of {model}: {n}" for model, n in most.items() if n != common]
    return "; ".join([str(common), *others])


def compared(found: Sequence[Pair]) -> str:
    """The comparison itself: ours / theirs (times better)."""
    titles = ["model", "batch", "peer", "samples/s", "scores, s", "evaluation, s"]
    titles += ["HR@10", "NDCG@10", "memory, MB", "ahead"]
    return grid(titles, [_row(pair) for pair in found if pair.peer.side != CELL])


def _row(pair: Pair) -> list[str]:
    def both(quantity: str, form: Callable[[float], str]) -> str:
        ours, theirs = (side.median(*FIGURES[quantity]) for side in (pair.ours, pair.peer))
        ratio = pair.ratio(quantity)
        times = "" if ratio is None else f" ({ratio:.3g})"
        return f"{_or_dash(ours, form)} / {_or_dash(theirs, form)}{times}"

    def metric(name: str) -> str:
        ours, theirs, error = (
            side.metric(each)
            for side, each in ((pair.ours, name), (pair.peer, name), (pair.ours, f"{name}_se"))
        )
        if ours is None or theirs is None or error is None:
            return ""
        return f"{ours:.4f} / {theirs:.4f} ±{error:.4f}"

    peer = pair.peer.side
    names = {record["name"] for record in pair.peer.records} - {pair.model}
    leads = [
        f"**{side}: {', '.join(what)}**" if side == peer else f"{side}: {', '.join(what)}"
        for side, what in pair.ahead().items()
        if what
    ]
    return [
        pair.model,
        f"{pair.batch:,}" if pair.batch else "",
        " ".join([peer, *sorted(names)]),
        both(SPEED, with_unit),
        both(SCORING, seconds),
        both(EVALUATION, seconds),
        metric("hr_at_10"),
        metric("ndcg_at_10"),
        both(MEMORY, whole),
        "; ".join(leads) or ("even" if pair.ours.records and pair.peer.records else ""),
    ]


def promised(found: Sequence[Pair], dataset: str) -> str:
    """What bench promises, and whether it is so here."""
    lines = []
    for pair in found:
        where = f"{pair.model}, {pair.batch:,} samples a batch" if pair.batch else pair.model
        if pair.model in SAME_IN_RECBOLE and pair.peer.side == "recbole":
            for quantity in (SPEED, *([EVALUATION] if dataset == EVALUATED else [])):
                ratio = pair.ratio(quantity)
                if ratio is not None:
                    said = f"{ratio:.1f} times RecBole's, of {NEEDED_RATIO} wanted"
                    lines.append(_verdict(f"{where}: {quantity}", said, ratio >= NEEDED_RATIO))
            lead = pair.lead("hr_at_10")
            if lead is not None:
                said = f"{lead:+.1f} standard errors from RecBole's, of -1.0 allowed"
                lines.append(_verdict(f"{where}: HR@10", said, lead >= -1))
    als = [side for pair in found if pair.model == "als" for side in (pair.ours, pair.peer)]
    by_side = {side.side: side for side in als}
    alone = by_side["implicit"].median("train_seconds") if "implicit" in by_side else None
    for side in (OURS, CELL):
        seconds = by_side[side].median("train_seconds") if side in by_side else None
        if alone and seconds:
            said = f"{seconds / alone - 1:+.1%} on implicit's own fit, of {MOST_ADDED:+.0%} allowed"
            lines.append(_verdict(f"als, {side}", said, seconds / alone - 1 <= MOST_ADDED))
    return "\n".join(["### What is promised", "", *lines]) if lines else ""


def _verdict(what: str, said: str, kept: bool) -> str:
    return f"- {what}: {said}: {'kept' if kept else '**not kept**'}"


def remarks(found: Sequence[Pair]) -> str:
    """What is not the same on both sides all the same."""
    models = dict.fromkeys(pair.model for pair in found)
    return "\n".join(f"- {model}: {REMARKS[model]}." for model in models if model in REMARKS)


def every_side(found: Sequence[Pair]) -> str:
    """Medians with the least and the most over the rounds."""
    sides: dict[tuple[str, int | None, str], Found] = {}
    for pair in found:
        for side in (pair.ours, pair.peer):
            sides.setdefault((pair.model, pair.batch, side.side), side)
    titles = ["model", "batch", "side", "rounds", "epochs", "training, s", "processor, s"]
    titles += ["samples/s", "scores, s", "full evaluation, s", "sampled evaluation, s"]
    titles += ["memory, MB", "all, MB"]
    lines = []
    for (model, batch, side), measured in sides.items():
        epochs = sorted({_epochs(r["cell"]["params"]) for r in measured.records})
        lines.append(
            [
                model,
                f"{batch:,}" if batch else "",
                side,
                str(len(measured.records)),
                ", ".join(map(str, reversed(epochs))),
                _spread(measured.values("train_seconds"), seconds),
                _spread(measured.values("train_cpu_seconds"), seconds),
                _spread(measured.values("samples_per_second"), with_unit),
                _spread(measured.values("score_seconds"), seconds),
                _spread(
                    measured.values("full_evaluation_seconds")
                    or measured.values("both_evaluation_seconds"),
                    seconds,
                ),
                _spread(measured.values("sampled_evaluation_seconds"), seconds),
                _spread(measured.values("peak_memory_mb"), whole),
                _spread(measured.values("total_memory_mb"), whole),
            ]
        )
    return grid(titles, lines)


def _epochs(params: dict[str, int]) -> int:
    return params.get("epochs", params.get("iterations", 1))


def failures(records: Iterable[Record]) -> str:
    """The cells that gave no figure, and why."""
    return "\n".join(
        f"- {r['cell']['model']}, {r['cell']['side']}, round {r['cell']['round']}: {r['reason']}"
        for r in records
        if r["status"] != "ok"
    )


def grid(titles: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    """A Markdown table."""
    rows = [titles, ["---"] * len(titles), *lines]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _spread(values: Sequence[float], form: Callable[[float], str]) -> str:
    if not values:
        return ""
    if len(values) == 1:
        return form(values[0])
    return f"{form(median(values))} ({form(min(values))} to {form(max(values))})"


def _or_dash(value: float | None, form: Callable[[float], str]) -> str:
    return "-" if value is None else form(value)


def seconds(value: float) -> str:
    """Three digits."""
    return f"{value:.3g}" if value < 100 else f"{value:.0f}"


def whole(value: float) -> str:
    """No decimals."""
    return f"{value:.0f}"
