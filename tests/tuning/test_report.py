"""The log of a study, and what is shown of it."""

import csv
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.records.folder import Results
from bench.registry import suites
from bench.running.training import Epoch
from bench.space import choice, log, space
from bench.tuning import report, study
from bench.tuning.picture import picture
from bench.tuning.study import Attempt, Study
from bench.tuning.trials import BadStudy, Log, Trial

FACTS = Log(
    name="als",
    model="als",
    dataset="synthetic",
    protocol="loo-99-validation",
    seed=0,
    budget=600,
    searched="factors 16|32",
    chosen=["factors"],
    suite={"dataset": "synthetic", "protocol": "loo-99", "eval_users": 100},
)


def ok(value: float, seconds: float, number: int = 0, **params: object) -> Trial:
    figures = {"ndcg_at_10_expected": value, "hr_at_10_expected": value + 0.2}
    return Trial(number=number, status="ok", params=params, seconds=seconds, figures=figures)


def failed(seconds: float, number: int = 1) -> Trial:
    return Trial(number=number, status="failed", params={}, seconds=seconds, reason="it broke")


some_trials = st.lists(
    st.builds(ok, st.floats(0, 1), st.floats(0.1, 500)) | st.builds(failed, st.floats(0.1, 500)),
    max_size=20,
)


@given(some_trials, st.floats(0, 5000))
def test_what_was_best_by_a_time_is_the_best_that_had_ended(
    trials: list[Trial], limit: float
) -> None:
    logged = replace(FACTS, trials=tuple(trials))
    ends = [sum(t.seconds for t in trials[: n + 1]) for n in range(len(trials))]
    ended = [t.value for t, end in zip(trials, ends, strict=True) if end <= limit and t.figures]
    expected = max(ended, default=None) if logged.spent >= limit else None
    found = logged.best_within(limit)
    assert (found.value if found else None) == expected
    values = [trial.value for _, trial in logged.steps()]
    assert values == sorted(set(values))


def test_a_model_without_a_space_keeps_its_only_figure() -> None:
    logged = replace(FACTS, searched="", trials=(ok(0.2, 3),))
    assert logged.exhausted
    assert logged.best_within(3600) == logged.trials[0]
    assert replace(FACTS, trials=(ok(0.2, 3),)).best_within(3600) is None


def test_the_table_has_the_best_of_each_column_marked() -> None:
    slow = replace(FACTS, name="slow", trials=(ok(0.1, 50), ok(0.4, 300)))
    fast = replace(FACTS, name="fast", trials=(ok(0.2, 10), failed(5), ok(0.3, 300)))
    lines = report.table([slow, fast], "github").splitlines()
    cells = [[cell.strip() for cell in line.split("|")[1:-1]] for line in lines]
    assert cells[0][:4] == ["model", "1 min", "5 min", "end"]
    assert cells[2][:4] == ["slow", "0.1000", "0.1000", "**0.4000**"]
    assert cells[3][:4] == ["fast", "**0.2000**", "**0.2000**", "0.3000"]
    assert report.winners([slow, fast]) == [
        "Ahead after 1 min: fast, 0.2000.",
        "Ahead after 5 min: fast, 0.2000.",
    ]
    page = report.page([slow, fast])
    assert all(f"]({name})" in page for name in ("best.svg", "tuned.toml", "trials.csv"))


def test_the_fragment_is_a_suite(tmp_path: Path) -> None:
    params = {"hidden": [64, 32], "l2": 1e-05, "by": 'a "b"', "drop": None, "left": 3}
    best = ok(0.4254, 30, 2, **params)
    logged = replace(
        FACTS,
        name="als-64",
        chosen=["hidden", "l2", "by", "drop"],
        trials=(ok(0.1, 30), failed(2), best),
    )
    nothing = replace(FACTS, name="mf", model="mf", trials=(failed(2),))
    (tmp_path / "tuned.toml").write_text(report.fragment([logged, nothing]))
    found = suites.load(str(tmp_path / "tuned.toml"))
    assert (found.dataset, found.protocol, found.eval_users) == ("synthetic", "loo-99", 100)
    (row,) = found.rows
    assert (row.model, row.label) == ("als", "als-64")
    assert row.params == {"hidden": [64, 32], "l2": 1e-05, "by": 'a "b"', "drop": "none"}
    assert row.tuned == (
        "bench tune, 1.03 of 10 min, seed 0, 3 trials: factors 16|32; validation 0.6254, 0.4254"
    )


def test_the_trial_log_has_the_best_so_far() -> None:
    logged = replace(FACTS, trials=(ok(0.1, 60), failed(30), ok(0.05, 60, 2), ok(0.3, 30, 3)))
    rows = list(csv.DictReader(report.trials([logged]).splitlines()))
    assert [row["best_so_far"] for row in rows] == ["0.1", "0.1", "0.1", "0.3"]
    assert [row["minutes_spent"] for row in rows] == ["1.0", "1.5", "2.5", "3.0"]
    assert rows[1]["reason"] == "it broke"


def test_the_picture_names_every_model_that_has_a_figure() -> None:
    logs = [
        replace(FACTS, name="one", trials=(ok(0.1, 60), ok(0.3, 600))),
        replace(FACTS, name="two", searched="", trials=(ok(0.2, 3),)),
        replace(FACTS, name="three", trials=(failed(2),)),
    ]
    drawn = picture(logs)
    assert drawn == picture(logs)
    assert b">one<" in drawn and b">two<" in drawn and b">three<" not in drawn


