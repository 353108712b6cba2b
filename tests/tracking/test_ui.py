"""The pages: MLflow's server on a store of ours, started and ended."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import psutil
import pytest
from command import PATIENCE
from loopback import listening

from bench.records.folder import Results
from bench.records.record import Cell, Record
from bench.tracking import ui

SERVE = f"""import sys; from pathlib import Path; from bench.records.folder import Results
from bench.tracking import ui
ui.START_SECONDS = {PATIENCE}
ui.serve(Results(Path(sys.argv[1])), int(sys.argv[2]))"""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_without_a_store_it_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    with pytest.raises(FileNotFoundError, match="run `make bench` first"):
        ui.serve(Results(tmp_path), free_port())
    assert not (tmp_path / "mlflow.db").exists()


def test_with_records_but_no_store_it_says_what_writes_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    results = Results(tmp_path)
    results.records.mkdir()
    (results.records / "one.json").write_text("{}")
    with pytest.raises(FileNotFoundError, match="`bench track` writes them"):
        ui.serve(results, free_port())
    assert not results.database.exists()


def test_a_taken_port_is_passed_over() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        taken = other.getsockname()[1]
        assert taken < ui.free_port(taken) <= taken + ui.PORTS


def test_no_free_port_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ui, "PORTS", 0)
    with pytest.raises(OSError, match="no free port from 5000 on: choose one with --port"):
        ui.serve(Results(tmp_path), 5000)


@pytest.mark.slow
@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM])
def test_the_pages_answer_and_end_without_a_trace(
    tmp_path: Path, ending: signal.Signals, monkeypatch: pytest.MonkeyPatch
) -> None:
    from bench.tracking.tracker import Tracker

    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    cell = Cell(dataset="ml-100k", protocol="loo", model="als", params={}, seed=0)
    record = Record(cell=cell, key="k", status="ok", metrics={"hr_at_10": 0.5}, invocation="one")
    tracker = Tracker(Results(tmp_path / "results"))
    tracker.log(record)
    tracker.finish("one", [record])
    report = tmp_path / "results" / "report.html"
    report.write_text("a page")
    (tmp_path / "datasets.py").write_text("raise SystemExit('shadowed')")  # as in our checkout
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-P", "-u", "-c", SERVE, str(tmp_path / "results"), str(port)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=tmp_path,
        env=dict(os.environ),
    )
    try:
        assert process.stdout is not None
        said = ""
        while "Ctrl-C" not in said:
            line = process.stdout.readline()
            assert line, said
            said += line
        children = psutil.Process(process.pid).children(recursive=True)
        assert f"http://127.0.0.1:{port}/#/experiments/1/runs?viewStateShareKey=" in said
        assert f"Report:      {report.as_uri()}\n" in said
        assert listening(process.pid) == {("127.0.0.1", port)}
        base = f"http://127.0.0.1:{port}"
        direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with direct.open(base, timeout=PATIENCE) as page:
            assert b"<html" in page.read()
        request = urllib.request.Request(
            f"{base}/api/2.0/mlflow/experiments/search",
            data=json.dumps({"max_results": 10}).encode(),
            headers={"Content-Type": "application/json"},
        )
        with direct.open(request, timeout=PATIENCE) as answer:
            names = [each["name"] for each in json.load(answer)["experiments"]]
        assert "ml-100k loo" in names
        process.send_signal(ending)
        assert process.wait(timeout=PATIENCE) == 0
        time.sleep(0.1)
        assert children
        assert not [child for child in children if child.is_running()]
        with socket.socket() as probe:
            assert probe.connect_ex(("127.0.0.1", port)) != 0
    finally:
        if process.poll() is None:
            process.terminate()
            process.wait(timeout=PATIENCE)
