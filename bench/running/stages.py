"""The modules that a warm template imports for a job of ours, see `bench.isolation.warm`."""

from collections.abc import Sequence

from bench.isolation.warm import Stages
from bench.registry.imports import imported_by
from bench.registry.names import added_models, find, folders

# For any job. Not pyarrow, which starts a thread when it is loaded, nor what loads it.
BASE = (
    *("numpy", "scipy.sparse", "numba", "psutil"),
    *("bench.protocol.task", "bench.registry.suites", "bench.fold_in.ways"),
)
RANKS = "bench.evaluation.kernels"
# Heavy libraries that no thread and no random state comes with, by what a model imports.
LIBRARIES = ("torch",)
FRESH = "fresh process"  # of what a model may need, see `bench.adapter.Need`
# A model from outside that sets variables means them for libraries that a template has loaded.
SETS_VARIABLES = (b"environ", b"putenv")


def stages_of_cell(model: str, *, device: str = "cpu", needs: Sequence[str] = ()) -> Stages | None:
    """For a cell of a model: libraries, then kernels; None where a fork would not be as good.

    That is on a GPU, whose driver does not survive a fork, and where the model asks for it, or may
    count on loading a library first.
    """
    if device != "cpu" or FRESH in needs or _sets_variables(model):
        return None
    return [*_libraries([model]), [RANKS, *_kernels(model)]]


def stages_of_asking(models: Sequence[str]) -> Stages | None:
    """For asking models about themselves: without kernels, which this may find to be compiled."""
    if any(map(_sets_variables, models)):
        return None
    return _libraries(models)


def _libraries(models: Sequence[str]) -> list[Sequence[str]]:
    imported = {library for model in models for library in imported_by(model).libraries}
    wanted = [library for library in LIBRARIES if library in imported]
    return [wanted] if wanted else []


def _kernels(model: str) -> list[str]:
    """The project's own kernels among what a model imports."""
    ours = folders("models")[0]
    files = imported_by(model).files
    return sorted(
        name
        for name, path in files.items()
        if path.parent.name == "kernels" and path.is_relative_to(ours)
    )


def _sets_variables(model: str) -> bool:
    if find("models", model) not in added_models():
        return False
    files = imported_by(model).files.values()
    texts = [path.read_bytes() for path in files if not path.is_relative_to(folders("models")[0])]
    return any(word in text for text in texts for word in SETS_VARIABLES)
