"""The command as a user types it: real files, and real processes where the process is the point."""

import csv
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from command import bench, bench_here

from bench.evaluation import ledger
from bench.records.files import load
from bench.records.folder import Results
from bench.records.record import Record


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("rnu", "unknown command 'rnu'. Did you mean 'run'?"),
        ("run --suit quick", "No such option '--suit'"),
        ("run --suite quikc", "unknown suite 'quikc'. Did you mean 'quick'?"),
        ("run --suite quick --models esae", "unknown model 'esae'. Did you mean 'ease'?"),
        ("run --suite quick --dataset syntetic", "Did you mean 'synthetic'?"),
        ("run --suite quick --protocol loo", "unknown protocol 'loo'. Did you mean 'loo-99'?"),
        (
            "run --suite quick --models als --set als.factor=3",
            "unknown parameter of als 'factor'. Did you mean",
        ),
        (
            "run --suite quick --models als --set als.factors=x",
            "als.factors must be a whole number, not 'x'",
        ),
        ("run --suite quick --set factors=3", "--set takes model.parameter=value"),
        ("run --suite quick --seeds one", "--seeds takes whole numbers"),
        ("run --suite quick --threads 0", "Invalid value for '--threads'"),
        ("run --suite quick --data-dir nowhere", "'nowhere' does not exist"),
        ("run --suite quick --model-path nothing.py", "needs a .py file"),
        (
            "run --suite quick --models ease --set ease.l2=nan",
            "ease.l2 must be a finite number, not nan",
        ),
        ("run --suite quick --device gpu", "unknown device 'gpu'. Did you mean"),
        ("run --suite quick --models ,", "--models takes names with commas"),
        ("run --suite quick --timeout -3", "timeout must be more than 0 seconds"),
        ("list model", "unknown kind 'model'. Did you mean 'models'?"),
        ("data audit nothing_like_it", "unknown data set"),
    ],
)
def test_a_mistake_is_one_line_and_exit_code_2(tmp_path: Path, words: str, message: str) -> None:
    done = bench_here(tmp_path, *words.split())
    assert done.returncode == 2
    assert message in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert "Traceback" not in done.stderr


def test_a_mistake_is_the_same_in_a_process_of_its_own(tmp_path: Path) -> None:
    done, here = (run(tmp_path, "run", "--suit", "quick") for run in (bench, bench_here))
    assert (done.returncode, done.stdout, done.stderr) == (2, "", here.stderr)


def test_a_protocol_that_does_not_fit_the_data_is_one_line(tmp_path: Path) -> None:
    done = bench_here(tmp_path, "data", "audit", "synthetic", "--protocol", "ncf-files")
    assert (done.returncode, done.stderr) == (
        1,
        "bench: protocol ncf-files: this data set has no published split\n",
    )


def test_list_names_everything(tmp_path: Path) -> None:
    done = bench(tmp_path, "list")
    for name in ("ease", "neumf", "movielens_100k", "synthetic", "quick"):
        assert f"  {name} " in done.stdout


def test_an_audit_is_printed_without_running_anything(tmp_path: Path) -> None:
    done = bench_here(tmp_path, "data", "audit", "synthetic")
    assert "300 users x 200 items" in done.stdout
    assert not list(tmp_path.iterdir())


@pytest.fixture(scope="module")
def quick(
    tmp_path_factory: pytest.TempPathFactory,
) -> tuple[Path, str]:
    """A run of the quick suite: its folder and what it printed."""
    folder = tmp_path_factory.mktemp("quick")
    done = bench(folder, "run", "--suite", "quick")
    assert done.returncode == 0, done.stdout + done.stderr
    return folder, done.stdout


def test_the_quick_suite_gives_records_ledgers_boards_and_a_table(quick: tuple[Path, str]) -> None:
    folder, printed = quick
    records = Results(folder / "results").read_records()
    assert len(records) == 6
    assert {found.status for found in records} == {"ok"}
    for found in records:
        assert len(ledger.load(Results(folder / "results").ledger_of(found))) == 300
        assert found.timings["train_seconds"] > 0
        assert found.environment["packages"]["numpy"]
        clock = [found.timings[f"reference_seconds_{when}"] for when in ("before", "after")]
        units = found.timings["train_reference_units"]
        assert units * sum(clock) / 2 == pytest.approx(found.timings["train_seconds"])
        assert {"reference_drift", "load_before", "load_after"} <= found.timings.keys()
    before, after = (
        [found.timings[f"reference_seconds_{when}"] for found in records]
        for when in ("before", "after")
    )
    assert after[:-1] == before[1:]  # once between two cells
    rows = list(csv.DictReader((folder / "results" / "leaderboard.csv").open()))
    rates = [float(row["hr_at_10"]) for row in rows]
    assert rates == sorted(rates, reverse=True)
    assert rows[0]["model"] in ("knn", "ease", "als")
    assert rows[-1]["model"] == "random"
    assert "HR@10" in printed
    assert all(row["model"] in printed for row in rows)


def test_sampled_figures_lie_within_three_errors_of_their_expectation(
    quick: tuple[Path, str],
) -> None:
    for found in Results(quick[0] / "results").read_records():
        for name in ("hr_at_10", "ndcg_at_10"):
            gap = abs(found.metrics[name] - found.metrics[f"{name}_expected"])
            assert gap < 3 * found.metrics[f"{name}_sampling_se"], (found.cell.name, name)


def test_random_is_at_ten_in_a_hundred(quick: tuple[Path, str]) -> None:
    (found,) = (r for r in Results(quick[0] / "results").read_records() if r.cell.model == "random")
    assert abs(found.metrics["hr_at_10"] - 0.1) < 3 * (0.1 * 0.9 / 300) ** 0.5


