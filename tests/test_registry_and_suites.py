"""Names, parameters and suites: what is typed wrong is named, with what would be right."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from bench.adapter import Adapter
from bench.errors import BadParameter, UnknownName
from bench.protocol.task import prepare
from bench.registry import names, sources, suites
from bench.registry.datasets import load_data, parse_dataset
from bench.registry.models import adapter_class, load_module
from bench.registry.names import NameTaken
from bench.registry.parameters import complete, parse_setting
from bench.registry.sources import source_sha256
from bench.registry.suites import BadSuite
from bench.running.describe import Described
from bench.running.plan import planned_cells

ROOT = Path(__file__).resolve().parent.parent


def test_every_file_that_is_not_shared_is_found() -> None:
    expected = {path.stem for path in (ROOT / "models").glob("*.py")}
    assert names.files("models").keys() == expected
    assert {"movielens_100k", "synthetic"} <= names.files("datasets").keys()
    assert {"ml-100k", "quick"} <= names.files("suites").keys()


@pytest.mark.parametrize(
    ("kind", "typed", "meant"),
    [
        ("models", "esae", "ease"),
        ("datasets", "ml-100k", "movielens_100k"),
        ("suites", "q", "quick"),
    ],
)
def test_the_nearest_name_is_given(kind: str, typed: str, meant: str) -> None:
    with pytest.raises(UnknownName, match=rf"unknown .* '{typed}'\. Did you mean '{meant}'"):
        names.find(kind, typed)  # type: ignore[arg-type]


def test_a_file_without_exactly_one_adapter_is_refused(tmp_path: Path) -> None:
    (tmp_path / "no_adapter_here.py").write_text('"""Nothing."""\n')
    name = names.add_model(tmp_path / "no_adapter_here.py")
    with pytest.raises(TypeError, match="must define one Adapter, not none"):
        adapter_class(name)


def test_a_model_from_outside_may_not_take_a_name(tmp_path: Path) -> None:
    (tmp_path / "ease.py").write_text("")
    with pytest.raises(NameTaken, match="exists already"):
        names.add_model(tmp_path / "ease.py")
    with pytest.raises(UnknownName, match=r"needs a \.py file"):
        names.add_model(tmp_path / "missing.py")


def test_the_hash_of_a_model_covers_the_shared_files_it_imports(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(names, "_added", {})
    model, shared = tmp_path / "hashed.py", tmp_path / "_hashed_parts.py"
    model.write_text("from ._hashed_parts import part\n")
    shared.write_text("part = 1\n")
    name = names.add_model(model)
    first = source_sha256(name)
    assert source_sha256(name) == first
    shared.write_text("part = 2\n")
    assert source_sha256(name) != first


SHARED = {
    "parts/__init__.py": "from .deep import deep\n",
    "parts/deep.py": "from ..beside import beside\ndeep = 1\n",
    "beside.py": "beside = 1\n",
}


@pytest.mark.parametrize("changed", [*SHARED, "other.py", "parts/other.py"])
def test_the_hash_of_a_model_follows_packages_and_all_relative_imports(
    changed: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(names, "_added", {})
    (tmp_path / "parts").mkdir()
    for name, text in (SHARED | {"other.py": "", "parts/other.py": ""}).items():
        (tmp_path / name).write_text(text)
    (tmp_path / "built.py").write_text("from .parts import deep\nfrom ..... import too_high\n")
    name = names.add_model(tmp_path / "built.py")
    first = source_sha256(name)
    with (tmp_path / changed).open("a") as file:
        file.write("# changed\n")
    assert (source_sha256(name) != first) == (changed in SHARED)


LOADED = """
import json, sys
from bench.registry.models import adapter_class
from bench.registry.names import files
found = {}
for name in files("models"):
    for module in [m for m in sys.modules if m.startswith("bench.models.")]:
        del sys.modules[module]
    adapter_class(name)
    found[name] = [m.__file__ for n, m in sys.modules.items() if n.startswith("bench.models.")]
