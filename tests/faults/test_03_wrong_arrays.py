"""Fault 3: scores of a wrong shape, type or order, or in a buffer that is used again."""

from faulty import CASES, Outcome


def test_the_error_says_what_was_wanted_and_what_came(outcome: Outcome) -> None:
    found = outcome.records["has_a_wrong_shape"]
    assert found.status == "failed"
    assert CASES["has_a_wrong_shape"].reason in found.reason


def test_another_order_in_a_buffer_used_again_gives_the_right_ranks(outcome: Outcome) -> None:
    assert outcome.records["gives_a_buffer"].status == "ok", outcome.records[
        "gives_a_buffer"
    ].reason
    plain = outcome.ledger_path("gives_arrays").read_bytes()
    assert outcome.ledger_path("gives_a_buffer").read_bytes() == plain
