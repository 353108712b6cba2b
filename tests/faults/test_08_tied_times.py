"""Fault 8: tied newest times. The last in the source counts; how many there are is in the audit.

The order is that of a stable sort of whole numbers, which no vector unit changes.
"""

from pathlib import Path

import numpy as np
from faulty import TIED, Outcome, command, made_100k, odd_rows

from bench.protocol.split import stable_order


def test_of_tied_times_the_last_in_the_source_is_held_out(odd: Outcome) -> None:
    ledger = odd.ledger("popularity")
    assert ledger.item_ids[ledger.user_ids == TIED].tolist() == [12]
    assert odd.records["popularity"].audit["users_with_tied_newest_time"] == 1


def test_the_audit_says_the_rule(tmp_path: Path) -> None:
    data = made_100k(tmp_path / "ml-100k", odd_rows())
    done = command("data", "audit", "movielens_100k", "--data-dir", data)
    assert "1 users (4%) have a tied newest time: their last item is the last in the source" in (
        done.out
    )


def test_a_million_ties_keep_the_order_of_the_source() -> None:
    times = np.random.default_rng(0).integers(0, 3, 1_000_000)
    order = stable_order(times)
    same = times[order][1:] == times[order][:-1]
    assert (np.diff(order)[same] > 0).all()
