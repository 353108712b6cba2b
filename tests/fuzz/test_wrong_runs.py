"""Some of the models of `test_wrong_models` in one run of the command, with real processes."""

from pathlib import Path

import odd_models
import pytest
from command import bench_here
from fuzzing import fuzz
from odd_models import Case

from bench.records.folder import Results


@pytest.mark.parametrize(
    "cases",
    [pytest.param(2, marks=pytest.mark.slow), pytest.param(60, marks=pytest.mark.torture)],
)
def test_the_command_itself(cases: int, folder: Path) -> None:
    """Each ends as it must, and the good model after all of them is measured."""
    chosen: list[Case] = []
    words = ["run", "--suite", "quick"]

    fuzz(odd_models.any_case([7], 40).filter(lambda case: not case.tuning), chosen.append, cases)
    for number, case in enumerate(chosen):
        path = folder / f"fuzzed_{number}.py"
        path.write_text(case.text)
        words += ["--model-path", str(path)]
    names = [f"fuzzed_{number}" for number in range(len(chosen))]
    done = bench_here(folder, *words, "--models", ",".join([*names, "popularity"]))
    found = {each.cell.name: each for each in Results(folder / "results").read_records()}
    assert found["popularity"].status == "ok"
    for name, case in zip(names, chosen, strict=True):
        assert found[name].status == case.status, (found[name].reason, case.text)
    assert done.returncode == int(any(case.status != "ok" for case in chosen))
    assert "Traceback" not in done.stderr
