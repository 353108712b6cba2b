"""A results folder that is merged into another: read as a whole, and verified before that."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from bench.errors import Problem
from bench.leaderboard.sections import sections
from bench.leaderboard.verify import Difference, check_record
from bench.leaderboard.versions import place_of
from bench.records.canaries import Canaries
from bench.records.certificates import Certificate
from bench.records.files import BadRecord, Kept, load
from bench.records.folder import Results
from bench.records.record import Record
from bench.records.tie_rules import TieRules
from bench.text import one_line

AnyKept = TypeVar("AnyKept", bound=Kept)
HASHES = re.compile("[0-9a-f]*")  # they are parts of names of files
Basis = tuple[str, str]  # hashes of the data, and of the split


@dataclass(frozen=True)
class Source:
    """All that is merged of a results folder, each with the file that it stands in."""

    results: Results
    records: dict[Path, Record]
    canaries: dict[Path, Canaries]
    certificates: dict[Path, Certificate]
    tie_rules: dict[Path, TieRules]


class OtherBasis(Problem):
    """Folders whose rows may not be compared: of other data, or of another split."""


def read(results: Results) -> Source:
    """Read a folder; nothing of it is taken that its ledgers do not give.

    Raises:
        BadRecord: a file is of no such kind, or stands under the name of another.
        Difference: a figure that its ledger does not give, a missing ledger, or a board that is
            INVALID.
    """
    records = _named(Record, results.records)
    if not records:
        raise BadRecord(f"no records in {results.records}: name a results folder")
    found = Source(
        results,
        records,
        _named(Canaries, results.canaries),
        _named(Certificate, results.certificates),
        _named(TieRules, results.ties),
    )
    for path, record in records.items():
        if not HASHES.fullmatch(record.data_sha256 + record.split_sha256):
            raise BadRecord(f"{path}: its data and split are no hashes")
        if record.status == "ok":
            try:
                check_record(record, results)
            except Difference as error:
                raise Difference(f"{results}: {error}") from error
    for section in sections(records.values(), found.canaries.values()):
        for reason in section.invalid:
            raise Difference(f"{results}: {section.title} is INVALID: {reason}")
    return found


def check_comparable(folders: Iterable[tuple[Results, Iterable[Record]]]) -> None:
    """Let each data set under a protocol be of the same data and split in all folders.

    A folder with several versions of the data decides for those after it.

    Raises:
        OtherBasis: the first that is not.
    """
    known: dict[tuple[str, str], tuple[Results, set[Basis]]] = {}
    for results, records in folders:
        own: dict[tuple[str, str], set[Basis]] = {}
        for record in records:
            dataset, protocol, data = place_of(record)
            if data and record.split_sha256:
                own.setdefault((dataset, protocol), set()).add((data, record.split_sha256))
        for place, bases in own.items():
            before, there = known.setdefault(place, (results, bases))
            for data, split in sorted(bases - there):
                same = next((each for each in there if each[0] == data), None)
                (other,) = [same] if same else sorted(there)[:1]
                what, ours, theirs = (
                    ("another split of the data", split, other[1])
                    if same
                    else ("other data", data, other[0])
                )
                raise OtherBasis(
                    f"{results}: {one_line(', '.join(place))} is of {what} ({ours[:8]}) than in"
                    f" {before} ({theirs[:8]}), so their rows cannot be compared"
                )


def _named(cls: type[AnyKept], folder: Path) -> dict[Path, AnyKept]:
    """All of a kind that stand in a folder, oldest first, each under the name that is its own."""
    found = {path: load(cls, path) for path in sorted(folder.glob("*.json"))}
    for path, kept in found.items():
        # Several machines have canaries and certificates of one name: more follows it then.
        if path.stem != kept.stem and not path.stem.startswith(f"{kept.stem}."):
            raise BadRecord(f"{path}: its name is not that of what it holds, {one_line(kept.stem)}")
    return dict(sorted(found.items(), key=lambda each: (each[1].started, each[1].stem)))
