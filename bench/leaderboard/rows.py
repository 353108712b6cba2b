"""The rows of a board: records of the same model and parameters, averaged over their seeds."""

import math
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import groupby
from operator import attrgetter
from statistics import fmean, stdev
from typing import Any

from bench.leaderboard.machines import alike, machine_of, usual_machine
from bench.leaderboard.versions import names_of_data, place_of
from bench.records.record import HEADLINE, Cell, Record
from bench.text import compact, one_line

STATUSES = ("ok", "failed", "timeout", "oom", "killed", "skipped")
TIE_TOLERANCE = 0.001  # a wider gap between the bounds of HR@10 or NDCG@10 is said on the board
NEARLY_ALL = 0.99  # of the ranks of a model that cannot tell its candidates apart
WAY = "prior"  # the one way to serve new people that has parameters
FEW_NEGATIVES = 0.1  # of the tested users, who have fewer negatives than wanted
DRIFT_BOUND = 0.25  # of the reference kernel's time from before a cell to after it


@dataclass(frozen=True, kw_only=True)
class BoardRow:
    """One line of the board: a model with its parameters, on one device, over its seeds."""

    dataset: str  # its name here, see bench.leaderboard.versions
    protocol: str
    model: str  # the label, made distinct by parameters where it stands there twice
    label: str
    adapter: str  # name in the registry
    status: str  # "ok", "ok 2/3" or why there is no figure
    reason: str  # one line; empty when all seeds are ok, and no later attempt was not
    seeds: int  # that are ok
    tried: int
    params: dict[str, Any]
    fold_in: dict[str, Any]  # how new people are served, see bench.records.record.Cell
    device: str
    threads: int
    figures: dict[str, float]  # means over the ok seeds, finite only
    records: tuple[Record, ...]  # one for each seed
    certified: str = ""  # "yes", "tolerances" or "no"; "" where this code was never certified
    # Of the statistics of its section, see bench.records.standings; their figures are among figures
    tier: int = 0  # from 1; 0 without statistics
    letters: str = ""
    one_fit: bool = False  # one seed
    fewer_seeds: bool = False  # one seed, where another row of the section has more
    other_machine: bool = False  # a seed of it was measured elsewhere than most of the section

    @property
    def tie_sensitive(self) -> bool:
        """Whether another order of equal scores would give a noticeably different figure."""
        return any(
            self.figures.get(f"{name}_high", 0.0) - self.figures.get(f"{name}_low", 0.0)
            > TIE_TOLERANCE
            for name in HEADLINE
        )

    @property
    def uses_order(self) -> bool:
        """Whether the model looks at the order of a user's items."""
        return any(record.uses_order for record in self.records)

    @property
    def cannot(self) -> bool:
        """Whether it cannot tell cold items apart: under `cold-items` nearly all ranks are ties."""
        return self.figures.get("all_tied", 0.0) >= NEARLY_ALL

    @property
    def few_candidates(self) -> bool:
        """Whether many users left fewer than 99 items untouched, so that hits are easy."""
        return any(
            record.audit.get("users_with_few_negatives", 0)
            > FEW_NEGATIVES * record.audit.get("scored_users", math.inf)
            for record in self.records
        )

    @property
    def busy(self) -> bool:
        """Whether CPU time and wall time of training disagree, so that its clock is in doubt."""
        wall = self.figures.get("train_seconds", 0.0)
        cpu = self.figures.get("train_cpu_seconds", math.nan)
        if wall < 0.5 or not math.isfinite(cpu) or self.device != "cpu":
            return False  # too short to tell, or the work was done elsewhere
        return cpu < 0.7 * wall or cpu > 1.3 * wall * self.threads

    @property
    def side_by_side(self) -> bool:
        """Whether a seed of it was measured while other cells ran, so that its clocks ran long."""
        return any(record.environment.get("jobs", 1) != 1 for record in self.records)

    @property
    def drifted(self) -> bool:
        """Whether the machine's speed changed beside a seed of it, so that its clock is in doubt.

        A record does not tell where the run was killed in the second after its cell.
        """
        return any(
            record.status == "ok"
            and not record.timings.get("reference_drift", math.inf) <= DRIFT_BOUND
            for record in self.records
        )


Verdicts = Mapping[str, str]  # by the code's hash, see bench.records.certificates
NOT_CERTIFIED: Verdicts = {}


def rows(records: Iterable[Record], verdicts: Verdicts = NOT_CERTIFIED) -> list[BoardRow]:
    """Average the seeds, section after section, best first; what has no figure stands last.

    Of several records of the same row and seed the latest counts. Other data are another section.
    Seeds that were measured on another split, or by other code or libraries, than the latest of
    their row are left out; on another machine they count, and the row says so.
    """
    records = list(records)
    names = names_of_data(records)
    together = defaultdict(list)
    for record in _with_all_params(records):
        cell = record.cell
        params = compact([cell.params, cell.fold_in])
        together[place_of(record), cell.name, cell.model, params, cell.device, cell.threads].append(
            record
        )
    found = [_row(_latest(same), names[place]) for (place, *_), same in together.items()]
    found = [replace(r, certified=verdicts.get(r.records[0].code_sha256, "")) for r in found]
    found.sort(key=_place)
    return [
        row
        for _, section in groupby(found, key=attrgetter("dataset", "protocol"))
        for row in _distinct(_by_machine(list(section)))
    ]


def by_age(record: Record) -> tuple[str, str, str]:
    """Order in time. The stem decides between equal times: no two files of a folder share it."""
    return record.started, record.ended, record.stem


