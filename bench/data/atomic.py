"""RecBole's atomic files: NAME.inter, with NAME.user and NAME.item beside it, and typed headers.

Format: https://recbole.io/docs/user_guide/data/atomic_files.html. Tabs between fields, no quotes; a
field of the header is "name:type", with type token, float, token_seq or float_seq.
"""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from bench.data.csv_table import CsvTable
from bench.data.delimited import BadData
from bench.data.options import ReadOptions
from bench.data.plain import PlainFile
from bench.text import quoted

ENDINGS = (".inter", ".user", ".item")
TYPES = ("token", "float", "token_seq", "float_seq")


class AtomicTable(CsvTable):
    """Raises BadData where the header has no types."""

    def __init__(self, plain: PlainFile, name: str) -> None:
        super().__init__(plain, name, "\t", {}, header=True, quotes=False)
        self._kinds = {}
        for field in self.columns:
            column, colon, kind = field.rpartition(":")
            if not colon or kind not in TYPES:
                raise BadData(
                    f"{name}, line 1: {quoted(field)} is no name:type with a type of"
                    f" {', '.join(TYPES)}, as RecBole's atomic files have them"
                )
            self._kinds[column] = kind
        if len(self._kinds) < len(self.columns):
            raise BadData(f"{name}, line 1: two columns have one name")
        self.columns = tuple(self._kinds)
        self.notes = ("an atomic file of RecBole",)

    def kinds(self) -> Mapping[str, str]:
        return self._kinds


def is_atomic(name: str) -> bool:
    """Whether a file is one by its name."""
    return name.endswith(ENDINGS)


def interactions_in(folder: Path) -> list[Path]:
    """The files of interactions of RecBole in a folder; several where it has the split."""
    return sorted(folder.glob("*.inter"))


def with_siblings(path: Path, options: ReadOptions) -> ReadOptions:
    """The options with the files NAME.item and NAME.user that stand beside NAME.inter, if any."""
    if path.is_dir() and len(found := interactions_in(path)) == 1:
        path = found[0]
    if path.suffix != ".inter":
        return options
    items, users = path.with_suffix(".item"), path.with_suffix(".user")
    return replace(
        options,
        items=options.items or (items if items.is_file() else None),
        users=options.users or (users if users.is_file() else None),
    )
