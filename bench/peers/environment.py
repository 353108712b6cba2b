"""The environment of a library: where it is, what is in it, and whether it is as its lock says."""

import json
import os
import re
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

import platformdirs

from bench.hashing import key_of
from bench.peers.definition import Library, normal
from bench.peers.known import is_peer, peer
from bench.text import compact

MARK = "peer.json"  # in the environment, written last
PLACE = "BENCH_PEERS"  # the variable that names the folder of environments
BRIDGE = ("host.py", "bridge.py", "adapter.py")  # both ends
# Variables that are for our Python alone. By the last, a library would be compiled anew for each
# cell, which takes seconds.
OURS = ("PYTHONPATH", "PYTHONHOME", "PYTHONSTARTUP", "VIRTUAL_ENV", "PYTHONDONTWRITEBYTECODE")
CHECKOUT = Path(__file__).parents[2]


class Environment(NamedTuple):
    """A library's virtual environment, which need not be there."""

    library: Library
    folder: Path

    @property
    def python(self) -> Path:
        """Its interpreter."""
        return self.folder / "bin" / "python"

    def mark(self) -> dict[str, Any]:
        """What the installation wrote at its end; nothing where it did not come to one."""
        try:
            found = json.loads((self.folder / MARK).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return found if isinstance(found, dict) else {}

    def fault(self) -> str:
        """Why it cannot be used, in a few words; "" where it can."""
        name, mark = self.library.name, self.mark()
        again = f"bench peers install {name}"
        if not self.folder.exists():
            return f"needs peer {name}; {again}"
        if not mark or not self.python.exists():
            return f"peer {name} is half installed; {again}"
        if mark.get("lock") != lock_sha256(self.library):
            return f"peer {name} was installed by another lock; {again}"
        there = self.versions()
        for package, version in self.library.lock.items():
            found = there.get(package, "none")
            if not is_version(found, version):
                return f"peer {name} has {package} {found}, and its lock says {version}; {again}"
        return ""

    def versions(self) -> dict[str, str]:
        """Versions by package, as the names of their metadata tell; nothing is started for it."""
        found = {}
        for path in self.folder.glob("lib/python*/site-packages/*.dist-info"):
            package, _, version = path.name.removesuffix(".dist-info").rpartition("-")
            found[normal(package)] = version
        return dict(sorted(found.items()))

    def python_version(self) -> str:
        """Of its interpreter, as the environment says; "" where that is not there."""
        try:
            text = (self.folder / "pyvenv.cfg").read_text(encoding="utf-8")
        except OSError:
            return ""
        found = re.search(r"^version\s*=\s*(\S+)", text, re.MULTILINE)
        return found[1] if found else ""

    def facts(self) -> dict[str, Any]:
        """What a measurement in it depends on beside files of ours, for its record."""
        return {"python": self.python_version(), "packages": self.versions()}


def environment_of(library: Library) -> Environment:
    """The place of a library's environment."""
    return Environment(library, place() / library.name)


def place() -> Path:
    """The folder of all environments: BENCH_PEERS, else .peers in the checkout, else the user's."""
    if given := os.environ.get(PLACE):
        return Path(given).resolve()
    if (CHECKOUT / "pyproject.toml").is_file():
        return CHECKOUT / ".peers"
    return platformdirs.user_data_path("bench") / "peers"


def variables() -> dict[str, str]:
    """What the Python of a library is started with: the variables of this process, less ours."""
    return {name: value for name, value in os.environ.items() if name not in OURS}


def lock_sha256(library: Library) -> str:
    """A hash of what a lock asks for: its packages and versions."""
    return key_of(dict(library.lock))


def peer_sha256(library: Library, model: str, *, declared: bool) -> str:
    """A hash of all that decides what a model of a library does.

    Args:
        library: the library.
        model: as we call it.
        declared: whether its search space counts, which changes no result.
    """
    found = library.models[model]
    ours = Path(__file__).parent
    # By where they would stand in the package, so that a library elsewhere has the same hash.
    places = {path: ("libraries", *path.parts) for path in library.folder.rglob("*.py")}
    places |= {path: (path.name,) for path in ours.glob("*.py")}
    files = sorted(places, key=lambda path: places[path])
    parts = {
        "model": [found.name, found.order, found.cuda],
        "search": str(found.search) if declared else "",
        "files": [sha256(path.read_bytes()).hexdigest() for path in files if decides(path)],
        "environment": environment_of(library).facts(),
    }
    return sha256(compact(parts).encode()).hexdigest()


def peer_facts(model: str) -> dict[str, Any]:
    """For the record of a model of another library: what it ran on; nothing for any other model."""
    if not is_peer(model):
        return {}
    return {"peer": environment_of(peer(model)[0]).facts()}


def is_version(found: str, wanted: str) -> bool:
    """Whether a version is the one that a lock asks for: 2.13.0+cpu is 2.13.0 too (PEP 440)."""
    return wanted in (found, found.partition("+")[0])


def decides(path: Path) -> bool:
    """Whether a file decides what a model of a library gives: the library's, and both ends."""
    return path.parent != Path(__file__).parent or path.name in BRIDGE
