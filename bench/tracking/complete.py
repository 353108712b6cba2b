"""Read in MLflow's own database whether it has all of a run, without loading MLflow.

Only of the database among the results: what a server has, it must be asked.
"""

import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import closing

from bench.records.folder import Results
from bench.records.record import Record
from bench.tracking import mapping, origin, store

# Of experiments that bench made, and that nobody has deleted.
OURS = """
    SELECT experiment_id, name, artifact_location FROM experiments
    WHERE lifecycle_stage = 'active'
    AND experiment_id IN (SELECT experiment_id FROM experiment_tags WHERE key = 'bench.dataset')
"""
TAGS = """
    SELECT run_uuid, runs.experiment_id, status, key, value FROM runs JOIN tags USING (run_uuid)
    WHERE lifecycle_stage = 'active'
"""


def nothing_missing(results: Results, records: Sequence[Record]) -> bool:
    """Whether the store has these records, and nothing that is left open, as far as can be read.

    False also where that is not known: MLflow itself is asked then, and what is wrong is said.

    Args:
        results: they are held, so that no other process of another machine measures into them.
        records: all of the run.
    """
    if any(store.Ended(results)):
        return False
    try:
        address = f"{results.database.absolute().as_uri()}?mode=ro"
        with closing(sqlite3.connect(address, uri=True, timeout=0.5)) as connection:
            return _holds(connection, results, records)
    except sqlite3.Error:  # there is none, it is locked, or of another form
        return False


def _holds(connection: sqlite3.Connection, results: Results, records: Sequence[Record]) -> bool:
    experiments = {
        identity: (name, place) for identity, name, place in connection.execute(OURS).fetchall()
    }
    here = results.artifacts.as_uri()
    if any(place.startswith("file:") and place != here for _, place in experiments.values()):
        return False  # the results were moved or copied
    runs: dict[str, dict[str, str]] = {}
    cells: dict[tuple[str, ...], tuple[str, str]] = {}  # their experiments and tiers
    for run, experiment, status, key, value in connection.execute(TAGS):
        if experiment in experiments:
            name = experiments[experiment][0]
            runs.setdefault(run, {"": status, "experiment": name})[key] = value or ""
    for tags in runs.values():
        if tags[""] == "RUNNING" and (origin.gone(tags) or not origin.of_this_machine(tags)):
            return False
        if "bench.logged" in tags:
            names = ("bench.key", "bench.started", "label")
            own = tuple(tags.get(name, "") for name in names)
            cells[own] = tags["experiment"], tags.get("tier", "")
    tiers = _tiers(results)
    tagged = all(tier == tiers.get(key, "") for (key, *_), (_, tier) in cells.items())
    return tagged and all(_is_there(mapping.cleaned(each), cells) for each in records)


def _is_there(record: Record, cells: Mapping[tuple[str, ...], tuple[str, str]]) -> bool:
    place = record.cell.dataset, record.cell.protocol
    names = [mapping.experiment_name(*place, each) for each in ("", mapping.version(record))]
    experiment, _ = cells.get((record.key, record.started, record.cell.name), ("", ""))
    return experiment in names


def _tiers(results: Results) -> dict[str, str]:
    kept = results.read_standings().values()
    return {key: tier for found in kept for key, tier in mapping.tiers(found).items()}
