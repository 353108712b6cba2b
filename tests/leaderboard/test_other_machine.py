"""Records of several machines: none is averaged with others, or stands among them, in silence."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from records import made_up, read

from bench.leaderboard.machines import FACTS, alike, machine_of
from bench.leaderboard.rows import rows
from bench.leaderboard.sections import sections
from bench.leaderboard.tables import comma_separated, markdown, terminal
from bench.records.record import Record

HERE = {"cpu": "CPU", "cores": 2, "instruction_set": "znver4 avx512f", "blas": "openblas Zen"}
SAID = "¶ other machine than most rows"


def on(model: str, hr: float = 0.5, seed: int = 0, **changes: Any) -> Record:
    return made_up(model, hr, seed=seed, environment={**HERE, **changes})


def marked(*records: Record) -> set[str]:
    return {row.model for row in rows(records) if row.other_machine}


@pytest.mark.parametrize(
    "changes",
    [
        {"cpu": "another"},
        {"cores": 64},
        {"instruction_set": "znver4 avx2"},  # the same name of a CPU
        {"blas": "openblas Haswell"},
    ],
)
def test_a_row_of_another_machine_says_so(changes: dict[str, Any]) -> None:
    records = [on("als"), on("ease"), on("knn", **changes)]
    assert marked(*records) == {"knn"}
    for text in (terminal(sections(records), 150), markdown(sections(records))):
        assert "knn ¶" in text
        assert SAID in text
    found = {row["model"]: row for row in read(comma_separated(sections(records)))}
    assert [found[name]["other_machine"] for name in ("als", "knn")] == ["", "yes"]
    for name, value in changes.items():
        if name != "cores":
            assert found["knn"][name] == value


def test_seeds_of_two_machines_are_averaged_and_say_so() -> None:
    seeds = [on("als", 0.5), on("als", 0.6), on("als", 0.7, 1, instruction_set="znver4 sse4.2")]
    records = [*seeds, on("ease")]
    (als,) = [row for row in rows(records) if row.label == "als"]
    assert (als.seeds, als.other_machine) == (2, True)
    assert marked(*records) == {"als"}


def test_below_the_table_is_in_short_what_it_was() -> None:
    text = markdown(sections([on("als", instruction_set="znver4 avx avx2 avx512f sse4.2")]))
    assert "Machine: CPU, 2 cores, znver4 avx512f, openblas Zen; cpu" in text


def test_one_machine_is_not_spoken_of() -> None:
    records = [on("als"), on("als", seed=1), on("ease")]
    assert marked(*records) == set()
    assert SAID not in terminal(sections(records), 150)


def test_what_is_not_known_of_an_older_record_says_nothing() -> None:
    old = made_up("knn", 0.5, environment={"cpu": "CPU", "cores": 2})
    assert marked(on("als"), on("ease"), old) == set()
    other = made_up("knn", 0.5, environment={"cpu": "other", "cores": 2})
    assert marked(on("als"), on("ease"), other) == {"knn"}


def test_a_failed_record_of_another_machine_marks_nothing() -> None:
    failed = made_up("als", seed=1, environment=HERE | {"cpu": "another"})
    assert marked(on("als"), on("ease"), failed) == set()


MACHINES = st.fixed_dictionaries(
    {}, optional={name: st.sampled_from(["one", "two", ""]) for name in FACTS}
)


@given(MACHINES, MACHINES)
def test_machines_are_alike_where_nothing_known_differs(one: Any, other: Any) -> None:
    first, second = (machine_of(made_up("a", environment=each)) for each in (one, other))
    wanted = all(
        not one.get(name) or not other.get(name) or one[name] == other[name] for name in FACTS
    )
    assert alike(first, second) == alike(second, first) == wanted


@given(st.lists(MACHINES, max_size=6), st.randoms())
def test_the_order_of_records_does_not_matter(machines: list[Any], random: Any) -> None:
    records = [made_up(f"m{number}", 0.5, environment=each) for number, each in enumerate(machines)]
    before = marked(*records)
    random.shuffle(records)
    assert marked(*records) == before


def test_models_that_use_no_gpu_are_named() -> None:
    cuda = [
        made_up(name, 0.5, device="cuda", environment=HERE | {"fitted_on": used})
        for name, used in (("ease", "cpu"), ("gmf", "cuda"))
    ]
    text = terminal(sections(cuda), 150)
    assert "whatever --device says: ease\n" in text
    assert "fitted on the CPU" not in terminal(sections([on("als")]), 150)


def test_which_rows_and_seeds_were_measured_where_is_said_below_the_table() -> None:
    here = [on("als"), on("als", seed=1), on("ease"), on("knn", seed=1)]
    there = [on("knn", cpu="There"), on("fm", cpu="There", memory_mb=4096), on("slim", cores=64)]
    failed = made_up("mlp", environment={**HERE, "cpu": "There"})
    line = (
        "measured on CPU, 64 cores, znver4 avx512f, openblas Zen: slim; "
        "on There, 2 cores, znver4 avx512f, openblas Zen: knn (seed 0); "
        "on There, 2 cores, znver4 avx512f, openblas Zen, 4 GB: fm; "
        "all else on CPU, 2 cores, znver4 avx512f, openblas Zen"
    )
    board = sections([*here, *there, failed])
    for text in (terminal(board, 500), markdown(board)):
        assert sum(each.endswith(line) for each in text.splitlines()) == 1
    assert "measured on" not in markdown(sections(here))
