"""Files that are no model, or none that can be made: broken code, classes and defaults."""

from hypothesis import strategies as st
from odd_models import model
from wrong_errors import Wrong

GOOD = model()
CLASS = "@dataclass(kw_only=True)\nclass Fuzzed(Adapter):\n"
FIELD = f"{CLASS}    x: "
IMPORTED = "@dataclass(kw_only=True)\nclass Fuzzed"

# What stands in the place of the class's first lines, and what the record must say.
CHANGED = [
    ("class Fuzzed(Adapter):\n", "failed", "TypeError: Fuzzed must be a dataclass"),
    ("@dataclass(kw_only=True)\nclass Fuzzed:\n", "failed", "must define one Adapter, not none$"),
    (f"{CLASS}    pass\n{CLASS}    x: int = 1\n", "ok", ""),  # the second takes its name
    (f"{CLASS}    pass\nOther = Fuzzed\n{CLASS}", "failed", "must define one Adapter, not Fuzzed"),
    (f"{FIELD}int\n", "failed", "TypeError"),
    (
        f"{FIELD}float = float('nan')\n",
        "failed",
        r"TypeError: fuzzed.x must be text, a finite .* nan$",
    ),
    (
        f"{FIELD}float = float('inf')\n",
        "failed",
        r"TypeError: fuzzed.x must be text, a finite .* inf$",
    ),
    (f"{FIELD}object = object()\n", "failed", "TypeError: fuzzed.x must be text.* not <object ob"),
    (f"{FIELD}object = np.float32(1)\n", "failed", "TypeError: fuzzed.x must be text"),
    (f"{FIELD}object = np.zeros(3)\n", "failed", "ValueError: mutable default"),
    (f"{FIELD}list = []\n", "failed", "ValueError: mutable default"),
    (f"{FIELD}str = '\\ud800'\n", "failed", r"TypeError: fuzzed.x must be text.* not '\\ud800'$"),
    (f"{FIELD}int = 16 ** 9999\n", "failed", "TypeError: fuzzed.x must be text.* a very large int"),
    (f"{FIELD}no_such_type = 1\n", "failed", "NameError"),
    (f"{FIELD}'no such type' = 1\n", "failed", "SyntaxError"),
    (f"{FIELD}int = 2**62\n", "ok", ""),
    (f"{FIELD}str = 'é漢🎲 <b>|\\x1b'\n", "ok", ""),
    (f"{FIELD}tuple[int, ...] = (1, 2)\n", "ok", ""),
    (f"{FIELD}float = 1.5\n    def __post_init__(self): self.x = object()\n", "failed", "fuzzed.x"),
    (f"{FIELD}float = 1.5\n    def __post_init__(self): 1 / 0\n", "failed", "ZeroDivisionError"),
    (f"{FIELD}float = 1.5\n    def __post_init__(self): sys.exit(1)\n", "failed", "SystemExit: 1"),
    (f"{FIELD}int = 1\n    def __post_init__(self): os._exit(7)\n", "killed", "exit code 7, with"),
    (f"{FIELD}int = 1\n    def __repr__(self): 1 / 0\n", "ok", ""),
    (f"{FIELD}int = 1\n    def __eq__(self, other): 1 / 0\n", "ok", ""),
    (f"{CLASS}    def __new__(cls): return 5\n", "failed", "AttributeError"),
    (f"{CLASS}    def fit(self): pass\nclass Base:\n", "failed", "must|abstract|takes 1"),
    (f"sys.exit(3)\n{CLASS}", "failed", "^SystemExit: 3$"),
    (f"os._exit(3)\n{CLASS}", "killed", "exit code 3, without a result$"),
    (f"os.kill(os.getpid(), 9)\n{CLASS}", "killed", "ended by SIGKILL$"),
    (f"1 / 0\n{CLASS}", "failed", "^ZeroDivisionError: division by zero$"),
    (f"raise KeyboardInterrupt\n{CLASS}", "failed", "^KeyboardInterrupt$"),
    (f"raise ModuleNotFoundError\n{CLASS}", "failed", "^ModuleNotFoundError$"),
    (f"import no_such_library.at_all\n{CLASS}", "skipped", "^needs no_such_library, which is not"),
    (
        f"from bench import no_such_thing\n{CLASS}",
        "failed",
        "^ImportError: cannot import name 'no_s",
    ),
    (
        f"import bench.no_such_thing\n{CLASS}",
        "failed",
        "^ModuleNotFoundError: No module named 'benc",
    ),
    (f"del sys.modules[__name__]\n{CLASS}", "failed", "."),
    (f"sys.modules[__name__] = None\n{CLASS}", "failed", "."),
    (f"print('x' * 1_000_000)\n{CLASS}", "ok", ""),
    (f"threading.Thread(target=time.sleep, args=(600,)).start()\n{CLASS}", "ok", ""),
    (f"__name__ = 'other'\n{CLASS}", "ok", ""),
    (f"@property\ndef Other(self): 1 / 0\n{CLASS}", "ok", ""),
    (f"__all__ = 5\n{CLASS}", "ok", ""),
    (f"if True:\n  pass\n\tpass\n{CLASS}", "failed", "^TabError|^IndentationError"),
    (f"x = {'(' * 500}\n{CLASS}", "failed|oom", "^SyntaxError|^MemoryError|^RecursionError"),
    (f"x = {'-' * 20_000}1\n{CLASS}", "failed|oom", "^SyntaxError|^MemoryError|^RecursionError"),
    (f"x = '\\0'\n{CLASS}", "ok", ""),
    ("x = 1\0\n" + CLASS, "failed", "^ValueError|^SyntaxError: source code"),
    ("# -*- coding: no_such -*-\n" + CLASS, "ok", ""),  # only in the first lines it is said
]


@st.composite
def changed(draw: st.DrawFn) -> tuple[bytes, Wrong]:
    """A model with another beginning of its class."""
    text, status, reason = draw(st.sampled_from(CHANGED))
    assert CLASS in GOOD
    return GOOD.replace(CLASS, text).encode(), Wrong("", status, reason)


WHOLE = [
    b"", b"\n", b"\0", b"\xff\xfe", b"# coding: no_such\n", b"\xef\xbb\xbf", b"1 / 0", b"pass",
    b"import sys; sys.exit()", b"from bench.adapter import Adapter", b"\x80\x04N.", b"(" * 5000,
    b"<html></html>", b"class A: pass", b"while True: break", b"raise SystemExit",
    b"lambda: (yield)",
    b"# coding: utf-7\n+AAo-", b"x" * 1_000_000, b"\r\r\r", b"\x0c", b"def f(:", b"'''",
]  # fmt: skip


@st.composite
def garbled(draw: st.DrawFn) -> tuple[bytes, Wrong]:
    """A file that was cut short, or has something in it that is no Python."""
    good = GOOD.encode()
    place = draw(st.integers(0, len(good)))
    odd = draw(
        st.sampled_from([b"\0", b"\xff", b"(", b")", b"'", b"'''", b"\\", b"$", b"\x0c \t?"])
    )
    text = draw(
        st.sampled_from(
            [*WHOLE, good[:place], good[:place] + b"\0" + good, good.decode().encode("utf-16")]
        )
        if draw(st.booleans())
        else st.just(good[:place] + odd + b" ?\n" + good[place:])
    )
    return text, Wrong("", "", "")


files = st.one_of(changed(), changed(), garbled())
