"""Splits as the authors of Neural Collaborative Filtering publish them: three files each."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha1, sha256
from pathlib import Path

import numpy as np

from bench.data.archives import read_file
from bench.data.delimited import BadData, Table, read_columns, refuse_cut_off
from bench.data.fetch import DataUnavailable, Url, fetch, warn
from bench.data.fields import Kind
from bench.data.ids import MOST_IDS
from bench.interactions import DataSet, Interactions, PublishedSplit

from .movielens import RATING_COLUMNS

SOURCE = "https://github.com/hexiangnan/neural_collaborative_filtering"
CITATION = (
    "Xiangnan He, Lizi Liao, Hanwang Zhang, Liqiang Nie, Xia Hu and Tat-Seng Chua. 2017. Neural "
    "Collaborative Filtering. WWW '17, 173-182. https://doi.org/10.1145/3038912.3052569"
)
BASE_URL = "https://raw.githubusercontent.com/hexiangnan/neural_collaborative_filtering/master/Data"
N_NEGATIVES = 99
MAX_BYTES = 100_000_000


@dataclass(frozen=True, kw_only=True)
class NcfFiles:
    """The three files of one data set."""

    title: str
    stem: str  # "ml-1m", of "ml-1m.train.rating"
    train_lines: int
    notice: str  # terms and citation
    may_lack_times: bool = False
    # What is known of the authors' files, by name: SHA-256, or how the id of their git blob begins,
    # as their repository shows it.
    sha256: Mapping[str, str] = field(default_factory=dict)
    git_blobs: Mapping[str, str] = field(default_factory=dict)

    @property
    def names(self) -> tuple[str, str, str]:
        """Of train, test and negatives."""
        stem = self.stem
        return f"{stem}.train.rating", f"{stem}.test.rating", f"{stem}.test.negative"


def load_split(data_dir: Path | None, files: NcfFiles, counts: Mapping[str, int]) -> DataSet:
    """The train rows in the authors' order, then the test rows; and their split as published.

    Args:
        data_dir: the folder with the three files, or one that holds them in a folder ncf. None:
            from the cache, or the authors' repository.
        files: which ones.
        counts: users, items and interactions, train and test together.

    Raises:
        DataUnavailable: a file is not there.
        BadData: a line cannot be used, or the files contradict each other.
    """
    paths = _fetched(files, counts) if data_dir is None else _given(Path(data_dir), files)
    train_name, test_name, negatives_name = files.names
    contents = {name: read_file(path, MAX_BYTES) for name, path in paths.items()}
    columns = dict(RATING_COLUMNS)
    if files.may_lack_times and contents[train_name].partition(b"\n")[0].count(b"\t") == 2:
        del columns["time"]
    train, test = (
        read_columns(contents[name], name=name, separator="\t", columns=columns)
        for name in (train_name, test_name)
    )
    for name, ratings in ((train_name, train), (test_name, test)):
        _check(name, ratings["user"], ratings["item"])
    published = _published(contents[negatives_name], test, files)
    joined = {column: np.concatenate([train[column], test[column]]) for column in train}
    n_users = int(joined["user"].max()) + 1
    n_items = int(max(joined["item"].max(), published.negatives.max())) + 1
    # Their order of the test rows is by user: a repeated one would be a second held-out item.
    if len(np.unique(published.users)) != len(published.users):
        raise BadData(f"{test_name}: a user occurs twice")

    found = {"users": n_users, "items": n_items, "interactions": len(joined["user"])}
    folder = paths[train_name].parent
    if found != counts:
        warn(f"{folder}: not the authors' files: expected {dict(counts)}, found {found}")
        source = f"files named like the NCF authors', with other counts: {found}"
    else:
        source = _provenance(contents, files, folder)
    if "time" not in joined:  # ties keep the order of the files: the test item is the last
        joined["time"] = np.zeros(len(joined["user"]), dtype=np.int64)
    interactions = Interactions(
        users=joined["user"].astype(np.int32),
        items=joined["item"].astype(np.int32),
        times=joined["time"],
        ratings=joined["rating"],
        n_users=n_users,
        n_items=n_items,
        source=source,
    )
    return DataSet(interactions, published)


def _provenance(contents: Mapping[str, bytes], files: NcfFiles, folder: Path) -> str:
    """Which of the files are the authors', in words; with a warning for each that is another.

    Raises:
        BadData: one of them is not, and was cut off, maybe inside its last number.
    """
    theirs = {name: _is_theirs(name, contents[name], files) for name in files.names}
    for name in files.names:
        if theirs[name] is False:
            refuse_cut_off(contents[name], str(folder / name))
            warn(f"{folder / name}: not the authors' file, by its checksum; its counts are theirs")
    proven = " and ".join(name for name in files.names if theirs[name])
    words = [f"the NCF authors' {proven} ({SOURCE}), verified by checksum"] if proven else []
    for known, noun in ((False, "not the authors' file"), (None, "named like the authors'")):
        if others := [name for name in files.names if theirs[name] is known]:
            words.append(f"{' and '.join(others)}, {noun}: counts match, content not verified")
    return "; ".join(words)


def _is_theirs(name: str, content: bytes, files: NcfFiles) -> bool | None:
    """Whether a file is the authors', by its checksum; None where none is known."""
    if name in files.sha256:
        return sha256(content).hexdigest() == files.sha256[name]
    if name in files.git_blobs:
        blob = sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False)
        return blob.hexdigest().startswith(files.git_blobs[name])
    return None


