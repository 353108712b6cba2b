"""Curves of a section: the hit rate over k, and what models reported while they were trained."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.evaluation.metrics import Standing
from bench.leaderboard.rows import BoardRow
from bench.records.record import Record
from bench.statistics.aligned import Aligned

POINTS = 40  # of a curve over k

Values = NDArray[np.float64]
Point = dict[str, Any]  # fit for JSON


def cutoff_points(aligned: Aligned) -> Iterator[Point]:
    """HR@k of each model, mean over its seeds, for k up to all candidates of each kind of ranks."""
    for kind in ("sampled", "full"):
        standings = [[getattr(each, kind) for each in fits.ledgers] for fits in aligned.fits]
        most = max(int(s.candidates.max(initial=1)) for several in standings for s in several)
        cutoffs = np.unique(np.geomspace(1, most, POINTS).round().astype(np.int64))
        for fits, several in zip(aligned.fits, standings, strict=True):
            rates = np.mean([hit_rates_over(each, cutoffs) for each in several], axis=0)
            for k, rate in zip(cutoffs.tolist(), rates.tolist(), strict=True):
                yield {"kind": kind, "model": fits.name, "k": k, "rate": round(rate, 6)}


def hit_rates_over(standing: Standing, cutoffs: NDArray[np.int64]) -> Values:
    """The mean of `bench.evaluation.metrics.hit_rates` over users, for several k. [k]

    A held-out item is at each of its tied places with the same probability: between the first of
    them and the one beyond the last its hit rate rises in a straight line.
    """
    places = standing.equal + 1
    hits = np.clip(cutoffs[:, None] - standing.better, 0, places) / places  # [k, m]
    return np.asarray(hits.mean(axis=1))


def loss_points(rows: Sequence[BoardRow]) -> Iterator[Point]:
    """The training loss of the first seed of each model that reports one."""
    for row in rows:
        record = next((each for each in row.records if each.status == "ok"), None)
        if record is not None:
            yield from _points(row.model, record, "loss")


def validation_points(trials: Sequence[Record], models: set[str]) -> Iterator[Point]:
    """The validation figure of each model over its best trial, of those that looked at it often.

    Args:
        trials: records of `bench tune`.
        models: adapters to show.
    """
    best: dict[str, tuple[float, Record]] = {}
    for record in trials:
        seen = [each["validation"] for each in record.curve if each.get("validation") is not None]
        if len(seen) > 1 and record.cell.model in models:
            last = float(max(filter(None, seen), default=0.0))
            if last > best.get(record.cell.name, (-1.0, record))[0]:
                best[record.cell.name] = last, record
    for name, (_, record) in sorted(best.items()):
        yield from _points(name, record, "validation")


def _points(model: str, record: Record, what: str) -> Iterator[Point]:
    for each in record.curve:
        value = each.get(what)
        if value is not None and np.isfinite(value):
            yield {
                "model": model,
                "epochs": each.get("number"),
                "seconds": each.get("seconds"),
                "value": value,
            }
