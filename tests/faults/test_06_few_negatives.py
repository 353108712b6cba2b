"""Fault 6: a user with fewer than 99 untouched items. All are used, and it is in the audit."""

from faulty import BUSY, CATALOGUE, Outcome


def test_all_untouched_items_are_candidates_and_the_user_is_counted(odd: Outcome) -> None:
    record, ledger = odd.records["popularity"], odd.ledger("popularity")
    items = record.audit["items"]
    (row,) = (ledger.user_ids == BUSY).nonzero()[0]
    assert items < 50 + 99 < len(CATALOGUE) + 50
    assert ledger.sampled.candidates[row] == items - 50 + 1  # the held-out item is one of them
    assert record.audit["users_with_few_negatives"] == (ledger.sampled.candidates < 100).sum()
    assert record.audit["users_with_few_negatives"] >= 1
