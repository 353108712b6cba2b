"""The page "Which model should I take?" shows what its commands print."""

import re
import shlex
import shutil
from pathlib import Path

from command import bench_here

ROOT = Path(__file__).parents[2]
FENCED = re.compile(r"^```([^\n]*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)


def test_every_answer_is_printed_by_the_command_above_it(tmp_path: Path) -> None:
    for board in ("ml-100k-all", "ml-1m", "ncf-ml-1m"):
        shutil.copytree(ROOT / "results" / board, tmp_path / "results" / board)
    page = (ROOT / "docs" / "which-model.md").read_text(encoding="utf-8")
    printed, shown = "", 0
    for language, block in FENCED.findall(page):
        if language == "sh":
            program, *words = shlex.split(block)
            assert program == "bench"
            done = bench_here(tmp_path, *words)
            printed = done.stdout + done.stderr
        elif language == "text":
            for part in block.split("...\n"):
                assert part in printed
                shown += 1
    assert shown > 10
