"""Models that return, raise, do and leave wrong things: each has the status and the reason that it
must have, a number only if it is right, and nothing of it disturbs the run."""

import re
from collections.abc import Iterator
from pathlib import Path

import broken_models
import measuring
import odd_models
import pytest
import wrong_errors
from fuzzing import budget, fuzz
from measuring import check_figures, check_readable, measure
from odd_models import Case
from warm import MEASURING, warm_processes
from wrong_deeds import HANGS
from wrong_errors import Wrong

from bench.isolation import process as isolation
from bench.isolation.process import Limits
from bench.registry import names
from bench.registry.suites import Suite, SuiteRow
from bench.running.describe import describe


@pytest.fixture(scope="module", autouse=True)
def warm() -> Iterator[None]:
    with warm_processes(MEASURING):
        yield


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> dict[bool, bytes]:
    """The ledgers of the model that does nothing odd, without and with looks at validation."""
    folder, ledgers = tmp_path_factory.mktemp("plain"), {}
    for tuning in (False, True):
        _, path = measure(odd_models.model(), folder, tuning)
        measuring.check_by_hand(path, tuning)
        ledgers[tuning] = path.read_bytes()
    return ledgers


def check_case(case: Case, folder: Path, plain: dict[bool, bytes]) -> None:
    """The status, the reason and the figures that a model must have."""
    found, its_ledger = measure(case.text, folder, case.tuning)
    assert (found.status, bool(re.search(case.reason, found.reason))) == (case.status, True), (
        f"{found.status}: {found.reason}\n{found.traceback}\n{found.output}"
    )
    check_readable(found, folder)
    if case.status == "ok":
        check_figures(found, its_ledger, plain[case.tuning])
    assert not its_ledger.exists()


@budget(short=55, long=5000)
def test_models(cases: int, tmp_path: Path, plain: dict[bool, bytes]) -> None:
    every = odd_models.any_case(measuring.TESTED, measuring.ITEMS)
    fuzz(every, lambda case: check_case(case, tmp_path, plain), cases)


# What was found here once: (statements of fit, status, pattern of the reason).
FOUND = [
    ("os.chdir('/')", "ok", ""),
    (
        "os.environ.clear()\nsubprocess.Popen(['/bin/sleep', '600'], start_new_session=True)",
        "ok",
        "",
    ),
    ("os.fork() or 1 / 0", "ok", ""),
    ("sys.stdout.close()\nthreading.Thread(target=time.sleep, args=(600,)).start()", "ok", ""),
    ("object.__setattr__(train, 'items', np.zeros_like(train.items))", "ok", ""),
    ("os.kill(os.getpid(), 40)", "killed", "^the process was ended by signal 40$"),
    ("raise OSError(os.fsdecode(b'\\xff'))", "failed", r"^OSError: \\udcff$"),
    ("run.on_epoch('first')", "failed", "^AttributeError: 'Run' object has no attribute 'on_epoch"),
    ("run.curve.clear()", "failed", "^AttributeError: 'Run' object has no attribute 'curve'"),
    ("run.looked_seconds, run._started, run.curve = 1e9, 5, None", "ok", ""),
    (f"{wrong_errors.ODD[0][0]}\nraise Odd", "failed", "^Odd: its message cannot be had"),
    (
        "class Odd(Exception):\n    def __getattribute__(self, name): 1 / 0\nraise Odd",
        "failed",
        "^Odd$",
    ),
    ("raise OSError('\U00018cd6' * 400)", "failed", r"^OSError: \\U00018cd6.* \[\.\.\.\] "),
    ("raise SyntaxError('odd', ('f', 'no line', object(), 5))", "failed", "^SyntaxError: odd"),
]


@pytest.mark.parametrize(("fit", "status", "reason"), FOUND)
def test_found(
    fit: str, status: str, reason: str, tmp_path: Path, plain: dict[bool, bytes]
) -> None:
    check_case(Case(odd_models.model(fit), status, reason), tmp_path, plain)


@pytest.mark.parametrize(
    ("point", "reason"),
    [
        *((f"1, {loss}", "ValueError: seconds, loss and") for loss in ("np.nan", "'low'", "print")),
        ("'many', 0.5", "TypeError: samples of an epoch must be a whole number"),
    ],
)
def test_an_impossible_epoch_fails_where_the_model_reports_it(
    point: str, reason: str, tmp_path: Path
) -> None:
    """A model has to go behind run.epoch() for that."""
    found, its_ledger = measure(odd_models.model(f"run._report({point})"), tmp_path)
    assert found.status == "failed"
    assert found.reason.startswith(reason)
    assert "in fit" in found.traceback
    assert not found.metrics and not found.curve
    assert not its_ledger.exists()


@budget(short=12, long=1000)
def test_files_of_models(cases: int, tmp_path: Path, plain: dict[bool, bytes]) -> None:
    def check(case: tuple[bytes, Wrong]) -> None:
        text, wanted = case
        (tmp_path / f"{measuring.NAME}.py").write_bytes(text)
        with names.with_models([tmp_path / f"{measuring.NAME}.py"]):
            suite = Suite(dataset="synthetic", rows=(SuiteRow(model=measuring.NAME),))
            (described,) = describe(suite, tmp_path)  # never a usage error: nothing was given
        found, its_ledger = measure(text, tmp_path, described=described)
        said = f"{found.status}: {found.reason}\n{found.traceback}\n{found.output}"
        if wanted.status:
            assert found.status in wanted.status.split("|"), said
            assert re.search(wanted.reason, found.reason), said
        check_readable(found, tmp_path)
        if found.status == "ok":
            check_figures(found, its_ledger, plain[False])
        else:
            assert found.reason, said

    fuzz(broken_models.files, check, cases)


@pytest.mark.parametrize(
    "hangs",
    [HANGS[:1], pytest.param(HANGS * 5, marks=pytest.mark.torture)],
    ids=["short", "long"],
)
def test_what_never_ends(hangs: list[str], tmp_path: Path) -> None:
    for number, code in enumerate(hangs):
        sign, seconds = tmp_path / str(number), 1
        code = f"open({str(sign)!r}, 'w').close()\n{code}"
        in_fit = number % 2 == 0 or "run." in code
        text = odd_models.model(fit=code) if in_fit else odd_models.model(scores=code)
        while not sign.exists():  # on a slow machine it comes so far only with more time
            found, _ = measure(text, tmp_path, limits=Limits(seconds=seconds, memory_mb=8000))
            assert (found.status, found.reason) == ("timeout", f"stopped after {seconds} s"), code
            check_readable(found, tmp_path)
            seconds *= 2


def test_what_hangs_up_and_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(isolation, "ENDING_SECONDS", 0.5)
    text = odd_models.model(fit="os.execv('/bin/sleep', ['sleep', '600'])")
    found, _ = measure(text, tmp_path)
    assert found.status == "killed"
    assert found.reason == "stopped: it closed its connection and did not end in 0.5 s"
