"""The statistics of a section, from ledgers to a file and back."""

from pathlib import Path

import numpy as np
import pytest

from bench.records.files import load
from bench.records.standings import Standings
from bench.statistics.aligned import load_aligned
from bench.statistics.paired import NotComparable, paired_difference
from bench.statistics.standings import key_of_rows, standings
from tests.helpers.ledgers import some_results

SKILLS = {"sasrec": 8.0, "als": 3.0, "ease": 3.0, "random": 1.0}


def test_all_of_a_section(tmp_path: Path) -> None:
    results = some_results(tmp_path, SKILLS, seeds=2)
    rows = {name: [r for r in results.read_records() if r.cell.name == name] for name in SKILLS}
    found = standings(results, "ml-100k", "loo", rows)
    assert [row.model for row in found.rows] == list(SKILLS)
    assert found.users == 40
    assert found.row("sasrec").tier == 1
    assert found.row("random").tier > found.row("als").tier
    assert found.row("als").stems == tuple(record.stem for record in rows["als"])
    aligned = load_aligned(results, rows)
    values = dict(zip(SKILLS, aligned.values(), strict=True))
    for pair in found.pairs:
        alone = paired_difference(values[pair.first], values[pair.second])
        assert (pair.mean, pair.se) == pytest.approx((alone.mean, alone.se))
        shared = set(found.row(pair.first).letters) & set(found.row(pair.second).letters)
        assert found.told_apart(pair) == (not shared)
    for row in found.rows:
        assert not row.one_fit
        figures = row.figures
        assert figures["exact_ndcg_at_10"] == pytest.approx(values[row.model].mean())
        records = [record.metrics for record in rows[row.model]]
        for name in ("hr_at_10", "ndcg_at_10", "full_hr_at_10", "full_ndcg_at_10"):
            assert figures[name] == pytest.approx(np.mean([each[name] for each in records]))
        for name in ("exact_hr_at_10", "exact_ndcg_at_10"):
            assert figures[f"{name}_ci_low"] <= figures[name] <= figures[f"{name}_ci_high"]
        assert figures["share_first"] <= figures["share_first_3"]
    assert 0 < found.detectable < found.detectable_in_all
    assert load(Standings, results.save(found)) == found


def test_a_row_alone_has_errors_and_no_pair(tmp_path: Path) -> None:
    results = some_results(tmp_path, {"als": 3.0}, seeds=1)
    found = standings(results, "ml-100k", "loo", {"als": results.read_records()})
    assert found.pairs == ()
    assert found.rows[0].one_fit
    assert found.rows[0].figures["hr_at_10_se"] == pytest.approx(
        results.read_records()[0].metrics["hr_at_10_se"]
    )
    assert found.detectable == 0


def test_the_key_is_of_the_ledgers_and_the_rows(tmp_path: Path) -> None:
    results = some_results(tmp_path, {"als": 3.0, "ease": 3.0}, seeds=1)
    als, ease = results.read_records()
    key = key_of_rows(results, {"als": [als], "ease": [ease]})
    assert key == key_of_rows(results, {"als": [als], "ease": [ease]})
    assert key != key_of_rows(results, {"als": [als]})
    assert key != key_of_rows(results, {"als (f=2)": [als], "ease": [ease]})
    results.ledger_of(als).write_bytes(results.ledger_of(ease).read_bytes())
    assert key != key_of_rows(results, {"als": [als], "ease": [ease]})
    results.ledger_of(als).unlink()
    with pytest.raises(NotComparable, match="is missing"):
        key_of_rows(results, {"als": [als], "ease": [ease]})
