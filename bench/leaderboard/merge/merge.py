"""Merge results folders into one: what is new there is copied, and nothing is overwritten."""

import shutil
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

from bench.errors import BadParameter
from bench.leaderboard.merge.source import Source, check_comparable, read
from bench.leaderboard.sections import Section
from bench.leaderboard.write import board_of, files, write
from bench.records.files import load_all, write_whole
from bench.records.folder import MANIFEST, Results
from bench.records.learned_from import data_folder
from bench.records.record import Record

DIGITS = 8  # of a hash, behind a name that another file has


@dataclass
class Merged:
    """What came of it."""

    records: int = 0  # that were copied
    ledgers: int = 0
    canaries: int = 0
    models: int = 0  # that were kept
    verified: int = 0  # records of all sources
    others: list[Record] = field(default_factory=list)  # whose cells had been measured there too
    board: list[Section] = field(default_factory=list)


def merge(folders: Sequence[Results], into: Results, work: Path) -> Merged:
    """Copy what each folder has and the other lacks, and write the other's board again.

    All folders are read and verified before anything is copied. What is cut off halfway is
    completed by the same call.

    Args:
        folders: to read; they stay as they are.
        into: to write; it is held.
        work: an empty folder beside its results.

    Raises:
        BadParameter: a folder is the one that is written.
        BadRecord: a file of any of them is no record.
        Difference: a folder has figures that its ledgers do not give.
        OtherBasis: they are of other data, or another split.
    """
    for each in folders:
        if each.path.resolve() == into.path.resolve():
            raise BadParameter(f"{each} cannot be merged into itself")
    sources = [read(each) for each in folders]
    before = load_all(Record, into.records)
    check_comparable([(into, before), *((each.results, each.records.values()) for each in sources)])
    found = Merged(verified=sum(len(each.records) for each in sources))
    for source in sources:
        _copy_records(source, into, work, found)
        found.canaries += _copy_beside(source.canaries, into)
        _copy_beside(source.certificates, into)
        for path, rules in source.tie_rules.items():
            _copy_new(path, into.file_of(rules))
    found.board = board_of(into)
    if any(_differs(into.path / name, text) for name, text in files(found.board).items()):
        write(found.board, into)
    return found


def _copy_records(source: Source, into: Results, work: Path, found: Merged) -> None:
    """The ledger first, and the record last, which says that nothing is missing."""
    results = source.results
    for path, record in source.records.items():
        target = into.file_of(record)
        if target.exists():
            if target.read_bytes() != path.read_bytes():
                found.others.append(record)
                continue
        else:
            items = results.items_of(record.data_sha256)
            if items.exists():
                _copy_new(items, into.items_of(record.data_sha256))
            if record.status == "ok":
                write_whole(into.ledger_of(record), results.ledger_of(record).read_bytes())
                found.ledgers += 1
            write_whole(target, path.read_bytes())
            found.records += 1
        # A model may have been kept, or its record merged, before.
        found.models += _copy_model(record, results, into, work)


def _copy_model(record: Record, results: Results, into: Results, work: Path) -> bool:
    """Copy a kept model that is not there, after what it learned from; whether it was."""
    model = results.model_of(record)
    if not (model / MANIFEST).is_file() or into.model_of(record).exists():
        return False
    data, split = record.data_sha256, record.split_sha256
    places = [data_folder(each.models, data, split) for each in (results, into)]
    for source, target in (places, (model, into.model_of(record))):
        if source.is_dir() and not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            Path(shutil.copytree(source, work / source.name)).replace(target)
    return True


def _copy_beside(kept: Iterable[Path], into: Results) -> int:
    """Copy canaries or certificates, also where another machine's have the name; how many."""
    copied = 0
    for path in kept:
        content = path.read_bytes()
        folder = into.path / path.parent.name
        there = {each.read_bytes() for each in folder.glob("*.json")}
        if content in there:
            continue
        target = folder / path.name
        if target.exists():
            target = target.with_suffix(f".{sha256(content).hexdigest()[:DIGITS]}.json")
        write_whole(target, content)
        copied += 1
    return copied


def _copy_new(path: Path, target: Path) -> None:
    if not target.exists():
        write_whole(target, path.read_bytes())


def _differs(path: Path, text: str) -> bool:
    return not path.exists() or path.read_text(encoding="utf-8") != text
