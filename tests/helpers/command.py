"""The command, run as a user does, or in this process, where a process adds only its seconds."""

import signal
import subprocess
import sys
from contextlib import chdir, redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Any
from unittest.mock import patch

from bench.cli import main

BENCH = str(Path(sys.executable).parent / "bench")
# What has to end is waited for however slow the machine is: only what hangs takes so long.
PATIENCE = 1800.0  # seconds


def bench(folder: Path, *words: str, **more: Any) -> subprocess.CompletedProcess[str]:
    """Run the command in a folder, where its results go too."""
    return subprocess.run(
        [BENCH, *words], cwd=folder, capture_output=True, text=True, timeout=PATIENCE, **more
    )


def bench_here(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """The same in this process, whose libraries are imported already; cells get their own still.

    What a process would begin with, and what would end with it, is as there: the words
    and the folder.
    """
    output, errors = StringIO(), StringIO()
    handler = signal.getsignal(signal.SIGTERM)
    try:
        with (
            chdir(folder),
            redirect_stdout(output),
            redirect_stderr(errors),
            patch.object(sys, "argv", ["bench", *words]),
        ):
            main()
    except SystemExit as ending:
        code = int(ending.code or 0)
        return subprocess.CompletedProcess(words, code, output.getvalue(), errors.getvalue())
    finally:
        signal.signal(signal.SIGTERM, handler)
    raise AssertionError("the command did not end by sys.exit")
