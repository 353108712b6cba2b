"""Holding a model to laws in real processes, which crash and hang."""

from contextlib import chdir
from pathlib import Path

import pytest
from certifiable import write_model
from hanging import over_when_said
from made import interactions

from bench.certify.laws import LAWS
from bench.certify.run import certify
from bench.records.certificates import Certificate
from bench.registry import names
from bench.registry.models import ModelSpec

# It says so each second: the run may hear only after the first time that the law has begun.
HANGS = """if len(users) == 1:
            for second in range(3600): open(f'hangs{second}', 'w').close(); time.sleep(1)"""
DATA = [interactions([(u, (u * k) % 11, k) for u in range(12) for k in range(1, 6)], 12, 11)]


def held(folder: Path, path: Path) -> Certificate:
    """What is found of a model's file, on a few interactions."""
    signs = folder / "hanging"
    with (
        names.with_models([path]) as (name,),
        over_when_said("bench.certify.run", signs),
        chdir(signs),
    ):
        return certify(ModelSpec(name, {}), DATA, seed=0, timeout=1200, memory_mb=0, work=folder)


def failed(certificate: Certificate) -> dict[str, str]:
    assert sorted(each.law for each in certificate.findings) == sorted(LAWS)
    return {each.law: each.evidence for each in certificate.findings if each.status == "fail"}


@pytest.mark.slow
def test_a_crash_fails_the_law_that_it_happens_in(tmp_path: Path) -> None:
    path = write_model(tmp_path, "fragile", REDUCE="os.kill(os.getpid(), signal.SIGKILL)")
    found = failed(held(tmp_path, path))
    assert found == {"pickled": "the process was ended by SIGKILL"}


def test_a_model_that_writes_into_what_it_learns_from_is_not_asked_further(
    tmp_path: Path,
) -> None:
    path = write_model(tmp_path, "writes", FIT="train.items[0] = 1")
    found = held(tmp_path, path)
    assert failed(found) == {"form": "ValueError: assignment destination is read-only"}
    assert {each.status for each in found.findings[1:]} == {"not run"}
    assert found.verdict == "no"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("code", "law", "evidence"),
    [
        ({"SCORES": HANGS}, "batches", "stopped after 1200 s"),
        ({"FIT": "sys.exit(3)"}, "form", "SystemExit: 3"),
        ({"FIT": "self.power = 2 - run.threads"}, "threads", "ranks equal"),
        ({"REDUCE": "raise TypeError('no pickle')"}, "pickled", "TypeError: no pickle"),
    ],
)
def test_other_models_in_processes_of_their_own(
    code: dict[str, str],
    law: str,
    evidence: str,
    tmp_path: Path,
) -> None:
    found = failed(held(tmp_path, write_model(tmp_path, "other", **code)))
    assert list(found) == [law]
    assert evidence in found[law]
