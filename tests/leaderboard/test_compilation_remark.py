"""What a first run compiled is told under the board, once for each model."""

from records import made_up

from bench.leaderboard.remarks import remarks_below
from bench.leaderboard.sections import sections


def test_seconds_of_compilation_stand_under_the_board_where_there_were_any() -> None:
    made = [
        made_up("gmf", 0.5, timings={"compile_seconds": 45.2}),
        made_up("gmf", 0.5, seed=1, timings={"compile_seconds": 0.0}),
        made_up("mf", 0.4, timings={"compile_seconds": 4.6}),
        made_up("als", 0.4, timings={"compile_seconds": 0.04}),
        made_up("ease", 0.4),
    ]
    said = [line for line in remarks_below(sections(made)[0]) if "compiled" in line]
    assert said == ["kernels were compiled, once and on no clock of the table: gmf 45 s, mf 5 s"]
    assert not [line for line in remarks_below(sections(made[3:])[0]) if "compiled" in line]
