"""Fault 20: two runs at once on one results folder. The second waits and says so; what both write
is whole. And two attempts one after the other: a failed one does not cost the good record."""

import subprocess
from pathlib import Path

import pytest
from command import BENCH, PATIENCE
from faulty import command, model, outcome_of, run, start_and_wait_for_the_fit


@pytest.mark.slow
def test_the_second_waits_for_the_first_and_says_so(
    folder: Path,
) -> None:
    first = start_and_wait_for_the_fit(folder)
    words = [BENCH, "run", "--suite", "quick", "--models", "popularity"]
    with subprocess.Popen(
        words, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as second:
        assert second.stderr is not None
        assert "another run holds" in second.stderr.readline()
        (folder / "go on").touch()
        printed, _ = second.communicate()
    assert (first.wait(PATIENCE), second.returncode) == (0, 0)
    assert "measured before" in printed
    done = command("verify", folder / "results")
    assert (done.code, done.err) == (0, "")


def test_a_failed_second_attempt_does_not_cost_the_good_record(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    name = model(
        folder,
        "fails_later",
        "if os.path.exists('FLAG'): raise OSError('gone')".replace("FLAG", str(folder / "later")),
    )
    assert run(folder, [name]) == 0
    before = outcome_of(0, folder)
    (folder / "later").touch()
    assert run(folder, [name], force=True) == 1
    assert "the good record from before stays" in capsys.readouterr().err

    after = outcome_of(0, folder)
    (good,) = after.records.values()
    assert good.status == "ok"
    assert good.metrics == before.records[name].metrics
    assert good.timings == before.records[name].timings
    assert good.reason == "a later attempt ended as failed: OSError: gone"
    assert "OSError: gone" in good.traceback
    assert after.ledger_path(name).read_bytes()
    board = (after.results / "leaderboard.md").read_text()
    assert f"{name}: ok, {good.reason}" in board
    assert command("verify", after.results).code == 0
