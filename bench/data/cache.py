"""Tables that were read, kept as Arrow IPC files in the cache folder and mapped into memory.

An entry is a folder, called by its key: the content of the files, the options, and VERSION. It is
written under another name and then renamed, so that it is whole or not there. Two processes may
write one at once: the first rename wins.
"""

import contextlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.data.fetch import cache_folder, sha256_of
from bench.data.options import ReadOptions
from bench.data.plain import STALE_SECONDS, age_seconds, identity
from bench.hashing import key_of
from bench.interactions import Interactions

VERSION = 2  # of the reader: to be raised when it reads the same file otherwise
ROWS = ("users", "items", "times", "ratings")
IDS = ("user_ids", "item_ids")
FACTS = "facts.json"
MOST_BYTES = 20 * 10**9  # of all that is kept
# A file that was written to just before its hash was taken may change again within one tick of
# the clock of its file system, which its times do not tell.
SETTLED_SECONDS = 2.0


@dataclass(frozen=True, kw_only=True)
class Kept:
    """What an entry holds."""

    interactions: Interactions  # mapped
    facts: dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One line of the list of what is kept."""

    key: str
    source: str  # path of the file or folder that was read
    options: str  # in words, with the file's name
    rows: int
    bytes: int
    used: float  # seconds since 1970


def folder() -> Path:
    """Where entries are kept."""
    return cache_folder() / "tables"


def key_of_files(paths: Sequence[Path], source: Path, options: ReadOptions) -> str | None:
    """The key of what is read from these files with these options; None: nothing can be kept."""
    try:
        folder().mkdir(parents=True, exist_ok=True)
        if not os.access(folder(), os.W_OK):
            return None
        base = source if source.is_dir() else source.parent
        hashes = [[part.relative_to(base).as_posix(), _content(part)] for part in paths]
    except OSError:
        return None
    given = {
        name: value
        for name, value in options.given().items()
        # Tables of items and users are read anew each time.
        if name not in ("items", "users", "item_id", "user_id", "features")
    }
    return key_of({"files": hashes, "options": given, "version": VERSION})


def load(key: str) -> Kept | None:
    """What is kept under the key, mapped into memory; None where that is nothing, or damaged."""
    entry = folder() / key
    try:
        facts = json.loads((entry / FACTS).read_text(encoding="utf-8"))
        for name, size in facts["sizes"].items():
            if (entry / name).stat().st_size != size:
                raise ValueError(f"{name} is cut off")
        columns = _mapped(entry / "rows.arrow")
        ids = {name: _mapped(entry / f"{name}.arrow")[name] for name in IDS}
        interactions = Interactions(
            users=columns["users"],
            items=columns["items"],
            times=columns["times"],
            ratings=columns.get("ratings"),
            n_users=len(ids["user_ids"]),
            n_items=len(ids["item_ids"]),
            source=facts["source"],
            **ids,
        )
        with contextlib.suppress(OSError):
            os.utime(entry)
        return Kept(interactions=interactions, facts=facts["reading"])
    except (OSError, ValueError, KeyError, TypeError):  # ArrowInvalid is a ValueError
        return None


def store(key: str, data: Interactions, reading: dict[str, Any], path: str) -> None:
    """Keep what was read. Where that cannot be, as on a full disk, nothing is kept."""
    try:
        with tempfile.TemporaryDirectory(prefix=".incoming-", dir=folder()) as incoming:
            entry = Path(incoming) / key
            entry.mkdir()
            rows = {name: getattr(data, name) for name in ROWS}
            _write(entry / "rows.arrow", {k: v for k, v in rows.items() if v is not None})
            for name in IDS:
                _write(entry / f"{name}.arrow", {name: getattr(data, name)})
            sizes = {part.name: part.stat().st_size for part in entry.iterdir()}
            facts = {
                "source": data.source,
                "path": path,
                "rows": len(data),
                "sizes": sizes,
                "reading": reading,
            }
            (entry / FACTS).write_text(json.dumps(facts), encoding="utf-8")
            _rename(entry, folder() / key)
        _trim()
    except OSError:
        return


def entries() -> list[Entry]:
    """All that is kept, the last used first."""
    found = []
    for entry in _folders():
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
            facts = json.loads((entry / FACTS).read_text(encoding="utf-8"))
            found.append(
                Entry(
                    key=entry.name,
                    source=str(facts["path"]),
                    options=str(facts["source"]),
                    rows=int(facts["rows"]),
                    bytes=sum(map(int, facts["sizes"].values())),
                    used=entry.stat().st_mtime,
                )
            )
    return sorted(found, key=lambda entry: -entry.used)


def clear() -> int:
    """Remove all that is kept, and what killed processes left; the number of bytes freed.

    Whoever has an entry mapped keeps what is mapped.
    """
    freed = 0
    for where in (folder(), cache_folder() / "scratch"):
        for path in where.iterdir() if where.is_dir() else ():
            if path.name.startswith((".incoming-", "reading-")) and _is_fresh(path):
                continue  # somebody may be at it
            if path.is_dir():
                freed += sum(part.stat().st_size for part in path.rglob("*") if part.is_file())
                shutil.rmtree(path, ignore_errors=True)
    with contextlib.suppress(OSError):
        _hashes_path().unlink()
    return freed


def _is_fresh(path: Path) -> bool:
    try:
        return age_seconds(path) < STALE_SECONDS
    except OSError:
        return True  # just gone


def _trim() -> None:
    """Remove what was used longest ago where there is too much. The newest stays in any case."""
    kept = entries()
    total = 0
    for place, entry in enumerate(kept):
        total += entry.bytes
        if place and total > MOST_BYTES:
            shutil.rmtree(folder() / entry.key, ignore_errors=True)


def _folders() -> Iterator[Path]:
    with contextlib.suppress(OSError):
        yield from (path for path in folder().iterdir() if not path.name.startswith("."))


def _write(path: Path, columns: dict[str, Any]) -> None:
    import pyarrow as pa
    from pyarrow import ipc

    table = {}
    for name, values in columns.items():
        kind = pa.string() if values.dtype == object else None
        table[name] = pa.array(values, kind)
    batch = pa.record_batch(table)
    with ipc.new_file(str(path), batch.schema) as writer:
        writer.write_batch(batch)


def _mapped(path: Path) -> dict[str, Any]:
    import pyarrow as pa
    from pyarrow import ipc

    with ipc.open_file(pa.memory_map(str(path))) as reader:
        if reader.num_record_batches != 1:
            raise ValueError("not one batch")
        batch = reader.get_batch(0)
    found = {}
    for name in batch.schema.names:
        values = batch.column(name)
        found[name] = values.to_numpy(zero_copy_only=not pa.types.is_string(values.type))
    return found


def _rename(entry: Path, target: Path) -> None:
    """Put an entry in its place. One that is there is another process's, or damaged."""
    try:
        entry.rename(target)
    except OSError:
        if load(target.name) is not None:
            return
        shutil.rmtree(target, ignore_errors=True)
        entry.rename(target)


def _hashes_path() -> Path:
    return folder() / ".hashes.json"


def _content(path: Path) -> str:
    """SHA-256 of a file, by what is remembered of it if its size and times are the same."""
    place, found = str(path.resolve()), identity(path)
    remembered = _remembered()
    if remembered.get(place, [None])[:-1] == list(found):
        return str(remembered[place][-1])
    settled = age_seconds(path) > SETTLED_SECONDS
    digest = sha256_of(path)
    if settled and identity(path) == found:
        _remember(place, [*found, digest])
    return digest


def _remembered() -> dict[str, list[Any]]:
    try:
        found = json.loads(_hashes_path().read_text(encoding="utf-8"))
        return {str(place): list(entry) for place, entry in found.items()}
    except (OSError, ValueError, AttributeError, TypeError):
        return {}


def _remember(place: str, entry: list[Any]) -> None:
    """Another process may do so at once: then one of the two is not remembered."""
    known = {**_remembered(), place: entry}
    descriptor, name = tempfile.mkstemp(prefix=".hashes-", dir=folder())
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump(known, file)
        Path(name).replace(_hashes_path())
    except OSError:
        Path(name).unlink(missing_ok=True)
        raise
