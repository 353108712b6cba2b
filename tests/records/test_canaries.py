"""Canaries as files: what comes back, and what is none."""

from pathlib import Path

import pytest

from bench.records.canaries import Canaries, Check
from bench.records.files import BadRecord, load_all
from bench.records.folder import Results

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
    path = Results(tmp_path).save(BROKEN)
    assert load_all(Canaries, Results(tmp_path).canaries) == [BROKEN]
    assert load_all(Canaries, Results(tmp_path / "old").canaries) == []
    for text in ("", "[]", '{"schema": 9}', '{"schema": 1}', path.read_text()[:-9], "\udce9"):
        (tmp_path / "canaries" / "x.json").write_bytes(text.encode(errors="surrogateescape"))
        with pytest.raises(BadRecord, match=r"x\.json"):
            load_all(Canaries, Results(tmp_path).canaries)
        heard: list[BadRecord] = []
        assert load_all(Canaries, Results(tmp_path).canaries, heard.append) == [BROKEN]
        assert len(heard) == 1
