"""The board of embeddings of models that were really fitted and really kept."""

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from kept import films
from kept_and_ranked import TASK, keep

from bench.embeddings.board import NoEmbeddings, TwoVersions, embeddings_board
from bench.embeddings.columns import NAMES
from bench.embeddings.page import markdown, terminal
from bench.embeddings.rows import HEADER, EmbeddingsSection, comma_separated, read_board
from bench.embeddings.verify import EmbeddingsDiffer, holds_embeddings, verify_embeddings
from bench.embeddings.write import write_embeddings
from bench.interactions import Interactions
from bench.protocol.task import prepare
from bench.records.files import BadRecord
from bench.records.folder import Results
from bench.records.record import Cell, Record


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("kept")
    for seed in (0, 1):
        keep(folder, "als", factors=4, seed=seed)
        keep(folder, "ease", seed=seed)
    keep(folder, "puresvd", factors=4)
    keep(folder, "popularity")
    failed = Cell(dataset="made-up", protocol="loo-99", model="ncf", params={}, seed=0)
    Results(folder).save(Record(cell=failed, key="f" * 16, status="failed", reason="it broke"))
    not_kept = replace(failed, model="mf")
    Results(folder).save(Record(cell=not_kept, key="e" * 16, status="ok"))
    return folder


@pytest.fixture(scope="module")
def board(original: Path) -> list[EmbeddingsSection]:
    return embeddings_board(Results(original))


@pytest.fixture
def folder(original: Path, board: list[EmbeddingsSection], tmp_path: Path) -> Path:
    """A copy, with the board in it."""
    place = tmp_path / "results"
    shutil.copytree(original, place)
    write_embeddings(board, Results(place))
    return place


def test_there_is_a_row_for_each_model_and_baseline(board: list[EmbeddingsSection]) -> None:
    (section,) = board
    rows = {row.model: row for row in section.rows if row.figures}
    assert {name: (row.kind, len(row.seeds)) for name, row in rows.items()} == {
        "als": ("vectors", 2),
        "ease": ("profile", 2),
        "puresvd": ("vectors", 1),
        "random vectors": ("baseline", 10),
        "co-occurrence": ("baseline", 0),
        "popularity": ("baseline", 0),
        "genres and title words": ("baseline", 0),
    }
    assert rows["als"].width == 4 and len(set(rows["als"].keys)) == 2
    assert rows["als"].figure("stable") is not None and rows["puresvd"].figure("stable") is None
    assert rows["ease"].figure("stable") == pytest.approx(1)  # it draws nothing
    assert rows["genres and title words"].inputs == ("genre",)
    order = [row.figure("next_item") for row in section.rows if row.figures]
    assert order == sorted(order, reverse=True)


def test_what_was_planted_is_seen(board: list[EmbeddingsSection]) -> None:
    """Two groups of films, each liked by half of the users: neighbours stay within a group."""
    rows = {row.model: row for row in board[0].rows}
    for model in ("als", "ease", "puresvd", "co-occurrence"):
        assert rows[model].figure("next_item") > rows["random vectors"].figure("next_item")
        assert rows[model].figure("genre") > board[0].genre_of_any


def test_models_without_vectors_say_why(board: list[EmbeddingsSection]) -> None:
    remarks = {row.model: row.remark for row in board[0].rows if not row.figures}
    assert remarks == {"popularity": "no vectors", "ncf": "failed: it broke", "mf": "not kept"}
    for text in (markdown(board), terminal(board)):
        for line in ("no vectors: popularity", "failed: it broke: ncf", "not kept: mf"):
            assert line in text


def test_a_figure_is_the_mean_over_seeds(original: Path, tmp_path: Path) -> None:
    of_seeds = []
    for seed in (0, 1):
        alone = tmp_path / str(seed)
        shutil.copytree(original, alone)
        for other in (alone / "models").glob(f"*als.s{1 - seed}*"):
            shutil.rmtree(other)
        (section,) = embeddings_board(Results(alone))
        of_seeds.append(next(row for row in section.rows if row.model == "als"))
    (section,) = embeddings_board(Results(original))
    both = next(row for row in section.rows if row.model == "als")
    for name in set(NAMES) - {"stable"}:
        values = [row.figure(name) for row in of_seeds]
        if None in values:
            assert both.figure(name) is None
        else:
            assert both.figure(name) == pytest.approx(np.mean(values))