def _by_machine(section: list[BoardRow]) -> list[BoardRow]:
    """Mark the rows of which a seed was measured on another machine than most of the section."""
    good = [[record for record in row.records if record.status == "ok"] for row in section]
    usual = usual_machine([record for of_row in good for record in of_row])
    return [
        replace(row, other_machine=not all(alike(machine_of(each), usual) for each in of_row))
        for row, of_row in zip(section, good, strict=True)
    ]


def _row(records: list[Record], dataset: str) -> BoardRow:
    """One row from one record for each seed, in the order of the seeds."""
    cell = records[0].cell
    good = [record for record in records if record.status == "ok"]
    reasons = {
        record.cell.seed: one_line(record.reason) or record.status
        for record in records
        if record.status != "ok" or record.reason
    }
    if len(set(reasons.values())) > 1:
        reason = "; ".join(f"seed {seed}: {why}" for seed, why in reasons.items())
    else:
        reason = next(iter(reasons.values()), "")
    if not good:
        status = "/".join(sorted({record.status for record in records}, key=STATUSES.index))
    else:
        status = "ok" if len(good) == len(records) else f"ok {len(good)}/{len(records)}"
    return BoardRow(
        dataset=dataset,
        protocol=cell.protocol,
        model=cell.name,
        label=cell.name,
        adapter=cell.model,
        status=status,
        reason=reason,
        seeds=len(good),
        tried=len(records),
        params=cell.params,
        fold_in=cell.fold_in,
        device=cell.device,
        threads=cell.threads,
        figures=_figures(good),
        records=tuple(records),
    )


def _figures(records: list[Record]) -> dict[str, float]:
    """Mean of each figure over the seeds.

    The mean of the standard errors too, which is that of one seed over the users: how much smaller
    it is for several, and what seeds add, only ledgers can tell (`bench.leaderboard.statistics`).
    The sd is that over the seeds.
    """
    values = defaultdict(list)
    for record in records:
        for name, value in {**record.timings, **record.metrics}.items():
            if isinstance(value, int | float) and math.isfinite(value):
                values[name].append(float(value))
    figures = {name: fmean(several) for name, several in values.items()}
    for name in HEADLINE:
        if len(values[name]) > 1:
            figures[f"{name}_sd"] = stdev(sorted(values[name]))
    return figures


def _latest(records: list[Record]) -> list[Record]:
    """The latest record of each seed; a seed whose basis is not that of the latest is left out."""
    by_seed = {record.cell.seed: record for record in sorted(records, key=by_age)}
    basis = _basis(max(by_seed.values(), key=by_age))
    return [by_seed[seed] for seed in sorted(by_seed) if _basis(by_seed[seed]) == basis]


def _basis(record: Record) -> tuple[str, ...]:
    """What seeds of the same data must share to be averaged."""
    packages = compact(record.environment.get("packages", {}))
    return record.split_sha256, record.code_sha256, packages


def _with_all_params(records: list[Record]) -> Iterator[Record]:
    """A cell whose model could not be asked for its defaults joins the row that it belongs to."""
    alike = defaultdict(list)
    for record in records:
        alike[_but_params_and_seed(record.cell)].append(record)
    for record in records:
        if record.status == "ok":
            yield record
            continue
        given = record.cell.params.items()
        same = alike[_but_params_and_seed(record.cell)]
        wholes = [other for other in same if other.cell.params.items() > given]
        if wholes:
            params = max(wholes, key=by_age).cell.params
            record = replace(record, cell=replace(record.cell, params=params))
        yield record


def _but_params_and_seed(cell: Cell) -> tuple[Any, ...]:
    values = vars(cell) | {"fold_in": compact(cell.fold_in)}
    return tuple(value for name, value in values.items() if name not in ("params", "seed"))


def _place(row: BoardRow) -> tuple[Any, ...]:
    return (
        *(row.dataset, _in_order(row.protocol)),
        row.seeds == 0,
        0 if row.seeds else STATUSES.index(row.status.split("/")[0]),
        -row.figures.get("hr_at_10", -math.inf),
        -row.figures.get("ndcg_at_10", -math.inf),
        *(row.label, row.adapter, compact(row.params), row.device, row.threads),
    )


def _in_order(protocol: str) -> tuple[Any, ...]:
    """What protocols are sorted by: new-users-5 comes before new-users-10."""
    words = re.split(r"(\d+)", protocol)  # every other one is a number
    return tuple(int(word) if n % 2 else word for n, word in enumerate(words))


def _distinct(section: list[BoardRow]) -> list[BoardRow]:
    """Add to a label that stands in several rows what makes them differ: "als (factors=16)"."""
    named = defaultdict(list)
    for row in section:
        named[row.label].append(_traits(row))
    renamed = []
    for row in section:
        others = named[row.label]
        names = sorted({name for traits in others for name in traits})
        differ = [n for n in names if len({traits.get(n) for traits in others}) > 1]
        own = _traits(row)
        said = ", ".join(f"{name}={own[name]}" for name in differ if name in own)
        renamed.append(replace(row, model=f"{row.label} ({said})") if said else row)
    return renamed


def _traits(row: BoardRow) -> dict[str, str]:
    values = {"model": row.adapter, "device": row.device, "threads": row.threads, **row.params}
    values |= {f"{WAY}.{name}": value for name, value in row.fold_in.items() if name != "way"}
    return {name: _plain(compact(value)) for name, value in values.items()}


def _plain(text: str) -> str:
    """JSON without the quotes around a word that nothing else could be meant by."""
    word = re.fullmatch(r'"([A-Za-z_][\w.-]*)"', text)
    return word[1] if word and word[1] not in ("true", "false", "null", "NaN") else text
