"""A results folder: what stands where in it, and all that can be read there."""

import errno
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Self

import click
from filelock import FileLock, Timeout

from bench.records import certificates
from bench.records.canaries import Canaries
from bench.records.certificates import Certificate, Verdict
from bench.records.files import BadRecord, Kept, load, load_all, remove_unfinished, save
from bench.records.record import Record
from bench.records.standings import Standings
from bench.records.tie_rules import TieRules
from bench.text import file_name

TABLE = "leaderboard.csv"
MANIFEST = "model.json"  # in the folder of a kept model, which it is written to last
BOARDS = ("leaderboard.md", TABLE, "leaderboard.html")


class NotWritable(PermissionError):
    """A results folder that this user cannot write; the message says what to do."""


@dataclass(frozen=True)
class Results:
    """A results folder. Nothing in it is made before it is written.

    Each place in it is spelled here and nowhere else. The folder of a study, in which the records
    of its trials stand, is one too.
    """

    path: Path
    _left_out: set[str] = field(default_factory=set, compare=False, repr=False)  # that was said

    def __str__(self) -> str:
        return str(self.path)

    def absolute(self) -> Self:
        """The same, wherever this process goes."""
        return replace(self, path=self.path.absolute())

    @property
    def records(self) -> Path:
        """Folder of one JSON file for each cell."""
        return self.path / "records"

    @property
    def ledgers(self) -> Path:
        """Folder of one parquet file for each cell that is ok."""
        return self.path / "ledgers"

    def items_of(self, data_sha256: str) -> Path:
        """Where the ids of items stand: row j is of the item that ledgers call j."""
        return self.path / "items" / f"{data_sha256[:16]}.parquet"

    @property
    def models(self) -> Path:
        """Folder of a folder for each model that was kept, and what they learned from."""
        return self.path / "models"

    @property
    def canaries(self) -> Path:
        """Folder of one JSON file for each task."""
        return self.path / "canaries"

    @property
    def certificates(self) -> Path:
        """Folder of one JSON file for each model that was certified."""
        return self.path / "certificates"

    @property
    def statistics(self) -> Path:
        """Folder of one JSON file for each section of the board."""
        return self.path / "statistics"

    @property
    def ties(self) -> Path:
        """Folder of one JSON file for each data set and protocol whose test items hang on ties."""
        return self.path / "ties"

    @property
    def tune(self) -> Path:
        """Folder of the folders of studies."""
        return self.path / "tune"

    @property
    def study_of_metrics(self) -> Path:
        """Folder of what `bench study` writes, unless it is told another."""
        return self.path / "study"

    @property
    def work(self) -> Path:
        """Folder for what is not a result yet; empty before and after a run."""
        return self.path / ".work"

    @property
    def lock(self) -> Path:
        """What a run holds."""
        return self.path / ".lock"

    @property
    def boards(self) -> list[Path]:
        """The files of the leaderboard."""
        return [self.path / name for name in BOARDS]

    @property
    def board_table(self) -> Path:
        """The one of them for programs, with every figure at full precision."""
        return self.path / TABLE

    @property
    def choice(self) -> Path:
        """The page of the model that `bench choose` took last."""
        return self.path / "choice.md"

    @property
    def embeddings_page(self) -> Path:
        """Figures of the vectors of kept models, for people."""
        return self.path / "embeddings.md"

    @property
    def embeddings_table(self) -> Path:
        """The same for programs, at full precision."""
        return self.path / "embeddings.csv"

    @property
    def report(self) -> Path:
        """The page for people, made from everything else."""
        return self.path / "report.html"

    @property
    def explorer(self) -> Path:
        """The page of kept models, to explore."""
        return self.path / "explore.html"

    @property
    def database(self) -> Path:
        """MLflow's store."""
        return self.path / "mlflow.db"

    @property
    def artifacts(self) -> Path:
        """Folder of the files that MLflow keeps of runs."""
        return self.path / "mlflow-artifacts"

    @property
    def identity(self) -> Path:
        """What tells this folder from its copies, where runs of several meet in one store."""
        return self.path / ".identity"

    @property
    def tracking_lock(self) -> Path:
        """What is held while MLflow's store is written."""
        return self.path / ".mlflow.lock"

    @property
    def tracking_ended(self) -> Path:
        """Folder of notes on runs that ended before MLflow's store was told so."""
        return self.path / ".mlflow-ended"

    def file_of(self, kept: Kept) -> Path:
        """Where a record, canaries, a certificate or statistics stand."""
        folders = {
            Record: self.records,
            Canaries: self.canaries,
            Certificate: self.certificates,
            Standings: self.statistics,
            TieRules: self.ties,
        }
        return folders[type(kept)] / f"{kept.stem}.json"

    def ledger_of(self, record: Record) -> Path:
        """Where the ledger of a record stands, if it has one."""
        return self.ledgers / f"{record.stem}.parquet"

    def model_of(self, record: Record) -> Path:
        """Folder of the model of a record, if it was kept."""
        return self.models / record.stem

    def study_of(self, dataset: str, protocol: str) -> Self:
        """Folder of the studies of a data set under a protocol, and of their trials' records."""
        return replace(self, path=self.tune / file_name(f"{dataset}-{protocol}"))

    def study_file(self, model: str) -> Path:
        """Where the study of a model, or of its label, stands in a folder of studies."""
        return self.path / f"{file_name(model)}.db"

    def study_files(self) -> list[Path]:
        """The files of all studies in a folder of studies."""
        return sorted(self.path.glob("*.db"))

    def studies(self) -> list[Self]:
        """All folders of studies."""
        return [replace(self, path=path) for path in sorted(self.tune.glob("*/"))]

    def save(self, kept: Kept) -> Path:
        """Write what is kept to its place, which is returned."""
        return save(kept, self.file_of(kept))

    def keep(self, certificate: Certificate) -> Path:
        """Write a certificate; what was found of code that records here are of stays beside it."""
        path = self.file_of(certificate)
        known = {record.code_sha256 for record in self.read_records()}
        with suppress(OSError, BadRecord):
            before = load(Certificate, path).code_sha256
            if before in known - {certificate.code_sha256}:
                path.rename(path.with_name(f"{path.stem}.{before[:8]}.json"))
        return self.save(certificate)

    def read_records(self) -> list[Record]:
        """All records that can be read, oldest first; of other files it warns, once."""
        return load_all(Record, self.records, self.warn)

    def read_canaries(self) -> list[Canaries]:
        """All canaries that can be read, oldest first; of other files it warns, once."""
        return load_all(Canaries, self.canaries, self.warn)

    def read_standings(self) -> dict[tuple[str, str], Standings]:
        """The statistics that can be read, by data set and protocol; of other files it warns."""
        found = load_all(Standings, self.statistics, self.warn)
        return {(each.dataset, each.protocol): each for each in found}

    def read_tie_rules(self) -> list[TieRules]:
        """All that can be read of tie rules; of other files it warns, once."""
        return load_all(TieRules, self.ties, self.warn)

    def verdicts(self) -> Mapping[str, Verdict]:
        """What the certificates say of each state of the code, by its hash."""
        return certificates.verdicts(load_all(Certificate, self.certificates, self.warn))

    def warn(self, error: BadRecord) -> None:
        """Name a file that is left out, once."""
        if str(error) not in self._left_out:
            self._left_out.add(str(error))
            click.echo(f"left out: {error}", err=True)

    def remove_unfinished(self) -> None:
        """Remove what killed processes left half written."""
        for place in (self, *self.studies()):
            kinds = place.records, place.ledgers, place.canaries, place.certificates
            for folder in (place.path, *kinds, place.statistics, place.ties):
                remove_unfinished(folder)

    def refused(self, error: OSError) -> OSError:
        """The error with what to do, where the system lets nothing be written here."""
        if error.errno not in (errno.EACCES, errno.EPERM, errno.EROFS):
            return error
        return NotWritable(
            f"{self} cannot be written here ({error.strerror}): copy it (cp -r) and name the copy, "
            "or name another folder, with --results"
        )

    @contextmanager
    def held(self) -> Iterator[None]:
        """Hold the folder, which is made: a second run on it waits, and says so.

        Where a disk is full, the system names no file: then the folder is named.

        Raises:
            NotWritable: it is another user's, or read-only.
        """
        lock = FileLock(self.lock)
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            try:
                lock.acquire(timeout=0)
            except Timeout:
                click.echo(f"another run holds {self}; waiting for it to end", err=True)
                lock.acquire()
        except OSError as error:
            raise self.refused(error) from error
        try:
            yield
        except OSError as error:
            if error.filename is not None or error.strerror is None:
                raise
            raise OSError(error.errno, error.strerror, str(self)) from error
        finally:
            lock.release()
