"""Sections of a board: records in, rows out. Records in any order give the same sections."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter

from bench.leaderboard import validity
from bench.leaderboard.rows import NOT_CERTIFIED, BoardRow, Verdicts, by_age, rows
from bench.records.canaries import Canaries
from bench.records.record import Record
from bench.records.standings import Standings
from bench.records.tie_rules import TieRules


@dataclass(frozen=True)
class Section:
    """The rows that may be compared with each other: one version of a data set, one protocol."""

    dataset: str  # its name here, see bench.leaderboard.versions
    protocol: str
    rows: tuple[BoardRow, ...]
    records: tuple[Record, ...]  # behind the rows, oldest first
    canaries: tuple[Canaries, ...] = ()  # that vouch for them
    invalid: tuple[str, ...] = ()  # why none of it can be believed
    standings: Standings | None = None  # statistics of the rows
    no_statistics: str = ""  # why there are none
    tie_rules: TieRules | None = None  # where test items hang on them

    @property
    def data(self) -> str:
        """The name by which the data set is loaded."""
        return self.records[0].cell.dataset

    @property
    def title(self) -> str:
        """Data set and protocol."""
        return f"{self.dataset}, {self.protocol}"

    @property
    def has_other_versions(self) -> bool:
        """Whether its folder has other versions of the data."""
        return self.dataset != self.data


def sections(
    records: Iterable[Record],
    canaries: Iterable[Canaries] = (),
    verdicts: Verdicts = NOT_CERTIFIED,
    tie_rules: Iterable[TieRules] = (),
) -> list[Section]:
    """The rows under their data set and protocol, with the canaries that vouch for them."""
    found, canaries = [], list(canaries)
    rules = {(each.dataset, each.protocol, each.data_sha256): each for each in tie_rules}
    place = attrgetter("dataset", "protocol")
    for (dataset, protocol), group in groupby(rows(records, verdicts), place):
        members = tuple(group)
        behind = sorted((record for row in members for record in row.records), key=by_age)
        vouching = validity.vouching(canaries, behind)
        invalid = tuple(validity.invalid(vouching, behind))
        latest = behind[-1]
        rule = rules.get((latest.cell.dataset, protocol, latest.data_sha256))
        found.append(
            Section(
                *(dataset, protocol, members, tuple(behind), tuple(vouching), invalid),
                tie_rules=rule,
            )
        )
    return found