print(json.dumps(found))
"""


@pytest.fixture(scope="module")
def loaded() -> dict[str, list[str]]:
    """The files below models/ that an import of each model loads."""
    command = [sys.executable, "-P", "-c", LOADED]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return dict(json.loads(done.stdout))


@pytest.mark.parametrize("name", names.files("models"))
def test_the_hash_of_each_model_follows_the_files_that_it_is_made_of(
    name: str, loaded: dict[str, list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """One byte more in each file of models/ in turn."""
    files = sources.source_files(name)
    assert set(map(Path, loaded[name])) <= set(files)
    first, read_bytes = source_sha256(name), Path.read_bytes
    for path in names.find("models", name).parent.rglob("*.py"):
        monkeypatch.setattr(
            Path, "read_bytes", lambda p, path=path: read_bytes(p) + b"\n" * (p == path)
        )
        assert (source_sha256(name) != first) == (path in files), path


def ease() -> type[Adapter]:
    return adapter_class("ease")


def test_a_whole_number_may_stand_for_a_float() -> None:
    assert complete(ease(), "ease", {"l2": 3}) == {"l2": 3.0}


def test_an_unknown_parameter_names_the_nearest() -> None:
    with pytest.raises(UnknownName, match=r"unknown parameter of ease 'l3'. Did you mean 'l2'"):
        complete(ease(), "ease", {"l3": 3})


@pytest.mark.parametrize("value", ["three", True, [1.0], None])
def test_a_value_of_another_type_is_refused(value: object) -> None:
    with pytest.raises(BadParameter, match=r"ease\.l2 must be a number, not"):
        complete(ease(), "ease", {"l2": value})


def test_a_word_outside_the_choice_names_the_nearest() -> None:
    with pytest.raises(UnknownName, match=r"knn\.weights 'bm52'. Did you mean 'bm25'"):
        complete(adapter_class("knn"), "knn", {"weights": "bm52"})


def test_settings_are_read_as_toml_or_as_text() -> None:
    assert parse_setting("als.factors=32") == ("als", "factors", 32)
    assert parse_setting("ncf.layers=[64, 32]") == ("ncf", "layers", [64, 32])
    assert parse_setting("knn.weights=bm25") == ("knn", "weights", "bm25")
    with pytest.raises(BadParameter, match=r"takes model\.parameter=value"):
        parse_setting("factors=32")


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


def test_a_file_that_is_no_python_does_not_stop_the_list(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(names, "_added", {})
    (tmp_path / "broken_model.py").write_text("def broken(:")
    names.add_model(tmp_path / "broken_model.py")
    assert names.summary(names.files("models")["broken_model"]).startswith("cannot be read")
    assert len(source_sha256("broken_model")) == 64


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
    files = (ROOT / "models").glob("*.py")
    assert {row.model for row in rows} == {path.stem for path in files}
    assert "neumf (pre-trained)" in {row.label for row in rows}


def test_a_data_set_may_have_parameters(tmp_path: Path) -> None:
    assert parse_dataset("synthetic") == ("synthetic", {})
    assert parse_dataset("synthetic:scale=10, strength=.5") == (
        "synthetic",
        {"scale": 10, "strength": ".5"},
    )
    data = load_data("synthetic:n_users=7,seed=3", None)
    assert data.n_users == 7
    path = written(tmp_path, '[[rows]]\nmodel = "ease"')
    path_text = Path(path).read_text().replace("synthetic", "synthetic:n_users=7")
    Path(path).write_text(path_text)
    assert suites.load(path).dataset == "synthetic:n_users=7"


@pytest.mark.parametrize(
    ("text", "error", "message"),
    [
        ("synthetic:users=7", UnknownName, "unknown parameter of synthetic 'users'. Did you mean"),
        ("synthetic:n_users=many", BadParameter, "n_users must be a whole number, not 'many'"),
        ("synthetic:n_users", BadParameter, "takes name:parameter=value, as synthetic:scale=10"),
        ("synthetic:", BadParameter, "takes name:parameter=value"),
        ("synthetic:scale=7", UnknownName, r"scale '7'.* Known: 0, 1, 10, 100, 25"),
        ("synthetic:n_users=0", BadParameter, "synthetic:n_users=0: n_users must be at least 1"),
        ("movielens_100k:scale=1", UnknownName, "unknown parameter of movielens_100k 'scale'"),
        ("syntetic:scale=1", UnknownName, "Did you mean 'synthetic'"),
    ],
)
def test_a_wrong_parameter_of_a_data_set_is_named(
    text: str, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        load_data(text, None)
