"""Suites: what is typed wrong is named with its line, and suites build on one another."""

from pathlib import Path

import pytest
from heavy import ENGINES

from bench.errors import UnknownName
from bench.protocol.task import prepare
from bench.registry import names, suites
from bench.registry.blame import BadSuite
from bench.registry.models import adapter_class, load_module
from bench.registry.parameters import complete
from bench.running.describe import Described
from bench.running.plan import planned_cells

ROOT = Path(__file__).resolve().parents[2]


def written(folder: Path, text: str) -> str:
    path = folder / "mine.toml"
    path.write_text('# Mine.\ndataset = "synthetic"\n' + text)
    return str(path)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('[[rows]]\nmodel = "esae"', r"line 4: unknown model 'esae'. Did you mean 'ease'"),
        ('sedes = [0]\n[[rows]]\nmodel = "ease"', r"line 3: unknown key .* Did you mean 'seeds'"),
        ('seeds = [-1]\n[[rows]]\nmodel = "ease"', r"line 3: seeds must be whole numbers from 0"),
        (
            '[[rows]]\nmodel = "ease"\nseeds = [0, -1]',
            r"line 5: seeds must be whole numbers from 0",
        ),
        ('extends = "quikc"\n[[rows]]\nmodel = "ease"', r"line 3: unknown suite 'quikc'. Did you"),
        ('seeds = "0"\n[[rows]]\nmodel = "ease"', r"line 3: seeds must be a list"),
        ('timeout = 0\n[[rows]]\nmodel = "ease"', r"line 3: timeout must be more than 0"),
        ('[[rows]]\nlabel = "x"', "a row needs the key 'model'"),
        ('[[rows]]\nmodel = "ease"\nparams = 3', r"line 5: params must be a table, not 3"),
        ('protocol = "loo"\n[[rows]]\nmodel = "ease"', r"line 3: .*Did you mean 'loo-99'"),
        ("", r"needs at least one \[\[rows\]\]"),
        ("[[rows]", "mine.toml: "),
    ],
)
def test_a_bad_suite_is_one_line_with_file_and_line(
    tmp_path: Path, text: str, message: str
) -> None:
    with pytest.raises(BadSuite, match=message) as caught:
        suites.load(written(tmp_path, text))
    assert "\n" not in str(caught.value)
    assert "mine.toml" in str(caught.value)


def test_a_suite_can_be_narrowed_and_changed() -> None:
    quick = suites.load("quick")
    found = suites.narrow(quick, models=["ease", "neumf"], settings=["ease.l2=7"], seeds=(1, 2))
    assert [row.model for row in found.rows] == ["ease", "neumf"]
    assert found.rows[0].params == {"l2": 7}
    assert found.rows[0].tuned == "by hand, with --set"
    assert found.seeds == (1, 2)
    assert found.dataset == quick.dataset
    with pytest.raises(UnknownName, match="unknown model in this run 'als'"):
        suites.narrow(found, settings=["als.factors=3"])


def test_a_suite_may_begin_with_the_rows_of_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    quick, own = suites.load("quick"), '[[rows]]\nmodel = "sasrec"\ntuned = "not"'
    found = suites.load(written(tmp_path, f'extends = "quick"\nseeds = [5]\n{own}'))
    assert found.rows[:-1] == quick.rows
    assert (found.rows[-1].model, found.seeds, found.name) == ("sasrec", (5,), "mine")
    assert suites.load(written(tmp_path, 'extends = "quick"')).rows == quick.rows
    written(tmp_path, f'extends = "quick"\n{own}')
    path = tmp_path / "other.toml"
    path.write_text(f'dataset = "movielens_100k"\nextends = "quick"\n{own}')
    tuned = {row.tuned for row in suites.load(str(path)).rows[:-1]}
    assert tuned == {f"for {quick.dataset}: {r.tuned}" if r.tuned else "" for r in quick.rows}
    find = names.find

    def found_here(kind: str, name: str) -> Path:
        return tmp_path / "mine.toml" if name == "mine" else find(kind, name)  # type: ignore[arg-type]

    monkeypatch.setattr(names, "find", found_here)
    path.write_text(f'dataset = "synthetic"\nextends = "mine"\n{own}')
    with pytest.raises(BadSuite, match="extends 'mine', which itself extends another suite"):
        suites.load(str(path))


def test_a_row_may_have_seeds_of_its_own_which_the_command_line_overrides(tmp_path: Path) -> None:
    text = 'seeds = [1, 2]\n[[rows]]\nmodel = "mf"\n[[rows]]\nmodel = "sasrec"\nseeds = [7]'
    found = suites.load(written(tmp_path, text))
    task = prepare(load_module("datasets", "synthetic").load(), found.protocol)
    known = [Described("ok", {}), Described("ok", {})]

    def seeds(of: suites.Suite) -> list[tuple[str, int]]:
        return [(p.cell.model, p.cell.seed) for p in planned_cells(of, known, task, "cpu", 1)]

    assert seeds(found) == [("mf", 1), ("mf", 2), ("sasrec", 7)]
    assert seeds(suites.narrow(found, seeds=(3,))) == [("mf", 3), ("sasrec", 3)]


def test_a_row_says_for_which_data_it_was_tuned() -> None:
    found = suites.narrow(suites.load("ml-100k"), dataset="synthetic")
    assert all(row.tuned.startswith("for movielens_100k: ") for row in found.rows)


@pytest.mark.parametrize("name", names.files("suites"))
def test_every_suite_of_the_project_is_whole(name: str) -> None:
    found = suites.load(name)
    for row in found.rows:
        complete(adapter_class(row.model), row.model, row.params)
    if name != "quick":
        assert all(row.tuned for row in found.rows), "say how each value was found"


@pytest.mark.parametrize("name", ["ncf-ml-1m", "ml-1m", "ml-100k", "ml-100k-all"])
def test_suites_of_real_data_have_every_model(name: str) -> None:
    rows = suites.load(name).rows
    models = {path.stem for path in (ROOT / "models").glob("*.py")}
    if name == "ncf-ml-1m":  # of whose items nothing is known
        models = {each for each in models if "item features" not in adapter_class(each)().needs()}
    if name.startswith("ml-100k"):  # whose boards everybody makes, with what the set-up installs
        models -= ENGINES
    assert {row.model for row in rows} == models
    assert "neumf (pre-trained)" in {row.label for row in rows}


def test_the_data_set_of_a_suite_may_have_parameters(tmp_path: Path) -> None:
    path = written(tmp_path, '[[rows]]\nmodel = "ease"')
    path_text = Path(path).read_text().replace("synthetic", "synthetic:n_users=7")
    Path(path).write_text(path_text)
    assert suites.load(path).dataset == "synthetic:n_users=7"
