"""A real PostgreSQL on this machine, which can be stopped, killed and started again."""

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from command import PATIENCE

HOST = "127.0.0.1"
USER, PASSWORD = "mlflow", "word of the database"
DEBIAN = Path("/usr/lib/postgresql")


def program(name: str) -> str | None:
    """Where one of PostgreSQL's programs is; Debian keeps them out of the path."""
    versions = sorted(DEBIAN.glob(f"*/bin/{name}"), key=lambda path: float(path.parts[-3]))
    return shutil.which(name) or next((str(path) for path in reversed(versions)), None)


class Postgres:
    """A cluster in a folder of its own; its process is in a group of its own."""

    def __init__(self, folder: Path) -> None:
        self._data = folder / "data"
        self._owner = _owner()
        if self._owner is not None:
            os.chown(folder, self._owner, -1)
        secret = folder / "password"
        secret.write_text(PASSWORD)
        secret.chmod(0o644)
        with socket.socket() as probe:
            probe.bind((HOST, 0))
            self._port = int(probe.getsockname()[1])
        self._run("initdb", "--no-sync", "--encoding=UTF8", "--locale=C", f"--pwfile={secret}")
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def uri(self) -> str:
        """For SQLAlchemy, with the password."""
        word = PASSWORD.replace(" ", "%20")
        return f"postgresql+psycopg://{USER}:{word}@{HOST}:{self._port}/postgres"

    def start(self) -> None:
        """Start it, and wait until it takes connections."""
        late = time.monotonic() + PATIENCE
        while True:
            self._process = self._started()
            while self._process.poll() is None:
                try:
                    with psycopg.connect(self.uri.replace("+psycopg", "")):
                        return
                except psycopg.OperationalError:
                    assert time.monotonic() < late
                    time.sleep(0.05)
            # What was killed may have left a process that has not noticed yet.
            assert time.monotonic() < late, (self._data.parent / "log").read_text()
            time.sleep(0.1)

    def stop(self, ending: signal.Signals = signal.SIGQUIT) -> None:
        """End it at once, with whatever it is at."""
        if self._process is not None:
            self._process.send_signal(ending)
            self._process.wait(PATIENCE)
            self._process = None

    def kill(self) -> None:
        """As a machine does that has no memory left."""
        self.stop(signal.SIGKILL)

    def _started(self) -> subprocess.Popen[bytes]:
        folder = self._data.parent
        words = [program("postgres") or "", "-D", str(self._data), "-p", str(self._port)]
        words += ["-k", str(folder), "-c", f"listen_addresses={HOST}", "-c", "fsync=off"]
        with (folder / "log").open("ab") as log:
            return subprocess.Popen(
                words, cwd=folder, stdout=log, stderr=log, user=self._owner, start_new_session=True
            )

    def _run(self, name: str, *words: str) -> None:
        command = [program(name) or "", "-D", str(self._data), "-U", USER, *words]
        command += ["--auth=scram-sha-256"]
        done = subprocess.run(
            command, cwd=self._data.parent, user=self._owner, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr


@contextmanager
def running() -> Iterator[Postgres]:
    """One that takes connections; nothing is left of it."""
    # Not where tests have their folders, which nobody but their user may enter.
    with tempfile.TemporaryDirectory(prefix="bench-postgres-") as folder:
        postgres = Postgres(Path(folder))
        postgres.start()
        try:
            yield postgres
        finally:
            postgres.stop()


def _owner() -> int | None:
    """Root's database belongs to another user: PostgreSQL refuses root."""
    if os.getuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name).pw_uid
        except KeyError:
            continue
    return 65534
