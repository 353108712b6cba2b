"""Models that go wrong, as the text of their files: what they return, raise, do and leave."""

from inspect import getsource
from textwrap import indent
from typing import NamedTuple

import numpy as np
import wrong_deeds
import wrong_errors
import wrong_scores
from hypothesis import strategies as st
from wrong_errors import Wrong

from bench.interactions import Floats

HEAD = '''"""A model that goes wrong."""
import array, atexit, ctypes, faulthandler, gc, io, json, locale, os, random, signal, socket
import subprocess, sys, tempfile, threading, time, warnings, weakref
from dataclasses import dataclass
from unittest import mock
import numpy as np
import scipy.sparse as sp
import scipy.sparse.linalg
from bench.adapter import Adapter, Embeddings
from bench.interactions import Floats
{imports}

def in_a_buffer(self, right, order):
    buffer = self.__dict__.setdefault("buffer", np.empty((512, 512), dtype=np.float32, order=order))
    found = buffer[: right.shape[0], : right.shape[1]]
    found[:] = right
    return found

def in_a_file(right):
    with tempfile.TemporaryFile(dir="/dev/shm") as file:
        found = np.memmap(file, dtype=np.float32, shape=right.shape)
    found[:] = right
    return found

def with_one(right, row, column, value):
    found = right.copy()
    found[row, column] = value
    return found

def quietly(action, *arguments):
    try:
        action(*arguments)
    except (ValueError, OSError, AttributeError, Warning):
        pass  # of an output that is closed

def refused(action):
    try:
        action()
    except (ValueError, AttributeError):
        return
    raise AssertionError("what a model may not change was changed")

@dataclass(kw_only=True)
class Fuzzed(Adapter):
    def fit(self, train, run):
        self.table = table(run.seed, train.n_users, train.n_items)
        self.calls = 0
{fit}

    def scores(self, users):
        self.calls += 1
        right = self.table[users]
        train = run = None
{scores}

    def pair_scores(self, users, items):
        right = np.take_along_axis(self.table[users], items, axis=1)
{pair_scores}

    def embeddings(self):
{embeddings}

'''
IMPORTS = ("torch", "pandas")  # each only where it is used: they take a second


def table(seed: int, n_users: int, n_items: int) -> Floats:
    """Small whole numbers: many are equal, and all that is done to them is exact."""
    return np.random.default_rng(seed).integers(0, 50, (n_users, n_items)).astype(np.float32)


class Case(NamedTuple):
    """A model's file, and how its cell must end."""

    text: str
    status: str = "ok"
    reason: str = ""  # a pattern
    tuning: bool = False  # under a protocol that looks at pair_scores after each epoch


def model(
    fit: str = "pass",
    scores: str = "return right",
    pair_scores: str = "return right",
    embeddings: str = "return None",
) -> str:
    """The text of a model from statements for its methods; by itself a good model."""
    parts = {"fit": fit, "scores": scores, "pair_scores": pair_scores, "embeddings": embeddings}
    everything = "\n".join(parts.values())
    imports = "\n".join(f"import {name}" for name in IMPORTS if f"{name}." in everything)
    text = HEAD.format(imports=imports, **{k: indent(v, " " * 8) for k, v in parts.items()})
    return text + getsource(table)


# Where in the course of a cell something happens. Scores are asked for all users at once, then for
# one user after the other, to time it.
def when(users: int) -> st.SearchStrategy[str]:
    """A condition on a call of scores()."""
    late = st.integers(0, users + 1).map(lambda calls: f"self.calls > {calls}")
    return st.one_of(st.sampled_from(["True", "len(users) == 1", "len(users) > 1"]), late)


embeddings = st.one_of(
    st.just("return None"),
    wrong_errors.errors.map(lambda wrong: wrong.code),
    st.sampled_from(
        ["return Embeddings(None, 'x')", "return 1, 2, 3", "return self", "os._exit(1)"]
    ),
)


