"""Check every model on a GPU against the CPU, and measure training rates: results/gpu-check.json.

    python3 tests/gpu/gpu_check.py [--device cpu]

It ends within its budget, whatever the machine: what it did not come to is named as not measured.
Nothing need be set up: any Python will do that has torch and what else docs/speed.md names.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from threading import Thread
from typing import Any

import gpu_site

COMMAND = [sys.executable, "-c", "from bench.cli import main; main()"]
SUITE = "ml-100k"  # every model with values of its own
DATASETS = ("synthetic", "movielens_100k")
RATED = ("neumf", "dlrm", "sasrec", "multvae")
BUDGET = 520.0  # seconds in all: a command on a machine that is lent often has ten minutes
ENDING = 20.0  # seconds of it for what has to stop, and to write
RATES_SHARE = 0.35  # of the budget, at most
RATES_ON = {"cuda": "synthetic:scale=1", "cpu": "synthetic"}
STARTING = 8.0  # seconds that a process needs before it trains


@dataclass
class Clock:
    """The budget, from the start of the script."""

    budget: float
    started: float = field(default_factory=time.monotonic)

    def spent(self) -> float:
        return time.monotonic() - self.started

    def left(self) -> float:
        """Seconds until what runs has to stop."""
        return max(0.0, self.budget - ENDING - self.spent())


@dataclass
class Side:
    """`bench run` on one device, for one data set after the other."""

    device: str
    results: Path
    options: argparse.Namespace
    environment: dict[str, str]
    clock: Clock
    reasons: dict[str, str] = field(default_factory=dict)  # why a data set is not whole

    def run(self, dataset: str) -> None:
        words = ["run", "--suite", SUITE, "--dataset", dataset, "--device", self.device]
        words += ["--track", "off", "--results", str(self.results)]
        if self.options.models:
            words += ["--models", self.options.models]
        if self.options.data_dir and dataset != "synthetic":
            words += ["--data-dir", str(self.options.data_dir.resolve())]
        if not self.clock.left():
            self.reasons[dataset] = "the budget was spent before"
            return
        log = self.results.with_name(f"{self.results.name}.{dataset}.log")
        with log.open("wb") as output:
            process = subprocess.Popen(
                [*COMMAND, *words],
                env=self.environment,
                cwd=log.parent,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
            in_time = ended(process, self.clock.left(), ENDING / 2)
        if not in_time:
            self.reasons[dataset] = "the budget was spent"
        elif process.returncode:
            self.reasons[dataset] = gpu_site.last_line(log.read_text(errors="replace"))

    def run_all(self, datasets: list[str]) -> None:
        for dataset in datasets:
            self.run(dataset)


def ended(process: subprocess.Popen[bytes], seconds: float, grace: float) -> bool:
    """Whether it ended by itself in time; else it is asked to end, then made to."""
    try:
        process.wait(seconds)
        return True
    except subprocess.TimeoutExpired:
        process.terminate()
    try:
        process.wait(grace)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    return False


def main(words: list[str] | None = None) -> int:
    """0: all that could be compared agrees; 1: it does not, or was not measured; 2: no start."""
    options = parse(words)
    clock = Clock(options.budget)
    with tempfile.TemporaryDirectory(prefix="gpu-check-") as made:
        folder = Path(made)
        try:
            environment = gpu_site.make(folder / "site", options.wheels)
            machine = gpu_site.machine(environment, options.device)
        except gpu_site.Unfit as error:
            print(f"gpu-check: {error}", file=sys.stderr)
            return 2
        print(f"gpu-check: {machine['gpu'] or 'a rehearsal on the CPU'}", flush=True)
        started = datetime.now(UTC).isoformat(timespec="seconds")
        found = check(options, folder, environment, clock)
    found = {
        "started": started,
        "device": options.device,
        "rates_on": RATES_ON[options.device],
        "machine": machine,
        **found,
        "budget_s": options.budget,
        "seconds": round(clock.spent(), 1),
    }
    import gpu_page

    text = gpu_page.text_of(found)
    options.results.mkdir(parents=True, exist_ok=True)
    (options.results / "gpu-check.json").write_text(json.dumps(found, indent=1) + "\n")
    (options.results / "gpu-check.md").write_text(text)
    print(text)
    print(options.results / "gpu-check.json")
    return int(any(line["verdict"] not in ("agrees", "skipped") for line in found["accuracy"]))


def parse(words: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument(
        "--device",
        choices=("cuda", "cpu"),
        default="cuda",
        help="cpu rehearses all of it without a GPU",
    )
    parser.add_argument("--models", default="", help="only these, as als,neumf")
    parser.add_argument("--datasets", default=",".join(DATASETS))
    parser.add_argument("--data-dir", type=Path, help="ml-100k.zip or RecBole's wheel, carried")
    parser.add_argument("--wheels", type=Path, help="wheels of what this Python lacks, carried")
    parser.add_argument("--budget", type=float, default=BUDGET, help="seconds in all")
    parser.add_argument("--results", type=Path, default=Path("results"))
    return parser.parse_args(words)


def check(
    options: argparse.Namespace, folder: Path, environment: dict[str, str], clock: Clock
) -> dict[str, Any]:
    """What is compared, and the rates.

    The CPU's side needs no GPU, and goes on beside all else, on one thread. Rates come before the
    last data set, so that their share of the budget is theirs.
    """
    datasets = [each for each in options.datasets.split(",") if each]
    models = [each for each in options.models.split(",") if each]
    cpu = Side("cpu", folder / "cpu", options, environment, clock)
    gpu = Side(options.device, folder / "gpu", options, environment, clock)
    beside = Thread(target=cpu.run_all, args=(datasets,))
    beside.start()
    gpu.run_all(datasets[:-1])
    rated = [each for each in RATED if not models or each in models]
    rates = measured_rates(rated, options.device, environment, clock)
    gpu.run_all(datasets[-1:])
    beside.join()
    import gpu_compare

    accuracy = gpu_compare.compared(cpu.results, gpu.results, SUITE, datasets, models)
    for line in accuracy:
        if line["verdict"] == "not measured":
            side = gpu if line["side"] == "gpu" else cpu
            line["reason"] = side.reasons.get(line["dataset"], "it has no record")
    return {"accuracy": accuracy, "rates": rates}


def measured_rates(
    models: list[str], device: str, environment: dict[str, str], clock: Clock
) -> list[dict[str, Any]]:
    """The rates of all models, each in a process of its own and in an equal part of the time."""
    until = time.monotonic() + min(clock.left(), RATES_SHARE * clock.budget)
    found: list[dict[str, Any]] = []
    for number, model in enumerate(models):
        seconds = (until - time.monotonic()) / (len(models) - number) - STARTING
        if seconds <= 0:
            found.append({"model": model, "reason": "its share of the budget was spent before"})
            continue
        script = Path(__file__).with_name("gpu_rates.py")
        words = [model, "--device", device, "--seconds", f"{seconds:.1f}"]
        words += ["--dataset", RATES_ON[device]]
        with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
            process = subprocess.Popen(
                [sys.executable, str(script), *words], env=environment, stdout=output, stderr=errors
            )
            # An epoch that is begun in time may need some more.
            in_time = ended(process, min(seconds + 2 * STARTING, clock.left()), ENDING / 2)
            output.seek(0)
            errors.seek(0)
            found += [json.loads(line) for line in output.read().splitlines() if line]
            said = gpu_site.last_line(errors.read().decode(errors="replace"))
        if not in_time:
            found.append({"model": model, "reason": "stopped: its share of the budget was spent"})
        elif process.returncode:
            found.append({"model": model, "reason": said})
    return found


if __name__ == "__main__":
    sys.exit(main())
