"""Fault 10: the same user and item twice. The latest is kept, the others are counted, and the
pair that is tested is never in train."""

from faulty import REPEATING, Outcome, odd_rows

from bench.protocol.split import in_order, leave_one_out


def test_the_latest_is_kept_and_the_other_counted(odd: Outcome) -> None:
    ledger, audit = odd.ledger("popularity"), odd.records["popularity"].audit
    assert ledger.item_ids[ledger.user_ids == REPEATING].tolist() == [15]
    assert audit["repeated"] == 1
    assert audit["interactions"] == len(odd_rows()) - 1


def test_the_tested_pair_is_not_in_train(odd: Outcome) -> None:
    from made import interactions

    rows = [row for row in odd_rows() if row[0] == REPEATING]
    split = leave_one_out(in_order(interactions([(0, item, time) for _, item, time in rows])))
    assert (split.held_out.tolist(), split.train.items.tolist()) == ([15], [16, 17])
