"""The compilation of kernels."""

import ast
from importlib import import_module
from pathlib import Path
from sys import getrefcount
from typing import Any

import numpy as np
import pytest

compilation = import_module("bench.compilation")


def test_a_kernel_is_compiled_where_nothing_can_be_cached(monkeypatch: pytest.MonkeyPatch) -> None:
    compile_it = compilation.njit

    def nowhere_to_write(signature: str, *, cache: bool = False, **options: Any) -> Any:
        if cache:
            raise RuntimeError("cannot cache function 'double': no locator available")
        return compile_it(signature, **options)

    monkeypatch.setattr(compilation, "njit", nowhere_to_write)
    double = compilation.kernel("int64(int64)")(lambda x: 2 * x)
    assert double.signatures and double(21) == 42


def test_nan_and_infinity_keep_their_meaning() -> None:
    @compilation.kernel("float64(float64[::1])")
    def total(numbers: Any) -> Any:
        result = 0.0
        for number in numbers:
            result += 0.0 if number <= 0 else number
        return result

    assert np.isnan(total(np.array([1.0, np.nan])))
    assert np.isinf(total(np.array([np.inf, -np.inf])))


def test_what_is_uncounted_leaves_the_references_to_arrays_as_they_were() -> None:
    @compilation.uncounted
    def add(row: Any, total: Any) -> None:
        for d in range(len(total)):
            total[d] += row[d]

    @compilation.kernel("void(float32[:, ::1], float32[::1])", counted=False)
    def add_up(rows: Any, total: Any) -> None:
        for r in range(len(rows)):
            add(rows[r], total)

    rows, total = np.ones((1000, 3), dtype=np.float32), np.zeros(3, dtype=np.float32)
    before = getrefcount(rows), getrefcount(total)
    add_up(rows, total)
    assert (getrefcount(rows), getrefcount(total)) == before
    assert total.tolist() == [1000, 1000, 1000]


KERNELS = sorted((Path(__file__).parents[2] / "models" / "shared" / "kernels").glob("*.py"))
# Functions of numpy that give a number, or a tuple of numbers.
NUMBERS = {
    *("float32", "float64", "int32", "int64", "uint8", "uint64", "log", "sqrt"),
    *("ndindex", "searchsorted"),
}


def uncounted_functions() -> dict[str, ast.FunctionDef]:
    found = {}
    for path in KERNELS:
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.FunctionDef):
                marks = " ".join(map(ast.unparse, node.decorator_list))
                if "uncounted" in marks or "counted=False" in marks:
                    found[node.name] = node
    return found


UNCOUNTED = uncounted_functions()


@pytest.mark.parametrize("name", UNCOUNTED)
def test_what_is_uncounted_neither_makes_nor_returns_an_array(name: str) -> None:
    function = UNCOUNTED[name]
    arrays = {each.value.id for each in ast.walk(function) if _is_indexed(each)}
    for node in ast.walk(function):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            assert ast.unparse(node.func.value) == "np" and node.func.attr in NUMBERS
        if isinstance(node, ast.Return) and node.value is not None:
            parts = node.value.elts if isinstance(node.value, ast.Tuple) else [node.value]
            assert not any(isinstance(each, ast.Name) and each.id in arrays for each in parts)


def _is_indexed(node: ast.AST) -> Any:
    return isinstance(node, ast.Subscript) and isinstance(node.value, ast.Name)


def test_what_is_compiled_is_kept_apart_when_any_kernel_beside_it_changes(tmp_path: Path) -> None:
    beside = tmp_path / "kernels"
    beside.mkdir()

    def folder() -> Path:
        compilation.folder.cache_clear()
        kept = compilation.folder(beside / "one.py")
        assert kept == compilation.folder(beside / "another.py")
        assert isinstance(kept, Path)
        return kept

    kernels = beside / "some.py"
    kernels.write_text("first")
    first = folder()
    (tmp_path / "another.py").write_text("no matter")
    assert folder() == first
    kernels.write_text("second")
    second = folder()
    assert second.parent == first.parent
    assert second != first
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(compilation.settings, "CACHE_DIR", "elsewhere")
        assert folder() == Path("elsewhere") / second.name
    compilation.folder.cache_clear()


def test_a_file_called_kernels_stands_alone(tmp_path: Path) -> None:
    def folder() -> Any:
        compilation.folder.cache_clear()
        return compilation.folder(tmp_path / "kernels.py")

    (tmp_path / "kernels.py").write_text("first")
    first = folder()
    (tmp_path / "another.py").write_text("no matter")
    assert folder() == first
    (tmp_path / "kernels.py").write_text("second")
    assert folder() != first
    compilation.folder.cache_clear()
