"""The split of MovieLens 1M that the authors of Neural Collaborative Filtering published."""

from pathlib import Path

import numpy as np

from bench.delimited import BadData, Kind, Table, read_columns
from bench.fetch import DataUnavailable, Url, fetch, warn
from bench.files import read_file
from bench.interactions import Interactions, PublishedSplit

from ._movielens import LICENCE, RATING_COLUMNS

TITLE = "MovieLens 1M, the NCF authors' split"
DESCRIPTION = "MovieLens 1M with the test items and 99 negatives each that He et al. published"
SOURCE = "https://github.com/hexiangnan/neural_collaborative_filtering"
CITATION = (
    "Xiangnan He, Lizi Liao, Hanwang Zhang, Liqiang Nie, Xia Hu and Tat-Seng Chua. 2017. Neural "
    "Collaborative Filtering. WWW '17, 173-182. https://doi.org/10.1145/3038912.3052569"
)
# The authors publish no checksums, and we could not confirm any: counts are compared instead.
SHA256: dict[str, str] = {}
COUNTS = {"users": 6040, "items": 3706, "interactions": 1_000_209}  # train and test together
N_NEGATIVES = 99
__all__ = ["CITATION", "COUNTS", "DESCRIPTION", "LICENCE", "SHA256", "SOURCE", "TITLE", "load"]

TRAIN, TEST, NEGATIVES = FILES = ("ml-1m.train.rating", "ml-1m.test.rating", "ml-1m.test.negative")
LINES = {TRAIN: 994_169, TEST: 6040, NEGATIVES: 6040}
BASE_URL = "https://raw.githubusercontent.com/hexiangnan/neural_collaborative_filtering/master/Data"
MAX_BYTES = 100_000_000


def load(data_dir: Path | None = None) -> Interactions:
    """The train rows in the authors' order, then the test rows; `published` holds their split.

    The ids are the authors' own (0..6039 and 0..3705), which are not GroupLens'. 156 users have
    their test item among their own negatives; that is left as published. There are no features.

    Args:
        data_dir: the folder with the three files ml-1m.train.rating, ml-1m.test.rating and
            ml-1m.test.negative, or one that holds them in a folder ncf. None: from the cache, or
            the authors' repository.

    Raises:
        DataUnavailable: a file is not there.
        BadData: a line cannot be used, or the files contradict each other.
    """
    paths = _fetched() if data_dir is None else _given(Path(data_dir))
    train, test = (
        read_columns(
            read_file(paths[name], MAX_BYTES), name=name, separator="\t", columns=RATING_COLUMNS
        )
        for name in (TRAIN, TEST)
    )
    published = _published(read_file(paths[NEGATIVES], MAX_BYTES), test)
    joined = {column: np.concatenate([train[column], test[column]]) for column in train}
    n_users = _count(joined["user"])
    n_items = _count(joined["item"], published.negatives)
    # Their order of the test rows is by user: a repeated one would be a second held-out item.
    if len(np.unique(published.users)) != len(published.users):
        raise BadData(f"{TEST}: a user occurs twice")

    found = {"users": n_users, "items": n_items, "interactions": len(joined["user"])}
    source = f"the NCF authors' files ({SOURCE}), counts verified"
    if found != COUNTS:
        warn(f"{paths[TRAIN].parent}: not the authors' files: expected {COUNTS}, found {found}")
        source = f"files named like the NCF authors', with other counts: {found}"
    return Interactions(
        users=joined["user"].astype(np.int32),
        items=joined["item"].astype(np.int32),
        times=joined["time"],
        ratings=joined["rating"],
        n_users=n_users,
        n_items=n_items,
        published=published,
        source=source,
    )


def _published(content: bytes, test: Table) -> PublishedSplit:
    """The lines "(user,item) negative negative ..."; each must name the pair of its test row."""
    columns: dict[str, Kind] = {"user": "integer", "item": "integer"}
    columns |= {f"negative {k + 1}": "integer" for k in range(N_NEGATIVES)}
    plain = content.translate(None, b"()").replace(b",", b"\t")
    table = read_columns(plain, name=NEGATIVES, separator="\t", columns=columns)
    if len(table["user"]) != len(test["user"]):
        raise BadData(f"{NEGATIVES} has {len(table['user'])} users, {TEST} has {len(test['user'])}")
    different = (table["user"] != test["user"]) | (table["item"] != test["item"])
    if different.any():
        row = int(np.argmax(different))
        pair, expected = ((part["user"][row], part["item"][row]) for part in (table, test))
        raise BadData(
            f"{NEGATIVES}, row {row + 1}: ({pair[0]},{pair[1]}) is not the test pair "
            f"({expected[0]},{expected[1]}) of {TEST}"
        )
    negatives = np.stack([table[f"negative {k + 1}"] for k in range(N_NEGATIVES)], axis=1)
    _count(negatives)
    return PublishedSplit(
        users=table["user"].astype(np.int32),
        held_out=table["item"].astype(np.int32),
        negatives=negatives.astype(np.int32),
    )


def _count(*ids: np.ndarray) -> int:
    """How many entities these indices speak of."""
    lowest, highest = min(part.min() for part in ids), max(part.max() for part in ids)
    # The authors' ids have no gaps. A huge one is a mistake, and would ask for a huge model.
    if lowest < 0 or highest >= 10**7:
        raise BadData(f"{TITLE}: {lowest if lowest < 0 else highest} is no index of a user or item")
    return int(highest) + 1


def _given(data_dir: Path) -> dict[str, Path]:
    for folder in (data_dir, data_dir / "ncf"):
        paths = {name: folder / name for name in FILES}
        missing = [name for name, path in paths.items() if not path.is_file()]
        if not missing:
            return paths
        if len(missing) < len(FILES):
            raise DataUnavailable(f"{folder} lacks {' and '.join(missing)}")
    raise DataUnavailable(f"neither {data_dir} nor {data_dir / 'ncf'} holds {', '.join(FILES)}")


def _fetched() -> dict[str, Path]:
    notice = f"{TITLE} ({SOURCE})\nTerms of the ratings: {LICENCE}\nPlease cite: {CITATION}"
    paths = {}
    for name in FILES:
        source = Url(
            url=f"{BASE_URL}/{name}", file_name=name, max_bytes=MAX_BYTES, lines=LINES[name]
        )
        _, paths[name] = fetch(TITLE, [source], notice=notice)
        notice = ""  # once is enough
    return paths
