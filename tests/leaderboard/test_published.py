"""The table of published figures, and how ours compare with one."""

import csv
import re
from importlib import import_module
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from published_tables import HEADER, LINES, table

from bench.leaderboard import published
from bench.leaderboard.published import BadTable
from bench.protocol.protocols import PROTOCOLS
from bench.registry import names


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


def test_of_equal_hit_rates_the_higher_ndcg_is_the_target(tmp_path: Path) -> None:
    more = "ml-100k,loo,mf,0.73,0.4480,re-run,yes,Somebody 2021,https://example.org/c"
    for lines in ((*LINES, more), (more, *LINES)):
        (tmp_path / str(lines[0] == more)).mkdir()
        found = published.load(table(tmp_path / str(lines[0] == more), *lines))
        assert found["ml-100k", "loo", "mf"].ndcg_at_10 == 0.448


DACREMA_2019 = "Ferrari Dacrema et al., RecSys 2019, full results of August 2019"
DACREMA_2021 = "Ferrari Dacrema et al., TOIS 2021"
GUOYANG9 = "guoyang9/NCF, README, 32 factors"
STANDING = [  # model, HR@10 and NDCG@10 on MovieLens-1M and Pinterest, kind, whether it was read
    ("neumf (pre-trained)", (0.7120, 0.4369), (0.8719, 0.5536), "re-run", "yes", DACREMA_2019),
    ("neumf (pre-trained)", (0.7093, 0.4349), (0.8777, 0.5576), "re-run", "no", DACREMA_2021),
    ("neumf (pre-trained)", (0.720, 0.439), (0.879, 0.555), "repository", "yes", GUOYANG9),
    ("neumf", (0.701, 0.424), (0.867, 0.544), "repository", "yes", GUOYANG9),
    ("gmf", (0.708, 0.429), (0.867, 0.546), "repository", "yes", GUOYANG9),
    ("ncf", (0.691, 0.416), (0.866, 0.537), "repository", "yes", GUOYANG9),
    ("knn", (0.6694, 0.3979), None, "paper", "no", DACREMA_2021),
    ("userknn", (0.6768, 0.4100), None, "paper", "no", DACREMA_2021),
    ("puresvd", (0.6937, 0.4303), None, "paper", "no", DACREMA_2021),
    ("ease", (0.7192, 0.4494), None, "paper", "no", DACREMA_2021),
    ("bpr", (0.6305, 0.3730), None, "paper", "no", DACREMA_2021),
    ("slim", (0.7162, 0.4468), (0.8679, 0.5601), "paper", "no", DACREMA_2021),
]


@pytest.mark.parametrize(("model", "movielens", "pinterest", "kind", "read", "source"), STANDING)
def test_each_figure_that_stands_is_there_with_its_source(
    model: str,
    movielens: tuple[float, float],
    pinterest: tuple[float, float] | None,
    kind: str,
    read: str,
    source: str,
) -> None:
    """Those of guoyang9 and of August 2019 were read at their links once more for this table."""
    for dataset, figures in (("ncf_ml_1m", movielens), ("ncf_pinterest_20", pinterest)):
        if figures is not None:
            (line,) = [
                each
                for each in table_lines()
                if (each["dataset"], each["model"]) == (dataset, model)
                and (float(each["hr_at_10"]), float(each["ndcg_at_10"])) == figures
            ]
            assert (line["kind"], line["read"]) == (kind, read)
            assert line["source"].startswith(source)


@pytest.mark.parametrize("withdrawn", [(0.6725, 0.4011), (0.8657, 0.5447)])
def test_withdrawn_figures_are_gone(withdrawn: tuple[float, float]) -> None:
    figures = {(float(line["hr_at_10"]), float(line["ndcg_at_10"])) for line in table_lines()}
    assert withdrawn not in figures


@pytest.mark.parametrize(
    ("model", "highest"), [("knn", 0.6694), ("slim", 0.7162), ("neumf (pre-trained)", 0.730)]
)
def test_the_highest_that_stands_is_what_ours_is_held_against(model: str, highest: float) -> None:
    found = published.load(published.TABLE)["ncf_ml_1m", "ncf-files", model]
    assert found.hr_at_10 == highest


def table_lines() -> list[dict[str, str]]:
    with published.TABLE.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_links_into_repositories_name_a_commit() -> None:
    with published.TABLE.open(encoding="utf-8", newline="") as file:
        links = {line["link"] for line in csv.DictReader(file)}
    inside = [link for link in links if "github.com" in link]
    assert inside
    assert all(re.search(r"/blob/[0-9a-f]{40}/", link) for link in inside)


def test_the_counts_of_the_authors_are_those_of_the_data_sets() -> None:
    for name, counts in published.AUTHORS.items():
        facts = import_module(f"bench.datasets.{name}").COUNTS
        assert dict(zip(published.COUNTED, counts, strict=True)) == facts


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("d,p,m,73,0.4,paper,no,s,https://x", "hr_at_10 must be a number in [0, 1], not '73'"),
        ("d,p,m,0.7,nan,paper,no,s,https://x", "ndcg_at_10 must be a number in [0, 1], not 'nan'"),
        ("d,p,m,.7,high,paper,no,s,https://x", "ndcg_at_10 must be a number in [0, 1], not 'high'"),
        ("d,p,m,.7,.4,paper,no,,https://x", "source is empty"),
        (
            "d,p,m,.7,.4,paper,no,s,javascript:x",
            "link must start with https://, not 'javascript:x'",
        ),
        ("d,p,m,.7,.4,paper,no,a, b,https://x", "9 cells are needed; quote one with a comma in it"),
        ("d,p,m,.7,.4,paper,no,s", "9 cells are needed; quote one with a comma in it"),
        (
            "d,p,m,.7,.4,blog,no,s,https://x",
            "kind must be one of paper, repository, re-run, not 'blog'",
        ),
        ("d,p,m,.7,.4,paper,maybe,s,https://x", "read must be one of yes, no, not 'maybe'"),
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


@given(st.floats(-1, 1), st.floats(0, 1))
def test_a_verdict_is_one_of_three(difference: float, error: float) -> None:
    found = published.verdict(difference, error)
    assert (found == "within") == (-error <= difference <= error)
    assert (found == "above") == (difference > error)
    assert found in ("within", "above", "below")
