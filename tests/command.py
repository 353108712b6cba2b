"""The command, run as a user does."""

import subprocess
import sys
from pathlib import Path
from typing import Any

BENCH = str(Path(sys.executable).parent / "bench")


def bench(folder: Path, *words: str, **more: Any) -> subprocess.CompletedProcess[str]:
    """Run the command in a folder, where its results go too."""
    return subprocess.run(
        [BENCH, *words], cwd=folder, capture_output=True, text=True, timeout=240, **more
    )
