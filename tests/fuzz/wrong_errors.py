"""Exceptions of every kind, as the code that raises them and what a record must say of them."""

import re
from typing import NamedTuple

from hypothesis import strategies as st


class Wrong(NamedTuple):
    """Something that a model does, and how its cell must end."""

    code: str  # statements
    status: str = "failed"  # or several, as "failed|oom"
    reason: str = ""  # a pattern that must be found in the record's


PLAIN = [
    "ArithmeticError",
    "AssertionError",
    "AttributeError",
    "BaseException",
    "BrokenPipeError",
    "BufferError",
    "ChildProcessError",
    "ConnectionResetError",
    "DeprecationWarning",
    "EOFError",
    "Exception",
    "FileNotFoundError",
    "FloatingPointError",
    "GeneratorExit",
    "ImportError",
    "IndexError",
    "KeyboardInterrupt",
    "KeyError",
    "LookupError",
    "ModuleNotFoundError",
    "NameError",
    "NotImplementedError",
    "OSError",
    "OverflowError",
    "PermissionError",
    "RecursionError",
    "ReferenceError",
    "RuntimeError",
    "StopAsyncIteration",
    "StopIteration",
    "SyntaxError",
    "SystemError",
    "SystemExit",
    "TimeoutError",
    "TypeError",
    "UnicodeError",
    "UserWarning",
    "ValueError",
    "ZeroDivisionError",
]
MESSAGES = st.one_of(
    st.text(st.characters(exclude_characters="\n"), max_size=30),
    st.text(
        st.sampled_from("a \n\r\t\0\x1b\x7f\x85\u2028\u202e\udcff\ud800é漢🎲|<&`%{"), max_size=9
    ),
    st.just("x" * 100_000),
)


@st.composite
def plain(draw: st.DrawFn) -> Wrong:
    """An exception of Python's own, with any message."""
    name = draw(st.sampled_from(PLAIN))
    arguments = draw(st.lists(MESSAGES, max_size=2))
    if len(arguments) == 2 and name == "SyntaxError":  # its second is a place in a file
        arguments.pop()
    return Wrong(f"raise {name}({', '.join(map(ascii, arguments))})", reason=f"^{name}")


@st.composite
def out_of_memory(draw: st.DrawFn) -> Wrong:
    """What Python, numpy and torch say when memory runs out."""
    code, reason = draw(
        st.sampled_from(
            [
                ("raise MemoryError", "^MemoryError$"),
                ("raise MemoryError('\\udcff')", r"^MemoryError: \\udcff$"),
                ("np.empty(2**50)", "Unable to allocate"),
                ("bytearray(2**60)", "^MemoryError$"),
                ("raise RuntimeError('CUDA out of memory. Tried')", "^RuntimeError: CUDA out"),
            ]
        )
    )
    return Wrong(code, "oom", reason)


# How an exception's class can be odd, and what can still be said of it.
ODD = [
    ("class Odd(Exception):\n    def __str__(self): raise KeyError(1)", "^Odd: its message cannot"),
    ("class Odd(Exception):\n    def __str__(self): raise SystemExit(1)", "^Odd: its message"),
    ("class Odd(Exception):\n    def __str__(self): return 5", "^Odd: its message cannot be had"),
    ("class Odd(BaseException):\n    def __repr__(self): raise self", "^Odd"),
    ("class Odd(ValueError):\n    def __reduce__(self): raise self", "^Odd"),
    ("class Odd(Exception):\n    __notes__ = 5", "^Odd"),
    ("class Odd(Exception):\n    __cause__ = property(lambda self: 1 / 0)", "^Odd"),
    ("class Odd(Exception):\n    args = property(lambda self: [self])", "^Odd"),
    ("class Odd(MemoryError, KeyError): pass\nOdd.__name__ = 'Very Odd'", "^Very Odd"),
    ("Odd = type('O\\nd\\x1bd', (Exception,), {})", "^O$"),
    ("Odd = type('', (Exception,), {})", "^an exception without a name$|^: text$"),
    ("class Odd(Exception):\n    __module__ = 5", "^Odd"),
    ("class Odd(Exception):\n    def __getattribute__(self, name): raise OSError(name)", "^Odd"),
]


@st.composite
def odd(draw: st.DrawFn) -> Wrong:
    """An exception of a class of the model's own, which cannot be printed, pickled or read."""
    definition, reason = draw(st.sampled_from(ODD))
    with_text = draw(st.sampled_from(["Odd()", "Odd('text')", "Odd(object())"]))
    after = draw(st.sampled_from(["raise {}", "raise {} from None", "raise {} from KeyError(2)"]))
    if "without a name" in reason:
        with_text = "Odd('text')" if "text" in with_text else "Odd()"
    status = "oom" if "MemoryError" in definition else "failed"
    return Wrong(f"{definition}\n{after.format(with_text)}", status, reason)


RAISES_LATE = [
    (
        "error = ValueError('0')\nfor n in range(2000):\n"
        "    error, error.__cause__ = ValueError(str(n)), error\nraise error",
        "^ValueError: 1999$",
    ),
    ("def deeper(n): return deeper(n + 1)\ndeeper(0)", "^RecursionError"),
    ("raise BaseExceptionGroup('all', [ValueError(1), SystemExit(2)])", "^BaseExceptionGroup: all"),
    (
        "raise ExceptionGroup('all', [ExceptionGroup('in', [OSError(n)]) for n in range(99)])",
        "^ExceptionGroup: all",
    ),
    ("raise SyntaxError('odd', ('f', 'no line', object(), 5))", "^SyntaxError: odd"),
    ("raise UnicodeDecodeError('utf-8', b'\\xff', 0, 1, 'odd\\udcff')", r"odd\\udcff$"),
    ("raise ValueError('y' * 30_000_000)", r"^ValueError: y+ \[\.\.\.\] y+$"),
    ("raise 5", "^TypeError: exceptions must derive from BaseException"),
    ("sys.exit('\\udcff')", r"^SystemExit: \\udcff$"),
    ("sys.exit(object())", "^SystemExit: <object"),
    ("sys.exit(0)", "^SystemExit: 0$"),
    ("sys.exit()", "^SystemExit"),
    ("import asyncio\nraise asyncio.CancelledError", "^CancelledError$"),
    ("error = ValueError('loop')\nerror.__context__ = error\nraise error", "^ValueError: loop$"),
    ("1 / 0", "^ZeroDivisionError: division by zero$"),
    ("np.zeros(3)[7]", "^IndexError"),
    ("np.zeros((2, 3)) @ np.zeros((2, 3))", "^ValueError: matmul"),
    ("import torch\ntorch.zeros(3) + torch.zeros(4)", "^RuntimeError: The size of tensor"),
    ("import torch\ntorch.empty(3, device='meta').numpy()", "^(Runtime|Type|NotImplemented)"),
    ("import no_such_library", "^ModuleNotFoundError: No module named 'no_such_library'$"),
    ("eval('1 +')", "^SyntaxError"),
    ("next(iter([]))", "^StopIteration$"),
    ("open('/no/such/file')", re.escape("[Errno 2] No such file or directory: '/no/such/file'")),
    ("open(b'/no/such/\\xff')", "No such file or directory"),
    ("raise FileNotFoundError(2, 'No such', os.fsdecode(b'/a/\\xff'))", r"'/a/\\udcff'$"),
]
complicated = st.sampled_from(RAISES_LATE).map(lambda each: Wrong(each[0], reason=each[1]))
errors = st.one_of(plain(), plain(), odd(), complicated, out_of_memory())
