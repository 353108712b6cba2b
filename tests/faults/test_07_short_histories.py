"""Fault 7: a user with 1 or 2 interactions. It stays in train, is not tested, and is counted."""

from faulty import ONCE, TWICE, Outcome, odd_rows


def test_such_users_are_in_train_and_not_tested(odd: Outcome) -> None:
    record, ledger = odd.records["popularity"], odd.ledger("popularity")
    users = {user for user, _, _ in odd_rows()}
    assert set(ledger.user_ids.tolist()) == users - {ONCE, TWICE}
    assert record.audit["untested_users"] == 2
    distinct = {(user, item) for user, item, _ in odd_rows()}
    assert record.audit["train_interactions"] == len(distinct) - (len(users) - 2)
