"""How often the tests of this folder try, and with what."""

import os
import secrets
from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import cache
from importlib import metadata
from typing import Any
from unittest.mock import patch

import hypothesis
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

SEED = "FUZZ_SEED"  # in the environment: of the long versions, to see one again


def budget(short: int, long: int) -> pytest.MarkDecorator:
    """A test with so many cases always, and with so many others in `make torture`."""
    return pytest.mark.parametrize(
        "cases", [short, pytest.param(long, marks=pytest.mark.torture)], ids=["short", "long"]
    )


def quick_look_up() -> AbstractContextManager[Any]:
    """Installed packages are looked through once, not for each case."""
    return patch.object(metadata, "entry_points", cache(metadata.entry_points))


def fuzz(strategy: st.SearchStrategy[Any], check: Callable[[Any], None], cases: int) -> None:
    """Check so many cases, and prove that they were so many.

    The short versions try the same cases each time; the long ones others, from a seed that they
    print.
    """
    short = cases < 1000
    seed = int(os.environ.get(SEED) or secrets.randbits(32))
    tried = 0

    @settings(
        max_examples=cases,
        derandomize=short,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        print_blob=False,
    )
    @hypothesis.given(strategy)
    def every(case: Any) -> None:
        nonlocal tried
        tried += 1
        check(case)

    if not short:
        print(f"{cases} cases; again with {SEED}={seed}")
    with quick_look_up():
        (every if short else hypothesis.seed(seed)(every))()
    assert tried >= cases, f"only {tried} of {cases} cases"
