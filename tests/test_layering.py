"""Who may import whom: the floor plan of bench/, models/ and datasets/."""

from collections.abc import Callable
from graphlib import TopologicalSorter
from pathlib import Path

import pytest
from our_sources import MODULES, PATHS, ROOT, imports, module_of, name, room_of, source

# What a package or a module at the top of bench/ may import, beside itself.
ALLOWED: dict[str, set[str]] = {
    # leaves
    **{"interactions": set(), "space": set(), "compilation": set(), "machine": set()},
    **{"hashing": set(), "text": set(), "suites": set()},
    "errors": {"text"},
    # the contract
    "adapter": {"interactions", "space"},
    # what models and data sets are made of; a model cannot see what is held out
    "models": {"adapter", "interactions", "space", "compilation"},
    "data": {"errors", "hashing", "interactions", "text"},
    "datasets": {"data", "interactions", "text"},
    # nothing of recommenders
    "isolation": {"text"},
    # other libraries' models
    "peers": {"adapter", "errors", "hashing", "interactions", "isolation", "space", "text"},
    # what is measured, and what is kept
    "protocol": {"errors", "hashing", "interactions"},
    "records": {"errors", "hashing", "text"},
    "fold_in": {"adapter", "errors", "interactions"},
    "evaluation": {"adapter", "compilation", "interactions", "protocol", "records"},
    "registry": {
        *("adapter", "data", "errors", "hashing", "interactions", "peers", "protocol", "space"),
        "text",
    },
    # fitted models on the disk
    "kept": {
        *("adapter", "errors", "evaluation", "hashing", "interactions", "protocol", "records"),
        *("registry", "text"),
    },
    # which differences are real, from ledgers
    "statistics": {"errors", "evaluation", "hashing", "interactions", "records", "text"},
    # what shows it, from records alone
    "tracking": {"errors", "isolation", "records", "text"},
    "leaderboard": {"errors", "evaluation", "protocol", "records", "statistics", "text"},
    # what answers from it
    "compare": {
        *("errors", "evaluation", "interactions", "leaderboard", "protocol", "records"),
        *("registry", "statistics", "text"),
    },
    # what is near what in the vectors of kept models, and those for other programs
    "embeddings": {
        *("adapter", "compare", "errors", "evaluation", "interactions", "kept", "records"),
        *("registry", "text"),
    },
    "export": {"errors", "interactions", "kept", "records", "text"},
    "report": {
        *("compare", "embeddings", "errors", "evaluation", "hashing", "leaderboard", "protocol"),
        *("records", "registry", "statistics", "text"),
    },
    "retrieval": {
        *("adapter", "errors", "fold_in", "interactions", "kept", "records", "text"),
    },
    "explore": {"errors", "interactions", "kept", "records", "report", "retrieval", "text"},
    # what checks it
    "canaries": {
        *("adapter", "evaluation", "hashing", "interactions", "isolation", "machine", "protocol"),
        *("records", "text"),
    },
    "certify": {
        *("adapter", "errors", "evaluation", "hashing", "interactions", "isolation", "kept"),
        *("machine", "protocol", "records", "registry", "text"),
    },
    # what does it
    "running": {
        *(
            "adapter",
            "canaries",
            "compilation",
            "data",
            "errors",
            "evaluation",
            "fold_in",
            "hashing",
        ),
        *("interactions", "isolation"),
        *("kept", "leaderboard", "machine", "peers", "protocol", "records", "registry", "report"),
        *("space", "text", "tracking"),
    },
    "study": {
        *("compare", "errors", "evaluation", "interactions", "leaderboard", "protocol", "records"),
        *("registry", "running", "statistics", "text"),
    },
    "tuning": {
        *("adapter", "errors", "hashing", "interactions", "isolation", "protocol", "records"),
        *("registry",),
        *("running", "space", "text", "tracking"),
    },
    # the same for scripts and notebooks
    "api": {
        *("adapter", "data", "errors", "interactions", "leaderboard", "records", "registry"),
        *("retrieval", "running", "text", "tracking"),
    },
    "cli": {
        *("canaries", "certify", "compare", "data", "embeddings", "errors"),
        *("evaluation", "explore", "export", "kept", "leaderboard", "peers", "protocol"),
        *("records", "registry", "report", "retrieval", "running", "statistics", "study"),
        *("text", "tracking", "tuning"),
    },
}
# What single files and folders may import, beside themselves.
FILES = {
    # what canaries must get is computed without what ranks
    "bench/canaries/targets.py": {
        *("evaluation.bounds", "interactions", "protocol"),
        "records.record",  # for the names of the figures
    },
    "bench/canaries/leaker.py": {"adapter", "interactions"},
    # the shared parts do not know the models
    "models/shared/": {"adapter", "interactions", "space", "compilation"},
    "models/shared/kernels/": {"interactions", "compilation"},
}
ONLY_IN: dict[str, Callable[[Path], bool]] = {
    "torch": lambda path: path.is_relative_to("models"),
    "numba": lambda path: (
        "kernels" in (path.stem, path.parent.name) or path == Path("bench/compilation.py")
    ),
    "ray": lambda path: path == Path("bench/running/cluster/client.py"),
    "mlflow": lambda path: (
        path in {Path("bench/tracking/client.py"), Path("bench/tracking/fill.py")}
    ),
    "optuna": lambda path: path == Path("bench/tuning/study.py"),
    "matplotlib": lambda path: path == Path("bench/tuning/picture.py"),
    "altair": lambda path: (
        path.is_relative_to("bench/report")
        or path in {Path("bench/study/pictures.py"), Path("bench/explore/charts.py")}
    ),
    "click": lambda path: path.is_relative_to("bench"),
}
# Imported below the top of a file, outside bench/cli/: the reason stands beside it.
HEAVY = {"bench.evaluation.kernels", "bench.tracking.tracker", "psutil", "pyarrow", "rich"}
HEAVY |= {"bench.evaluation.kernels.tiles"}
HEAVY |= {"IPython.display", "bench.report.charts", "bench.report.write", "pandas", "faiss"}
HEAVY |= {"tabulate", "vl_convert", "threadpoolctl"}
HEAVY |= {"bench.tracking.live"}  # loads MLflow, without what it can do without
HEAVY |= {"bench.compilation"}  # loads numba, in the process of a cell alone
HEAVY |= {"ray", "bench.running.cluster.client", "bench.running.executors.on_cluster"}  # an extra
HEAVY |= {"ray.util.scheduling_strategies"}
HEAVY |= {"bench.kept.leave"}  # its libraries count in no memory of a cell that is not kept
HEAVY |= {"scipy.sparse"}  # in the Python of another library, which may have none
HEAVY |= {"bench.peers.adapter"}  # loads numpy, and is needed where such a model is measured


