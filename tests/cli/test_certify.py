"""`bench certify`: what it says, what it keeps, and words typed wrong."""

from dataclasses import replace
from pathlib import Path

import pytest
from certifiable import write_model
from command import bench_here
from heavy import light_models

from bench.certify.laws import LAWS
from bench.records.certificates import Certificate
from bench.records.files import load
from bench.records.folder import Results
from bench.registry import names
from bench.registry.sources import source_sha256


def test_the_command_on_a_good_model_beside_the_checkout(tmp_path: Path) -> None:
    path = write_model(tmp_path, "good", FIT="assert self.epochs == 6")
    done = bench_here(tmp_path, "certify", "--model-path", str(path), "--set", "good.power=0.5")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "good: certified yes" in done.stdout
    assert "36,000 of 36,000 ranks equal" in done.stdout
    assert "Certified: 1 yes, 0 tolerances, 0 no." in done.stdout
    (file,) = (tmp_path / "results" / "certificates").glob("good.*.json")
    kept = load(Certificate, file)
    assert kept.params == {"power": 0.5}
    assert {each.law: each.status for each in kept.findings} == dict.fromkeys(LAWS, "pass")
    with names.with_models([path]):
        assert kept.code_sha256 == source_sha256("good")
    assert Results(tmp_path / "results").verdicts() == {}  # with a parameter that is not its own
    Results(tmp_path / "results").save(replace(kept, params={}))
    assert Results(tmp_path / "results").verdicts() == {kept.code_sha256: "yes"}


@pytest.mark.slow
def test_every_model_of_the_zoo_is_certified(tmp_path: Path) -> None:
    done = bench_here(tmp_path, "certify", *light_models())
    assert done.returncode == 0, done.stdout
    assert len(Results(tmp_path / "results").verdicts()) == len(light_models())


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["popularit"], "unknown model 'popularit'. Did you mean 'popularity'?"),
        (["popularity", "--set", "als.factors=3"], "unknown model in this run 'als'"),
        (["popularity", "--set", "factors"], "--set takes model.parameter=value"),
        (["popularity", "--timeout", "0"], "--timeout takes seconds above 0"),
        (["popularity", "--timeout", "nan"], "--timeout takes seconds above 0"),
        (["--model-path", "nowhere.py"], "needs a .py file"),
        (["--sed", "1"], "No such option '--sed'"),
    ],
)
def test_words_typed_wrong(words: list[str], message: str, tmp_path: Path) -> None:
    done = bench_here(tmp_path, "certify", *words)
    assert done.returncode == 2
    assert message in done.stderr
    assert not (tmp_path / "results").exists()


def test_a_parameter_typed_wrong(tmp_path: Path) -> None:
    path = write_model(tmp_path, "good")
    done = bench_here(tmp_path, "certify", "--model-path", str(path), "--set", "good.powr=1")
    assert done.returncode == 2
    assert "unknown parameter of good 'powr'. Did you mean 'power'?" in done.stderr