RANGES = space(factors=choice(16, 32), l2=log(0.01, 1))
START = {"factors": 32, "l2": 0.05}


def opened(path: Path, key: str = "a", **more: object) -> Study:
    return Study(path, key, replace(FACTS, **more), RANGES, START)  # type: ignore[arg-type]


def end(attempt: Attempt, outcome: Trial) -> None:
    attempt.keep(outcome)
    attempt.settle()


def looked(attempt: Attempt, epoch: int, value: float) -> str:
    """Why the trial is given up at this look, if it is."""
    attempt.look(epoch, value, 1.0)
    return attempt.pruning(Epoch(epoch, 1.0, 1, None, value))


def make(found: Study, values: list[float]) -> None:
    for value in values:
        (attempt,) = found.begin()
        end(attempt, ok(value, 1.5, attempt.number, **attempt.params))


def proposed(found: Study) -> list[dict[str, object]]:
    return [trial.params for trial in found.log().settled]


def test_a_study_begins_with_the_start_and_goes_on_as_if_never_closed(tmp_path: Path) -> None:
    values = [n / 20 for n in range(14)]
    whole = opened(tmp_path / "whole.db")
    make(whole, values)
    parts = opened(tmp_path / "parts.db")
    make(parts, values[:3])
    parts.begin()  # its process is killed
    parts = opened(tmp_path / "parts.db", budget=900)
    make(parts, values[3:])
    assert proposed(parts)[0] == START
    assert proposed(parts) == proposed(whole)
    assert len({str(params) for params in proposed(whole)}) == len(values)
    found = parts.log()
    assert [trial.status for trial in found.trials].count("interrupted") == 1
    assert (found.spent, found.budget) == (14 * 1.5, 900)
    assert study.read(tmp_path / "parts.db") == found


def test_another_key_begins_anew_and_the_report_takes_the_last_used(tmp_path: Path) -> None:
    make(opened(tmp_path / "als.db", "a"), [0.1, 0.2])
    make(opened(tmp_path / "als.db", "b"), [0.3])
    assert [len(found.trials) for found in report.load(Results(tmp_path))] == [1]
    opened(tmp_path / "als.db", "a")
    assert [len(found.trials) for found in report.load(Results(tmp_path))] == [2]


def test_a_trial_in_the_worst_quarter_of_five_is_pruned(tmp_path: Path) -> None:
    found = opened(tmp_path / "als.db")
    for value in (0.1, 0.2, 0.3, 0.4, 0.5):
        (attempt,) = found.begin()
        assert not any(looked(attempt, epoch, value) for epoch in range(1, 21))
        end(attempt, ok(value, 2.0, attempt.number))
    for value, epochs in ((0.19, [5]), (0.21, [])):
        (attempt,) = found.begin()
        assert [e for e in range(1, 6) if looked(attempt, e, value)] == epochs
        end(attempt, replace(failed(2.0), status="pruned" if epochs else "failed"))
    looks = found.log().trials[0].looks
    assert list(looks) == [*range(1, 11), 15, 20]
    assert found.log().trials[5].status == "pruned"


def test_what_is_tried_next_depends_not_on_which_trial_of_a_round_ends_first(
    tmp_path: Path,
) -> None:
    def after_a_round(path: Path, order: Sequence[int]) -> list[dict[str, object]]:
        found = opened(path)
        attempts = found.begin(3)
        for place in order:  # kept as they end, settled in the order in which they began
            number = attempts[place].number
            attempts[place].keep(ok(number / 10, 1.0 + place, number))
        for attempt in attempts:
            attempt.settle()
        return [attempt.params for attempt in found.begin(3)]

    first = after_a_round(tmp_path / "first.db", (0, 1, 2))
    assert first == after_a_round(tmp_path / "last.db", (2, 0, 1))


def test_the_trials_of_a_round_are_different_ones(tmp_path: Path) -> None:
    found = opened(tmp_path / "als.db")
    attempts = found.begin(4)
    assert attempts[0].params == START
    assert len({str(attempt.params) for attempt in attempts}) == 4
    assert not found.log().trials  # none of them counts yet
    for attempt in attempts:
        end(attempt, ok(0.1, 1.0, attempt.number))
    assert len(found.log().settled) == 4


def test_killed_before_the_first_trial_it_still_begins_with_the_start(tmp_path: Path) -> None:
    found = opened(tmp_path / "als.db")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("optuna.Study.ask", lambda *given: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            found.begin()
    found = opened(tmp_path / "als.db")
    make(found, [0.1, 0.2])
    assert proposed(found)[0] == START != proposed(found)[1]


def test_what_a_killed_trial_had_spent_counts(tmp_path: Path) -> None:
    opened(tmp_path / "als.db").begin()[0].look(1, 0.5, 12.5)
    (trial,) = opened(tmp_path / "als.db").log().trials
    assert (trial.status, trial.seconds) == ("interrupted", 12.5)


def test_a_file_that_is_no_study_is_named(tmp_path: Path) -> None:
    (tmp_path / "als.db").write_text("not a database, but long enough to be looked at" * 50)
    with pytest.raises(BadStudy, match=r"als\.db: not a study of bench tune"):
        report.load(Results(tmp_path))
