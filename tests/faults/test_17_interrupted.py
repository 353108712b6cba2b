"""Fault 17: Ctrl-C or SIGTERM. The child is ended, records are kept, the board is written, MLflow's
run is ended, and the same command goes on later."""

import signal
from pathlib import Path

import psutil
import pytest
from command import PATIENCE
from faulty import mlflow_runs, outcome_of, run, start_and_wait_for_the_fit, waiting

from bench.registry import names


@pytest.mark.parametrize(
    "number", [signal.SIGTERM, pytest.param(signal.SIGINT, marks=pytest.mark.slow)]
)
def test_what_is_finished_is_kept_and_the_run_goes_on_later(
    number: signal.Signals, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    running = start_and_wait_for_the_fit(folder)
    children = psutil.Process(running.pid).children(recursive=True)
    assert children
    running.send_signal(number)
    assert running.wait(PATIENCE) == 130
    assert not psutil.wait_procs(children, PATIENCE)[1]
    kept = outcome_of(0, folder)
    assert list(kept.records) == ["popularity"]
    assert "| popularity " in (kept.results / "leaderboard.md").read_text()
    assert mlflow_runs(folder, "invocation") == ["FINISHED"]

    (folder / "go on").touch()
    assert run(folder, ["popularity", names.add_model(waiting(folder))], track="wait") == 0
    first, second = (line for line in capsys.readouterr().out.splitlines() if line[:1] == "[")
    assert "measured before" in first
    assert "measured before" not in second
