"""MLflow's client on the store of some results: opened once, under a lock, failing in one line."""

import errno
import logging
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import metadata
from pathlib import Path
from typing import TypeVar

import mlflow
import platformdirs
from filelock import FileLock
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException

from bench.records.folder import NotWritable, Results
from bench.tracking import database, failures
from bench.tracking.address import Address

# Read when mlflow is imported, or at its first request: no telemetry, no bars, no links, and a
# server that does not answer costs seconds rather than minutes. The client sends nothing twice:
# what was only slow would then make a run twice; a Tracker asked again doubles nothing. What the
# user has set stays.
os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
os.environ.setdefault("DO_NOT_TRACK", "true")
os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
os.environ.setdefault("MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT", "true")
os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
os.environ.setdefault("MLFLOW_HTTP_REQUEST_TIMEOUT", "10")

# Failures reach the user as one TrackingError; their tracebacks, and the many lines about the
# tables of a new database, do not.
for _name in ("mlflow", "alembic", "urllib3", "sqlalchemy"):
    logging.getLogger(_name).setLevel(logging.CRITICAL)

LOCK_SECONDS = 60.0  # for another bench on the same results
# In one action two may meet at the experiment, at its tags, and at its data.
COLLISIONS = 3
T = TypeVar("T")


class TrackingError(OSError):
    """MLflow could not be written or read. The message is one line."""


class Store:
    """The store at an address, for some results."""

    def __init__(self, results: Results, address: Address) -> None:
        self._results, self._address = results, address
        self._client: MlflowClient | None = None
        self._file: tuple[int, int] | None = None  # of the database that the client has opened
        self._lock = FileLock(results.tracking_lock, timeout=LOCK_SECONDS)

    def ask(self, action: Callable[[MlflowClient], T], forget: Callable[[], None]) -> T:
        """Do something with the client, while no other bench writes to it of these results.

        Args:
            action: it may be called again, and must not double anything then.
            forget: is called before that, and where it fails: what was known of the store may hold
                no longer.

        Raises:
            TrackingError: whatever the store raised.
        """
        try:
            with self._opened() as client:
                for _ in range(COLLISIONS):
                    try:
                        return action(client)
                    except MlflowException as error:
                        if not failures.at_once(error):
                            raise
                        forget()
                return action(client)
        except TrackingError:
            forget()
            raise
        except Exception as error:  # a foreign system: nothing that it raises may end a run
            forget()
            refused = self._results.refused(_of_the_system(error))
            reason = str(refused) if isinstance(refused, NotWritable) else ""
            raise TrackingError(reason or failures.failure(self._address, error)) from error

    @contextmanager
    def _opened(self) -> Iterator[MlflowClient]:
        uri = self._address.uri
        self._results.path.mkdir(parents=True, exist_ok=True)
        with self._lock:
            file = database.check_database(uri)
            if self._client is None:
                if uri == database.own(self._results):
                    database.make_database(uri, _open, empty_store())
                    database.move_along(self._results)
                self._address.use_login()
                client = _open(uri)
                self._client, self._file = client, database.check_database(uri)
            elif file != self._file:  # what MLflow has open would be written to no avail
                raise TrackingError(f"{uri} was removed or replaced since this run began")
            yield self._client


def empty_store() -> Path:
    """Where a store without runs is kept, of these versions of what makes its tables."""
    versions = f"{mlflow.__version__}-{metadata.version('sqlalchemy')}"
    return platformdirs.user_cache_path("bench") / f"mlflow-{versions}.db"


def _open(uri: str) -> MlflowClient:
    client = MlflowClient(uri, uri)
    if uri.startswith(database.SQLITE):
        client.search_experiments(max_results=1)  # creates the tables
    return client


def _of_the_system(error: Exception) -> OSError:
    """The error as one of the system; SQLite says in words that it may not write."""
    if isinstance(error, OSError):
        return error
    return OSError(errno.EACCES if "readonly database" in str(error) else 0, str(error))