def test_the_table_comes_back_as_it_was(board: list[EmbeddingsSection], tmp_path: Path) -> None:
    path = tmp_path / "embeddings.csv"
    path.write_text(comma_separated(board))
    assert comma_separated(read_board(path)) == comma_separated(board)
    assert markdown(read_board(path)) == markdown(board)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "line 1"),
        ("model,als\n", "line 1"),
        (",".join(HEADER) + "\na,b\n", "line 2"),
        (",".join(HEADER) + "\n" + "x," * (len(HEADER) - 1) + "x\n", "line 2"),
    ],
)
def test_what_is_no_table_is_named(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "embeddings.csv"
    path.write_text(text)
    with pytest.raises(BadRecord, match=f"embeddings.csv, {said}"):
        read_board(path)


def test_it_is_computed_again_where_models_are_kept(folder: Path) -> None:
    assert holds_embeddings(Results(folder))
    said = verify_embeddings(Results(folder))
    assert "7 rows of embeddings" in said and "3 of models that are kept here" in said


def test_without_the_models_the_page_is_checked(folder: Path) -> None:
    shutil.rmtree(folder / "models")
    assert verify_embeddings(Results(folder)).endswith("7 rows of embeddings, as on their page")


def change(folder: Path, model: str, name: str, value: str) -> None:
    """Another figure in the table, with the page that it gives."""
    results = Results(folder)
    lines = results.embeddings_table.read_text().splitlines()
    at = next(j for j, line in enumerate(lines) if f",{model}," in line)
    cells = lines[at].split(",")
    cells[HEADER.index(name)] = value
    lines[at] = ",".join(cells)
    results.embeddings_table.write_text("\n".join(lines) + "\n")
    results.embeddings_page.write_text(markdown(read_board(results.embeddings_table)))


@pytest.mark.parametrize("name", ["next_item", "genre", "lost", "stable", "width_used"])
def test_a_figure_that_the_models_do_not_give_is_found(folder: Path, name: str) -> None:
    value = read_board(Results(folder).embeddings_table)[0]
    figure = next(row for row in value.rows if row.model == "als").figure(name)
    assert figure is not None
    change(folder, "als", name, repr(abs(figure - 0.05)))
    with pytest.raises(EmbeddingsDiffer, match=f"{name} of als"):
        verify_embeddings(Results(folder))


@pytest.mark.parametrize(("name", "value"), [("lost", "1.5"), ("width_used", "4.1")])
def test_a_figure_that_there_cannot_be_is_found_without_models(
    folder: Path, name: str, value: str
) -> None:
    shutil.rmtree(folder / "models")
    change(folder, "als", name, value)
    with pytest.raises(EmbeddingsDiffer, match=f"{name} of als is {value}"):
        verify_embeddings(Results(folder))


def test_a_page_that_its_table_does_not_give_is_found(folder: Path) -> None:
    page = Results(folder).embeddings_page
    page.write_text(page.read_text().replace("als", "also", 1))
    with pytest.raises(EmbeddingsDiffer, match=r"embeddings\.md is not what"):
        verify_embeddings(Results(folder))


def test_a_model_that_was_kept_later_is_missed(folder: Path) -> None:
    keep(folder, "puresvd", factors=4, seed=1)
    with pytest.raises(EmbeddingsDiffer, match="what is kept of puresvd"):
        verify_embeddings(Results(folder))


def test_nothing_kept_is_said(tmp_path: Path) -> None:
    with pytest.raises(NoEmbeddings, match="bench run --keep"):
        embeddings_board(Results(tmp_path))
    keep(tmp_path, "popularity")
    with pytest.raises(NoEmbeddings, match="no model with vectors"):
        embeddings_board(Results(tmp_path))


def test_models_of_two_versions_of_the_data_are_refused(folder: Path) -> None:
    keep(folder, "puresvd", prepare(films(60), "loo-99"), factors=4, seed=2)
    with pytest.raises(TwoVersions, match=r"puresvd.*learned from different data"):
        embeddings_board(Results(folder))


def test_without_a_ledger_the_file_is_named(folder: Path) -> None:
    shutil.rmtree(folder / "ledgers")
    with pytest.raises(BadRecord, match=r"ledgers/.*parquet: not a ledger"):
        embeddings_board(Results(folder))


def test_data_without_features_have_the_other_figures(tmp_path: Path) -> None:
    plain = TASK.train
    bare = Interactions(
        users=plain.users,
        items=plain.items,
        times=plain.times,
        n_users=plain.n_users,
        n_items=plain.n_items,
        user_ids=plain.user_ids,
        item_ids=plain.item_ids,
    )
    keep(tmp_path, "als", replace(TASK, train=bare), factors=4)
    (section,) = embeddings_board(Results(tmp_path))
    als = next(row for row in section.rows if row.model == "als")
    unknown = {name for name in NAMES if als.figure(name) is None}
    assert unknown == {"genre", "years", "genre_probe", "gender_probe", "stable"}
    assert section.genre_of_any is None
    assert "genres and title words" not in {row.model for row in section.rows}
