"""What makes a board INVALID, and where it says so."""

import csv
import io
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from command import bench_here
from records import made_up

from bench.leaderboard import validity
from bench.leaderboard.html import html
from bench.leaderboard.sections import sections
from bench.leaderboard.tables import comma_separated, markdown, terminal
from bench.leaderboard.validity import invalid, outside_sampling_error
from bench.protocol import protocols
from bench.protocol.negatives import sample
from bench.records.canaries import Canaries, Check
from bench.records.files import load_all
from bench.records.folder import Results
from bench.records.record import Record

GOOD = Canaries(
    dataset="ml-100k",
    protocol="loo",
    key="0123456789abcdef",
    checks={"constant": (Check("hr_at_10", 0.1, 0.1, 1e-9),), "nan": (Check("x", 1.0, 1.0, 0.0),)},
    users=943,
    started="2026-01-01T00:00:00+00:00",
)


BAD = replace(GOOD, checks=GOOD.checks | {"repeater": (Check("full_hr_at_10", 0.0, 0.006, 1e-9),)})


WHY = "canary repeater: full_hr_at_10 is 0, must be 0.006"


def sampled(found: float, expected: float, error: float = 0.009) -> Record:
    metrics = {"hr_at_10": found, "hr_at_10_expected": expected, "hr_at_10_sampling_se": error}
    return made_up("ease", 0.5, metrics=metrics | {"test_users": 943.0})


def test_a_sampled_figure_far_from_its_expectation_is_found() -> None:
    assert outside_sampling_error(sampled(0.60, 0.64)) == ""
    why = "sampled hr_at_10 is 0.6000, over 0.0539 from its exact expectation 0.6900"
    assert outside_sampling_error(sampled(0.60, 0.69)) == why
    assert outside_sampling_error(sampled(float("nan"), 0.69))
    assert outside_sampling_error(replace(sampled(0.60, 0.69), status="failed")) == ""
    assert outside_sampling_error(made_up("old", 0.5)) == ""  # a record without these figures
    (reason,) = invalid([], [sampled(0.60, 0.64), sampled(0.60, 0.69)])
    assert reason == f"ease seed 0: {why}"


@pytest.mark.parametrize(
    ("canaries", "line"),
    [
        (BAD, WHY),
        (
            replace(GOOD, errors={"oracle": "raised KeyError: 'gone'"}),
            "oracle: raised KeyError: 'gone'",
        ),
        (
            replace(GOOD, checks={"constant": (Check("hr_at_10", None, 0.1, 1e-9),)}),
            "hr_at_10 is no number, must be 0.1",
        ),
        (
            replace(GOOD, checks={}, status="killed", reason="SIGKILL"),
            "the canaries could not be measured: killed, SIGKILL",
        ),
        (None, "over 0.0539 from its exact expectation"),
    ],
)
def test_every_board_says_it(canaries: Canaries | None, line: str) -> None:
    records = [sampled(0.6, 0.69) if canaries is None else made_up("ease", 0.5), made_up("x")]
    given = [] if canaries is None else [canaries]
    (section,) = sections(records, given)
    assert len(section.invalid) == 1
    table = list(csv.DictReader(io.StringIO(comma_separated(sections(records, given)))))
    assert all(line in row["invalid"] for row in table)
    for width in (70, 120):
        assert f"INVALID: {section.invalid[0]}" in terminal(sections(records, given), width)
    assert "**INVALID: " in markdown(sections(records, given))
    assert '<p class="invalid">INVALID: ' in html(sections(records, given))


def test_a_good_board_has_a_line_of_its_canaries_and_one_without_any_says_so() -> None:
    records = [made_up("ease", 0.5)]
    for text in (
        terminal(sections(records, [GOOD]), 120),
        markdown(sections(records, [GOOD])),
        html(sections(records, [GOOD])),
    ):
        assert "canaries: 2 of 2 within their bounds" in text
        assert "INVALID" not in text
    assert "canaries: none vouch for this split" in terminal(sections(records), 120)
    (row,) = csv.DictReader(io.StringIO(comma_separated(sections(records, [GOOD]))))
    assert row["invalid"] == ""


