"""Make the environment of a library, and remove it."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

from filelock import FileLock, Timeout

from bench.errors import Problem
from bench.isolation.guard import stay_behind
from bench.peers.definition import VERSIONS, Library
from bench.peers.environment import MARK, Environment, environment_of, lock_sha256, variables
from bench.text import one_line, shown

Say = Callable[[str], None]
GUARDED = "from bench.peers.install import run_guarded; run_guarded()"
MOST_WORDS = 300  # characters of what a program said
COMPARISONS = {
    ">=": lambda ours, theirs: ours >= theirs,
    "<": lambda ours, theirs: ours < theirs,
    "<=": lambda ours, theirs: ours <= theirs,
    ">": lambda ours, theirs: ours > theirs,
    "==": lambda ours, theirs: ours == theirs,
}


class NotInstalled(Problem):
    """An environment that could not be made; the message says why."""


def install(library: Library, say: Say, python: str = sys.executable) -> Environment:
    """Make a library's environment by its lock, exactly; nothing is resolved.

    It is made anew where it is half installed, or of another lock. A second installation of the
    same library waits for the first. The mark comes last, so one that is ended in the middle
    leaves none.

    Args:
        library: the library.
        say: is told what goes on, a line at a time.
        python: the interpreter that it is made with.

    Raises:
        NotInstalled: another Python is needed, a package cannot be had, or the library cannot be
            imported.
    """
    wanted = environment_of(library)
    with _held(wanted, say):
        if not wanted.fault():
            say(f"{library.title} {library.version} is there already, in {wanted.folder}")
            return wanted
        _check_python(library, python)
        if find_spec("pip") is None:
            raise NotInstalled("bench peers install needs pip, as `python -m ensurepip` brings it")
        if wanted.folder.exists():
            say(f"making the environment of {library.name} anew: {wanted.fault()}")
            shutil.rmtree(wanted.folder)
        say(f"installing {library.title} {library.version}, {len(library.lock)} packages ...")
        _make(wanted, python)
    say(f"{library.title} {library.version} is installed in {wanted.folder}")
    return wanted


def remove(library: Library, say: Say) -> None:
    """Remove a library's environment, if there is one."""
    there = environment_of(library)
    with _held(there, say):
        if there.folder.exists():
            (there.folder / MARK).unlink(missing_ok=True)  # first: half of one is none
            shutil.rmtree(there.folder)
            say(f"removed {there.folder}")
        else:
            say(f"there is no environment of {library.name}")


def _make(wanted: Environment, python: str) -> None:
    library = wanted.library
    _run([python, "-m", "venv", "--without-pip", str(wanted.folder)], "no environment")
    pip = [sys.executable, "-m", "pip", "--python", str(wanted.python), "install"]
    options = ["--no-deps", "--no-compile", "--disable-pip-version-check", "--no-input", "--quiet"]
    # An index that a lock names beside the usual one is asked for each package, and may be out of
    # reach: pip's 5 tries take 10 s each time.
    options += [] if "PIP_RETRIES" in os.environ else ["--retries", "1"]
    _run([*pip, *options, "-r", str(library.requirements)], "pip could not install it")
    program = f"import numpy, {library.imports}"
    _run([str(wanted.python), "-s", "-c", program], f"it has no working {library.imports}")
    mark = {
        "lock": lock_sha256(library),
        "python": wanted.python_version(),
        "packages": wanted.versions(),
    }
    (wanted.folder / f"{MARK}.tmp").write_text(json.dumps(mark, indent=1) + "\n")
    (wanted.folder / f"{MARK}.tmp").replace(wanted.folder / MARK)
    if fault := wanted.fault():  # as a package that calls itself otherwise than its lock does
        raise NotInstalled(fault)


def _run(command: Sequence[str], what: str) -> None:
    """Run a program, which ends with this process: another one may then make the environment anew.

    Raises:
        NotInstalled: it failed; with what it said last.
    """
    with subprocess.Popen(
        [sys.executable, "-P", "-c", GUARDED, str(os.getpid()), *command],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,  # Ctrl-C is for this process, which then ends all of it
    ) as started:
        try:
            output, errors = started.communicate()
        except BaseException:
            started.terminate()  # its guard then ends all below it
            raise
    if started.returncode:
        lines = (errors or output).decode(errors="replace").strip().splitlines()
        said = [line for line in lines if line.startswith("ERROR:")][-1:] or lines[-1:]
        words = one_line("".join(said)).removeprefix("ERROR: ")[:MOST_WORDS]
        raise NotInstalled(f"{what}: {words or f'exit code {started.returncode}'}")


def run_guarded() -> None:
    """Run a program without our variables, and end with the process that wants it, however.

    Arguments of the command: that process, the program, and its arguments.
    """
    stay_behind(int(sys.argv[1]), let_go=lambda: None)
    os.execvpe(sys.argv[2], sys.argv[2:], variables())


def _check_python(library: Library, python: str) -> None:
    """Refuse an interpreter that the library does not run on."""
    asked = [python, "-c", "import sys; print('%d.%d' % sys.version_info[:2])"]
    try:
        version = subprocess.run(asked, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError) as error:
        raise NotInstalled(f"no Python at {python}: {error}") from None
    if not re.fullmatch(r"\d+\.\d+", version):
        raise NotInstalled(f"no Python at {python}: it says {shown(version)}")
    ours = _numbers(version)
    for comparison, wanted in VERSIONS.findall(library.python):
        if not COMPARISONS[comparison](ours, _numbers(wanted)):
            raise NotInstalled(
                f"{library.name} needs Python {library.python}, and {python} is {version};"
                " --python takes another"
            )


def _numbers(version: str) -> list[int]:
    return [int(each) for each in version.split(".")]


@contextmanager
def _held(environment: Environment, say: Say) -> Iterator[None]:
    """Hold the place of an environment; another one who wants it waits, and says so."""
    place: Path = environment.folder.parent
    place.mkdir(parents=True, exist_ok=True)
    lock = FileLock(place / f".{environment.library.name}.lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        say(f"another installation holds {environment.library.name}; waiting for it to end")
        lock.acquire()
    try:
        yield
    finally:
        lock.release()
