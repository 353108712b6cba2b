"""The board's column of published figures."""

import csv
import io
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from published_tables import LINES, table
from records import made_up, read

from bench.leaderboard import published, verify
from bench.leaderboard.html import html
from bench.leaderboard.sections import sections
from bench.leaderboard.tables import comma_separated, markdown, terminal
from bench.leaderboard.write import write
from bench.records.folder import Results
from bench.records.record import Record

FORMS: list[Callable[[list[Record]], str]] = [
    lambda records: markdown(sections(records)),
    lambda records: html(sections(records)),
    lambda records: terminal(sections(records), 160),
]


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The board compares with made-up figures."""
    monkeypatch.setattr(published, "TABLE", table(tmp_path, *LINES))


def only(records: list[Record]) -> dict[str, str]:
    (row,) = read(comma_separated(sections(records)))
    return row


@pytest.mark.usefixtures("made")
def test_the_csv_has_the_figures_the_differences_and_the_source() -> None:
    metrics = {"hr_at_10": 0.726, "hr_at_10_se": 0.006, "ndcg_at_10": 0.43, "ndcg_at_10_se": 0.005}
    row = only([made_up("mf", 0.5, metrics=metrics)])
    assert (row["published_hr_at_10"], row["published_ndcg_at_10"]) == ("0.73", "0.447")
    assert row["published_source"] == "Somebody 2020"
    assert row["published_link"] == "https://example.org/b"
    assert (row["published_kind"], row["published_read"]) == ("paper", "no")
    assert float(row["hr_at_10_difference"]) == pytest.approx(-0.004)
    assert float(row["ndcg_at_10_difference"]) == pytest.approx(-0.017)
    assert (row["hr_at_10_verdict"], row["ndcg_at_10_verdict"]) == ("within", "below")


@pytest.mark.usefixtures("made")
@pytest.mark.parametrize(
    ("hr", "words"),
    [(0.726, "-.0040, within"), (0.75, "+.0200, above"), (0.71, "-.0200, below")],
)
def test_the_tables_show_it_in_short(hr: float, words: str) -> None:
    records = [made_up("mf", hr), made_up("ease", 0.7)]  # the standard error is 0.0154
    for form in FORMS:
        assert f".7300 / .4470 ({words})" in form(records)
    assert (
        "published for mf: Somebody 2020 (paper, not read there), https://example.org/b"
        in FORMS[0](records)
    )
    page = html(sections(records))
    assert '<a href="https://example.org/b" title="Somebody 2020 (paper, not read there)">' in page
    assert page.count('<a href="https:') == 1


@pytest.mark.usefixtures("made")
def test_a_model_is_found_by_its_name_in_the_registry_and_several_seeds_by_their_mean() -> None:
    records = [made_up("mf", hr, seed=i, label="ours") for i, hr in enumerate((0.70, 0.74))]
    row = only(records)
    assert row["model"] == "ours"
    assert float(row["hr_at_10_difference"]) == pytest.approx(-0.01)
    assert row["hr_at_10_verdict"] == "within"


def test_figures_of_one_way_to_train_are_for_the_rows_of_its_label() -> None:
    counts = dict(zip(published.COUNTED, published.AUTHORS["ncf_ml_1m"], strict=True))
    place = {"dataset": "ncf_ml_1m", "protocol": "ncf-files", "audit": counts}
    labels = ("neumf", "neumf (pre-trained)", "neumf (wide)")
    rows = {label: only([made_up("neumf", 0.7, label=label, **place)]) for label in labels}
    rows["of another"] = only([made_up("mf", 0.7, label="neumf (pre-trained)", **place)])
    found = {label: float(row["published_hr_at_10"]) for label, row in rows.items()}
    assert found == {
        **{"neumf": 0.705, "neumf (wide)": 0.705, "of another": 0.7294},
        "neumf (pre-trained)": 0.73,
    }


@pytest.mark.usefixtures("made")
def test_what_was_not_measured_is_not_compared() -> None:
    failed = made_up("mf", reason="no")
    assert only([failed])["published_hr_at_10"] == "0.73"
    assert only([failed])["hr_at_10_difference"] == ""
    assert re.search(r"failed +\.7300 / \.4470\n", terminal(sections([failed]), 120))
    bare = made_up("mf", 0.72, metrics={"hr_at_10": 0.72})  # and no standard error
    assert only([bare])["hr_at_10_verdict"] == ""
    assert ".7300 / .4470 (-.0100)" in terminal(sections([bare]), 120)


@pytest.mark.usefixtures("made")
@pytest.mark.parametrize(
    "other", [{"protocol": "loo-users-100"}, {"dataset": "ml-1m"}, {"model": "ease"}]
)
def test_a_board_without_such_figures_is_what_it_was(
    other: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    records = [made_up(other.pop("model", "mf"), 0.7, **other), made_up("als", 0.6, **other)]
    shown = [form(records) for form in FORMS]
    cells = only(records[:1])
    (tmp_path / "none").mkdir()
    monkeypatch.setattr(published, "TABLE", table(tmp_path / "none"))
    assert [form(records) for form in FORMS] == shown
    assert not any("published" in text for text in shown)
    assert {cells[name] for name in cells if re.search("published|difference|verdict", name)} == {
        ""
    }


@pytest.mark.usefixtures("made")
def test_sections_without_figures_have_no_such_column_beside_one_that_has() -> None:
    records = [made_up("mf", 0.7, dataset="a-set"), made_up("mf", 0.7)]
    text = markdown(sections(records))
    first, second = text.index("## a-set"), text.index("## ml-100k")
    assert "published" not in text[first:second]
    assert "published" in text[second : text.index("## Columns")]
    assert "<dt>published</dt>" in html(sections(records))
    assert "- **published**: " in text


@pytest.mark.usefixtures("made")
@pytest.mark.parametrize("width", [80, 120])
def test_the_terminal_table_fits_with_it(width: int) -> None:
    records = [made_up("mf", 0.7), made_up("popularity", 0.3)]
    lines = terminal(sections(records), width).splitlines()
    assert max(map(len, lines)) <= width
    assert ".7300 / .4470" in "\n".join(lines)


@pytest.mark.usefixtures("made")
def test_verify_finds_a_board_with_another_target(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = made_up("mf", reason="no")
    Results(tmp_path / "results").save(record)
    write(sections([record]), Results(tmp_path / "results"))
    assert "a board of 1 rows computed again" in verify.verify(Results(tmp_path / "results"))
    (tmp_path / "other").mkdir()
    other = table(tmp_path / "other", LINES[0].replace("0.7300", "0.7400"))
    monkeypatch.setattr(published, "TABLE", other)
    with pytest.raises(verify.Difference, match=r"published_hr_at_10 is 0\.73, computed .* 0\.74"):
        verify.verify(Results(tmp_path / "results"))


@pytest.mark.usefixtures("made")
def test_verify_names_a_column_that_an_older_board_lacks(tmp_path: Path) -> None:
    record = made_up("mf", reason="no")
    Results(tmp_path).save(record)
    write(sections([record]), Results(tmp_path))
    board = tmp_path / "leaderboard.csv"
    rows = list(csv.reader(io.StringIO(board.read_text())))
    board.write_text("".join(",".join(row[:9]) + "\n" for row in rows))
    with pytest.raises(verify.Difference, match="line 1: hr_at_10_expected is missing"):
        verify.verify(Results(tmp_path))
