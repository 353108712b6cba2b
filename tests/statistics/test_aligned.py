"""Ledgers of one section come back on the same users, or a line says why not."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from bench.records.folder import Results
from bench.statistics.aligned import load_aligned
from bench.statistics.paired import NotComparable
from bench.statistics.user_figures import user_figures
from tests.helpers.ledgers import keep, made_up_ledger, some_results
from tests.helpers.records import made_up


def test_figures_come_model_after_model_and_seed_after_seed(tmp_path: Path) -> None:
    results = Results(tmp_path)
    ledgers = [made_up_ledger(seed=n) for n in range(3)]
    als = [keep(results, "als", ledgers[n], seed=n) for n in range(2)]
    ease = [keep(results, "ease", ledgers[2]), made_up("ease", seed=1)]
    found = load_aligned(results, {"als": als, "ease": ease, "sasrec": [made_up("sasrec")]})
    assert [each.name for each in found.fits] == ["als", "ease"]
    assert [each.one_fit for each in found.fits] == [False, True]
    assert len(found) == 40
    first, second = found.values("full_hr_at_10")
    np.testing.assert_array_equal(
        [*first, *second], [user_figures(each, "full_hr_at_10") for each in ledgers]
    )
    assert found.user_ids.tolist() == ledgers[0].user_ids.tolist()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"data_sha256": "other"}, r"als \(seed 0\) and ease \(seed 0\) saw different data"),
        ({"split_sha256": "other"}, "saw different splits"),
    ],
)
def test_other_data_or_splits_are_refused(
    tmp_path: Path, change: dict[str, str], said: str
) -> None:
    results = some_results(tmp_path, {"als": 2.0, "ease": 2.0}, seeds=1)
    als, ease = results.read_records()
    with pytest.raises(NotComparable, match=said):
        load_aligned(results, {"als": [als], "ease": [replace(ease, **change)]})


def test_other_users_are_refused(tmp_path: Path) -> None:
    results = Results(tmp_path)
    als = keep(results, "als", made_up_ledger(40))
    ease = keep(results, "ease", made_up_ledger(41))
    with pytest.raises(NotComparable, match="different users or held-out items"):
        load_aligned(results, {"als": [als], "ease": [ease]})


def test_a_missing_ledger_is_named(tmp_path: Path) -> None:
    results = some_results(tmp_path, {"als": 2.0}, seeds=2)
    first, second = results.read_records()
    results.ledger_of(second).unlink()
    with pytest.raises(NotComparable, match=f"the ledger of {second.stem} is missing"):
        load_aligned(results, {"als": [first, second]})


def test_one_user_is_too_few_and_so_is_no_model(tmp_path: Path) -> None:
    results = Results(tmp_path)
    alone = keep(results, "als", made_up_ledger(1))
    with pytest.raises(NotComparable, match="two shared users"):
        load_aligned(results, {"als": [alone]})
    with pytest.raises(NotComparable, match="no model has a ledger"):
        load_aligned(results, {"ease": [made_up("ease")]})
