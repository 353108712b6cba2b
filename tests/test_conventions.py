"""Names, first words, and what stands at the top: conventions of the code as a whole."""

import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from our_sources import MODULES, PATHS, ROOT, name, room_of, source

ROOMS = sorted({room_of(module) for module in MODULES} - {"", "models", "datasets"})


@pytest.mark.parametrize("room", ROOMS)
def test_functions_of_a_package_have_names_of_their_own(room: str) -> None:
    found = [
        function
        for module, path in MODULES.items()
        if room_of(module) == room
        for function in source(path).functions
        if not function.startswith("_")
    ]
    assert [each for each, count in Counter(found).items() if count > 1] == []


@pytest.mark.parametrize("path", PATHS, ids=name)
def test_what_a_file_says_of_itself_begins_with_its_subject(path: Path) -> None:
    first = source(path).docstring.partition(" ")[0]
    assert first not in {"", "What", "Whether", "How", "Which"}


def test_the_top_of_bench_and_of_models_stays_short() -> None:
    own = {"__init__.py", "__init__.pyi", "__pycache__"}
    top = {path.name for path in (ROOT / "bench").iterdir()} - own
    assert len(top) <= 36, sorted(top)
    models = list((ROOT / "models").iterdir())
    assert len([path for path in models if path.suffix == ".py"]) == 28
    assert {path.name for path in models if path.suffix != ".py"} - {"__pycache__"} == {"shared"}


@pytest.mark.parametrize(
    "command",
    [
        ["--help"],
        ["list"],
        ["run", "--help"],
        ["tune", "--help"],
        ["certify", "--help"],
        ["new", "--help"],
        ["compare", "--help"],
        ["study", "--help"],
        ["choose", "--help"],
        ["embeddings", "--help"],
        ["export", "--help"],
        ["similar", "--help"],
        ["recommend", "--help"],
        ["films", "--help"],
        ["explore", "--help"],
    ],
    ids=" ".join,
)
def test_help_and_list_load_no_heavy_library(command: list[str]) -> None:
    script = (
        "import sys; sys.argv = ['bench', *sys.argv[1:]]\n"
        "from bench.cli import main\n"
        "try: main()\n"
        "except SystemExit as end: assert not end.code\n"
        "heavy = {'numpy', 'torch', 'sklearn', 'mlflow', 'pandas', 'scipy', 'implicit', 'rich',"
        " 'optuna', 'matplotlib', 'altair'}\n"
        "assert not heavy & sys.modules.keys(), heavy & sys.modules.keys()\n"
    )
    subprocess.run([sys.executable, "-P", "-c", script, *command], check=True, capture_output=True)
