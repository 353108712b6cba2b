"""Fault 13: an item that occurs only in test. It is scored like any other and counted as cold."""

from conftest import Outcome
from faulty import PIONEER


def test_a_cold_item_has_its_place_and_is_counted(odd: Outcome) -> None:
    ledger, audit = odd.ledger("popularity"), odd.records["popularity"].audit
    (row,) = (ledger.user_ids == PIONEER).nonzero()[0]
    assert ledger.item_ids[row] == 2**63 - 1
    # Nobody has chosen it in train: all that somebody has are better, by popularity.
    assert ledger.full.better[row] == ledger.full.candidates[row] - 1 - ledger.full.equal[row] > 0
    assert 1 <= audit["cold_held_out_items"] <= audit["items_not_in_train"]
