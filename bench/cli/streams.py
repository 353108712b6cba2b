"""Standard output and error that take whatever is written: any text, also when nobody reads on."""

import codecs
import errno
import io
import os
import stat
import sys
import unicodedata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

STANDARD = (0, 1, 2)  # file descriptors: input, output, error
# One sign for one, so that tables stay straight.
PLAIN = dict(zip("°†‡§¶±·≥≤≈•→─━│\u2013\u2014\u00d7\u2019", "o+#$&~.><~*>--|--x'", strict=True))
ERRORS = "bench-plain"  # name of what handles a sign that an encoding lacks


def prepare_output() -> None:
    """Let the streams of this process take any text, and lose it where nobody reads on.

    A sign that their encoding lacks becomes a plain one; a reader that has gone, as `head` does,
    ends nothing; and one that was closed from the start is opened on nothing, so that no file of
    ours gets its number, which would then receive what is printed.
    """
    codecs.register_error(ERRORS, _plain)
    for number in STANDARD:
        _open_where_closed(number)
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            number = {"stdout": 1, "stderr": 2}[name]
            setattr(sys, name, _Writer(io.BufferedWriter(_Output(number)), "utf-8"))
        elif stream is getattr(sys, f"__{name}__"):  # not one that a program has put there
            stream.flush()
            raw = io.BufferedWriter(_Output(stream.fileno()))
            live = stream.line_buffering or name == "stderr"
            setattr(sys, name, _Writer(raw, stream.encoding, line_buffering=live))


def _plain(error: UnicodeError) -> tuple[str | bytes, int]:
    """What stands for the first sign that cannot be encoded, and where to go on."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    sign = error.object[error.start]
    letters = unicodedata.normalize("NFKD", sign).encode("ascii", "ignore").decode()
    words = PLAIN.get(sign) or letters or sign.encode("ascii", "backslashreplace").decode()
    return words, error.start + 1


def give_up_output() -> None:
    """Write what is left to write; where that fails, as on a full disk, forget it."""
    try:
        sys.stdout.flush()
    except OSError:
        _lead_nowhere(sys.stdout.fileno())
        sys.stdout.flush()


def _open_where_closed(number: int) -> None:
    try:
        os.fstat(number)
    except OSError:
        _lead_nowhere(number)


def _lead_nowhere(number: int) -> None:
    nothing = os.open(os.devnull, os.O_RDWR)
    if nothing != number:  # which it is where that was the lowest that was free
        os.dup2(nothing, number)
        os.close(nothing)


class _Output(io.FileIO):
    """A stream of the process. From when its reader has gone, it leads nowhere."""

    def __init__(self, number: int) -> None:
        super().__init__(number, "wb", closefd=False)

    def write(self, data: "ReadableBuffer", /) -> int:
        try:
            return super().write(data)
        except OSError as error:
            if not (isinstance(error, BrokenPipeError) or self._hung_up(error)):
                raise
            _lead_nowhere(self.fileno())
            return super().write(data)

    def _hung_up(self, error: OSError) -> bool:
        """Whether it was a terminal, which has been closed."""
        return error.errno == errno.EIO and stat.S_ISCHR(os.fstat(self.fileno()).st_mode)


class _Writer(io.TextIOWrapper):
    """Text for an encoding, in plain signs where it lacks others."""

    def __init__(
        self, raw: "io.BufferedWriter[_Output]", encoding: str, *, line_buffering: bool = False
    ) -> None:
        super().__init__(raw, encoding, ERRORS, line_buffering=line_buffering)

    @property
    def encoding(self) -> str:  # type: ignore[override]
        """Its encoding; for ASCII one that has it in it.

        click takes ASCII for a mistake of the system, and would write UTF-8 past this stream.
        """
        own = super().encoding
        return "latin-1" if codecs.lookup(own).name == "ascii" else own
