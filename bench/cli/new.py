"""`bench new`: write a model's file that runs, to begin with."""

import re
import shlex
from keyword import iskeyword
from pathlib import Path

import click

from bench.errors import BadParameter, UsageError, unknown
from bench.registry import names
from bench.registry.names import NameTaken
from bench.text import shown

TEMPLATES = Path(__file__).parent / "templates"  # whole models, called newmodel
KINDS = {path.name.partition(".")[0]: path for path in TEMPLATES.glob("*.py.txt")}
NAME = "letters, digits and _, first a letter, and is no word of Python's"
SHARED = "from bench.models.shared."


@click.command()
@click.argument("name")
@click.option("--kind", metavar="KIND", default="plain", help="plain, pairs or sequence. [plain]")
@click.option(
    "--at",
    "folder",
    metavar="FOLDER",
    type=click.Path(path_type=Path, exists=True, file_okay=False, writable=True),
    help="Where to write it. [models/ of the checkout, elsewhere the current folder]",
)
def new(*, name: str, kind: str, folder: Path | None) -> None:
    """Write the file of a new model that runs.

    It keeps the laws of `bench certify`, and its comments say what to replace. A plain model needs
    numpy alone; pairs is a network over (user, item) pairs; sequence reads each user's items in
    order. No file is overwritten.
    """
    if kind not in KINDS:
        raise unknown("kind", kind, KINDS)
    check(name)
    folder = folder or models_here() or Path()
    inside = folder.resolve() in map(Path.resolve, names.folders("models"))
    path = folder / f"{name}.py"
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(model(KINDS[kind], name, inside=inside))
    except FileExistsError:
        raise UsageError(f"{path} exists already, and is left as it is") from None
    where = shlex.quote(str(path))
    click.echo(f"Wrote {path}. It runs as it is, and its comments say what to replace. Try it:")
    click.echo()
    outside = "" if inside else f" --model-path {where}"
    click.echo(f"  bench run --suite quick --models {name},ease{outside}")
    click.echo(f"  bench certify {name if inside else f'--model-path {where}'}")


def check(name: str) -> None:
    """Find fault with the name of a model that is to be.

    Raises:
        BadParameter: it is no name of a module that a model can have.
        NameTaken: a model of that name exists already.
    """
    if not re.fullmatch(r"[A-Za-z]\w*", name, re.ASCII) or iskeyword(name):
        raise BadParameter(f"a model's name has {NAME}, unlike {shown(name)}")
    if name == "shared":
        raise BadParameter("no model is called 'shared': models/shared/ is what models share")
    if name in (known := names.files("models")):
        raise NameTaken(f"a model {name!r} exists already, {known[name]}; take another name")


def models_here() -> Path | None:
    """models/ of the checkout that the command runs in, as seen from here; None outside of one."""
    here = Path.cwd()
    for folder in map(Path.resolve, names.folders("models")):
        root = folder.parent
        if here.is_relative_to(root) and (root / "pyproject.toml").is_file():
            return folder.relative_to(here) if folder.is_relative_to(here) else folder
    return None


def model(template: Path, name: str, *, inside: bool) -> str:
    """The text of a model's file.

    Args:
        template: a model called newmodel, whose file may stand anywhere.
        name: what it is to be called.
        inside: whether it is to stand in models/, where what models share is imported by its
            relative name.
    """
    text = template.read_text(encoding="utf-8")
    words = set(re.findall(r"\w+", text))
    cls = "".join(word[:1].upper() + word[1:] for word in name.split("_"))
    if cls in words or iskeyword(cls):  # as Run, which it imports, or None
        cls += "Model"
    if inside:
        text = with_relative_imports(text)
    return text.replace("NewModel", cls).replace("newmodel", name)


def with_relative_imports(text: str) -> str:
    """Imports of what models share by relative names, below all others, as linters sort them."""
    lines = text.splitlines(keepends=True)
    shared = [line for line in lines if line.startswith(SHARED)]
    others = [line for line in lines if line not in shared]
    last = max(j for j, line in enumerate(others) if line.startswith("from bench."))
    relative = [line.replace(SHARED, "from .shared.") for line in shared]
    return "".join(
        [*others[: last + 1], *(["\n", *relative] if shared else []), *others[last + 1 :]]
    )