def test_the_same_command_does_not_measure_again(quick: tuple[Path, str]) -> None:
    folder, _ = quick
    before = {path: path.stat().st_mtime_ns for path in folder.glob("results/records/*")}
    done = bench_here(folder, "run", "--suite", "quick")
    assert done.stdout.count("measured before") == 6
    assert {path: path.stat().st_mtime_ns for path in folder.glob("results/records/*")} == before


def test_a_changed_value_or_seed_is_measured(quick: tuple[Path, str]) -> None:
    folder, _ = quick
    words = ("run", "--suite", "quick", "--models", "ease", "--dry-run")
    assert " measured" in bench_here(folder, *words).stdout
    assert "to measure" in bench_here(folder, *words, "--set", "ease.l2=51").stdout
    assert "to measure" in bench_here(folder, *words, "--seeds", "1").stdout


def test_the_same_command_gives_the_same_ledgers_byte_for_byte(
    quick: tuple[Path, str], folder: Path
) -> None:
    words = ("run", "--suite", "quick", "--models", "random,als,gmf")
    assert bench_here(folder, *words).returncode == 0
    again = sorted((folder / "results" / "ledgers").iterdir())
    assert len(again) == 3
    for path in again:
        assert path.read_bytes() == (quick[0] / "results" / "ledgers" / path.name).read_bytes()


def test_verify_finds_a_figure_that_its_ledger_does_not_give(
    quick: tuple[Path, str], tmp_path: Path
) -> None:
    results = tmp_path / "copy"
    shutil.copytree(quick[0] / "results", results, ignore=shutil.ignore_patterns("mlflow*", ".*"))
    done = bench_here(tmp_path, "verify", str(results))
    assert done.returncode == 0, done.stderr
    assert "all equal" in done.stdout
    path = next((results / "records").glob("*ease*"))
    text = path.read_text()
    value = str(load(Record, path).metrics["hr_at_10"])
    path.write_text(text.replace(f'"hr_at_10": {value}', '"hr_at_10": 0.9999'))
    done = bench_here(tmp_path, "verify", str(results))
    assert done.returncode == 1
    assert "hr_at_10 is 0.9999 in the record" in done.stderr
    path.write_text(text)
    page = results / "leaderboard.md"
    written = page.read_text()
    page.write_text(written.replace("0.", "9.", 1))
    assert "leaderboard.md is not what" in bench_here(tmp_path, "verify", str(results)).stderr
    page.write_text(written)
    board = results / "leaderboard.csv"
    board.write_text(board.read_text().replace(value[:8], "0.777777"))
    done = bench_here(tmp_path, "verify", str(results))
    assert "leaderboard.csv, line" in done.stderr
    next((results / "ledgers").glob("*ease*")).unlink()
    assert "is missing" in bench_here(tmp_path, "verify", str(results)).stderr


def test_records_of_before_the_reference_kernel_stand_beside_newer_ones(
    quick: tuple[Path, str], tmp_path: Path
) -> None:
    results = tmp_path / "results"
    shutil.copytree(quick[0] / "results", results, ignore=shutil.ignore_patterns("mlflow*", ".*"))
    for path in list((results / "records").glob("*a*"))[:3]:
        found = load(Record, path)
        old = {n: v for n, v in found.timings.items() if "reference" not in n}
        Results(results).save(replace(found, timings=old))
    assert bench_here(tmp_path, "leaderboard").returncode == 0
    done = bench_here(tmp_path, "verify")
    assert done.returncode == 0, done.stderr
    rows = list(csv.DictReader((results / "leaderboard.csv").open()))
    assert sorted(bool(row["train_reference_units"]) for row in rows) == [False] * 3 + [True] * 3
    timed = next(r for r in Results(results).read_records() if "train_reference_units" in r.timings)
    Results(results).save(replace(timed, timings=timed.timings | {"train_reference_units": 9.9}))
    assert "train_reference_units is 9.9 in the record" in bench_here(tmp_path, "verify").stderr


def test_a_file_that_is_no_record_is_left_out_and_said(
    quick: tuple[Path, str], folder: Path
) -> None:
    for name in ("records", "ledgers"):
        shutil.copytree(quick[0] / "results" / name, folder / "results" / name)
    (folder / "results" / "records" / "old.json").write_text('{"schema": 0}')
    done = bench_here(folder, "run", "--suite", "quick", "--models", "random,popularity")
    assert done.returncode == 0
    assert done.stderr.count("old.json: record of schema 0") == 1
    assert "popularity" in (folder / "results" / "leaderboard.csv").read_text()
    assert bench_here(folder, "verify").returncode == 1


def test_a_dry_run_leaves_a_run_beside_it_alone(folder: Path) -> None:
    before = sorted(path.name for path in (folder / "results").iterdir())
    words = ("run", "--suite", "quick", "--models", "ease", "--dry-run")
    assert bench_here(folder, *words).returncode == 0
    assert sorted(path.name for path in (folder / "results").iterdir()) == before


@pytest.mark.slow
def test_every_network_gives_the_same_ledgers_byte_for_byte(tmp_path: Path) -> None:
    names = ["fm", "ncf", "neumf", "deepfm", "dlrm"]
    settings = [word for name in names for word in ("--set", f"{name}.epochs=2")]
    ledgers = []
    for results in ("one", "two"):
        words = ("--suite", "quick", "--models", ",".join(names), "--results", results)
        assert bench(tmp_path, "run", *words, *settings).returncode == 0
        ledgers.append({p.name: p.read_bytes() for p in (tmp_path / results / "ledgers").iterdir()})
    assert len(ledgers[0]) == 5
    assert ledgers[0] == ledgers[1]
