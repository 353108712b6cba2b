"""`make gpu-check`: what can be known of it without a GPU, whose place the CPU takes."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from time import monotonic
from typing import Any

import gpu_check
import gpu_compare
import gpu_page
import gpu_rates
import gpu_site
import pytest
import torch
from records import made_up

from bench.interactions import Interactions
from bench.protocol.task import prepare
from bench.registry.datasets import load_data

SCRIPT = Path(gpu_check.__file__)
FIGURES = {"hr_at_10": 0.5, "hr_at_10_se": 0.02, "ndcg_at_10": 0.3, "ndcg_at_10_se": 0.01}


@pytest.fixture(scope="module")
def train() -> Interactions:
    return prepare(load_data("synthetic", None), "loo-99").train


def run(*words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(SCRIPT), *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=1800)


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_without_a_gpu_it_refuses_in_one_line(tmp_path: Path) -> None:
    done = run("--results", str(tmp_path / "results"))
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        "gpu-check: torch finds no GPU here. --device cpu rehearses the check without one\n"
    )
    assert not (tmp_path / "results").exists()


@pytest.mark.slow
def test_a_rehearsal_compares_and_rates_on_the_cpu(tmp_path: Path) -> None:
    words = ["--device", "cpu", "--datasets", "synthetic", "--models", "random,popularity,multvae"]
    done = run(*words, "--budget", "1500", "--results", str(tmp_path))
    assert done.returncode == 0, done.stdout + done.stderr
    found = json.loads((tmp_path / "gpu-check.json").read_text())
    assert found["device"] == "cpu" and "torch" in found["machine"]
    lines = {line["model"]: line for line in found["accuracy"]}
    assert lines.keys() == {"random", "popularity", "multvae"}
    for line in lines.values():  # twice the same computation
        assert (line["verdict"], line["fitted_on"]) == ("agrees", "cpu")
        assert all(each["gpu"] == each["cpu"] for each in line["figures"].values())
    assert [each["batch_size"] for each in found["rates"]] == [64, 256]
    assert all(each["samples_per_second"] > 0 for each in found["rates"])
    assert found["seconds"] <= found["budget_s"]
    assert (tmp_path / "gpu-check.md").read_text() in done.stdout


@pytest.mark.slow
def test_what_the_budget_does_not_reach_is_named(tmp_path: Path) -> None:
    words = ["--device", "cpu", "--datasets", "synthetic", "--models", "popularity,neumf"]
    done = run(*words, "--budget", "0", "--results", str(tmp_path))
    assert done.returncode == 1
    found = json.loads((tmp_path / "gpu-check.json").read_text())
    said = {(line["verdict"], line["reason"]) for line in found["accuracy"]}
    assert said == {("not measured", "the budget was spent before")}
    assert found["rates"] == [
        {"model": "neumf", "reason": "its share of the budget was spent before"}
    ]
    assert "GPU: the budget was spent before" in done.stdout


@pytest.mark.parametrize("deaf", [False, True])
def test_what_runs_too_long_is_stopped(deaf: bool) -> None:
    ignore = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN);" * deaf
    code = f"{ignore}print(flush=True); import time; time.sleep(3600)"
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE)
    assert process.stdout is not None
    with process.stdout:
        process.stdout.readline()  # it is deaf from now on
        assert not gpu_check.ended(process, 0, 1 if deaf else 60)
    assert process.returncode == (-9 if deaf else -15)
    quick = subprocess.Popen([sys.executable, "-c", ""])
    assert gpu_check.ended(quick, 60, 60)


@pytest.mark.parametrize(
    ("hit_rate", "ndcg", "verdict"),
    [
        (0.539, 0.319, "agrees"),
        (0.461, 0.281, "agrees"),
        (0.541, 0.3, "differs"),
        (0.5, 0.2, "differs"),
    ],
)
def test_two_standard_errors_of_the_cpu_are_the_bound(
    hit_rate: float, ndcg: float, verdict: str
) -> None:
    cpu = made_up("als", 0.5, metrics=FIGURES)
    # Its own errors count for nothing.
    there = {"hr_at_10": hit_rate, "ndcg_at_10": ndcg, "hr_at_10_se": 1.0, "ndcg_at_10_se": 1.0}
    gpu = made_up("als", 0.5, device="cuda", metrics=there)
    gpu = replace(gpu, environment=gpu.environment | {"fitted_on": "cuda"})
    line = gpu_compare.line("d", "als", cpu, gpu)
    assert (line["verdict"], line["fitted_on"]) == (verdict, "cuda")


def test_what_cannot_be_compared_says_why() -> None:
    good = made_up("als", 0.5, metrics=FIGURES)
    late = replace(good, status="timeout", reason="over 600 s")
    lacks = replace(good, status="skipped", reason="needs implicit, which is not installed")
    assert gpu_compare.line("d", "als", good, late) == {
        **{"dataset": "d", "model": "als", "verdict": "failed"},
        **{"side": "gpu", "reason": "over 600 s"},
    }
    assert gpu_compare.line("d", "als", lacks, good)["verdict"] == "skipped"
    missing = gpu_compare.line("d", "als", None, good)
    assert (missing["verdict"], missing["side"]) == ("not measured", "cpu")


def test_every_row_of_the_suite_is_expected(tmp_path: Path) -> None:
    lines = gpu_compare.compared(tmp_path, tmp_path, "ml-100k", ["a", "b"], [])
    assert len(lines) == len({(line["dataset"], line["model"]) for line in lines})
    assert {line["dataset"] for line in lines} == {"a", "b"}
    assert {"neumf", "neumf (pre-trained)", "als"} <= {line["model"] for line in lines}
    some = gpu_compare.compared(tmp_path, tmp_path, "ml-100k", ["a"], ["neumf"])
    assert [line["model"] for line in some] == ["neumf", "neumf (pre-trained)"]


def test_the_first_epoch_warms_up_and_is_not_timed() -> None:
    watch = gpu_rates.Watch(until=monotonic() - 1)  # no time left: it still times one epoch
    assert not watch(1000, None)
    assert (watch.epochs, watch.samples) == (0, 0)
    assert watch(10, None)
    assert (watch.epochs, watch.samples) == (1, 10) and watch.seconds > 0


def test_a_setting_that_fails_has_a_reason_in_place_of_a_rate(train: Interactions) -> None:
    found = gpu_rates.rate("multvae", train, "cpu", "bfloat16", 64, monotonic() + 60)
    assert "samples_per_second" not in found
    assert found["reason"].startswith("ValueError: mixed_precision is for a GPU")


def test_a_rate_counts_what_its_unit_says(train: Interactions) -> None:
    found = gpu_rates.rate("multvae", train, "cpu", "float32", 64, monotonic())
    assert found["epochs"] == 1 and found["unit"] == "users"
    assert found["samples_per_second"] * found["seconds"] == pytest.approx(train.n_users)


def test_every_rated_model_takes_its_parameters() -> None:
    from dataclasses import fields

    from bench.registry.models import adapter_class

    assert set(gpu_rates.MODELS) == set(gpu_check.RATED)
    for name, rated in gpu_rates.MODELS.items():
        known = {field.name for field in fields(adapter_class(name))}  # type: ignore[arg-type]
        assert {*rated.params, "batch_size", "epochs", "mixed_precision"} <= known
        assert list(rated.batches) == sorted(rated.batches)


STAND_IN = """
__version__ = "9.9"
class version: cuda = "13.0"
class cuda:
    def is_available(): return True
    def get_device_properties(number):
        class found: name, total_memory, major, minor = "NVIDIA Stand-in", 80 * 2**30, 9, 0
        return found
