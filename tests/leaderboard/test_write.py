"""Files of a board: a pure function of records, computed once; verify compares them."""

import subprocess
import sys
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st
from records import made_up, read

from bench.cli.results import leaderboard
from bench.leaderboard import sections as section_module
from bench.leaderboard.html import html
from bench.leaderboard.rows import rows as board_rows
from bench.leaderboard.sections import Section, sections
from bench.leaderboard.tables import comma_separated, markdown, terminal
from bench.leaderboard.verify import Difference, verify
from bench.leaderboard.write import board_of, files, write
from bench.records.folder import Results
from bench.records.record import Record


@pytest.mark.parametrize("form", [markdown, html])
def test_no_records_is_no_error(form: Callable[[list[Section]], str]) -> None:
    assert "No records yet." in form([])
    assert terminal(sections([]), 80) == "No records yet.\n"
    assert read(comma_separated(sections([]))) == []


# Different records have different keys, as in a results folder.
POOL = st.builds(
    lambda model, hr, second, **changes: made_up(
        model,
        hr,
        started=f"2026-01-01T00:00:0{second}",
        key=sha256(repr((model, hr, second, changes)).encode()).hexdigest()[:16],
        **changes,
    ),
    st.sampled_from(["als", "ease"]),
    st.none() | st.floats(0, 1),
    st.integers(0, 2),
    seed=st.integers(0, 2),
    params=st.sampled_from([{}, {"factors": 8}, {"factors": 16, "l2": 0.1}]),
    threads=st.sampled_from([1, 2]),
    reason=st.sampled_from(["", "no", "out of memory"]),
)


@settings(max_examples=40, deadline=None)
@given(data=st.data(), records=st.lists(POOL, max_size=8))
def test_any_order_gives_the_same_bytes(data: st.DataObject, records: list[Record]) -> None:
    shuffled = data.draw(st.permutations(records))
    for form in (comma_separated, markdown, html):
        assert form(sections(shuffled)) == form(sections(records))
    assert terminal(sections(shuffled), 100) == terminal(sections(records), 100)
    named = [(row.dataset, row.protocol, row.model) for row in board_rows(records)]
    assert len(set(named)) == len(named)


def test_importing_the_board_is_cheap() -> None:
    heavy = "{'pandas', 'mlflow', 'torch', 'sklearn', 'tabulate', 'jinja2'} & set(sys.modules)"
    code = f"import sys, bench.leaderboard.sections; sys.exit(bool({heavy}))"
    assert subprocess.run([sys.executable, "-P", "-c", code], check=False).returncode == 0


def test_write_and_read_again(tmp_path: Path) -> None:
    for made in (made_up("a", 0.5), made_up("b", 0.6, dataset="ml-1m")):
        Results(tmp_path).save(made)
    board = board_of(Results(tmp_path))
    assert [(section.dataset, len(section.rows)) for section in board] == [
        ("ml-100k", 1),
        ("ml-1m", 1),
    ]
    write(board, Results(tmp_path))
    found = {path.name: path.read_text() for path in tmp_path.glob("leaderboard.*")}
    assert found == files(board)
    assert sorted(found) == ["leaderboard.csv", "leaderboard.html", "leaderboard.md"]


def test_the_command_computes_a_board_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Results(tmp_path).save(made_up("a", reason="no"))
    computed = []
    rows = section_module.rows
    monkeypatch.setattr(section_module, "rows", lambda *given: computed.append(1) or rows(*given))
    words = ["--results", str(tmp_path)]
    assert CliRunner().invoke(leaderboard, words, standalone_mode=False).return_value == 0
    assert verify(Results(tmp_path)).endswith("a board of 1 rows computed again, all equal")
    assert len(computed) == 2


def test_verify_finds_the_first_file_that_is_another(tmp_path: Path) -> None:
    Results(tmp_path).save(made_up("a", reason="no"))
    write(board_of(Results(tmp_path)), Results(tmp_path))
    for name, change in (
        ("leaderboard.md", lambda text: text + "\n"),
        ("leaderboard.csv", lambda text: text.replace("ml-100k,", '"ml-100k",', 1)),
        ("leaderboard.html", lambda text: text.replace("loo", "log")),
    ):
        path, text = tmp_path / name, (tmp_path / name).read_text()
        path.write_text(change(text))
        with pytest.raises(Difference, match=rf"{name} is not what its records give"):
            verify(Results(tmp_path))
        path.write_text(text)
    table = tmp_path / "leaderboard.csv"
    table.write_text(table.read_text().replace(",failed,", ",ok,"))
    with pytest.raises(Difference, match=r"csv, line 2: status is ok, computed again failed"):
        verify(Results(tmp_path))
    table.unlink()
    with pytest.raises(Difference, match=r"csv: the board is missing"):
        verify(Results(tmp_path))
