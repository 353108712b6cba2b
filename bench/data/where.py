"""Conditions on rows, as "event == 'buy' and price > 3": parsed by Python, never executed."""

import ast
import re
import warnings
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from bench.data.columns import as_numbers, as_text, is_number
from bench.data.times import moment
from bench.errors import BadParameter, unknown
from bench.text import shown

LONGEST = 2000  # characters
OPERATORS: dict[type[ast.cmpop], str] = {
    ast.Eq: "equal",
    ast.NotEq: "not_equal",
    ast.Lt: "less",
    ast.LtE: "less_equal",
    ast.Gt: "greater",
    ast.GtE: "greater_equal",
}
WORDS: Mapping[str, Any] = {"null": None, "true": True, "false": False}
ALLOWED = "comparisons of columns with numbers, text or each other, in [...], is null, and, or, not"

Rows = Any  # a pyarrow.RecordBatch
Mask = Any  # a pyarrow.BooleanArray


@dataclass(frozen=True)
class Where:
    """A condition; nothing of it is executed.

    A comparison with a missing value is neither true nor false, and such a row is left out.
    """

    text: str
    columns: tuple[str, ...]
    _tree: ast.expr
    _named: Mapping[str, str]  # what stands in the tree for a name in backticks -> the name

    @classmethod
    def parse(cls, text: str, known: Iterable[str]) -> "Where":
        """The condition.

        Args:
            text: a Python expression. A column whose name is no word stands in backticks.
            known: the columns that there are.

        Raises:
            BadParameter: no expression, or something in it that is no condition.
            UnknownName: a column that is not there.
        """
        known = set(known)
        if len(text) > LONGEST:
            raise BadParameter(f"where takes at most {LONGEST:,} characters, not {len(text):,}")
        named: dict[str, str] = {}

        def replaced(match: re.Match[str]) -> str:
            name = f"column_{len(named)}__"
            named[name] = match[1]
            return name

        try:
            with warnings.catch_warnings(action="ignore"):  # of odd escapes in text
                tree = ast.parse(re.sub(r"`([^`]+)`", replaced, text).strip(), mode="eval").body
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            why = getattr(error, "msg", None) or "too deep"
            if re.search(r"[^=!<>]=[^=]", text):
                why = "two are compared by =="
            raise BadParameter(f"where {shown(text)} is no condition: {why}") from None
        found = dict.fromkeys(
            named.get(node.id, node.id) for node in ast.walk(tree) if isinstance(node, ast.Name)
        )
        names = tuple(name for name in found if name not in WORDS or name in known)
        where = cls(text, names, tree, named)
        where._check(tree)
        for name in names:
            if name not in known:
                raise unknown("column in where", name, known)
        return where

    def mask(self, rows: Rows) -> Mask:
        """Which rows are kept. [n]

        Raises:
            BadValue: text that is compared with a number and is none.
            BadParameter: a column that cannot be compared with what is asked.
        """
        from pyarrow import compute

        return compute.fill_null(self._truth(self._tree, rows), False)

    def _refused(self, node: ast.AST) -> BadParameter:
        part = ast.unparse(node)
        return BadParameter(
            f"where {shown(self.text)}: {shown(part)} is not allowed; {ALLOWED} are"
        )

    def _check(self, node: ast.expr) -> None:
        match node:
            case ast.BoolOp(values=values):
                for value in values:
                    self._check(value)
            case ast.BinOp(left=left, op=ast.BitAnd() | ast.BitOr(), right=right):
                self._check(left)
                self._check(right)
            case ast.UnaryOp(op=ast.Not() | ast.Invert(), operand=operand):
                self._check(operand)
            case ast.Compare(left=left, ops=ops, comparators=comparators):
                sides = [left, *comparators]
                for before, op, after in zip(sides[:-1], ops, sides[1:], strict=True):
                    self._check_comparison(node, before, op, after)
            case ast.Name():
                pass
            case _:
                raise self._refused(node)

    def _check_comparison(
        self, node: ast.expr, left: ast.expr, op: ast.cmpop, right: ast.expr
    ) -> None:
        if not self._is_column(left) and not self._is_column(right):
            raise self._refused(node)
        if isinstance(op, ast.In | ast.NotIn):
            if not self._is_column(left) or not isinstance(right, ast.List | ast.Tuple | ast.Set):
                raise self._refused(node)
            values = [self._constant(entry) for entry in right.elts]
            if not values or len({isinstance(value, str) for value in values}) > 1:
                raise self._refused(node)
            return
        for side in (left, right):
            if not self._is_column(side):
                value = self._constant(side)
                if value is None and not isinstance(op, ast.Is | ast.IsNot | ast.Eq | ast.NotEq):
                    raise self._refused(node)
                if value is not None and isinstance(op, ast.Is | ast.IsNot):
                    raise self._refused(node)
        if isinstance(op, ast.Is | ast.IsNot) and self._is_column(left) and self._is_column(right):
            raise self._refused(node)

    def _is_column(self, node: ast.expr) -> bool:
        return isinstance(node, ast.Name) and self._named.get(node.id, node.id) in self.columns

    def _constant(self, node: ast.expr) -> Any:
        match node:
            case ast.Constant(value=str() | int() | float() | bool() | None):
                return node.value
            case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() | float() as number)):
                return -number
            case ast.Name(id=name) if name in WORDS:
                return WORDS[name]
        raise self._refused(node)

    def _truth(self, node: ast.expr, rows: Rows) -> Mask:
        from pyarrow import compute

        match node:
            case ast.BoolOp(op=op, values=values):
                joined = compute.and_kleene if isinstance(op, ast.And) else compute.or_kleene
                return _folded(joined, [self._truth(value, rows) for value in values])
            case ast.BinOp(left=left, op=op, right=right):
                joined = compute.and_kleene if isinstance(op, ast.BitAnd) else compute.or_kleene
                return joined(self._truth(left, rows), self._truth(right, rows))
            case ast.UnaryOp(operand=operand):
                return compute.invert(self._truth(operand, rows))
            case ast.Compare(left=left, ops=ops, comparators=comparators):
                sides = [left, *comparators]
                found = [
                    self._compared(before, op, after, rows)
                    for before, op, after in zip(sides[:-1], ops, sides[1:], strict=True)
                ]
                return _folded(compute.and_kleene, found)
        assert isinstance(node, ast.Name)
        return self._flags(node, rows)

    def _column(self, node: ast.expr, rows: Rows) -> Any:
        assert isinstance(node, ast.Name)
        return rows.column(self._named.get(node.id, node.id))

    def _flags(self, node: ast.Name, rows: Rows) -> Mask:
        """A column that is true or false by itself."""
        from pyarrow import compute

        if not self._is_column(node):
            raise self._refused(node)
        values = self._column(node, rows)
        if str(values.type) == "bool":
            return values
        text = compute.utf8_lower(as_text(values))
        if not compute.all(compute.is_in(text, value_set=_array(["true", "false", "1", "0"]))):
            raise BadParameter(f"where: column {shown(node.id)} is not true or false by itself")
        return compute.is_in(text, value_set=_array(["true", "1"]))

    def _compared(self, left: ast.expr, op: ast.cmpop, right: ast.expr, rows: Rows) -> Mask:
        import pyarrow as pa
        from pyarrow import compute

        if isinstance(op, ast.In | ast.NotIn):
            assert isinstance(right, ast.List | ast.Tuple | ast.Set)
            wanted = [self._constant(entry) for entry in right.elts]
            if any(isinstance(value, float) for value in wanted):
                wanted = [float(value) for value in wanted]
            values, _ = _alike(self._column(left, rows), wanted[0])
            cast = [_alike(values[:0], value)[1] for value in wanted]
            found = compute.is_in(values, value_set=_array(cast))
            if isinstance(op, ast.NotIn):
                found = compute.invert(found)
            return compute.and_(found, compute.is_valid(values))
        sides: list[Any] = []
        for side in (left, right):
            sides.append(
                self._column(side, rows) if self._is_column(side) else self._constant(side)
            )
        if sides[0] is None or sides[1] is None:
            missing = compute.is_null(sides[0] if sides[1] is None else sides[1], nan_is_null=True)
            return compute.invert(missing) if isinstance(op, ast.IsNot | ast.NotEq) else missing
        compare: Callable[..., Mask] = getattr(compute, OPERATORS[type(op)])
        is_ordered = not isinstance(op, ast.Eq | ast.NotEq)
        for side in sides:
            if is_ordered and isinstance(side, str) and is_number(side):
                raise BadParameter(
                    f"where: to be compared as a number, {side!r} must have no quotes"
                )
        if self._is_column(left) and self._is_column(right):
            # In order as numbers: in files of text all columns are text.
            alike = sides[0].type == sides[1].type
            if not alike or (is_ordered and not pa.types.is_temporal(sides[0].type)):
                sides = [as_numbers(side) for side in sides]
        elif self._is_column(left):
            sides[0], sides[1] = _alike(sides[0], sides[1])
        else:
            sides[1], sides[0] = _alike(sides[1], sides[0])
        return compare(sides[0], sides[1])


