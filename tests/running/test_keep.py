"""`bench run --keep` keeps fitted models, and changes nothing else."""

import json
from pathlib import Path

import pytest
from badly_kept import BAD, text_of
from command import bench_here
from heavy import light_models

from bench.kept.model import KeptModel
from bench.kept.open import kept_models, open_kept
from bench.records.folder import Results
from bench.records.record import Record

ON = ("--dataset", "synthetic:n_users=90,n_items=60", "--set", "als.iterations=3")
QUICK = "popularity,als,ease,ncf"


def run(folder: Path, results: str, *words: str, models: str = QUICK) -> tuple[int, str]:
    few = ("--set", "ncf.epochs=2") if "ncf" in models else ()
    on = ON if "als" in models else ON[:2]
    done = bench_here(folder, "run", "--models", models, *on, *few, "--results", results, *words)
    return done.returncode, done.stdout + done.stderr


def ledgers(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in (folder / "ledgers").iterdir()}


def records(folder: Path) -> dict[str, Record]:
    return {record.stem: record for record in Results(folder).read_records()}


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Results without and with --keep."""
    folder = tmp_path_factory.mktemp("kept")
    assert run(folder, "plain")[0] == 0
    code, said = run(folder, "kept", "--keep")
    assert code == 0
    assert "fitted models are kept in kept/models: `bench similar TITLE`" in said
    return folder


def test_ledgers_keys_and_figures_are_as_without(both: Path) -> None:
    assert ledgers(both / "plain") == ledgers(both / "kept")
    plain, kept = records(both / "plain"), records(both / "kept")
    assert plain.keys() == kept.keys()
    for stem, record in plain.items():
        other = kept[stem]
        assert (record.key, record.metrics) == (other.key, other.metrics)
        assert record.timings.keys() == other.timings.keys()
        assert [point["number"] for point in record.curve] == [p["number"] for p in other.curve]
    assert not (both / "plain" / "models").exists()


def test_every_model_is_kept_as_what_it_is(both: Path) -> None:
    found = {each.name: each.kept for each in kept_models(Results(both / "kept"))}
    kinds = {name: kept.kind for name, kept in found.items()}
    wanted = {"als": "vectors", "ease": "profile", "ncf": "profile", "popularity": "none"}
    assert kinds.items() >= wanted.items()
    assert {kept.note for kept in found.values()} == {""}
    for record in records(both / "kept").values():
        kept = KeptModel.read(Results(both / "kept").model_of(record))
        assert (kept.cell, kept.key) == (record.cell, record.key)
        assert (kept.data_sha256, kept.split_sha256) == (record.data_sha256, record.split_sha256)
        assert kept.restorable()


def test_restored_in_fresh_processes_they_give_their_ledgers(both: Path) -> None:
    done = bench_here(both, "verify", "kept", "--kept")
    assert done.returncode == 0, done.stderr
    count = len(records(both / "kept"))
    assert f"{count} kept models restored: each gives the ledger of its cell" in done.stdout


def test_what_was_measured_is_fitted_once_more_to_be_kept(both: Path, tmp_path: Path) -> None:
    assert run(tmp_path, "results", models="als")[0] == 0
    before, written = ledgers(tmp_path / "results"), records(tmp_path / "results")
    code, said = run(tmp_path, "results", "--keep", models="als")
    assert code == 0
    assert "measured before" in said
    assert "kept in results/models" in said
    kept = open_kept(Results(tmp_path / "results"), "als")
    assert not kept.note
    assert ledgers(tmp_path / "results") == before
    assert records(tmp_path / "results") == written
    model = kept.folder / "model.json"
    when = model.stat().st_mtime_ns
    assert run(tmp_path, "results", "--keep", models="als")[0] == 0
    assert model.stat().st_mtime_ns == when  # it is kept already


def test_damaged_it_is_fitted_again(tmp_path: Path) -> None:
    assert run(tmp_path, "results", "--keep", models="als")[0] == 0
    state = open_kept(Results(tmp_path / "results"), "als").folder / "state.safetensors"
    content = state.read_bytes()
    state.write_bytes(content[:-4] + b"none")
    done = bench_here(tmp_path, "verify", "results", "--kept")
    assert done.returncode == 1
    assert "not restored as measured: als seed 0" in done.stderr
    assert run(tmp_path, "results", "--keep", models="als")[0] == 0
    assert state.read_bytes() == content


def test_another_fit_than_the_measured_one_is_kept_with_a_note(tmp_path: Path) -> None:
    path = tmp_path / "moody.py"
    text = text_of("moody").replace("default_rng(run.seed)", "default_rng()")
    path.write_text(text)
    own = ("--model-path", str(path))
    assert run(tmp_path, "results", *own, models="moody")[0] == 0
    before = ledgers(tmp_path / "results")
    code, said = run(tmp_path, "results", *own, "--keep", models="moody")
    assert code == 0
    assert "moody seed 0: kept is another fit than the measured one: its ledger differs" in said
    kept = open_kept(Results(tmp_path / "results"), "moody")
    assert kept.note == "another fit than the measured one"
    assert ledgers(tmp_path / "results") == before
    done = bench_here(tmp_path, "verify", "results", "--kept")
    assert done.returncode == 1
    assert "nothing is kept" in done.stderr


def test_models_from_outside_are_verified_and_without_a_state_named(tmp_path: Path) -> None:
    (tmp_path / "good.py").write_text(text_of("good"))
    bare = text_of("bare").replace("def state(", "def no_state(").replace("def restore(", "def no(")
    (tmp_path / "bare.py").write_text(bare)
    own = ("--model-path", "good.py", "--model-path", "bare.py")
    assert run(tmp_path, "results", *own, "--keep", models="good,bare")[0] == 0
    done = bench_here(tmp_path, "verify", "results", "--kept")
    assert done.returncode == 1
    assert "pass its file by --model-path good.py" in done.stdout
    done = bench_here(tmp_path, "verify", "results", "--kept", *own)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "bare seed 0: only its vectors are kept, as it has no state()" in done.stdout
    assert "1 kept models restored" in done.stdout
    assert done.stdout.splitlines()[-1].startswith("1 without a state()")
    done = bench_here(tmp_path, "verify", "results", *own)
    assert done.returncode == 2 and "by --kept" in done.stderr


def test_bad_vectors_and_states_are_refused_with_a_reason(tmp_path: Path) -> None:
    for name in ("good", *BAD):
        (tmp_path / f"{name}.py").write_text(text_of(name))
    own = [word for name in ("good", *BAD) for word in ("--model-path", f"{name}.py")]
    code, said = run(tmp_path, "results", *own, "--keep", models=",".join(["good", *BAD]))
    assert code == 1
    found = records(tmp_path / "results")
    assert {record.status for record in found.values()} == {"ok"}
    assert len(set(ledgers(tmp_path / "results").values())) == 1  # all are good when scored
    for name, (_, reason) in BAD.items():
        line = next(line for line in said.splitlines() if f"{name} seed 0: not kept" in line)
        assert reason in line
        assert "Traceback" not in line
    assert [each.name for each in kept_models(Results(tmp_path / "results"))] == ["good"]
    assert not (tmp_path / "results" / ".work").exists()


def test_a_suite_and_a_row_can_ask_for_it(tmp_path: Path) -> None:
    suite = tmp_path / "mine.toml"
    text = 'dataset = "synthetic:n_users=90,n_items=60"\n{}[[rows]]\nmodel = "popularity"\n{}'
    for top, row in (("keep = true\n", ""), ("", "keep = true\n"), ("", "")):
        suite.write_text(text.format(top, row))
        wanted = bool(top or row)
        assert f"measure{', to keep' if wanted else ''}\n" in dry(tmp_path, suite)
    suite.write_text(text.format("", "keep = true\n"))
    done = bench_here(tmp_path, "run", "--suite", str(suite))
    assert done.returncode == 0, done.stderr
    assert "measured, kept\n" in dry(tmp_path, suite)
    suite.write_text(text.format("keep = 1\n", ""))
    done = bench_here(tmp_path, "run", "--suite", str(suite))
    assert done.returncode == 2
    assert "keep must be true or false" in done.stderr


def dry(folder: Path, suite: Path) -> str:
    return bench_here(folder, "run", "--suite", str(suite), "--dry-run").stdout


def test_model_json_is_for_people_too(both: Path) -> None:
    folder = open_kept(Results(both / "kept"), "als").folder
    said = json.loads((folder / "model.json").read_text())
    assert said["cell"]["params"]["iterations"] == 3
    assert set(said["files"]) == {"items.parquet", "users.parquet", "state.safetensors"}
    for name, facts in said["files"].items():
        assert (folder / name).stat().st_size == facts["bytes"]


@pytest.mark.slow
def test_all_models_are_restored_in_fresh_processes(tmp_path: Path) -> None:
    every = ",".join(light_models())
    suite = ("--suite", "ml-100k-all", "--seeds", "0")
    done = bench_here(
        tmp_path, "run", *suite, "--models", every, *ON[:2], "--keep", "--results", "results"
    )
    assert done.returncode == 0, done.stderr
    done = bench_here(tmp_path, "verify", "results", "--kept")
    assert done.returncode == 0, done.stdout + done.stderr
    kept = {each.kept.cell.model: each.kept for each in kept_models(Results(tmp_path / "results"))}
    assert kept.keys() == set(light_models())
    none = {name for name, each in kept.items() if each.kind == "none"}
    assert none == {"popularity", "random"}
