"""The modules that a warm template imports for a job of ours, see `bench.isolation.warm`."""

from collections.abc import Iterable, Sequence

from bench.isolation.warm import Stages
from bench.registry.imports import Imported, imported_by
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
    if device != "cpu" or FRESH in needs:
        return None
    imported = imported_by(model)
    if _sets_variables(model, imported):
        return None
    return [*_libraries([imported]), [RANKS, *_kernels(imported)]]


def stages_of_asking(models: Sequence[str]) -> Stages | None:
    """For asking models about themselves: without kernels, which this may find to be compiled."""
    imported = {model: imported_by(model) for model in models}
    if any(_sets_variables(model, found) for model, found in imported.items()):
        return None
    return _libraries(imported.values())


def _libraries(imported: Iterable[Imported]) -> list[Sequence[str]]:
    found = {library for each in imported for library in each.libraries}
    wanted = [library for library in LIBRARIES if library in found]
    return [wanted] if wanted else []


def _kernels(imported: Imported) -> list[str]:
    """The project's own kernels among what a model imports."""
    ours = folders("models")[0]
    return sorted(
        name
        for name, path in imported.files.items()
        if path.parent.name == "kernels" and path.is_relative_to(ours)
    )


def _sets_variables(model: str, imported: Imported) -> bool:
    if find("models", model) not in added_models():
        return False
    ours = folders("models")[0]
    texts = [path.read_bytes() for path in imported.files.values() if not path.is_relative_to(ours)]
    return any(word in text for text in texts for word in SETS_VARIABLES)
