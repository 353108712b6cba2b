"""The page's file: what is in it, hostile words, bounds, and the command."""

import base64
import json
import re
from dataclasses import replace
from hashlib import sha256
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from explorable import HOSTILE, VECTORS, hostile_films
from kept import FILMS, made_up_kept

from bench.cli.explore import explore
from bench.explore import page as explore_page
from bench.explore.page import page
from bench.kept.model import KeptModel
from bench.report.bundle import bundle


def kept(folder: Path, model: str = "als", **changes: Any) -> KeptModel:
    return made_up_kept(folder, model, **{"vectors": VECTORS, **changes})


def data_of(text: str) -> Any:
    (found,) = re.findall(r'<script type="application/json" id="data">(.*?)</script>', text)
    return json.loads(found)


def test_items_stand_by_their_users_with_names_as_people_type_them(tmp_path: Path) -> None:
    model = kept(tmp_path)
    data = data_of(page([model]))
    users = data["items"]["users"]
    assert users == sorted(model.catalogue.users.tolist(), reverse=True)
    at = data["items"]["titles"].index("The Lion King (1994)")
    assert data["items"]["ids"][at] == "110"
    assert {"thelionking", "lionking"} <= set(data["items"]["names"][at])
    assert data["items"]["words"][at] == "the lion king 1994"
    genres = data["genres"]
    assert [genres["names"][each] for each in genres["of"][at]] == ["Animation", "Musical"]
    assert len(data["map"]["at"]) == len(data["map"]["places"]) == 16


def test_an_item_that_a_model_knows_nothing_of_is_not_on_the_map(tmp_path: Path) -> None:
    vectors = VECTORS.copy()
    vectors[3] = 0
    data = data_of(page([kept(tmp_path, vectors=vectors)]))
    left_out = set(range(16)) - set(data["map"]["at"])
    assert [data["items"]["titles"][each] for each in left_out] == ["The Terminator (1984)"]


def test_the_same_models_give_the_same_bytes(tmp_path: Path) -> None:
    models = [kept(tmp_path), kept(tmp_path, "ease")]
    assert page(models) == page(models)


def test_hostile_words_are_text_in_it(tmp_path: Path) -> None:
    text = page([kept(tmp_path, train=hostile_films(), dataset=HOSTILE)])
    assert "<img" not in text.replace(bundle(), "")
    assert text.count("<script") == text.count("</script>") == 3
    assert f"{HOSTILE} (1979)" in data_of(text)["items"]["titles"]
    assert HOSTILE in unescape(text)


def test_only_its_own_scripts_may_run(tmp_path: Path) -> None:
    text = page([kept(tmp_path)])
    (policy,) = re.findall(r'"Content-Security-Policy" content="(.*?)">', text)
    scripts = re.findall(r"<script>(.*?)</script>", text, re.DOTALL)
    hashes = {base64.b64encode(sha256(each.encode()).digest()).decode() for each in scripts}
    assert len(scripts) == 2
    assert set(re.findall(r"sha256-([^']+)'", unescape(policy))) == hashes
    assert "default-src 'none'" in unescape(policy)


def test_own_data_without_titles_and_genres_have_a_page(tmp_path: Path) -> None:
    text = page([kept(tmp_path, train=replace(FILMS, item_features=None))])
    data = data_of(text)
    assert data["items"]["titles"][0] == data["items"]["ids"][0]
    assert data["colours"] == []
    assert 'id="colours"' not in text


def test_a_large_catalogue_is_cut_and_the_page_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = page([kept(tmp_path)])
    assert "Here are the" not in whole and "the map has the" not in whole
    monkeypatch.setattr(explore_page, "MOST_ITEMS", 10)
    monkeypatch.setattr(explore_page, "MOST_ON_MAP", 7)
    cut = page([kept(tmp_path)])
    assert "16 items, as 1 model sees" in cut
    assert "Here are the 10 that most people chose" in cut
    assert "the map has the 7 with most users" in cut
    data = data_of(cut)
    assert len(data["items"]["titles"]) == 10
    assert len(data["map"]["at"]) == 7


def test_the_command_writes_where_it_is_told(tmp_path: Path) -> None:
    kept(tmp_path, ndcg=0.3)
    kept(tmp_path, "ease", ndcg=0.4)
    done = CliRunner().invoke(explore, ["--results", str(tmp_path)], standalone_mode=False)
    assert done.return_value == 0, done.exception
    assert re.search(r"Written to .*explore.html: ease, als; [\d.]+ MB\.", done.stdout)
    assert (tmp_path / "explore.html").read_text(encoding="utf-8").startswith("<!doctype html>")
    output = tmp_path / "new" / "page.html"
    words = ["--results", str(tmp_path), "--models", "als", "-o", str(output)]
    done = CliRunner().invoke(explore, words, standalone_mode=False)
    assert done.return_value == 0, done.exception
    assert [each["name"] for each in data_of(output.read_text())["models"]] == ["als"]
