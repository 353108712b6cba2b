"""A library of a few lines in a folder, and wheels to install it from without a network."""

import base64
import hashlib
import zipfile
from pathlib import Path

import numpy as np

SITE = Path(np.__file__).parents[1]  # where the numpy of these tests stands
DEFINITION = """\
title = "Tiny"
package = "tinyrec"
imports = "tinyrec"

[models.popular]
name = "Popular"
parameters = { power = 1.0 }
search = { power = { number = [0.5, 2.0] } }
"""
SIDE = """\
import numpy as np
import tinyrec


class Side:
    def __init__(self, model, settings, data, seed, threads):
        self.data, self.power = data, settings["power"]

    def fit(self, epoch):
        self.counts = tinyrec.counts(self.data.items, self.data.n_items) ** self.power

    def scores(self, users):
        return np.tile(self.counts, (len(users), 1))
"""
LIBRARY = """\
import numpy as np


def counts(items, n_items):
    return np.bincount(items, minlength=n_items).astype(np.float32)
"""


def wheel(folder: Path, name: str, version: str, files: dict[str, str]) -> Path:
    """A wheel of pure Python with these files, for an installation without a network."""
    info = f"{name}-{version}.dist-info"
    inside = files | {
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\n"
        "Tag: py3-none-any\n",
    }
    record = [f"{path},sha256={_digest(text)},{len(text)}" for path, text in inside.items()]
    path = folder / f"{name}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for each, text in inside.items():
            archive.writestr(each, text)
        archive.writestr(f"{info}/RECORD", "\n".join([*record, f"{info}/RECORD,,"]) + "\n")
    return path


def _digest(text: str) -> str:
    found = hashlib.sha256(text.encode()).digest()
    return base64.urlsafe_b64encode(found).rstrip(b"=").decode()


def wheels(folder: Path) -> dict[str, str]:
    """A numpy, which is that of these tests, and tinyrec; variables by which pip takes these."""
    folder.mkdir(parents=True, exist_ok=True)
    wheel(folder, "numpy", "9.9.9", {"numpy_of_the_tests.pth": f"{SITE}\n"})
    wheel(folder, "tinyrec", "1.2", {"tinyrec.py": LIBRARY})
    return {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(folder)}


def library(
    folder: Path, *, side: str = SIDE, definition: str = DEFINITION, lock: str = ""
) -> Path:
    """The folder of a library, which is returned."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "peer.toml").write_text(definition)
    (folder / "requirements.txt").write_text(lock or "numpy==9.9.9\ntinyrec==1.2\n")
    (folder / "side.py").write_text(side)
    return folder
