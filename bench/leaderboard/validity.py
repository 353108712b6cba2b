"""Reasons not to believe a board: what makes it INVALID.

There are two gates. The canaries must lie within their bounds, and each model's sampled figure
within its sampling error around its exact expectation (`bench.evaluation.expectation`).
"""

from collections.abc import Iterable

from bench.evaluation.bounds import margin
from bench.records.canaries import Canaries
from bench.records.record import HEADLINE, Record


def outside_sampling_error(record: Record) -> str:
    """Which sampled figure is too far from its exact expectation, in one line; "" for none.

    This holds for published negatives too: those of the NCF authors' MovieLens are distinct items
    without a train item among them (popularity, ials and random lie within 1.2 standard deviations
    there). A record without the figures, of an earlier version, passes.
    """
    metrics = record.metrics
    n = int(metrics.get("test_users", 0))
    if record.status != "ok" or n < 1:
        return ""
    for figure in HEADLINE:
        names = (figure, f"{figure}_expected", f"{figure}_sampling_se")
        if not all(name in metrics for name in names):
            continue
        found, expected, error = (metrics[name] for name in names)
        allowed = margin(error, n)
        if not abs(found - expected) <= allowed:
            return (
                f"sampled {figure} is {found:.4f}, over {allowed:.4f} from its exact expectation"
                f" {expected:.4f}"
            )
    return ""


def vouching(canaries: Iterable[Canaries], records: Iterable[Record]) -> list[Canaries]:
    """The canaries of a section: the latest of each data set, protocol and split of its records.

    Where folders were merged, each machine that measured the latest has its own, and all vouch.
    """
    wanted = {(r.cell.dataset, r.cell.protocol, r.split_sha256) for r in records}
    latest: dict[tuple[str, str, str], list[Canaries]] = {}
    for each in sorted(canaries, key=lambda found: (found.started, found.stem)):
        place = each.dataset, each.protocol, each.split_sha256
        if place in wanted:
            same = [other for other in latest.get(place, ()) if other.key == each.key]
            latest[place] = [*same, each]
    return [each for place in sorted(latest) for each in latest[place]]


def invalid(canaries: Iterable[Canaries], records: Iterable[Record]) -> list[str]:
    """Why the board of these records cannot be believed, in one line each; empty when it can.

    Args:
        canaries: that vouch for the records, see `vouching`.
        records: behind the rows of one section.
    """
    reasons = [reason for each in canaries for reason in each.invalid()]
    for record in records:
        if reason := outside_sampling_error(record):
            reasons.append(f"{record.cell.name} seed {record.cell.seed}: {reason}")
    return reasons
