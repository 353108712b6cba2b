"""The node's side: hand an order to a fresh process and wait for its answer.

Ray puts packages of its own in front of others for every process that imports it, so that a key or
a clock of a worker would be of other libraries. The fresh process imports what is installed.
"""

import os
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from bench.isolation.guard import KEEPER

ORDER, SHARED, ANSWER, OUTPUT = "order", "shared", "answer", "output.txt"  # in its folder
SAID = 2000  # characters of what a process printed that are told
PRIVATE = "RAY_"  # of addresses and tokens, which are no model's business


class ProcessEnded(Exception):
    """The process has ended without an answer."""


def do(program: str, order: bytes, shared: Any) -> bytes:
    """What a process answers to an order.

    Args:
        program: for `python -c`; it reads `order` and `shared` in the folder that is its argument,
            and writes `answer` there.
        order: what is to be done.
        shared: an array of bytes that many orders have in common.

    Raises:
        ProcessEnded: there is no answer.
        OSError: the node cannot write, as where its disk is full.
    """
    with TemporaryDirectory(prefix="bench-node-") as name:
        folder = Path(name).resolve()
        (folder / ORDER).write_bytes(order)
        (folder / SHARED).write_bytes(shared)
        python = [sys.executable, "-P", "-c"]
        with (folder / OUTPUT).open("wb") as output:
            code = subprocess.Popen(
                [*python, KEEPER, str(os.getpid()), *python, program, str(folder)],
                env={k: v for k, v in os.environ.items() if not k.startswith(PRIVATE)},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            ).wait()
        answer = folder / ANSWER
        if not answer.exists():
            said = (folder / OUTPUT).read_text(errors="replace")[-SAID:].strip()
            last = said.rpartition("\n")[2]
            raise ProcessEnded(f"exit code {code}{': ' if last else ''}{last}")
        return answer.read_bytes()
