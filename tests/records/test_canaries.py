"""Canaries as files: what comes back, and what is none."""

from pathlib import Path

import pytest

from bench.records import canaries as canary_record
from bench.records.canaries import Canaries, Check
from bench.records.files import BadRecord

BROKEN = Canaries(
    dataset="ml-100k",
    protocol="loo",
    key="0123456789abcdef",
    checks={"constant": (Check("hr_at_10", 0.1, 0.1, 1e-9), Check("x", None, 0.006, 1e-9))},
    errors={"oracle": "raised KeyError: 'gone'"},
    users=943,
    started="2026-01-01T00:00:00+00:00",
)


def test_canaries_come_back_and_what_is_none_is_named(tmp_path: Path) -> None:
    path = canary_record.save(BROKEN, tmp_path)
    assert canary_record.load_all(tmp_path) == [BROKEN]
    assert canary_record.load_all(tmp_path / "old") == []
    for text in ("", "[]", '{"schema": 9}', '{"schema": 1}', path.read_text()[:-9], "\udce9"):
        (tmp_path / "canaries" / "x.json").write_bytes(text.encode(errors="surrogateescape"))
        with pytest.raises(BadRecord, match=r"x\.json"):
            canary_record.load_all(tmp_path)
        heard: list[BadRecord] = []
        assert canary_record.load_all(tmp_path, heard.append) == [BROKEN]
        assert len(heard) == 1