def ours(path: Path) -> set[str]:
    found = {module for module, _ in imports(path) if module.partition(".")[0] == "bench"}
    return {module for module in found if room_of(module) in ALLOWED}


def test_every_room_has_a_row() -> None:
    assert ALLOWED.keys() == {room_of(module) for module in MODULES} - {""}


def test_the_rows_have_no_circle() -> None:
    assert set(TopologicalSorter(ALLOWED).static_order()) == ALLOWED.keys()


def test_files_have_no_circle() -> None:
    above = {module_of(path): ours(path) - {module_of(path)} for path in PATHS}
    TopologicalSorter(above).prepare()  # raises where there is one, and names it


@pytest.mark.parametrize("path", PATHS, ids=name)
def test_imports_only_lower_layers(path: Path) -> None:
    room = room_of(module_of(path))
    allowed = ALLOWED.get(room, set()) | {room}
    assert {room_of(module) for module in ours(path)} <= allowed


@pytest.mark.parametrize("place", FILES)
def test_some_files_may_import_less(place: str) -> None:
    inside = {path for path in PATHS if path.is_relative_to(place)}
    assert inside
    allowed = tuple(f"bench.{name}" for name in FILES[place])
    for path in inside:
        for module in ours(path):
            known = any(f"{module}.".startswith(f"{each}.") for each in allowed)
            assert known or MODULES.get(module) in inside, f"{path} imports {module}"


@pytest.mark.parametrize("path", PATHS, ids=name)
def test_some_libraries_stay_where_they_belong(path: Path) -> None:
    found = {module.split(".")[0] for module, _ in imports(path)}
    for library, belongs in ONLY_IN.items():
        assert library not in found or belongs(path), f"{path} imports {library}"


@pytest.mark.parametrize("path", PATHS, ids=name)
def test_only_the_command_takes_more_of_click_than_to_say_a_line(path: Path) -> None:
    if path.is_relative_to("bench/cli"):
        return
    assert not source(path).takes_from_click
    used = {each for each in source(path).attributes if each.startswith("click.")}
    assert used <= {"click.echo"}


@pytest.mark.parametrize("path", PATHS, ids=name)
def test_only_what_is_heavy_is_imported_late(path: Path) -> None:
    if path.is_relative_to("bench/cli"):
        return
    text = (ROOT / path).read_text(encoding="utf-8")
    assert "TYPE_CHECKING" not in text
    late = {module for module, is_late in imports(path) if is_late}
    assert late <= HEAVY


def test_what_may_be_imported_late_is() -> None:
    assert {module for path in PATHS for module, late in imports(path) if late} >= HEAVY
