"""The page on Python, tried as a newcomer would: every block after the other."""

import re
from contextlib import chdir
from pathlib import Path
from typing import Any

import pytest

PAGE = Path(__file__).resolve().parents[2] / "docs" / "python.md"


@pytest.mark.slow
def test_every_block_of_the_page_runs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    blocks = re.findall(r"^```python\n(.*?)^```$", PAGE.read_text("utf-8"), re.M | re.S)
    assert len(blocks) >= 3
    names: dict[str, Any] = {"__name__": "__main__"}
    with chdir(tmp_path):
        for block in blocks:
            exec(compile(block, "docs/python.md", "exec"), names)
    out = capsys.readouterr().out
    assert "[3/3] ease" in out and "[2/3] Decayed" in out
    assert names["board"].to_frame()["model"].iloc[-1].startswith("popularity")
    assert {record.status for record in names["board"].records} == {"ok"}
    assert (names["data"].data.name, names["whole"].name) == ("clicks", "mine")
