"""A file of one's own on the command line: `--data` and its flags, `[data]` of a suite."""

import csv
import random
from pathlib import Path
from typing import NamedTuple

import pytest
from click.testing import CliRunner
from command import bench_here

from bench.cli.data_options import FLAGS, flag
from bench.cli.main import cli
from bench.records.folder import Results
from bench.registry import suites
from bench.registry.own_data import path_of

ODD = "Who,What,Stars,When it was\n"
COLUMNS = "user=Who,item=What,rating=Stars,time=When it was"
MODELS = ("--models", "popularity,sasrec", "--set", "sasrec.epochs=1")


class Click(NamedTuple):
    user: str
    item: int
    rating: int
    time: int


def clicks(users: int = 30, items: int = 120) -> list[Click]:
    rng = random.Random(3)
    return [
        Click(f"u{user}", rng.randrange(items), rng.randint(1, 5), 1_600_000_000 + 100 * place)
        for user in range(users)
        for place in range(rng.randint(2, 9))
    ]


@pytest.fixture(autouse=True)
def cache_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BENCH_DATA_DIR", str(tmp_path / "cache"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """With odd.csv, whose headers say nothing, and plain.csv, which has no times."""
    with (tmp_path / "odd.csv").open("w") as file:
        file.write(ODD)
        csv.writer(file).writerows(clicks())
    with (tmp_path / "plain.csv").open("w") as file:
        file.write("user_id,item_id\n")
        csv.writer(file).writerows((click.user, click.item) for click in clicks())
    return tmp_path


def test_from_a_file_with_odd_headers_to_a_board_by_one_command(folder: Path) -> None:
    done = bench_here(folder, "run", "--data", "odd.csv", "--columns", COLUMNS, *MODELS)
    assert done.returncode == 0, done.stderr
    before, _, after = done.stdout.partition("canaries:")
    for said in ("user: column 'Who'", "time: column 'When it was', seconds since 1970"):
        assert said in before  # anything runs
    assert "odd.csv, loo-99" in after
    records = Results(folder / "results").read_records()
    assert {record.cell.dataset for record in records} == {"odd.csv"}
    assert {record.status for record in records} == {"ok"}
    board = (folder / "results" / "leaderboard.md").read_text()
    assert "odd.csv, loo-99" in board
    assert "Read: from odd.csv; separated by" in board and "time: column 'When it was'" in board
    assert bench_here(folder, "verify").returncode == 0


def test_columns_that_are_not_clear_are_shown_with_the_flag_to_type(folder: Path) -> None:
    done = bench_here(folder, "run", "--data", "odd.csv", *MODELS)
    assert (done.returncode, done.stdout) == (2, "")
    lines = done.stderr.splitlines()
    assert "no column is clearly the user or the item" in lines[0]
    assert [line.split()[0] for line in lines[2:6]] == ["Who", "What", "Stars", "When"]
    assert "--columns user=...,item=..." in lines[-1]
    assert not (folder / "results" / "records").exists()


def test_without_times_both_ways_out_are_named_and_work(folder: Path) -> None:
    done = bench_here(folder, "run", "--data", "plain.csv", *MODELS)
    assert done.returncode == 2
    assert "--order file" in done.stderr and "--order random" in done.stderr
    for order, protocol, status in (
        ("file", "loo-99-order-file", "ok"),
        ("random", "loo-99-random", "skipped"),
    ):
        where = f"results-{order}"
        done = bench_here(
            folder, "run", "--data", "plain.csv", "--order", order, *MODELS, "--results", where
        )
        assert done.returncode == 0, done.stderr
        found = {r.cell.model: r for r in Results(folder / where).read_records()}
        assert {record.cell.protocol for record in found.values()} == {protocol}
        assert found["popularity"].status == "ok"
        assert found["sasrec"].status == status
        assert ("order of a user's items" in found["sasrec"].reason) == (status == "skipped")


def test_a_protocol_without_times_is_an_order(folder: Path) -> None:
    words = ("run", "--data", "plain.csv", "--models", "popularity", "--dry-run")
    done = bench_here(folder, *words, "--protocol", "loo-99-random")
    assert done.returncode == 0, done.stderr
    assert "plain.csv, protocol loo-99-random" in done.stdout


def test_all_models_of_the_default_suite_run_with_their_defaults(folder: Path) -> None:
    done = bench_here(folder, "run", "--data", "odd.csv", "--columns", COLUMNS, "--dry-run")
    assert done.returncode == 0, done.stderr
    default = suites.load("ml-100k")
    models = {row.model for row in default.rows}
    assert f"the {len(models)} models of ml-100k, each with its defaults" in done.stdout
    measured = [line.split()[0] for line in done.stdout.splitlines() if "to measure" in line]
    lacking = [line for line in done.stdout.splitlines() if "needs features of items" in line]
    assert {line.split()[0] for line in lacking} == {"als_content", "content", "ease_features"}
    able = models - {line.split()[0] for line in lacking}
    assert sorted(measured[1:]) == sorted(able)  # the first line is that of the canaries
    assert all(not row.params for row in suites.with_defaults(default, "file:path=odd.csv").rows)


def test_tuning_on_a_file_leaves_a_suite_that_runs_on_it(folder: Path) -> None:
    words = ("--data", "odd.csv", "--columns", COLUMNS)
    done = bench_here(folder, "tune", "popularity", *words, "--trials", "1")
    assert done.returncode == 0, done.stderr
    tuned = folder / "results" / "tune" / "odd.csv-loo-99-validation" / "tuned.toml"
    done = bench_here(folder, "run", "--suite", str(tuned))
    assert done.returncode == 0, done.stderr
    assert "odd.csv, loo-99" in done.stdout


def test_a_suite_names_its_own_data(folder: Path) -> None:
    suite = folder / "mine" / "suite.toml"
    suite.parent.mkdir()
    suite.write_text(
        '[data]\npath = "../odd.csv"\ncolumns = { user = "Who", item = "What", rating = "Stars" }\n'
        'order = "random"\nmin_rating = 2\n\n[[rows]]\nmodel = "popularity"\n'
    )
    done = bench_here(folder, "run", "--suite", "mine/suite.toml")
    assert done.returncode == 0, done.stderr
    (record,) = Results(folder / "results").read_records()
    assert (record.cell.dataset, record.status) == ("odd.csv", "ok")
    assert record.cell.protocol == "loo-99-random-rated-2"
    assert "user: column 'Who'" in done.stdout


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ('colums = "user=Who"', "line 3: unknown option of the data 'colums'. Did you mean 'col"),
        ('order = "rows"', "line 3: unknown order 'rows'"),
        ("min_user = -1", "line 3: min_user takes a whole number of 0 or more, not -1"),
        ("columns = { usr = 'Who' }", "line 3: unknown role of a column 'usr'. Did you mean"),
        ("", "line 1: odd.csv: no column is clearly the user or the item"),
        ("columns = { user = 'Who', item = 'Waht' }", "line 3: "),
    ],
)
def test_what_is_wrong_in_the_table_of_a_suite_is_said_with_its_line(
    folder: Path, table: str, message: str
) -> None:
    suite = folder / "suite.toml"
    suite.write_text(f'[data]\npath = "odd.csv"\n{table}\n[[rows]]\nmodel = "popularity"\n')
    done = bench_here(folder, "run", "--suite", "suite.toml")
    assert done.returncode == 2
    assert done.stderr.startswith(f"bench: suite.toml, {message}")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('dataset = "synthetic"\n[data]\npath = "odd.csv"\n', "'dataset' or a table [data], not"),
        ("[data]\n", "[data] needs a 'path'"),
        ("data = 3\n", "[data] needs a 'path'"),
        ("[data]\npath = 3\n", "[data] needs a 'path'"),
    ],
)
def test_a_suite_has_one_data_set_with_a_path(folder: Path, text: str, message: str) -> None:
    suite = folder / "suite.toml"
    suite.write_text(f'{text}[[rows]]\nmodel = "popularity"\n')
    done = bench_here(folder, "run", "--suite", "suite.toml")
    assert done.returncode == 2
    assert message in done.stderr


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("run --data odd.csv --dataset synthetic", "leave out 'synthetic'"),
        ("data audit synthetic --data odd.csv", "leave out 'synthetic'"),
        ("run --min-user 3", "--min-user is for --data"),
        ("run --dataset synthetic --order file", "--order is for --data"),
        ("data audit", "takes the name of a data set, or --data PATH"),
        ("run --data odd.csv --order rows", "unknown order 'rows'"),
        ("run --data odd.csv --columns usr=Who", "Did you mean 'user'?"),
        ("run --data plain.csv --order file --protocol loo-99-random", "not by order 'file'"),
        ("run --data plain.csv --order file --protocol ncf-files", "not by order 'file'"),
        ("run --dataset file", "file needs a path, as file:path=..."),
        ("run --dataset file:path=odd.csv,user=Who", "unknown parameter of file 'user'"),
    ],
)
def test_a_mistake_is_one_line_and_exit_code_2(folder: Path, words: str, message: str) -> None:
    done = bench_here(folder, *words.split())
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert message in done.stderr


def test_a_file_that_is_not_there_is_exit_code_1(folder: Path) -> None:
    done = bench_here(folder, "data", "audit", "--data", "nowhere.csv")
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert "nowhere.csv" in done.stderr


def test_the_file_can_be_named_as_a_data_set_is(folder: Path) -> None:
    by_flag = bench_here(folder, "data", "audit", "--data", "plain.csv", "--order", "file")
    named = bench_here(folder, "data", "audit", "file:path=plain.csv,order=file")
    assert by_flag.returncode == 0, by_flag.stderr
    assert by_flag.stdout == named.stdout


def test_another_data_set_takes_the_place_of_a_suites_own(folder: Path) -> None:
    suite = folder / "suite.toml"
    suite.write_text('[data]\npath = "odd.csv"\n[[rows]]\nmodel = "popularity"\n')
    found = suites.load(str(suite))
    assert path_of(found.dataset) == str(folder / "odd.csv")
    assert suites.narrow(found, dataset="synthetic").dataset == "synthetic"


def test_commands_that_take_a_data_set_take_a_file_with_the_same_flags() -> None:
    for words in (["run"], ["tune"], ["data", "audit"]):
        text = CliRunner().invoke(cli, [*words, "--help"]).output
        assert all(name in text for name in ("--data", *map(flag, FLAGS)))


def test_what_is_kept_of_files_is_listed_and_cleared(folder: Path) -> None:
    def kept(*words: str) -> list[str]:
        done = bench_here(folder, "data", "cache", *words)
        assert done.returncode == 0, done.stderr
        return done.stdout.splitlines()

    assert kept()[-1].startswith("0 kept, 0.0 MB, in ")
    for words in ((), ("--min-user", "3")):
        bench_here(folder, "data", "audit", "--data", "plain.csv", "--order", "file", *words)
    *lines, total = kept()
    assert total.startswith("2 kept")
    assert "min_user=3" in lines[0]  # the last used first
    assert all(str(folder / "plain.csv") in line for line in lines)
    assert "MB freed" in kept("--clear")[0]
    assert kept()[-1].startswith("0 kept")


def test_the_audit_answers_and_names_the_flag_that_helps(folder: Path) -> None:
    path = folder / "shop.csv"
    rows = [
        f"u{user},i{place},{1_600_000_000 + place}" for user in range(50) for place in (1, 2, 3)
    ]
    rows += [f"once{user},i1,1600000000" for user in range(80)]
    path.write_text("\n".join(["user,item,time", *rows]))
    done = bench_here(folder, "data", "audit", "--data", "shop.csv")
    assert done.returncode == 0, done.stderr
    assert "Can it be benchmarked? With care: 50 test users" in done.stdout
    assert "62% of users have one item" in done.stdout
    assert "`--min-user 3` leaves 50 users" in done.stdout
    assert "times from 2020-09-13T12:26:40 to 2020-09-13T12:26:43" in done.stdout
    after = bench_here(folder, "data", "audit", "--data", "shop.csv", "--min-user", "3").stdout
    assert "min_user 3" in after and "50 users" in after
    assert "have one item" not in after
