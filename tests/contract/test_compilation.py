"""The compilation of kernels."""

from importlib import import_module
from pathlib import Path
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
