"""The experiment of a data set and protocol: found, made, taken up again, with its views.

A client here is MLflow's; nothing of MLflow is imported.
"""

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from bench.records.record import Record
from bench.tracking import mapping, views


def experiment_of(client: Any, record: Record, place: str | None) -> str:
    """Id of the experiment that a record belongs to, made where it is missing.

    One of before experiments said of which data they are is taken to be of these.

    Args:
        client: of the store.
        record: of a cell.
        place: where its artifacts go; None leaves that to the server.
    """
    named = record.cell.dataset, record.cell.protocol
    version = mapping.version(record)
    name = mapping.experiment_name(*named)
    found = client.get_experiment_by_name(name)
    if found is not None and found.tags.get(mapping.VERSION, version) != version:
        name = mapping.experiment_name(*named, version)
        found = client.get_experiment_by_name(name)
    if found is None:
        made = str(client.create_experiment(name, place, mapping.experiment_tags(record)))
        _set_views(client, made, {})
        return made
    if found.lifecycle_stage == "deleted":
        client.restore_experiment(found.experiment_id)
    if mapping.VERSION not in found.tags:
        client.set_experiment_tag(found.experiment_id, mapping.VERSION, version)
    _set_views(client, found.experiment_id, found.tags)
    return str(found.experiment_id)


def belongs(record: Record, tags: Mapping[str, str]) -> bool:
    """Whether a record is of the data set, the protocol and the data of an experiment."""
    place = tags["bench.dataset"], tags["bench.protocol"]
    version = mapping.version(record)
    of_it = (record.cell.dataset, record.cell.protocol) == place
    return of_it and tags.get(mapping.VERSION, version) == version


def _set_views(client: Any, experiment: str, tags: Mapping[str, str]) -> None:
    """Those that are missing: whoever made the experiment may have been cut off before them."""
    for key, value in views.view_tags().items():
        if key not in tags:
            with suppress(Exception):  # only the looks of a page would be lost
                client.set_experiment_tag(experiment, key, value)
