"""The folder of a library: what it must have, and what is said where it has something else."""

from pathlib import Path

import pytest
import tiny_library

from bench.errors import UsageError
from bench.peers.adapter import Peer
from bench.peers.definition import TAKEN, BadPeer, read
from bench.peers.known import LIBRARIES, PeerTaken, folders, label_of, library, with_peers
from bench.space import number

GOOD = tiny_library.DEFINITION


def test_a_folder_is_read(tmp_path: Path) -> None:
    found = read(tiny_library.library(tmp_path / "tiny"))
    assert (found.name, found.title, found.version) == ("tiny", "Tiny", "1.2")
    model = found.models["popular"]
    assert (model.title, model.order, model.cuda) == ("Popular", False, False)
    assert dict(model.parameters) == {"power": 1.0}
    assert dict(model.search) == {"power": number(0.5, 2.0)}


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('title = "Tiny"\n', "", "'title' is needed"),
        ('title = "Tiny"', "title = 3", "'title' must be a str, not 3"),
        ("title =", "tilte =", "'tilte'. Did you mean 'title'?"),
        ("[models.popular]", "[models.Popular]", "models.Popular must be a table"),
        ('name = "Popular"', 'name = "Popular"\nordr = true', "Did you mean 'order'?"),
        ("{ power = 1.0 }", "{ power = { x = 1 } }", "models.popular.parameters.power must be"),
        ("{ power = 1.0 }", "{ power = nan }", "models.popular.parameters.power must be"),
        ("{ power = 1.0 }", "{ power = [1, 2026-01-01] }", "parameters.power must be"),
        ("{ power = 1.0 }", "{ power = 1.0, lambda = 1 }", "parameters.lambda is no name"),
        ("{ power = 1.0 }", "{ power = 1.0, fit = 1 }", "parameters.fit is no name"),
        ("{ power = 1.0 }", "{ power = 1.0, _bridge = 1 }", "parameters._bridge is no name"),
        ('imports = "tinyrec"', 'imports = "tinyrec"\npython = ">=3."', "not '>=3.'"),
        ("search = { power", "search = { powr", "'powr'. Did you mean 'power'?"),
        ("{ number = [0.5, 2.0] }", "[1, 2]", "models.popular.search.power must be one of"),
        ("{ number = [0.5, 2.0] }", "{ number = [2, 1] }", "a range goes from a lower"),
        ("{ number = [0.5, 2.0] }", "{ numbr = [0.5, 2.0] }", "must be one of {choice|whole"),
        ("[models.popular]", "[models.popular", "Expected"),
    ],
)
def test_a_definition_is_refused_in_one_line_that_names_the_file(
    old: str, new: str, words: str, tmp_path: Path
) -> None:
    assert GOOD.count(old) == 1
    folder = tiny_library.library(tmp_path / "tiny", definition=GOOD.replace(old, new))
    with pytest.raises(UsageError) as caught:
        read(folder)
    assert str(caught.value).startswith(f"{folder}/peer.toml: ")
    assert words in str(caught.value) and "\n" not in str(caught.value)


@pytest.mark.parametrize("file", ["peer.toml", "requirements.txt", "side.py"])
def test_a_folder_without_a_file_is_refused(file: str, tmp_path: Path) -> None:
    folder = tiny_library.library(tmp_path / "tiny")
    (folder / file).unlink()
    with pytest.raises(BadPeer, match=f"needs a {file}"), with_peers([folder]):
        pass


def test_what_an_adapter_has_is_no_name_of_a_hyper_parameter() -> None:
    assert {name for name in dir(Peer) if name[0] != "_"} | {"library", "model"} == TAKEN


def test_a_lock_that_is_no_text_is_refused_by_its_own_name(tmp_path: Path) -> None:
    folder = tiny_library.library(tmp_path / "tiny")
    (folder / "requirements.txt").write_bytes(b"numpy==2\xff\n")
    with pytest.raises(BadPeer, match=r"requirements\.txt: 'utf-8'"):
        read(folder)


def test_other_files_of_a_folder_are_nobody_s_business(tmp_path: Path) -> None:
    folder = tiny_library.library(tmp_path / "tiny")
    (folder / ".#peer.toml").symlink_to("nowhere")  # as an editor leaves it
    with with_peers([folder]):
        assert library("tiny").title == "Tiny"


def test_names_of_folders_are_plain(tmp_path: Path) -> None:
    with pytest.raises(BadPeer, match="lower-case"):
        read(tiny_library.library(tmp_path / "Tiny Library"))


def test_a_library_from_outside_is_known_in_its_block_alone(tmp_path: Path) -> None:
    folder = tiny_library.library(tmp_path / "tiny")
    with with_peers([folder]):
        assert library("tiny").title == "Tiny"
        assert label_of("tiny/popular") == "Tiny 1.2 Popular"
        with (
            pytest.raises(PeerTaken, match="exists already"),
            with_peers([tiny_library.library(tmp_path / "other" / "tiny")]),
        ):
            pass
        assert folders()["tiny"] == folder
    assert "tiny" not in folders()
    assert label_of("als") == ""


def test_a_change_of_the_folder_is_seen(tmp_path: Path) -> None:
    folder = tiny_library.library(tmp_path / "tiny")
    with with_peers([folder]):
        assert library("tiny").title == "Tiny"
        tiny_library.library(folder, definition=GOOD.replace('"Tiny"', '"Tinier"'))
        assert library("tiny").title == "Tinier"


@pytest.mark.parametrize("name", sorted(path.name for path in LIBRARIES.iterdir()))
def test_each_library_of_ours_is_whole(name: str) -> None:
    found = library(name)
    assert found.address.startswith("https://")
    compile(found.side.read_text(), str(found.side), "exec")
    for model in found.models.values():
        assert len(label_of(f"{name}/{model.name}")) < 60
