"""The node's side: hand an order to a fresh process and wait for its answer.

Ray puts packages of its own in front of others for every process that imports it, so that a key or
a clock of a worker would be of other libraries. The fresh process imports what is installed.
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO, Any, NamedTuple

from bench.isolation.guard import KEEPER

# In its folder.
ORDER, SHARED, MESSAGES, ANSWER, OUTPUT = "order", "shared", "messages", "answer", "output.txt"
LOOK_SECONDS = 0.2  # between two looks at what the process says
SAID = 2000  # characters of what a process printed that are told
PRIVATE = "RAY_"  # of addresses and tokens, which are no model's business


class ProcessEnded(Exception):
    """The process has ended without an answer."""


class Message(NamedTuple):
    """Something that the process says."""

    is_answer: bool
    content: bytes


def do(program: str, order: bytes, shared: Any) -> Iterator[Message]:
    """What a process says to an order: whole lines while it is at it, and at the end its answer.

    Args:
        program: for `python -c`; it reads `order` and `shared` in the folder that is its argument,
            appends lines to `messages`, and writes `answer` there.
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
        with (folder / OUTPUT).open("wb") as output, (folder / MESSAGES).open("w+b") as messages:
            process = subprocess.Popen(
                [*python, KEEPER, str(os.getpid()), *python, program, str(folder)],
                env={k: v for k, v in os.environ.items() if not k.startswith(PRIVATE)},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
            while process.returncode is None:
                with suppress(subprocess.TimeoutExpired):
                    process.wait(LOOK_SECONDS)
                if lines := _whole_lines(messages):
                    yield Message(is_answer=False, content=lines)
        answer = folder / ANSWER
        if not answer.exists():
            said = (folder / OUTPUT).read_text(errors="replace")[-SAID:].strip()
            last = said.rpartition("\n")[2]
            raise ProcessEnded(f"exit code {process.returncode}{': ' if last else ''}{last}")
        yield Message(is_answer=True, content=answer.read_bytes())


def _whole_lines(file: IO[bytes]) -> bytes:
    """Those that were written since the last look."""
    begin = file.tell()
    lines, end, _ = file.read().rpartition(b"\n")
    file.seek(begin + len(lines) + len(end))
    return lines
