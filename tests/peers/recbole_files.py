"""RecBole's atomic files of a task: https://recbole.io/docs/user_guide/data/atomic_files.html."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from exchange import Task

DATA = "task"  # the name of the data set, and so of its files
WITH_FEATURES = ("fm", "deepfm", "dlrm", "dssm")
IN_ORDER = ("sasrec",)


def columns(task: Task, model: str) -> dict[str, list[str]]:
    """The columns of RecBole's files that a model reads."""
    wanted = {"inter": ["user_id", "item_id"]}
    if model in IN_ORDER:
        wanted["inter"].append("timestamp")
    if model in WITH_FEATURES:
        for kind in ("user", "item"):
            wanted[kind] = [name.partition(":")[0] for name, _ in feature_columns(task, kind)]
    return wanted


def numerical(task: Task, model: str) -> list[str]:
    """Those among them that are numbers, each of which has a vector that it is multiplied with."""
    if model not in WITH_FEATURES:
        return []
    names = [name for kind in ("user", "item") for name, _ in feature_columns(task, kind)]
    return [name.partition(":")[0] for name in names if name.endswith(":float")]


def write_files(folder: Path, task: Task, model: str) -> None:
    """The files that a model reads, with our numbers as names, in the order of the arrays."""
    folder.mkdir()
    train = [task["train_users"], task["train_items"]]
    test = [task["users"], task["held_out"]]
    if model in IN_ORDER:  # RecBole takes the last of each user itself: number them all in order
        both = [np.concatenate(pair) for pair in zip(train, test, strict=True)]
        names = ["user_id:token", "item_id:token", "timestamp:float"]
        _write(folder / f"{DATA}.inter", names, [*both, np.arange(len(both[0]))])
        return
    for name, pairs in (("train", train), ("test", test)):
        _write(folder / f"{DATA}.{name}.inter", ["user_id:token", "item_id:token"], pairs)
    if model in WITH_FEATURES:
        for kind in ("user", "item"):
            _write(folder / f"{DATA}.{kind}", *zip(*feature_columns(task, kind), strict=True))


def feature_columns(task: Task, kind: str) -> list[tuple[str, Iterable[Any]]]:
    """Names, with RecBole's types, and values of what is known of users or items."""
    dense, tags = task[f"{kind}_dense"], task[f"{kind}_tags"]
    found: list[tuple[str, Iterable[Any]]] = [(f"{kind}_id:token", range(len(dense)))]
    for j, column in enumerate(task[f"{kind}_categorical"].T):
        found.append((f"{kind}_category_{j}:token", column))
    if tags.shape[1]:
        named = (" ".join(map(str, np.flatnonzero(row))) for row in tags)
        found.append((f"{kind}_tags:token_seq", named))
    for j, column in enumerate(dense.T):
        found.append((f"{kind}_number_{j}:float", column))
    return found


def _write(path: Path, names: Iterable[str], values: Iterable[Iterable[Any]]) -> None:
    lines = ("\t".join(map(str, row)) for row in zip(*values, strict=True))
    path.write_text("\n".join(["\t".join(names), *lines]) + "\n")