def _folded(joined: Callable[[Mask, Mask], Mask], masks: list[Mask]) -> Mask:
    found = masks[0]
    for mask in masks[1:]:
        found = joined(found, mask)
    return found


def _array(values: list[Any]) -> Any:
    import pyarrow as pa

    return pa.array(values)


def _alike(values: Any, constant: Any) -> tuple[Any, Any]:
    """A column and what it is compared with, of one type."""
    import pyarrow as pa

    if pa.types.is_temporal(values.type):
        try:
            when = moment(str(constant))
        except ValueError:
            raise BadParameter(f"where: {shown(constant)} is no time, as the column is") from None
        if isinstance(when, float):
            raise BadParameter("where: the column holds times; compare with '2020-01-31'")
        zone = getattr(values.type, "tz", None)
        micros = round(when.timestamp() * 1_000_000)
        kind = pa.timestamp("us", zone)
        return values.cast(kind, safe=False), pa.scalar(micros, pa.int64()).cast(kind)
    if isinstance(constant, bool):
        if values.type == pa.bool_():
            return values, pa.scalar(constant)
        return as_text(values), pa.scalar(str(constant))
    if isinstance(constant, str):
        return as_text(values), pa.scalar(constant)
    if isinstance(constant, int) and pa.types.is_integer(values.type):
        if not -(2**63) <= constant < 2**63:
            raise BadParameter(f"where: {shown(constant)} does not fit into 64 bits")
        return values, pa.scalar(constant)
    return as_numbers(values), pa.scalar(float(constant))
