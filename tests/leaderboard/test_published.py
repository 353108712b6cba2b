"""The table of published figures, and the board's column of them."""

import csv
import io
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from records import made_up, read

from bench.leaderboard import published, verify
from bench.leaderboard.published import BadTable
from bench.leaderboard.write import to_csv, to_html, to_markdown, to_terminal, write
from bench.protocol.task import PROTOCOLS
from bench.records.record import Record, save
from bench.registry import names

HEADER = "dataset,protocol,model,hr_at_10,ndcg_at_10,source,link"
LINES = (
    "ml-100k,loo,mf,0.7300,0.4470,Somebody 2020,https://example.org/b",
    "ml-100k,loo,mf,0.70,0.50,Somebody 2017,https://example.org/a",
    'ml-100k,loo,gmf,0.6,0.4,"Somebody 2017, table 2",https://example.org/a',
)
FORMS: list[Callable[[list[Record]], str]] = [
    to_markdown,
    to_html,
    lambda records: to_terminal(records, 160),
]


def table(folder: Path, *lines: str, header: str = HEADER) -> Path:
    path = folder / "published.csv"
    path.write_text("\n".join([header, *lines]) + "\n", encoding="utf-8")
    return path


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The board compares with made-up figures."""
    monkeypatch.setattr(published, "TABLE", table(tmp_path, *LINES))


def only(records: list[Record]) -> dict[str, str]:
    (row,) = read(to_csv(records))
    return row


def test_the_table_names_what_exists() -> None:
    with published.TABLE.open(encoding="utf-8", newline="") as file:
        lines = list(csv.DictReader(file))
    assert lines
    assert {line["dataset"] for line in lines} <= names.files("datasets").keys()
    assert {line["model"].split(" (")[0] for line in lines} <= names.files("models").keys()
    measuring = {name for name in PROTOCOLS if not name.endswith("-validation")}
    assert {line["protocol"] for line in lines} <= measuring
    for line in lines:
        assert 0 < float(line["ndcg_at_10"]) < float(line["hr_at_10"]) < 1
    keys = {(line["dataset"], line["protocol"], line["model"]) for line in lines}
    assert published.load(published.TABLE).keys() == keys


@pytest.mark.parametrize("lines", [LINES, LINES[::-1]])
def test_of_several_figures_the_highest_is_the_target(
    tmp_path: Path, lines: tuple[str, ...]
) -> None:
    found = published.load(table(tmp_path, *lines))["ml-100k", "loo", "mf"]
    assert (found.hr_at_10, found.source) == (0.73, "Somebody 2020")


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("d,p,m,73,0.4,s,https://x", "hr_at_10 must be a number in [0, 1], not '73'"),
        ("d,p,m,0.7,nan,s,https://x", "ndcg_at_10 must be a number in [0, 1], not 'nan'"),
        ("d,p,m,.7,high,s,https://x", "ndcg_at_10 must be a number in [0, 1], not 'high'"),
        ("d,p,m,.7,.4,,https://x", "source is empty"),
        ("d,p,m,.7,.4,s,javascript:x", "link must start with https://, not 'javascript:x'"),
        ("d,p,m,.7,.4,a, b,https://x", "7 cells are needed; quote one with a comma in it"),
        ("d,p,m,.7,.4,s", "7 cells are needed; quote one with a comma in it"),
        (LINES[0], "ml-100k loo mf of 'Somebody 2020' stands there twice"),
    ],
)
def test_a_bad_line_is_named(tmp_path: Path, line: str, message: str) -> None:
    path = table(tmp_path, LINES[0], line)
    with pytest.raises(BadTable) as error:
        published.load(path)
    assert str(error.value) == f"{path}, line 3: {message}"


@pytest.mark.parametrize("header", ["", "model,hr_at_10", f"{HEADER},more"])
def test_other_columns_are_refused(tmp_path: Path, header: str) -> None:
    path = table(tmp_path, header=header)
    with pytest.raises(BadTable) as error:
        published.load(path)
    assert f"{path}, line 1: the columns must be {HEADER}, not" in str(error.value)


@pytest.mark.usefixtures("made")
def test_the_csv_has_the_figures_the_differences_and_the_source() -> None:
    metrics = {"hr_at_10": 0.726, "hr_at_10_se": 0.006, "ndcg_at_10": 0.43, "ndcg_at_10_se": 0.005}
    row = only([made_up("mf", 0.5, metrics=metrics)])
    assert (row["published_hr_at_10"], row["published_ndcg_at_10"]) == ("0.73", "0.447")
    assert row["published_source"] == "Somebody 2020"
    assert row["published_link"] == "https://example.org/b"
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
    assert "published for mf: Somebody 2020, https://example.org/b" in FORMS[0](records)
    page = to_html(records)
    assert '<a href="https://example.org/b" title="Somebody 2020">' in page
    assert page.count("<a ") == 1


@pytest.mark.usefixtures("made")
def test_a_model_is_found_by_its_name_in_the_registry_and_several_seeds_by_their_mean() -> None:
    records = [made_up("mf", hr, seed=i, label="ours") for i, hr in enumerate((0.70, 0.74))]
    row = only(records)
    assert row["model"] == "ours"
    assert float(row["hr_at_10_difference"]) == pytest.approx(-0.01)
    assert row["hr_at_10_verdict"] == "within"


def test_figures_of_one_way_to_train_are_for_the_rows_of_its_label() -> None:
    place = {"dataset": "ncf_ml_1m", "protocol": "ncf-files"}
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
    assert re.search(r"failed +\.7300 / \.4470\n", to_terminal([failed], 120))
    bare = made_up("mf", 0.72, metrics={"hr_at_10": 0.72})  # and no standard error
    assert only([bare])["hr_at_10_verdict"] == ""
    assert ".7300 / .4470 (-.0100)" in to_terminal([bare], 120)


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
    text = to_markdown(records)
    first, second = text.index("## a-set"), text.index("## ml-100k")
    assert "published" not in text[first:second]
    assert "published" in text[second : text.index("## Columns")]
    assert "<dt>published</dt>" in to_html(records)
    assert "- **published**: " in text


@pytest.mark.usefixtures("made")
@pytest.mark.parametrize("width", [80, 120])
def test_the_terminal_table_fits_with_it(width: int) -> None:
    records = [made_up("mf", 0.7), made_up("popularity", 0.3)]
    lines = to_terminal(records, width).splitlines()
    assert max(map(len, lines)) <= width
    assert ".7300 / .4470" in "\n".join(lines)


@pytest.mark.usefixtures("made")
def test_verify_finds_a_board_with_another_target(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = made_up("mf", reason="no")
    save(record, tmp_path / "results")
    write([record], tmp_path / "results", [])
    assert "a board of 1 rows computed again" in verify.verify(tmp_path / "results")
    (tmp_path / "other").mkdir()
    other = table(tmp_path / "other", LINES[0].replace("0.7300", "0.7400"))
    monkeypatch.setattr(published, "TABLE", other)
    with pytest.raises(verify.Difference, match=r"published_hr_at_10 is 0\.73, computed .* 0\.74"):
        verify.verify(tmp_path / "results")


@pytest.mark.usefixtures("made")
def test_verify_names_a_column_that_an_older_board_lacks(tmp_path: Path) -> None:
    record = made_up("mf", reason="no")
    save(record, tmp_path)
    write([record], tmp_path, [])
    board = tmp_path / "leaderboard.csv"
    rows = list(csv.reader(io.StringIO(board.read_text())))
    board.write_text("".join(",".join(row[:9]) + "\n" for row in rows))
    with pytest.raises(verify.Difference, match="line 1: hr_at_10_expected is missing"):
        verify.verify(tmp_path)


@given(st.floats(-1, 1), st.floats(0, 1))
def test_a_verdict_is_one_of_three(difference: float, error: float) -> None:
    found = published.verdict(difference, error)
    assert (found == "within") == (-error <= difference <= error)
    assert (found == "above") == (difference > error)
    assert found in ("within", "above", "below")
