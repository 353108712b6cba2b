"""Whether a board can be believed: what makes it INVALID.

There are two gates. The canaries must lie within their bounds, and each model's sampled figure
within its sampling error around its exact expectation (`bench.expectation`).
"""

import math
from collections.abc import Iterable

from bench.canary_record import Canaries
from bench.record import Record

# Of one figure, at most, when nothing is wrong; so over 5,000 cells of two figures each at most
# 1 % that any is called wrong. Cells of one data set share their negatives, and Bernstein's
# inequality is generous: it is rather 0.1 %.
FALSE_ALARM = 1e-6
ROUNDING = 1e-9  # of a figure computed again, perhaps on another machine
FIGURES = "hr_at_10", "ndcg_at_10"  # that have an exact expectation


def margin(error: float, n: int) -> float:
    """How far the mean of n independent numbers in [0, 1] may lie from its expectation.

    Farther it is with a probability of at most FALSE_ALARM, whatever the numbers are: by
    Bernstein's inequality, which for many users is 5.4 standard deviations and for few hits, where
    the normal distribution is no guide, more; or by Chebyshev's, where next to nothing is left to
    chance.

    Args:
        error: standard deviation of the mean.
        n: numbers in it.
    """
    exponent, variance = math.log(2 / FALSE_ALARM), (error * n) ** 2  # variance is of the sum
    bernstein = exponent / 3 + math.sqrt((exponent / 3) ** 2 + 2 * exponent * variance)
    chebyshev = math.sqrt(variance / FALSE_ALARM)
    return min(bernstein, chebyshev) / n + ROUNDING


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
    for figure in FIGURES:
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
    """The canaries of a section: the latest of each data set, protocol and split of its records."""
    wanted = {(r.cell.dataset, r.cell.protocol, r.split_sha256) for r in records}
    latest: dict[tuple[str, str, str], Canaries] = {}
    for each in sorted(canaries, key=lambda found: (found.started, found.stem)):
        place = each.dataset, each.protocol, each.split_sha256
        if place in wanted:
            latest[place] = each
    return [latest[place] for place in sorted(latest)]


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
