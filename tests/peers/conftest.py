"""A library of a few lines, installed without a network, for tests of the bridge."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import tiny_library

from bench.peers.definition import Library, read
from bench.peers.install import install


@pytest.fixture(scope="module")
def offline(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder for environments; pip finds numpy and tinyrec in another one, and nothing else."""
    place = tmp_path_factory.mktemp("peers")
    variables = tiny_library.wheels(place / "wheels") | {"BENCH_PEERS": str(place / "envs")}
    with pytest.MonkeyPatch.context() as patch:
        for name, value in variables.items():
            patch.setenv(name, value)
        yield place / "envs"
    assert "BENCH_PEERS" not in os.environ


@pytest.fixture(scope="module")
def tiny(offline: Path, tmp_path_factory: pytest.TempPathFactory) -> Library:
    """The library, installed."""
    library = read(tiny_library.library(tmp_path_factory.mktemp("outside") / "tiny"))
    install(library, lambda line: None)
    return library
