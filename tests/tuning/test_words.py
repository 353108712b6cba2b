"""The words of `bench tune`: which suite they ask to tune, and what is said of wrong ones."""

from pathlib import Path
from typing import Any

import pytest
from command import bench_here

from bench.cli.tune import parse_time, suite_to_tune
from bench.errors import BadParameter, UnknownName
from bench.tuning import run as tuning

BROKEN = """
from dataclasses import dataclass
from bench.adapter import Adapter

@dataclass(kw_only=True)
class Broken(Adapter):
    def fit(self, train, run):
        raise KeyError("nothing")

    def scores(self, users):
        return None
"""


@pytest.mark.parametrize(
    ("models", "given", "message"),
    [
        ([], {}, "takes the name of a model, or --suite"),
        (["esae"], {}, "unknown model 'esae'. Did you mean 'ease'?"),
        (["ease"], {"protocol": "loo-99"}, "'loo-99' has the test items, .* use loo-99-validation"),
        (["ease"], {"protocol": "ncf-file"}, "Did you mean 'ncf-files-validation'?"),
        (["ease"], {"dataset": "synthetics"}, "Did you mean 'synthetic'?"),
        (["ease"], {"settings": ("als.l2=1",)}, "unknown model in this run 'als'"),
    ],
)
def test_what_is_typed_wrong_is_named(
    models: list[str], given: dict[str, Any], message: str
) -> None:
    nothing = {"suite": None, "protocol": None, "dataset": None, "settings": ()}
    with pytest.raises((BadParameter, UnknownName), match=message.replace("?", r"\?")):
        suite_to_tune(models, **{**nothing, **given})


@pytest.mark.parametrize("text", ["10", "m", "0s", "-1m", "1d", "nan", ""])
def test_a_budget_has_a_unit(text: str) -> None:
    with pytest.raises(BadParameter, match="--budget takes a time above 0, as 90s, 10m or 1h"):
        parse_time(text)
    assert [parse_time(t) for t in ("90s", "1.5m", "1h")] == [90, 90, 3600]


def test_the_suite_of_a_protocol_is_tuned_on_its_validation(tmp_path: Path) -> None:
    chosen = suite_to_tune(
        ["ease"], suite="ml-100k", protocol=None, dataset="synthetic", settings=()
    )
    assert tuning.on_validation(chosen.protocol) == "loo-99-validation"
    late = {"l2": 700.0, "half_life": 3.0, "floor": 0.05}
    assert [row.params for row in chosen.rows] == [{"l2": 300.0}, late]


def test_a_usage_error_is_one_line_and_exit_code_2(folder: Path) -> None:
    done = bench_here(folder, "tune", "ease", "--dataset", "synthetic", "--protocol", "loo-99")
    assert done.returncode == 2
    assert done.stderr.startswith("bench: protocol 'loo-99'") and done.stderr.count("\n") == 1


def test_where_nothing_could_be_tried_no_values_are_promised(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BENCH_PEERS", str(folder / "none"))
    done = bench_here(folder, "tune", "implicit/als", "--dataset", "synthetic", "--budget", "1s")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[-2:] == [
        "implicit/als: skipped, needs peer implicit; bench peers install implicit",
        "No trials yet.",
    ]
    (folder / "broken.py").write_text(BROKEN)
    words = ("--model-path", "broken.py", "--trials", "1", "--dataset", "synthetic")
    done = bench_here(folder, "tune", "broken", *words)
    assert done.returncode == 1
    page = Path("results", "tune", "synthetic-loo-99-validation", "README.md")
    assert done.stdout.splitlines()[-1] == f"Written to {page}"
    assert sorted(path.name for path in (folder / page.parent).glob("*.*")) == [
        *("README.md", "broken.db", "trials.csv"),
    ]
