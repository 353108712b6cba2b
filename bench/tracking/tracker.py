"""MLflow as a projection of records: written after each cell, and again where it is missing.

Nothing here is needed to measure. Whatever goes wrong is a TrackingError, and the records stay.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from bench.records.files import BadRecord, load_all
from bench.records.folder import Results
from bench.records.record import Record
from bench.text import first_line
from bench.tracking import closing, database, fill, mapping, origin, store
from bench.tracking.address import Address, address_of
from bench.tracking.client import Store, TrackingError
from bench.tracking.experiments import experiment_of

T = TypeVar("T")


class Tracker:
    """Writes records into an MLflow store: the one that is given, or the results' own.

    Every method raises TrackingError, whatever the store raised.
    """

    def __init__(self, results: Results, address: Address | str | None = None) -> None:
        """Nothing is opened yet.

        Args:
            results: whose records are written.
            address: of the store; see `bench.tracking.address`.

        Raises:
            BadParameter: it is no address of a store.
        """
        self.results = results.absolute()
        if not isinstance(address, Address):
            address = address_of(self.results, address)
        self.address = address
        self.ended = store.Ended(self.results)
        self._store = Store(self.results, self.address)
        self._experiments: dict[tuple[str, ...], str] = {}  # ids, by what they are of
        self._parents: dict[tuple[str, str], str] = {}  # ids, by experiment and invocation

    def prepare(self, but: str = "", alone: bool | None = None) -> None:
        """Create the store, and close what was left open, but for this invocation's.

        Args:
            but: id of an invocation that goes on.
            alone: whether the results are held for this process; None: it tries to hold them.
        """
        if ended := [each for each in self.ended if each != but]:
            records = self._all_records(skip=lambda error: None)
            for invocation in ended:
                self.finish(invocation, records, ())
        if alone is not None:
            self.reconcile(but, alone=alone)
            return
        with closing.held(self.results) as held:
            self.reconcile(but, alone=held)

    def log(
        self,
        record: Record,
        ledger: Path | None = None,
        first: Record | None = None,
        model: Path | None = None,
    ) -> bool:
        """Write a cell below the run of its invocation.

        Args:
            record: of the cell.
            ledger: its ledger's file, if it has one.
            first: the record that its invocation began with, where that is another.
            model: the folder of its kept model, if it has one.

        Returns:
            False when it was there already.
        """
        sent = mapping.cleaned(record)
        start = sent if first is None else mapping.cleaned(first)
        return self._ask(lambda client: self._log(client, sent, ledger, start, model))

    def _log(
        self, client: Any, record: Record, ledger: Path | None, first: Record, model: Path | None
    ) -> bool:
        experiment = self._experiment(client, record)
        same = {"bench.key": record.key, "bench.started": record.started}
        found = [
            run
            for run in store.runs(client, [experiment], same)
            if run.data.tags.get("label") == record.cell.name
        ]
        whole = [run for run in found if fill.LOGGED in run.data.tags][:1]
        for run in found:
            if run not in whole:
                client.delete_run(run.info.run_id)  # cut off halfway by an earlier failure
        if whole:
            fill.fill_model(client, whole[0], model)  # it may have been kept later
            return False
        above = {"mlflow.parentRunId": self._parent(client, experiment, record, first)}
        start, name = mapping.milliseconds(record.started), mapping.cell_name(record)
        tags = {**mapping.cell_tags(record), **self._owner(), **above}
        run = client.create_run(experiment, start, tags, name)
        fill.fill_model(client, run, model)
        fill.fill(client, run, record, ledger)
        return True

    def finish(
        self, invocation: str, records: Sequence[Record], boards: Sequence[Path] | None = None
    ) -> None:
        """Close the runs of an invocation: one for each data set and protocol that it wrote to.

        Args:
            invocation: id of the `bench run`.
            records: those of other invocations do not count.
            boards: files to keep with it; when None the leaderboard files of the results and, where
                they were made, the report and the page of `bench choose`.
        """
        made = [*self.results.boards, self.results.report, self.results.choice]
        files = made if boards is None else boards
        own = [mapping.cleaned(each) for each in records if each.invocation == invocation]

        self._ask(
            lambda client: closing.close(
                client, invocation, own, files, ended=invocation in self.ended
            )
        )
        self.ended.discard(invocation)

    def tag_tiers(self) -> None:
        """Give each cell of these results the tier of its row, by the statistics that are kept."""
        kept = self.results.read_standings().values()
        tiers = {key: tier for each in kept for key, tier in mapping.tiers(each).items()}
        own = {} if self._embedded else {origin.FOLDER: origin.identity(self.results, make=False)}

        def tag(client: Any) -> None:
            places = store.ids(store.ours(client))
            for run in store.runs(client, places, {"kind": "cell", **own}):
                tier = tiers.get(run.data.tags.get("bench.key", ""), "")
                if tier != run.data.tags.get("tier", ""):
                    client.set_tag(run.info.run_id, "tier", tier)

        self._ask(tag)

    def reconcile(self, but: str = "", *, alone: bool = False) -> int:
        """Mark as killed the runs whose process is gone; how many there were.

        Args:
            but: id of an invocation that goes on: another process has written of it.
            alone: whether these results are held: then no other process measures into them, of
                whatever machine it was.
        """

        def left(tags: Mapping[str, str]) -> bool:
            if tags.get("bench.invocation") == but:
                return False
            return origin.gone(tags) or (alone and self._left_here(tags))

        return self._ask(lambda client: closing.close_left(client, left))

    def kill(self, invocation: str) -> None:
        """Mark as killed what is open of an invocation whose process is gone."""
        self._ask(lambda client: closing.close_killed(client, invocation))

    def track_all(self, skip: Callable[[BadRecord], None] | None = None) -> int:
        """Write every record of the results that the store misses; how many there were.

        A file that is no record is told to skip; without it, it is a TrackingError.
        """
        self.prepare()
        records = self._all_records(skip)
        first = {r.invocation: r for r in reversed(records)}
        written = [
            r
            for r in records
            if self.log(r, self.results.ledger_of(r), first[r.invocation], self.results.model_of(r))
        ]
        latest = max(records, key=lambda r: r.started).invocation if records else ""
        for invocation in dict.fromkeys(record.invocation for record in written):
            # The board shows all records as they are now, so only the latest run may carry it.
            boards = None if invocation == latest else ()
            self.finish(invocation, records, boards)
        self.tag_tiers()
        return len(written)

    def experiment(self, dataset: str = "", protocol: str = "") -> str | None:
        """Id of an experiment; without names, of the one that a run was begun in last."""

        def find(client: Any) -> str | None:
            if dataset:
                named = client.get_experiment_by_name(mapping.experiment_name(dataset, protocol))
                return None if named is None else str(named.experiment_id)
            newest = store.newest(client, store.ids(store.ours(client)))
            return None if newest is None else str(newest.info.experiment_id)

        return self._ask(find)

    def _all_records(self, skip: Callable[[BadRecord], None] | None) -> list[Record]:
        """Those of the results, then those of trials, which stand beside their studies."""
        try:
            places = [self.results, *self.results.studies()]
            return [each for place in places for each in load_all(Record, place.records, skip)]
        except (OSError, BadRecord) as error:
            raise TrackingError(first_line(error)) from error

    def _ask(self, action: Callable[[Any], T]) -> T:
        return self._store.ask(action, self._forget)

    def _forget(self) -> None:
        self._experiments.clear()
        self._parents.clear()

    def _experiment(self, client: Any, record: Record) -> str:
        which = record.cell.dataset, record.cell.protocol, mapping.version(record)
        if which not in self._experiments:
            place = None if self.address.remote else self.results.artifacts.as_uri()
            self._experiments[which] = experiment_of(client, record, place)
        return self._experiments[which]

    def _parent(self, client: Any, experiment: str, record: Record, first: Record) -> str:
        """Id of the run of a record's invocation, made where it is missing."""
        which = experiment, record.invocation
        if which not in self._parents:
            found = store.parents(client, [experiment], record.invocation)
            if not found:
                start, name = mapping.milliseconds(first.started), mapping.parent_name(first)
                tags = {**mapping.parent_tags(first), **self._owner()}
                found = [client.create_run(experiment, start, tags, name)]
            self._parents[which] = found[0].info.run_id
        return self._parents[which]

    @property
    def _embedded(self) -> bool:
        """Whether the store stands among the results, and holds runs of nothing else."""
        return self.address.uri == database.own(self.results)

    def _owner(self) -> dict[str, str]:
        identity = origin.identity(self.results)
        return origin.process() | ({origin.FOLDER: identity} if identity else {})

    def _left_here(self, tags: Mapping[str, str]) -> bool:
        """Whether a run is of these results and of another machine, which does not hold them."""
        identity = origin.identity(self.results, make=False)
        own = self._embedded or (identity and tags.get(origin.FOLDER) == identity)
        return bool(own) and not origin.of_this_machine(tags)