@st.composite
def harmless(draw: st.DrawFn) -> Case:
    """A model that is odd and right."""
    deeds = st.lists(st.sampled_from(wrong_deeds.HARMLESS), max_size=2)
    given = draw(st.lists(st.sampled_from(wrong_deeds.GIVEN), max_size=2))
    given.sort(key=lambda deed: not deed.startswith("refused"))  # before it can change anything
    returned = f"with np.errstate(all='ignore'):\n    return {draw(wrong_scores.harmless)}"
    if draw(st.integers(0, 3)) == 0:
        fit = "\n".join([*given, draw(st.sampled_from(wrong_deeds.LAST))])
        return Case(model(fit, returned, embeddings=draw(embeddings)))
    fit = "\n".join([*draw(deeds), *given, *draw(deeds)]) or "pass"
    once = indent("\n".join(["pass", *draw(deeds)]), " " * 4)  # a fork at each call is too many
    scores = f"if self.calls == 1:\n{once}\n{returned}"
    return Case(model(fit, scores, embeddings=draw(embeddings)))


@st.composite
def returning(draw: st.DrawFn, users: list[int], items: int) -> Case:
    """A model that returns, now and then or always, what cannot be ranked."""
    wrong = draw(wrong_scores.wrong(users, items))
    condition = draw(when(len(users)))
    if "with_one" in wrong.code:  # of a user by name: all must be asked for
        condition = draw(st.sampled_from(["True", "len(users) > 1"]))
    return Case(
        model(scores=f"if {condition}:\n    return {wrong.code}\nreturn right"),
        wrong.status,
        r"^BadScores: scores\(\) " + wrong.reason,
    )


@st.composite
def pairing(draw: st.DrawFn) -> Case:
    """The same of pair_scores(), which the validation items are judged by."""
    epochs = "[run.epoch(samples=1) for _ in range(2)]"
    if draw(st.booleans()):
        returned = draw(wrong_scores.harmless)
        changed = draw(st.sampled_from(["pass", "items[:] = 10**6", "items[:], users[:] = -1, 9"]))
        return Case(
            model(epochs, pair_scores=f"right = {returned}\n{changed}\nreturn right"), tuning=True
        )
    wrong = draw(wrong_scores.wrong([0], 40).filter(lambda wrong: "with_one" not in wrong.code))
    pair_scores = f"return {wrong.code}"
    reason = r"^BadScores: pair_scores\(\) " + wrong.reason
    if draw(st.booleans()):
        pair_scores = "items[:] = 10**6\nright[3, 5] = np.nan\nreturn right"
        reason = r"^BadScores: pair_scores\(\) returned NaN for user \d+, item \d+$"
    return Case(model(epochs, pair_scores=pair_scores), wrong.status, reason, tuning=True)


@st.composite
def failing(draw: st.DrawFn, users: list[int]) -> Case:
    """A model that raises, breaks its word or dies, in one of its methods."""
    wrong: Wrong = draw(st.one_of(wrong_errors.errors, wrong_deeds.fatal))
    before = draw(st.lists(st.sampled_from(wrong_deeds.HARMLESS[:10]), max_size=1))
    of_fit = any(word in wrong.code for word in ("train", "run.", "self.", "closerange"))
    if of_fit or draw(st.booleans()):
        return Case(model("\n".join([*before, wrong.code])), wrong.status, wrong.reason)
    if draw(st.booleans()):
        scores = f"if {draw(when(len(users)))}:\n{indent(wrong.code, '    ')}\nreturn right"
        return Case(model("\n".join(before) or "pass", scores), wrong.status, wrong.reason)
    fit = "\n".join([*before, "run.epoch(samples=1)"])
    return Case(model(fit, pair_scores=wrong.code), wrong.status, wrong.reason, tuning=True)


def any_case(users: list[int], items: int) -> st.SearchStrategy[Case]:
    return st.one_of(harmless(), returning(users, items), pairing(), failing(users), failing(users))
