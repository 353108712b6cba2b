"""Ids of any kind numbered 0, 1, 2, ... while they are read, in memory of the distinct ones."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.data.table import BadValue
from bench.interactions import Ids, OriginalIds
from bench.text import quoted

PENDING = 1 << 20  # distinct ids of batches that wait until they are joined
PLAIN_INTEGERS = r"^(0|-?[1-9][0-9]{0,17})$"
WHOLE_FLOATS = r"^(0|-?[1-9][0-9]{0,15})\.0$"


@dataclass
class IdColumn:
    """Collects the ids of a column, batch by batch.

    Each batch is dictionary-encoded by Arrow, and the dictionaries are joined now and then.
    """

    _codes: list[Ids] = field(default_factory=list)
    _known: Any = None  # an Arrow array of the distinct ids so far
    _waiting: list[Any] = field(default_factory=list)

    def add(self, values: Any) -> None:
        """Some more ids, an Arrow array. Raises BadValue where one is missing or cannot be one."""
        import pyarrow as pa

        if values.null_count:
            raise BadValue(int(np.argmax(values.is_null().to_numpy(False))), "is missing")
        encoded = _plain(values).dictionary_encode()
        if pa.types.is_fixed_size_binary(encoded.type.value_type):
            uuids = pa.array([_uuid(value) for value in encoded.dictionary.to_pylist()])
            encoded = pa.DictionaryArray.from_arrays(encoded.indices, uuids)
        if pa.types.is_string(encoded.type.value_type):
            _check_text(encoded)
        self._waiting.append(encoded)
        known = 0 if self._known is None else len(self._known)
        if sum(len(part.dictionary) for part in self._waiting) > max(PENDING, known):
            self._join()

    def finish(self) -> tuple[Ids, OriginalIds]:
        """The number of each row's id [n], and the ids [m], ascending: int64, or str objects.

        Text that consists of whole numbers without leading zeros is int64.
        """
        import pyarrow as pa
        from pyarrow import compute

        self._join()
        ids = self._known if self._known is not None else pa.array([], pa.int64())
        codes = np.concatenate(self._codes) if self._codes else np.empty(0, dtype=np.int32)
        self._codes.clear()
        if pa.types.is_string(ids.type):
            ids = _as_integers(ids)
        order = compute.sort_indices(ids).to_numpy()
        named = ids.take(pa.array(order))
        place = np.empty(len(order), dtype=np.int32)
        place[order] = np.arange(len(order), dtype=np.int32)
        for start in range(0, len(codes), 1 << 22):
            part = codes[start : start + (1 << 22)]
            part[:] = place[part]
        return codes, named.to_numpy(zero_copy_only=False)

    def _join(self) -> None:
        """Number the waiting batches, in order of appearance."""
        import pyarrow as pa

        if not self._waiting:
            return
        parts = self._waiting
        if self._known is not None:
            kinds = {part.type for part in parts} | {pa.dictionary(pa.int32(), self._known.type)}
        else:
            kinds = {part.type for part in parts}
        if len(kinds) > 1:  # numbers in one part, text in another
            text = pa.dictionary(pa.int32(), pa.string())
            parts = [part.cast(text) for part in parts]
            self._known = None if self._known is None else self._known.cast(pa.string())
        known = (
            []
            if self._known is None
            else [pa.DictionaryArray.from_arrays(pa.array([], pa.int32()), self._known)]
        )
        joined = pa.chunked_array([*known, *parts]).unify_dictionaries()
        self._known = joined.chunk(joined.num_chunks - 1).dictionary
        self._codes += [part.indices.to_numpy() for part in joined.chunks[len(known) :]]
        self._waiting = []


def _plain(values: Any) -> Any:
    """Ids as int64, text, or the 16 bytes of UUIDs."""
    import pyarrow as pa

    kind = values.type
    if isinstance(values, pa.ExtensionArray):
        return _plain(values.storage)
    if pa.types.is_dictionary(kind):  # which may have entries that no row has
        return _plain(values.dictionary_decode())
    is_uuid = pa.types.is_fixed_size_binary(kind) and kind.byte_width == 16
    if pa.types.is_string(kind) or pa.types.is_int64(kind) or is_uuid:
        return values
    if pa.types.is_integer(kind):
        if kind == pa.uint64() and len(values) and values.to_numpy(False).max() >= 2**63:
            return values.cast(pa.string())
        return values.cast(pa.int64())
    if pa.types.is_floating(kind):
        numbers = values.cast(pa.float64()).to_numpy(False)
        whole = (np.floor(numbers) == numbers) & (np.abs(numbers) <= 2**53)
        if not whole.all():
            row = int(np.argmin(whole))
            raise BadValue(row, f"{numbers[row]:g} is no id: not a whole number, nor text")
        return pa.array(numbers.astype(np.int64))
    if pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
        return values.cast(pa.string())
    if pa.types.is_decimal(kind) or pa.types.is_boolean(kind) or pa.types.is_binary(kind):
        try:
            return values.cast(pa.string())
        except pa.ArrowInvalid:
            raise BadValue(0, "is no id: bytes that are no UTF-8 text") from None
    raise BadValue(0, f"is no id but {kind}")


def _check_text(encoded: Any) -> None:
    """Refuse line ends, which come of a quote that is not closed, and values of spaces alone."""
    from pyarrow import compute

    values = encoded.dictionary
    bad = compute.or_(
        compute.match_substring_regex(values, r"[\r\n]"),
        compute.or_(compute.utf8_is_space(values), compute.equal(values, "")),
    )
    if compute.any(bad).as_py():
        code = compute.index(bad, True).as_py()
        row = compute.index(encoded.indices, code).as_py()
        value = values[code].as_py()
        if not value.strip():
            raise BadValue(row, f"{quoted(value)} is blank")
        raise BadValue(row, f"{quoted(value)} has a line end in it: a quote that is not closed?")


def _as_integers(ids: Any) -> Any:
    import pyarrow as pa
    from pyarrow import compute

    if compute.all(compute.match_substring_regex(ids, PLAIN_INTEGERS)).as_py():
        return ids.cast(pa.int64())
    if compute.all(compute.match_substring_regex(ids, WHOLE_FLOATS)).as_py():
        return compute.replace_substring_regex(ids, r"\.0$", "").cast(pa.int64())
    return ids


def _uuid(value: bytes) -> str:
    digits = value.hex()
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))


def positions_of(ids: OriginalIds, wanted: OriginalIds) -> NDArray[np.int64]:
    """Where each of `wanted` stands in `ids`, -1 where it does not. [m], [k] -> [k]

    Whole numbers and their text are the same id.
    """
    import pyarrow as pa
    from pyarrow import compute

    known, looked_for = pa.array(ids), pa.array(wanted)
    if known.type != looked_for.type:
        known, looked_for = known.cast(pa.string()), looked_for.cast(pa.string())
    found = compute.index_in(looked_for, value_set=known)
    return np.asarray(found.fill_null(-1).to_numpy(zero_copy_only=False), dtype=np.int64)