def test_canaries_vouch_for_the_split_that_they_were_measured_on() -> None:
    records = [made_up("ease", 0.5)]
    later = "2026-02-01T00:00:00+00:00"
    for other in ({"protocol": "loo-99"}, {"dataset": "d"}, {"split_sha256": "other"}):
        assert not sections(records, [replace(BAD, **other)])[0].canaries
    (section,) = sections(records, [BAD, replace(GOOD, started=later, key="1")])
    assert section.invalid == ()  # the latest counts
    (section,) = sections(records, [GOOD, replace(BAD, started=later, key="1")])
    assert section.invalid == (WHY,)


RUN = ("run", "--suite", "quick", "--models", "popularity")


def test_a_run_with_a_broken_sampler_fails_until_it_is_repaired(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dry = bench_here(folder, *RUN, "--dry-run")
    assert "canaries first: measured" in dry.stdout
    with monkeypatch.context() as patch:

        def seen_ones(split: Any, stream: str) -> Any:
            drawn = sample(split, stream=stream)
            first = split.train.items[np.searchsorted(split.train.users, split.users)]
            return drawn._replace(items=np.c_[first, drawn.items[:, 1:]])

        patch.setattr(protocols, "sample", seen_ones)
        done = bench_here(folder, *RUN)
    assert done.returncode == 1
    assert "canaries: 6 of 8 within their bounds" in done.stdout
    assert "\nINVALID: canary popularity: hr_at_10 is " in done.stdout
    results = folder / "results"
    for name in ("md", "html"):
        assert "INVALID: canary repeater: " in (results / f"leaderboard.{name}").read_text()
    (row,) = csv.DictReader((results / "leaderboard.csv").open())
    assert "canary repeater: " in row["invalid"]
    verified = bench_here(folder, "verify")
    assert verified.returncode == 1
    assert "synthetic, loo-99 is INVALID: canary " in verified.stderr
    assert len(verified.stderr.strip().splitlines()) == 1

    done = bench_here(folder, *RUN)
    assert done.returncode == 0, done.stdout
    assert "canaries: 8 of 8 within their bounds, as found before" in done.stdout
    assert "INVALID" not in done.stdout + (results / "leaderboard.md").read_text()
    assert {found.status for found in Results(results).read_records()} == {"ok"}
    assert bench_here(folder, "verify").returncode == 0

    # Now the second gate, which looks at the models: nobody is so near.
    monkeypatch.setattr(validity, "margin", lambda error, n: 0.0)
    done = bench_here(folder, *RUN)
    assert done.returncode == 1
    assert "INVALID: popularity seed 0: sampled hr_at_10 is " in done.stdout


def test_certify_leaves_the_board_as_it_is_but_for_the_badge(folder: Path) -> None:
    assert bench_here(folder, *RUN).returncode == 0
    assert bench_here(folder, "certify", "popularity").returncode == 0
    assert "canaries: 8 of 8" in (folder / "results" / "leaderboard.md").read_text()
    assert bench_here(folder, "verify").returncode == 0
    (kept,) = load_all(Canaries, Results(folder / "results").canaries)
    Results(folder / "results").save(replace(kept, errors={"oracle": "raised KeyError"}))
    assert bench_here(folder, "certify", "popularity").returncode == 0
    for name in ("csv", "md", "html"):
        board = (folder / "results" / f"leaderboard.{name}").read_text()
        assert "canary oracle: raised KeyError" in board
    assert "INVALID" in bench_here(folder, "verify").stderr
    shown = bench_here(folder, "leaderboard")
    assert (shown.returncode, "INVALID: canary oracle" in shown.stdout) == (1, True)
