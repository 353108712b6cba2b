"""The ledger of a cell: for each tested user where its held-out item stood, as a parquet file.

Every published figure is computed from ledgers, so each can be computed again.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from bench.evaluation.metrics import Counts, Standing
from bench.interactions import Floats, Ids, OriginalIds
from bench.records.files import BadRecord, write_whole

LIST_LENGTH = 10  # of the recommended items that are kept for each user
# Columns of a ledger under a protocol with a pool, and of no other.
BESIDE = ("beside_better", "beside_equal", "beside_candidates", "cold_in_top")


class Beside(NamedTuple):
    """The same held-out items among all untouched items, where candidates are of a pool. [m]

    As under `cold-items`, where the pool are the cold items.
    """

    better: Counts
    equal: Counts
    candidates: Counts
    cold_in_top: Counts  # of the recommended items, how many are of the pool

    @property
    def standing(self) -> Standing:
        """What metrics are computed from."""
        return Standing(self.better, self.equal, self.candidates)


@dataclass(frozen=True, kw_only=True)
class Ledger:
    """One row for each of m tested users."""

    user_ids: OriginalIds  # [m]
    item_ids: OriginalIds  # [m], the held-out items
    sampled: Standing  # among the sampled negatives
    full: Standing  # among all items the user never touched
    recommended: Ids  # [m, 10] catalogue positions, best first, -1 where there are fewer
    novelty: Floats  # [m], mean self-information of the recommended items, in bits
    popularity: Floats  # [m], mean share of users who have a recommended item in train
    diversity: Floats | None  # [m], 1 - mean cosine of the genres of two; None without genres
    n_items: int  # in the catalogue
    beside: Beside | None = None  # where there is a pool; then the standings above are among it

    def __len__(self) -> int:
        return len(self.user_ids)


def join_ledgers(ledgers: Sequence[Ledger]) -> Ledger:
    """The ledger of folds, which have different users and no pool: all their rows, by user.

    Of one ledger it is that one.
    """
    if len(ledgers) == 1:
        return ledgers[0]
    users = np.concatenate([each.user_ids for each in ledgers])
    order = np.argsort(users, kind="stable")

    def column(name: str) -> Any:
        return np.concatenate([getattr(each, name) for each in ledgers])[order]

    def standing(name: str) -> Standing:
        columns = zip(*(getattr(each, name) for each in ledgers), strict=True)
        return Standing(*(np.concatenate(counts)[order] for counts in columns))

    return Ledger(
        user_ids=users[order],
        item_ids=column("item_ids"),
        sampled=standing("sampled"),
        full=standing("full"),
        recommended=column("recommended"),
        novelty=column("novelty"),
        popularity=column("popularity"),
        diversity=None if ledgers[0].diversity is None else column("diversity"),
        n_items=ledgers[0].n_items,
    )


def save(ledger: Ledger, path: Path) -> None:
    """Write a ledger. The same ledger gives the same bytes."""
    columns = {"user_id": _column(ledger.user_ids), "item_id": _column(ledger.item_ids)}
    for name, standing in (("sampled", ledger.sampled), ("full", ledger.full)):
        for field, counts in standing._asdict().items():
            columns[f"{name}_{field}"] = _column(counts.astype(np.int32))
    flat = _column(ledger.recommended.ravel())
    columns["recommended"] = pa.FixedSizeListArray.from_arrays(flat, LIST_LENGTH)
    columns["novelty"] = _column(ledger.novelty)
    columns["popularity"] = _column(ledger.popularity)
    if ledger.diversity is not None:
        columns["diversity"] = _column(ledger.diversity)
    if ledger.beside is not None:
        for name, counts in zip(BESIDE, ledger.beside, strict=True):
            columns[name] = _column(counts.astype(np.int32))
    table = pa.table(columns, metadata={"n_items": str(ledger.n_items)})
    buffer = pa.BufferOutputStream()
    pq.write_table(table, buffer, compression="zstd")
    write_whole(path, buffer.getvalue().to_pybytes())


def load(path: Path) -> Ledger:
    """Read a ledger.

    Raises:
        BadRecord: the file is missing or not a ledger; the message names it.
    """
    try:
        table = pq.ParquetFile(path).read()  # read_table loads what reads whole folders
        column = {name: table.column(name).combine_chunks() for name in table.column_names}
        return Ledger(
            user_ids=_values(column["user_id"]),
            item_ids=_values(column["item_id"]),
            sampled=_standing(column, "sampled"),
            full=_standing(column, "full"),
            recommended=_values(column["recommended"].flatten()).reshape(-1, LIST_LENGTH),
            novelty=_values(column["novelty"]),
            popularity=_values(column["popularity"]),
            diversity=_values(column["diversity"]) if "diversity" in column else None,
            n_items=int(table.schema.metadata[b"n_items"]),
            beside=_beside(column),
        )
    except (OSError, KeyError, TypeError, ValueError, pa.ArrowException) as error:
        raise BadRecord(f"{path}: not a ledger: {error}") from error


def _standing(column: dict[str, pa.Array], name: str) -> Standing:
    return Standing(*(_counts(column[f"{name}_{field}"]) for field in Standing._fields))


def _beside(column: dict[str, pa.Array]) -> Beside | None:
    if not column.keys() & set(BESIDE):
        return None
    return Beside(*(_counts(column[name]) for name in BESIDE))


def _counts(column: pa.Array) -> Counts:
    counts: Counts = _values(column).astype(np.int64)
    return counts


# Arrow loads pandas where it makes an array of numpy's, or one of numpy's of its own: a quarter of
# a second in each process. Numbers need no conversion.


def _column(values: NDArray[Any]) -> pa.Array:
    if values.dtype.kind not in "iuf":
        return pa.array(values)
    numbers = np.ascontiguousarray(values)
    kind = pa.from_numpy_dtype(numbers.dtype)
    return pa.Array.from_buffers(kind, len(numbers), [None, pa.py_buffer(numbers)])


def _values(column: pa.Array) -> NDArray[Any]:
    primitive = pa.types.is_integer(column.type) or pa.types.is_floating(column.type)
    if not primitive or column.null_count or not len(column):
        return np.asarray(column.to_numpy(zero_copy_only=False))
    return np.from_dlpack(column)
