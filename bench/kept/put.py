"""Put a kept model in its place in a results folder, whole or not at all."""

import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from bench.interactions import Floats, Interactions
from bench.kept.catalogue import Catalogue
from bench.kept.learned_from import DATA_FILES, write_interactions
from bench.kept.manifest import (
    DATA,
    ITEMS,
    MANIFEST,
    STATE,
    USERS,
    By,
    Damaged,
    DataManifest,
    FileFacts,
    Kind,
    Manifest,
    intact,
)
from bench.kept.tables import write_items, write_users
from bench.records.files import BadRecord, load, save
from bench.records.folder import Results
from bench.records.learned_from import data_folder
from bench.records.record import Record

BY: By = "centred"  # within .015 of the best cosine for every model, where "dot" finds the popular


@dataclass(frozen=True, kw_only=True)
class Fitted:
    """What a fit left, checked: what is to be kept of it."""

    kind: Kind
    items: Floats | None = None  # [I, d]
    users: Floats | None = None  # [U, d]
    biases: int = 0
    state: Path | None = None  # a file of safetensors, which is moved

    def moved(self, folder: Path) -> "Fitted":
        """With the state in another folder of the same disk, beside those from other folders."""
        if self.state is None:
            return self
        name = f"{self.state.parent.name}.{STATE}"
        return replace(self, state=self.state.rename(folder / name))


def put_model(
    fitted: Fitted, record: Record, train: Interactions, results: Results, note: str = ""
) -> Path:
    """Write a kept model, and what it learned from where that is not there yet; its folder.

    What was kept of the same cell before is replaced.

    Args:
        fitted: what to keep.
        record: of the cell.
        train: what it learned from.
        results: where the model gets its place.
        note: where the fit is not the one of the record.

    Raises:
        OSError: it cannot be written; then nothing is left of it.
    """
    _put_data(record, train, results)

    def write(folder: Path) -> None:
        write_items(Catalogue.of(train), fitted.items, folder / ITEMS)
        write_users(train.user_ids, fitted.users, folder / USERS)
        if fitted.state is not None:
            shutil.copyfile(fitted.state, folder / STATE)  # that others may read it, too
            fitted.state.unlink()
        kept = Manifest(
            cell=record.cell,
            key=record.key,
            data_sha256=record.data_sha256,
            split_sha256=record.split_sha256,
            kind=fitted.kind,
            biases=fitted.biases,
            by=BY,
            files={path.name: FileFacts.of(path) for path in sorted(folder.iterdir())},
            note=note,
            started=record.started,
            code_sha256=record.code_sha256,
        )
        save(kept, folder / MANIFEST)

    return _whole(results.model_of(record), results.work, write)


def is_kept(record: Record, results: Results) -> bool:
    """Whether the model of a record is kept, with all its files as they were written."""
    folder = results.model_of(record)
    try:
        kept = load(Manifest, folder / MANIFEST)
        for name in kept.files:
            intact(folder, name, kept.files)
    except (BadRecord, Damaged):
        return False
    return _data_is_there(data_folder(results.models, record.data_sha256, record.split_sha256))


def _put_data(record: Record, train: Interactions, results: Results) -> None:
    place = data_folder(results.models, record.data_sha256, record.split_sha256)
    if _data_is_there(place):
        return

    def write(folder: Path) -> None:
        write_interactions(train, folder)
        kept = DataManifest(
            dataset=record.cell.dataset,
            data_sha256=record.data_sha256,
            split_sha256=record.split_sha256,
            source=train.source,
            files={name: FileFacts.of(folder / name) for name in DATA_FILES},
            started=datetime.now(UTC).isoformat(timespec="milliseconds"),
        )
        save(kept, folder / DATA)

    _whole(place, results.work, write)


def _data_is_there(place: Path) -> bool:
    try:
        kept = load(DataManifest, place / DATA)
        for name in DATA_FILES:
            intact(place, name, kept.files)
    except (BadRecord, Damaged):
        return False
    return True


def _whole(place: Path, work: Path, write: Callable[[Path], None]) -> Path:
    """Write a folder in `work`, on the same disk, then give it its place."""
    for folder in (place.parent, work):
        folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=work) as name:
        folder = Path(name) / "new"
        folder.mkdir()
        write(folder)
        if place.exists():
            place.rename(Path(name) / "old")
        folder.rename(place)
    return place
