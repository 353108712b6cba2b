"""Training throughput of a row: a rate that compares, and one in the model's own samples.

What a model counts as a sample differs: an interaction, a pair with its negatives, a user, an item,
a position of a sequence. Records do not name it. It follows from how many samples an epoch has for
each interaction of train, which both rates of a record give.
"""

from math import isclose

from bench.leaderboard.rows import BoardRow
from bench.records.record import Record

SHORTEST = 0.001  # seconds of training; less is too short to divide by
WHOLE = 1e-6  # relative difference at which a count is that of interactions, users or items


def measured(row: BoardRow) -> bool:
    """Whether the row trained long enough to tell a rate."""
    return row.figures.get("train_seconds", 0.0) >= SHORTEST


def sample_unit(row: BoardRow) -> str:
    """What `train_samples` of a row counts, in the plural; "" where it cannot be told.

    As "interactions", "pairs, 8 negatives each", "users", "items", "positions", or how many there
    are for each interaction.
    """
    found = {_unit(record) for record in row.records if record.status == "ok"}
    return found.pop() if len(found) == 1 else ""


def _unit(record: Record) -> str:
    samples = record.timings.get("train_samples_per_second", 0.0)
    interactions = record.timings.get("interactions_per_second", 0.0)
    n = record.audit.get("train_interactions")
    if not (samples and interactions and n):
        return ""
    ratio = samples / interactions
    whole = round(ratio)
    if whole >= 1 and isclose(ratio, whole, rel_tol=WHOLE):
        negatives = "1 negative" if whole == 2 else f"{whole - 1} negatives"
        return "interactions" if whole == 1 else f"pairs, {negatives} each"
    for noun, counts in _sizes(record).items():
        if any(isclose(ratio * n, count, rel_tol=WHOLE) for count in counts):
            return noun
    return "positions" if record.uses_order else f"{ratio:.2g} an interaction"


def _sizes(record: Record) -> dict[str, tuple[int, int]]:
    """How many users and items there are: all of them, and those of train."""
    audit = record.audit
    users, items = audit.get("users", 0), audit.get("items", 0)
    return {
        "users": (users, users - audit.get("new_people", 0)),
        "items": (items, items - audit.get("items_not_in_train", 0)),
    }
