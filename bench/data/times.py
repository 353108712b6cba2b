"""Times of any kind made whole numbers in one unit, in which none of their order is lost."""

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.data.table import BadValue, NeedsExactReading
from bench.text import quoted

UNITS = {"s": 0, "ms": 3, "us": 6, "ns": 9}  # decimals of a second
LONG = {"s": "seconds", "ms": "milliseconds", "us": "microseconds", "ns": "nanoseconds"}
# Numbers from the left bound on are in this unit: 1973 to 5138 as seconds, milliseconds, ...
FIRST_OF = {"s": 10**8, "ms": 10**11, "us": 10**14, "ns": 10**17}
MOST_EXACT = 2**53  # of whole numbers in a float64
HAS_ZONE = r":[0-9.]+(Z|[+-][0-9]{2}(:?[0-9]{2})?)$"
NO_TIME = "is no time: neither a number nor ISO 8601, as 2020-01-31 12:00"
NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")


@dataclass
class TimeColumn:
    """Collects the times of a table, batch by batch.

    Whole numbers and numbers with decimals are seconds, milli-, micro- or nanoseconds since 1970,
    which their size tells. Text is ISO 8601; without a zone it is taken as UTC.
    """

    exact: bool
    _parts: list[tuple[NDArray[np.int64], int]] = field(default_factory=list)  # with decimals
    _kind: str = ""  # "number", "moment" or "zoned moment"

    def add(self, values: Any) -> None:
        """Some more values, an Arrow array.

        Raises:
            BadValue: one of them is missing or no time, or of another kind than those before.
            NeedsExactReading: only where not `exact`.
        """
        import pyarrow as pa

        kind = values.type
        if values.null_count:
            raise BadValue(int(np.argmax(values.is_null().to_numpy(False))), "is missing")
        if pa.types.is_timestamp(kind):
            self._add_moments(values, "zoned moment" if kind.tz else "moment")
        elif pa.types.is_date(kind):
            self._add_moments(values.cast(pa.timestamp("s")), "moment")
        elif pa.types.is_integer(kind):
            self._add_integers(values)
        elif pa.types.is_floating(kind):
            self._add_floats(values.cast(pa.float64()).to_numpy(False))
        elif pa.types.is_decimal(kind):
            self._add_text(values.cast(pa.string()))
        elif pa.types.is_string(kind) or pa.types.is_large_string(kind):
            self._add_text(values)
        else:
            raise BadValue(0, f"is no time but {kind}")

    def finish(self) -> tuple[NDArray[np.int64], int | None, str]:
        """The times [n], how many of them are a second, and this in words.

        None where the numbers are no moments, as 1, 2, 3: they tell the order alone.

        Raises:
            BadValue: numbers of two units are mixed, or too fine for 64 bits; its row counts from
                the first value added.
        """
        decimals = max((part[1] for part in self._parts), default=0)
        times = np.empty(sum(len(part) for part, _ in self._parts), dtype=np.int64)
        start = 0
        for part, own in self._parts:
            factor = 10 ** (decimals - own)
            wide = np.abs(part) > np.iinfo(np.int64).max // factor
            if wide.any():
                raise BadValue(start + int(np.argmax(wide)), "does not fit into 64 bits")
            np.multiply(part, factor, out=times[start : start + len(part)])
            start += len(part)
        self._parts.clear()
        if self._kind == "number":
            return self._in_epoch_unit(times, decimals)
        for coarser in (0, 3, 6):
            if coarser < decimals:
                divisor = 10 ** (decimals - coarser)
                if not (times % divisor).any():
                    times //= divisor
                    decimals = coarser
                    break
        zone = "with zone" if self._kind == "zoned moment" else "taken as UTC"
        return times, 10**decimals, f"times, {zone}, kept in {_named(decimals)}"

    def _in_epoch_unit(
        self, times: NDArray[np.int64], decimals: int
    ) -> tuple[NDArray[np.int64], int | None, str]:
        largest = int(times.max(initial=0)) // 10**decimals
        unit = next((unit for unit in reversed(FIRST_OF) if largest >= FIRST_OF[unit]), None)
        if unit is None or _year(largest / 10 ** UNITS[unit]) > 2200:
            return times, None, "numbers that are no moments since 1970: their order alone counts"
        if unit != "s":
            # A smaller number is of another unit; 0 often stands for "unknown".
            small = (times < FIRST_OF[unit] * 10**decimals) & (times != 0)
            if small.any():
                few = small if 2 * small.sum() <= np.count_nonzero(times) else ~small & (times != 0)
                row = int(np.argmax(few))
                number = f"{Decimal(int(times[row])).scaleb(-decimals).normalize():f}"
                raise BadValue(row, f"{number} is not of the unit that most others are of")
        finest = decimals + UNITS[unit]
        kept = "" if finest == UNITS[unit] else f" with decimals, kept in {_named(finest)}"
        return times, 10**finest, f"{LONG[unit]} since 1970{kept}"

    def _add(self, values: NDArray[np.int64], decimals: int, kind: str) -> None:
        if self._kind and kind != self._kind:
            if "number" in (kind, self._kind):
                why = "a number among dates" if kind == "number" else "a date among numbers"
            else:
                why = (
                    "has no zone, as others have" if kind == "moment" else "has a zone, others not"
                )
            raise BadValue(0, why)
        self._kind = kind
        self._parts.append((values, decimals))

    def _add_moments(self, values: Any, kind: str) -> None:
        import pyarrow as pa

        self._add(values.cast(pa.int64()).to_numpy(False), UNITS[values.type.unit], kind)

    def _add_integers(self, values: Any) -> None:
        import pyarrow as pa

        if pa.types.is_uint64(values.type):
            wide = values.to_numpy(False) >= 2**63
            if wide.any():
                raise BadValue(int(np.argmax(wide)), "does not fit into 64 bits")
        self._add_whole(values.cast(pa.int64()).to_numpy(False))

    def _add_whole(self, values: NDArray[np.int64]) -> None:
        if len(values) and values.min() < 0:
            raise BadValue(int(np.argmax(values < 0)), "is negative; numbers are times since 1970")
        self._add(values, 0, "number")

    def _add_floats(self, values: NDArray[np.float64]) -> None:
        if not np.isfinite(values).all():
            if not self.exact:
                raise NeedsExactReading
            raise BadValue(int(np.argmin(np.isfinite(values))), "is no time")
        whole = np.floor(values)
        if (whole == values).all() and np.abs(values).max(initial=0) < MOST_EXACT:
            self._add_whole(values.astype(np.int64))
            return
        if not self.exact:  # the text has digits that a float has not
            raise NeedsExactReading
        if np.abs(values).max() >= MOST_EXACT:
            self._add_whole(values.astype(np.int64))
            return
        fraction = values - whole
        for decimals in (3, 6, 9):
            digits = np.rint(fraction * 10**decimals)
            if decimals == 9 or np.array_equal(whole + digits / 10**decimals, values):
                break
        wide = np.abs(whole) >= 2**63 // 10**decimals - 1
        if wide.any():
            raise BadValue(int(np.argmax(wide)), "does not fit into 64 bits with its decimals")
        times = whole.astype(np.int64) * 10**decimals + digits.astype(np.int64)
        if times.min() < 0:
            raise BadValue(int(np.argmax(times < 0)), "is negative; numbers are times since 1970")
        self._add(times, decimals, "number")

    def _add_text(self, values: Any) -> None:
        import pyarrow as pa
        from pyarrow import compute

        values = compute.utf8_trim_whitespace(values)
        if not len(values):
            return
        first = values[0].as_py()
        if NUMBER.fullmatch(first) is not None:
            self._add_decimals(values)
            return
        values = compute.replace_substring_regex(values, r" ?(UTC|GMT)$", "Z")
        zoned = compute.match_substring_regex(values, HAS_ZONE).to_numpy(False)
        if zoned.any() and not zoned.all():
            other = int(np.argmax(zoned != zoned[0]))
            why = "has no zone, as others have" if zoned[0] else "has a zone, others have none"
            raise BadValue(other, f"{quoted(values[other].as_py())} {why}")
        for unit in ("us", "ns"):
            kind = pa.timestamp(unit, "UTC" if zoned[0] else None)
            try:
                self._add_moments(values.cast(kind), "zoned moment" if zoned[0] else "moment")
                return
            except pa.ArrowInvalid:
                continue
        _raise_first_bad(values, kind, NO_TIME)

    def _add_decimals(self, values: Any) -> None:
        import pyarrow as pa

        for decimals in (0, 3, 6, 9):
            try:
                parsed = values.cast(pa.decimal128(38, decimals))
                break
            except pa.ArrowInvalid:
                continue
        else:
            _raise_first_bad(values, pa.decimal128(38, 9), "is no time")
        # The unscaled value: two 64-bit words, the lower one first.
        words = np.frombuffer(parsed.buffers()[1], dtype="<i8").reshape(-1, 2)
        words = words[parsed.offset : parsed.offset + len(parsed)]
        wide = words[:, 1] != words[:, 0] >> 63
        if wide.any():
            row = int(np.argmax(wide))
            raise BadValue(row, f"{quoted(values[row].as_py())} does not fit into 64 bits")
        times = words[:, 0].astype(np.int64)
        if times.min() < 0:
            row = int(np.argmax(times < 0))
            raise BadValue(
                row, f"{quoted(values[row].as_py())} is negative; numbers are times since 1970"
            )
        self._add(times, decimals, "number")


def moment(text: str) -> datetime | float:
    """What a person types for a moment: a number, or ISO 8601, taken as UTC without a zone.

    Raises:
        ValueError: it is neither.
    """
    if NUMBER.fullmatch(text.strip()):
        return float(text)
    found = datetime.fromisoformat(text.strip())
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _raise_first_bad(values: Any, kind: Any, why: str) -> None:
    """The first value that is none of this kind, found by halves."""
    import pyarrow as pa

    first, beyond = 0, len(values)
    while beyond - first > 1:
        middle = (first + beyond) // 2
        try:
            values[first:middle].cast(kind)
            first = middle
        except pa.ArrowInvalid:
            beyond = middle
    raise BadValue(first, f"{quoted(values[first].as_py())} {why}")


def _named(decimals: int) -> str:
    return next((LONG[unit] for unit in UNITS if UNITS[unit] == decimals), f"10^-{decimals} s")


def _year(seconds: float) -> float:
    return 1970 + seconds / (365.25 * 86_400)
