"""The formats by name, and writing one of them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from bench.errors import UsageError, unknown
from bench.export.binary import npz, parquet, safetensors
from bench.export.exported import Exported
from bench.export.faiss_index import faiss_indexes
from bench.export.projector import projector
from bench.export.word2vec import word2vec, word2vec_text
from bench.records.files import write_whole
from bench.text import file_name


class BadPlace(UsageError, ValueError):
    """A place where nothing can be written, or where something stands already."""


@dataclass(frozen=True)
class Format:
    """How vectors become files.

    `files` gives the contents by what stands after the given name, "" for the file of this name
    itself; of a folder, by their names in it.
    """

    files: Callable[[Exported], Mapping[str, bytes]]
    ending: str  # of a file; empty where it is a folder
    about: str


FORMATS: dict[str, Format] = {
    "parquet": Format(parquet, ".parquet", "a table, as it is kept"),
    "npz": Format(npz, ".npz", "arrays of numpy: vectors, ids, titles"),
    "safetensors": Format(safetensors, ".safetensors", "tensors: vectors, ids"),
    "word2vec": Format(word2vec, ".bin", "binary, with ids as tokens and titles beside it"),
    "word2vec-text": Format(word2vec_text, ".txt", "the same as text"),
    "projector": Format(projector, "", "a folder for TensorBoard's projector"),
    "faiss": Format(faiss_indexes, "", "a folder with indexes; needs the extra [search]"),
}


@dataclass(frozen=True)
class Place:
    """Where an export is to stand."""

    path: Path  # of the file, or of the folder
    form: Format

    @classmethod
    def of(cls, format_name: str, given: Exported, path: Path | None) -> "Place":
        """The place that was asked for, or one in this folder, named after what is in it.

        Raises:
            UnknownName: there is no such format.
            BadPlace: a folder was given where a file is written, or a file for a folder.
        """
        if format_name not in FORMATS:
            raise unknown("format", format_name, FORMATS)
        form = FORMATS[format_name]
        if path is None:
            facts = given.facts
            name = file_name(f"{facts['model']}-{facts['dataset']}-{given.of}")
            path = Path(f"{name}{form.ending or f'-{format_name}'}")
        if form.ending and path.is_dir():
            raise BadPlace(f"{path} is a folder, and {format_name} is a file: name one with -o")
        if not form.ending and path.exists() and not path.is_dir():
            raise BadPlace(f"{path} is a file, and {format_name} is a folder: name one with -o")
        return cls(path, form)

    def at(self, name: str) -> Path:
        """Where one of its files stands."""
        if not self.form.ending:
            return self.path / name
        return self.path.with_name(f"{self.path.name}{name}")

    def write(self, files: Mapping[str, bytes], *, force: bool = False) -> list[Path]:
        """Write its files; where they stand.

        Raises:
            BadPlace: one of them exists, and force is not given.
        """
        places = [self.at(name) for name in files]
        for place in places:
            if place.exists() and not force:
                raise BadPlace(f"{place} exists; --force writes over it")
        for place, content in zip(places, files.values(), strict=True):
            place.parent.mkdir(parents=True, exist_ok=True)
            write_whole(place, content)
        return places
