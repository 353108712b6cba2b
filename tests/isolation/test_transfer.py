"""What another process is handed is the same, is not copied and cannot be changed."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from made import interactions

from bench.isolation import transfer


def test_interactions_come_back_the_same_and_read_only(tmp_path: Path) -> None:
    names = np.array(["ann", "bob"], dtype=object)
    ratings = np.array([1, 2, 3], dtype=np.float32)
    given = interactions(
        [(0, 0, 5), (1, 2, 6), (1, 1, 7)], user_ids=names, ratings=ratings, source="made"
    )
    transfer.write(given, tmp_path / "train")
    found = transfer.read(tmp_path / "train")
    for name in ("users", "items", "times", "ratings", "user_ids", "item_ids"):
        one, other = getattr(given, name), getattr(found, name)
        assert one.dtype == other.dtype
        assert np.array_equal(one, other)
        with pytest.raises(ValueError, match="read-only"):
            other[0] = other[1]
    assert (found.n_users, found.n_items, found.source) == (2, 3, "made")


@pytest.mark.parametrize("value", [[], np.empty(0, dtype=np.int32), "text", {"a": np.ones((0, 3))}])
def test_little_or_nothing_can_be_handed_over(tmp_path: Path, value: object) -> None:
    transfer.write(value, tmp_path / "value")
    assert repr(transfer.read(tmp_path / "value")) == repr(value)


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_what_is_not_read_takes_no_memory(tmp_path: Path) -> None:
    transfer.write([np.ones(1 << 24), np.arange(4)], tmp_path / "value")
    script = (
        "import sys; from pathlib import Path; import numpy, psutil\n"
        "from bench.isolation import transfer\n"
        "level = psutil.Process().memory_info().rss\n"
        "large, small = transfer.read(Path(sys.argv[1]))\n"
        "assert small.sum() == 6 and len(large) == 1 << 24\n"
        "assert psutil.Process().memory_info().rss - level < 1 << 23\n"
        "assert large.sum() == 1 << 24\n"
        "assert psutil.Process().memory_info().rss - level > 1 << 26\n"
    )
    words = [sys.executable, "-P", "-c", script, str(tmp_path / "value")]
    subprocess.run(words, check=True)