def _published(content: bytes, test: Table, files: NcfFiles) -> PublishedSplit:
    """The lines "(user,item) negative negative ..."; each must name the pair of its test row."""
    _, test_name, name = files.names
    columns: dict[str, Kind] = {"user": "integer", "item": "integer"}
    columns |= {f"negative {k + 1}": "integer" for k in range(N_NEGATIVES)}
    plain = content.translate(None, b"()").replace(b",", b"\t")
    table = read_columns(plain, name=name, separator="\t", columns=columns)
    if len(table["user"]) != len(test["user"]):
        raise BadData(f"{name} has {len(table['user'])} users, {test_name} has {len(test['user'])}")
    different = (table["user"] != test["user"]) | (table["item"] != test["item"])
    if different.any():
        row = int(np.argmax(different))
        pair, expected = ((part["user"][row], part["item"][row]) for part in (table, test))
        raise BadData(
            f"{name}, row {row + 1}: ({pair[0]},{pair[1]}) is not the test pair "
            f"({expected[0]},{expected[1]}) of {test_name}"
        )
    negatives = np.stack([table[f"negative {k + 1}"] for k in range(N_NEGATIVES)], axis=1)
    _check(name, negatives)
    return PublishedSplit(
        users=table["user"].astype(np.int32),
        held_out=table["item"].astype(np.int32),
        negatives=negatives.astype(np.int32),
    )


def _check(name: str, *ids: np.ndarray) -> None:
    """Raises BadData where a file holds what is no index of a user or item."""
    lowest, highest = min(part.min() for part in ids), max(part.max() for part in ids)
    # The authors' ids have no gaps. A huge one is a mistake, and would ask for a huge model.
    if lowest < 0 or highest >= MOST_IDS:
        stranger = lowest if lowest < 0 else highest
        raise BadData(f"{name}: {stranger} is no index of a user or item")


def _given(data_dir: Path, files: NcfFiles) -> dict[str, Path]:
    for folder in (data_dir, data_dir / "ncf"):
        paths = {name: folder / name for name in files.names}
        missing = [name for name, path in paths.items() if not path.is_file()]
        if not missing:
            return paths
        if len(missing) < len(paths):
            raise DataUnavailable(f"{folder} lacks {' and '.join(missing)}")
    names = ", ".join(files.names)
    raise DataUnavailable(f"neither {data_dir} nor {data_dir / 'ncf'} holds {names}")


def _fetched(files: NcfFiles, counts: Mapping[str, int]) -> dict[str, Path]:
    notice = files.notice
    paths = {}
    for name in files.names:
        lines = files.train_lines if name.endswith(".train.rating") else counts["users"]
        source = Url(
            url=f"{BASE_URL}/{name}",
            file_name=name,
            max_bytes=MAX_BYTES,
            lines=lines,
            sha256=files.sha256.get(name),
        )
        _, paths[name] = fetch(files.title, [source], notice=notice)
        notice = ""  # once is enough
    return paths
