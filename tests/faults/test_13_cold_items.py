"""Fault 13: an item that occurs only in test. It is scored like any other and counted as cold."""

from faulty import PIONEER, Outcome, odd_rows


def test_a_cold_item_has_its_place_and_is_counted(odd: Outcome) -> None:
    ledger, audit = odd.ledger("popularity"), odd.records["popularity"].audit
    (row,) = (ledger.user_ids == PIONEER).nonzero()[0]
    assert ledger.item_ids[row] == 2**63 - 1
    # Nobody has chosen it in train: all that somebody has are better, by popularity.
    assert ledger.full.better[row] == ledger.full.candidates[row] - 1 - ledger.full.equal[row] > 0
    held_out = dict(zip(ledger.user_ids.tolist(), ledger.item_ids.tolist(), strict=True))
    rows = odd_rows()
    train = {item for user, item, _ in rows if held_out.get(user) != item}
    assert audit["items_not_in_train"] == len({item for _, item, _ in rows} - train)
    assert audit["cold_held_out_items"] == len([i for i in held_out.values() if i not in train]) > 0
