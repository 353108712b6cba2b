"""Who may import whom. The reasons stand in CONTRIBUTING.md, under Layers."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent

# A file may import, of the project, only what its row names. A model sees the contract and the
# interactions, so it cannot see what is held out.
ALLOWED: dict[str, set[str]] = {
    "models/*.py": {"bench.adapter", "bench.interactions", "bench.compilation", "bench.space"},
    "datasets/*.py": {"bench.interactions", "bench.fetch", "bench.files", "bench.delimited"},
    "bench/interactions.py": set(),
    "bench/compilation.py": set(),
    "bench/space.py": set(),
    "bench/adapter.py": {"bench.interactions", "bench.space"},
    "bench/fetch.py": set(),
    "bench/files.py": {"bench.fetch"},
    "bench/delimited.py": set(),
    "bench/metrics.py": set(),
    "bench/expectation.py": {"bench.metrics"},
    "bench/split.py": {"bench.interactions"},
    "bench/negatives.py": {"bench.interactions", "bench.split"},
    "bench/rank_kernels.py": {"bench.compilation"},
    "bench/ranking.py": {"bench.interactions", "bench.rank_kernels"},
    "bench/handover.py": set(),
    "bench/keeper.py": set(),
    "bench/record.py": {"bench.text"},
    "bench/certificates.py": {"bench.record"},
    "bench/renumber.py": {"bench.interactions", "bench.split"},
    "bench/reference.py": {"bench.interactions", "bench.record"},
    "bench/canary_record.py": {"bench.record"},
    "bench/gate.py": {"bench.canary_record", "bench.record"},
    "bench/leaker.py": {"bench.adapter", "bench.interactions"},
    # What canaries must get is computed without what ranks and measures.
    "bench/canary_targets.py": {
        "bench.gate",
        "bench.interactions",
        "bench.negatives",
        "bench.protocol",
    },
    "bench/ledger.py": {"bench.expectation", "bench.interactions", "bench.metrics", "bench.record"},
    "bench/trials.py": set(),
    "bench/study.py": {"bench.space", "bench.trials"},
    "bench/tune_picture.py": {"bench.text", "bench.trials"},
    "bench/tune_report.py": {
        "bench.record",
        "bench.study",
        "bench.text",
        "bench.trials",
        "bench.tune_picture",
    },
    "bench/projection.py": {"bench.record"},
    "bench/text.py": set(),
    "bench/views.py": set(),
    "bench/store.py": {"bench.projection"},
    "bench/tracking.py": {"bench.record", "bench.projection", "bench.store", "bench.views"},
    "bench/upkeep.py": {"bench.record", "bench.tracking"},
    "bench/ui.py": {"bench.tracking", "bench.views"},
}
FILES = [(path, allowed) for pattern, allowed in ALLOWED.items() for path in ROOT.glob(pattern)]
SOURCES = [
    path for folder in ("bench", "models", "datasets") for path in ROOT.glob(f"{folder}/*.py")
]
ONLY_IN = {
    "torch": lambda path: path.parent.name == "models",
    "mlflow": lambda path: path.name == "tracking.py",
    "optuna": lambda path: path.name == "study.py",
    "matplotlib": lambda path: path.name == "tune_picture.py",
    "numba": lambda path: path.name.endswith(("_kernels.py", "compilation.py")),
}


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize(("path", "allowed"), FILES, ids=[name(path) for path, _ in FILES])
def test_imports_only_lower_layers(path: Path, allowed: set[str]) -> None:
    ours = {module for module in imports(path) if module.split(".")[0] == "bench"}
    assert ours <= allowed | {"bench.errors", "bench.hashing", "bench.text"}


@pytest.mark.parametrize("path", SOURCES, ids=name)
def test_some_libraries_stay_where_they_belong(path: Path) -> None:
    for library, belongs in ONLY_IN.items():
        found = {module.split(".")[0] for module in imports(path)}
        assert library not in found or belongs(path), f"{name(path)} imports {library}"


def test_what_shows_results_depends_on_records_only() -> None:
    measuring = {
        "bench.evaluation",
        "bench.protocol",
        "bench.jobs",
        "bench.adapter",
        "bench.runner",
    }
    for file in ("leaderboard", "render", "columns", "scatter", "projection", "tracking"):
        assert not imports(ROOT / "bench" / f"{file}.py") & measuring


@pytest.mark.parametrize(
    "command",
    [["--help"], ["list"], ["run", "--help"], ["tune", "--help"], ["certify", "--help"]],
    ids=" ".join,
)
def test_help_and_list_load_no_heavy_library(command: list[str]) -> None:
    script = (
        "import sys; sys.argv = ['bench', *sys.argv[1:]]\n"
        "from bench.cli import main\n"
        "try: main()\n"
        "except SystemExit as end: assert not end.code\n"
        "heavy = {'numpy', 'torch', 'sklearn', 'mlflow', 'pandas', 'scipy', 'implicit', 'rich',"
        " 'optuna', 'matplotlib'}\n"
        "assert not heavy & sys.modules.keys(), heavy & sys.modules.keys()\n"
    )
    subprocess.run([sys.executable, "-P", "-c", script, *command], check=True, capture_output=True)


def imports(path: Path) -> set[str]:
    """Modules that a file imports by their full name; `from bench import x` counts as bench.x."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            if node.module == "bench":
                found |= {f"bench.{alias.name}" for alias in node.names}
            else:
                found.add(node.module)
    return found
