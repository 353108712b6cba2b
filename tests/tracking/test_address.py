"""Addresses of MLflow's store: what is one, and that no message ever has a login."""

from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bench.errors import BadParameter
from bench.records.folder import Results
from bench.tracking.address import FLAG, PASSWORD, USERNAME, VARIABLE, Address, address_of

HERE = Results(Path("/somewhere"))


@pytest.fixture(autouse=True)
def unset(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (VARIABLE, USERNAME, PASSWORD):
        monkeypatch.delenv(name, raising=False)


def test_the_flag_comes_before_the_variable_and_that_before_the_own_database(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert address_of(HERE).uri == "sqlite:////somewhere/mlflow.db"
    monkeypatch.setenv(VARIABLE, " http://one:5000 ")
    assert address_of(HERE).uri == "http://one:5000"
    assert address_of(HERE, "https://two").uri == "https://two"
    monkeypatch.setenv(VARIABLE, "")
    assert address_of(HERE).uri == "sqlite:////somewhere/mlflow.db"


@pytest.mark.parametrize(
    ("text", "uri"),
    [
        ("HTTP://Host:5000/", "http://host:5000"),
        ("https://host/behind/a/path/", "https://host/behind/a/path"),
        ("http://[::1]:5000", "http://[::1]:5000"),
        ("sqlite:////a/file.db", "sqlite:////a/file.db"),
        ("sqlite:////a/file.db?timeout=9", "sqlite:////a/file.db?timeout=9"),
    ],
)
def test_what_is_an_address(text: str, uri: str) -> None:
    assert address_of(HERE, text) == Address(uri)
    assert address_of(HERE, text).remote == uri.startswith("http")


def test_a_relative_file_stays_what_it_is_in_another_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert address_of(HERE, "sqlite:///a.db").uri == f"sqlite:///{tmp_path}/a.db"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("host:5000", "is no address of MLflow; valid are http://HOST:PORT"),
        ("ftp://host", "is no address of MLflow"),
        ("http://", "is no address of a server"),
        ("http://host:port", "'http://host:...' is no address of a server"),
        ("http://host:99999", "is no address of a server"),
        ("http://ho st", "is no address of a server"),
        ("http://host?token=secret", "'http://host' is no address of a server"),
        ("sqlite:///", "names no file"),
        ("sqlite:file.db", "is no address of MLflow"),
        ("postgresql+psycopg://me:secret@host/db", "mlflow server --backend-store-uri postgresql:"),
        ("mysql://me:secret@host/db", "--artifacts-destination FOLDER"),
    ],
)
def test_what_is_none_is_refused_with_what_is(
    text: str, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for given_, name in ((text, FLAG), (None, VARIABLE)):
        monkeypatch.setenv(VARIABLE, text)
        with pytest.raises(BadParameter) as error:
            address_of(HERE, given_)
        assert said in str(error.value)
        assert str(error.value).startswith(name)
        assert "secret" not in str(error.value)
        assert "\n" not in str(error.value)


def test_a_login_is_refused_in_the_flag_and_taken_out_of_the_variable(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    text = "http://me:se%2Fcret@host:5000/path"
    with pytest.raises(BadParameter, match=f"set {USERNAME} and {PASSWORD}") as error:
        address_of(HERE, text)
    assert "cret" not in str(error.value)
    monkeypatch.setenv(VARIABLE, text)
    found = address_of(HERE)
    assert (found.uri, found.login) == ("http://host:5000/path", ("me", "se/cret"))


# Signs that mean something in an address, and others.
PASSWORDS = st.text("/@:?#[]%&= 'äKQXZ", min_size=1).map(lambda text: f"QX{text}ZQ")


@given(PASSWORDS, st.booleans())
@example("QX://ZQ", False)
@example("QX/@/ZQ", False)
def test_no_password_is_ever_shown(password: str, quoted: bool) -> None:
    """As it is, or in parts: QX begins it and ZQ ends it, and nothing else has them."""
    text = f"http://me:{quote(password, safe='') if quoted else password}@host:5000"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(VARIABLE, text)
        for given_ in (text, None):
            try:
                found = address_of(HERE, given_)
            except BadParameter as error:
                shown = str(error)
            else:
                assert given_ is None
                assert found.login == ("me", password)
                shown = repr(found) + found.uri
            assert "QX" not in shown
            assert "ZQ" not in shown


@given(PASSWORDS)
def test_a_password_whose_host_was_forgotten_is_not_shown(password: str) -> None:
    with pytest.raises(BadParameter) as error:
        address_of(HERE, f"http://me:{password.replace('@', '')}")
    assert "QX" not in str(error.value)
