"""What the README tells a newcomer to do works."""

import re
from pathlib import Path

import pytest
from command import bench_here

from bench.records import record

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_model_shown_is_short_and_runs(folder: Path) -> None:
    (code,) = re.findall(r"```python\n(.*?)```", README, flags=re.DOTALL)
    assert code.count("\n") < 40
    path = folder / "cooccurrence.py"
    path.write_text(code)
    words = ("--models", "popularity,cooccurrence", "--model-path", str(path))
    done = bench_here(folder, "run", "--suite", "quick", *words, "--set", "cooccurrence.power=0.6")
    assert done.returncode == 0, done.stderr
    found = {r.cell.model: r for r in record.load_all(folder / "results")}
    assert found["cooccurrence"].cell.params == {"power": 0.6}
    ours, floor = (found[name].metrics["hr_at_10"] for name in ("cooccurrence", "popularity"))
    assert ours > floor


@pytest.mark.parametrize("link", re.findall(r"\]\(([^)h#][^)]*)\)", README))
def test_every_file_it_links_to_exists(link: str) -> None:
    assert (ROOT / link).exists()


def test_every_module_has_its_place_in_contributing() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    modules = {path.stem for path in (ROOT / "bench").glob("*.py")} - {"__init__"}
    named = set(re.findall(r"`(\w+)`", text))
    assert modules <= named, modules - named
