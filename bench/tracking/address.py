"""Where MLflow's store is: a server, or a SQLite file; and what of an address may be shown.

Nothing of MLflow is imported. A login that stands in $MLFLOW_TRACKING_URI is taken out of the
address here, so that nothing that is printed, kept or started has it.
"""

import os
import re
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import SplitResult, unquote, urlsplit

from bench.errors import BadParameter
from bench.records.folder import Results
from bench.text import one_line, shown
from bench.tracking import database

FLAG, VARIABLE = "--mlflow", "MLFLOW_TRACKING_URI"
USERNAME, PASSWORD = "MLFLOW_TRACKING_USERNAME", "MLFLOW_TRACKING_PASSWORD"
SERVERS = ("http", "https")
DATABASES = ("postgresql", "postgres", "mysql", "mariadb", "mssql", "oracle")
VALID = "valid are http://HOST:PORT, https://HOST and sqlite:///FILE"


@dataclass(frozen=True)
class Address:
    """Of a store."""

    uri: str  # without a login
    login: tuple[str, str] | None = field(default=None, repr=False)  # name and password

    @property
    def remote(self) -> bool:
        """Whether a server is asked."""
        return self.uri.startswith(SERVERS)

    def use_login(self) -> None:
        """Hand the login to MLflow's client in this process, which takes it from there."""
        if self.login is not None:
            os.environ[USERNAME], os.environ[PASSWORD] = self.login


def address_of(results: Results, given: str | None = None) -> Address:
    """What was given, else $MLFLOW_TRACKING_URI, else the database among the results.

    Raises:
        BadParameter: it is no address of a server or a SQLite file, or what was given has a login;
            no message has one.
    """
    if given:
        return _checked(given, FLAG)
    set_before = os.environ.get(VARIABLE, "").strip()
    return _checked(set_before, VARIABLE) if set_before else Address(database.own(results))


def check_address(given: str | None) -> None:
    """Raise what `address_of` would, whatever the results."""
    address_of(Results(Path()), given)


def _checked(text: str, name: str) -> Address:
    before, separator, _ = text.partition("://")
    scheme = before.lower() if separator else ""
    kind = scheme.partition("+")[0]
    if kind in DATABASES:
        raise BadParameter(
            f"{name}: {kind} is a database, and an MLflow server has to stand before it: "
            f"`mlflow server --backend-store-uri {kind}://... --artifacts-destination FOLDER`; "
            f"then {name} is its address, as http://HOST:5000"
        )
    if scheme == "sqlite":
        return Address(_sqlite(text, name))
    if scheme not in SERVERS:
        raise BadParameter(f"{name} {_harmless(text)} is no address of MLflow; {VALID}")
    return _server(text, name)


def _server(text: str, name: str) -> Address:
    try:
        parts = urlsplit(text)
        port, host = parts.port, parts.hostname
    except ValueError:  # its message may have a part of a password
        parts, port, host = SplitResult("", "", "", "", ""), None, None
    after = text.partition("://")[2]
    if "@" in after and (name == FLAG or not host or "@" not in parts.netloc):
        if name == FLAG:
            raise BadParameter(
                f"{name} {_harmless(text)}: a login does not belong into the address; set "
                f"{USERNAME} and {PASSWORD}, or write them to ~/.mlflow/credentials"
            )
        raise BadParameter(
            f"{name} {_harmless(text)}: signs as / @ : ? # within a password are written as "
            f"%2F %40 %3A %3F %23; or set {USERNAME} and {PASSWORD}"
        )
    odd = parts.query or parts.fragment or any(c.isspace() or not c.isprintable() for c in text)
    if not host or odd:
        raise BadParameter(f"{name} {_harmless(text)} is no address of a server; {VALID}")
    netloc = f"[{host}]" if ":" in host else host
    uri = f"{parts.scheme}://{netloc}{f':{port}' if port else ''}{parts.path.rstrip('/')}"
    if parts.username is None:
        return Address(uri)
    return Address(uri, (unquote(parts.username), unquote(parts.password or "")))


def _sqlite(text: str, name: str) -> str:
    path = text[len(database.SQLITE) :]
    if not text.startswith(database.SQLITE) or not path.strip("/"):
        raise BadParameter(f"{name} {_harmless(text)} names no file; {VALID}")
    return text if "?" in path else f"{database.SQLITE}{Path(path).absolute()}"


def _harmless(text: str) -> str:
    """Of a wrong address what cannot be a part of a login."""
    scheme, separator, rest = text.partition("://")
    if not separator:
        scheme, rest = "", text
    _, at, place = rest.rpartition("@")
    place = re.split("[?#]", place)[0]
    place = re.sub(r":(?!\d+(/|$)).*", ":...", place)  # no port: the password of a forgotten host
    return shown(one_line(f"{scheme}{separator}{'...@' if at else ''}{place}"))
