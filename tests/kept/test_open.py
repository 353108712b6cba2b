"""A kept model is found by name, or is the best one; what cannot be found is told in one line."""

from pathlib import Path

import pytest
from kept import made_up_kept

from bench.errors import UnknownName
from bench.kept.open import NothingKept, SeveralKept, kept_models, open_kept
from bench.records.files import BadRecord
from bench.records.folder import Results


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Results:
    folder = tmp_path_factory.mktemp("results")
    made_up_kept(folder, "als", ndcg=0.4)
    made_up_kept(folder, "puresvd", ndcg=0.5)
    made_up_kept(folder, "puresvd", seed=1, ndcg=0.45)
    return Results(folder)


def test_the_best_comes_first(results: Results) -> None:
    found = [(each.name, each.kept.cell.seed, each.ndcg) for each in kept_models(results)]
    assert found == [("puresvd", 0, 0.5), ("puresvd", 1, 0.45), ("als", 0, 0.4)]
    assert open_kept(results).name == "puresvd"


def test_it_is_found_by_model_data_set_and_seed(results: Results) -> None:
    assert open_kept(results, "als").name == "als"
    assert open_kept(results, "puresvd", seed=1).cell.seed == 1
    assert open_kept(results, "als", "made-up").name == "als"
    assert open_kept(results, "als", "made-up.loo-99").name == "als"
    assert open_kept(results, seed=1).cell.seed == 1


def test_nothing_kept_says_how_to_keep(tmp_path: Path) -> None:
    with pytest.raises(NothingKept, match="bench run --models als --keep"):
        open_kept(Results(tmp_path))
    with pytest.raises(NothingKept, match="bench run --models ease --keep"):
        open_kept(Results(tmp_path), "ease")


def test_what_is_unknown_is_told_with_the_nearest(results: Results) -> None:
    with pytest.raises(UnknownName, match="Did you mean 'puresvd'"):
        open_kept(results, "puresdv")
    with pytest.raises(UnknownName, match="Did you mean 'made-up'"):
        open_kept(results, dataset="made-pu")
    with pytest.raises(NothingKept, match=r"nothing of seed 7 .* als \(seed 0\)"):
        open_kept(results, "als", seed=7)


def test_several_are_listed(results: Results, tmp_path: Path) -> None:
    with pytest.raises(
        SeveralKept, match=r"by --seed one of: puresvd \(seed 0\), puresvd \(seed 1\)"
    ):
        open_kept(results, "puresvd")
    made_up_kept(tmp_path, "als")
    made_up_kept(tmp_path, "als", dataset="other")
    with pytest.raises(SeveralKept, match="choose by --dataset one of: made-up, other"):
        open_kept(Results(tmp_path))
    assert open_kept(Results(tmp_path), dataset="other").cell.dataset == "other"


def test_rows_of_a_model_are_told_apart_by_name(tmp_path: Path) -> None:
    made_up_kept(tmp_path, "ease", label="ease (recent)")
    results = Results(tmp_path)
    assert open_kept(results, "ease").name == open_kept(results, "ease (recent)").name
    made_up_kept(tmp_path, "ease", label="ease (x)")
    with pytest.raises(SeveralKept, match=r"by --model one of: 'ease \(recent\)', 'ease \(x\)'"):
        open_kept(results, "ease")
    assert open_kept(results, "ease (x)").name == "ease (x)"


def test_a_row_does_not_answer_for_a_model_that_cannot_be_read(tmp_path: Path) -> None:
    made_up_kept(tmp_path, "ease", label="ease (recent)")
    plain = made_up_kept(tmp_path, "ease").folder / "model.json"
    for spoil in (lambda: plain.write_text("{"), plain.unlink):
        spoil()
        with pytest.raises(BadRecord, match=r"ease is not among the kept .*model\.json"):
            open_kept(Results(tmp_path), "ease")
        assert open_kept(Results(tmp_path), "ease (recent)").name == "ease (recent)"


def test_of_one_cell_the_latest_fit_counts(tmp_path: Path) -> None:
    made_up_kept(tmp_path, "als", factors=4)
    later = made_up_kept(tmp_path, "als", factors=5, second=1)
    made_up_kept(tmp_path, "als", factors=6)
    assert [each.folder for each in kept_models(Results(tmp_path))] == [later.folder]


def test_what_cannot_be_read_is_named_and_left_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made_up_kept(tmp_path, "als")
    bad = made_up_kept(tmp_path, "puresvd", ndcg=0.9).folder / "model.json"
    bad.write_text(bad.read_text().replace('"schema": 1', '"schema": 99'))
    assert open_kept(Results(tmp_path)).name == "als"
    assert "kept model of schema 99" in capsys.readouterr().err