"""


def test_the_machine_is_as_torch_and_the_driver_say(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "torch.py").write_text(STAND_IN)
    driver = tmp_path / "nvidia-smi"
    driver.write_text("#!/bin/sh\necho 580.1\n")
    driver.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    found = gpu_site.machine(os.environ | {"PYTHONPATH": str(tmp_path)}, "cuda")
    assert (found["gpu"], found["gpu_memory_mb"], found["gpu_capability"]) == (
        *("NVIDIA Stand-in", 80 * 1024),
        "9.0",
    )
    assert (found["torch"], found["cuda"], found["driver"]) == ("9.9", "13.0", "580.1")
    assert found["cores"] and "git_commit" in found


def test_a_python_without_bench_imports_it_from_the_checkout(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = gpu_site.importlib.util.find_spec
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setattr(
        gpu_site.importlib.util, "find_spec", lambda name: None if name == "bench" else real(name)
    )
    environment = gpu_site.make(tmp_path / "site", None)
    code = "import bench, bench.models.popularity as p; print(bench.__file__); print(p.__file__)"
    done = subprocess.run(
        [sys.executable, "-P", "-c", code],
        env=environment,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    bench_file, model_file = done.stdout.split()
    assert Path(bench_file).parent == tmp_path / "site" / "bench"
    assert Path(model_file) == gpu_site.ROOT / "models" / "popularity.py"


def test_what_this_python_lacks_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setattr(gpu_site, "NEEDED", {"numpy": "numpy", "not-there": "not_there"})
    with pytest.raises(gpu_site.Unfit, match=r" lacks not-there; --wheels"):
        gpu_site.make(tmp_path / "site", None)
    with pytest.raises(gpu_site.Unfit, match="there are no wheels in"):
        gpu_site.make(tmp_path / "other", tmp_path)


def found_on_a_gpu() -> dict[str, Any]:
    rate = {"model": "neumf", "precision": "tf32", "batch_size": 2**18, "unit": "pairs"}
    rate |= {"samples_per_second": 45.18e6, "epochs": 9, "seconds": 2.0, "memory_mb": 3000.4}
    failed = {"model": "dlrm", "precision": "float32", "batch_size": 64, "reason": "out of | it"}
    cpu = made_up("als", 0.5, metrics=FIGURES)
    gpu = replace(cpu, timings=cpu.timings | {"device_memory_mb": 12.0, "score_seconds": 1.0})
    there = {"gpu": "NVIDIA Stand-in", "gpu_memory_mb": 81920, "driver": "", "torch": "9.9"}
    return {
        "device": "cuda",
        "rates_on": "synthetic:scale=1",
        "machine": there | {"cuda": "13.0", "cpu": "a CPU", "cores": 16},
        "started": "2026-01-01T00:00:00+00:00",
        "seconds": 400.0,
        "budget_s": 520.0,
        "accuracy": [
            gpu_compare.line("d", "als", cpu, gpu),
            {**gpu_compare.line("d", "mf", None, gpu), "reason": "the budget was spent"},
        ],
        "rates": [rate, failed],
    }


def test_the_page_has_every_line_and_the_share_of_the_anchor() -> None:
    text = gpu_page.text_of(found_on_a_gpu())
    assert "NVIDIA Stand-in, 80 GB, driver unknown: torch 9.9, CUDA 13.0" in text
    assert "1 agrees, 1 not measured." in text
    cells = [[cell.strip() for cell in line.split("|")[1:-1]] for line in text.splitlines()]
    (rate,) = [each for each in cells if each[:2] == ["neumf", "tf32"]]
    assert rate[2:7] == ["262,144", "45.2 M", "pairs", "2.00", "3000"]
    (als,) = [each for each in cells if each[:2] == ["d", "als"]]
    assert als[2:5] == ["agrees", "0.5000", "0.5000 ±0.0200"] and als[-1] == "12"
    (mf,) = [each for each in cells if each[:2] == ["d", "mf"]]
    assert mf[2:4] == ["not measured", "CPU: the budget was spent"]
