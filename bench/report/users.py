"""Groups of the tested users of a section, which need its data: at hand, or left out with why."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from bench.compare.strata import NoStrata, Strata, counts_of_test_items, measured_on, strata
from bench.evaluation.metrics import Counts
from bench.leaderboard.sections import Section
from bench.protocol.task import Task


@dataclass(frozen=True)
class Users:
    """All that is known of the tested users of a section."""

    strata: Strata = field(default_factory=dict)
    popularity: Counts | None = None  # interactions in train of each one's test item, [m]
    missing: str = ""  # why nothing is known

    @classmethod
    def of_task(cls, task: Task) -> Self:
        """From a task that a run has at hand; it does not know when test items were chosen."""
        return cls(strata(task, None), counts_of_test_items(task))

    @classmethod
    def of_section(cls, section: Section, data_dir: Path | None) -> Self:
        """From the data of a section, which are loaded for it; nothing is downloaded."""
        if data_dir is None:
            return cls(missing="the data are not at hand, bench report --data-dir names them")
        try:
            _, task, ordered = measured_on(section, data_dir)
        except NoStrata as error:
            return cls(missing=str(error))
        return cls(strata(task, ordered), counts_of_test_items(task))


def users_of(section: Section, task: Task | None, data_dir: Path | None) -> Users:
    """The users of a section.

    Args:
        task: that is at hand, of this section or of another.
        data_dir: the publisher's data, where a reader has named them.
    """
    if task is not None and (task.dataset, task.protocol) == (section.data, section.protocol):
        splits = {record.split_sha256 for record in section.records if record.status == "ok"}
        if splits == {task.split_sha256}:
            return Users.of_task(task)
    return Users.of_section(section, data_dir)
