"""Models over several data sets: ranked by on how many users they beat each other within each.

Figures are never averaged over data sets: .70 on one and .07 on another are not alike. Instead each
user says which of two models stands better for him, the wins within each data set become shares,
each data set counts the same, and Bradley & Terry's model gives one strength for each model. Models
need not be in all data sets.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bench.compare.bradley_terry import log_strengths
from bench.compare.selection import NoSection, figure_of, measured_sections
from bench.errors import unknown
from bench.evaluation.metrics import Values
from bench.leaderboard.sections import Section
from bench.records.folder import Results
from bench.statistics.aligned import load_aligned
from bench.statistics.paired import SAME
from bench.text import one_line

DRAWS, SEED = 500, 0
LEVEL = 0.95


@dataclass(frozen=True)
class Field:
    """One data set: the figure of each user under each of its models."""

    name: str  # "movielens_1m, loo-99"
    models: tuple[str, ...]  # [k]
    values: Values  # [k, m], means over seeds


@dataclass(frozen=True)
class Strength:
    """How strong a model is beside the others."""

    model: str
    fields: int  # data sets that it is in
    value: float  # log strength, mean 0
    low: float  # 95 % interval
    high: float
    best_place: int  # of 95 % of draws
    worst_place: int
    beats_next: float | None  # share of draws in which it is stronger than the next one


@dataclass(frozen=True)
class Ranking:
    """Models over several data sets, the strongest first."""

    figure: str
    fields: tuple[Field, ...]
    strengths: tuple[Strength, ...]
    alone: tuple[str, ...]  # models that no two data sets share, and that are left out


def fields_of(folders: Sequence[Results], by: str) -> list[Field]:
    """The data sets of some results folders.

    Raises:
        NoSection: a folder has no ledgers or an INVALID board, or several versions of one data set;
            or two hold the same data and split.
        NotComparable: the models of a data set saw different data or splits.
    """
    figure = figure_of(by)
    found: list[Field] = []
    seen: dict[str, str] = {}  # where a split is, by its hash
    for number, results in enumerate(folders):
        if results in folders[:number]:
            raise NoSection(f"{results} is given twice")
        for section in measured_sections(results):
            if section.has_other_versions:
                raise NoSection(
                    f"{results} has several versions of {section.data}, which are one data set and"
                    " not several: leave the records and ledgers of one there"
                )
            found.append(_field(results, section, figure))
            split = next(r.split_sha256 for r in section.records if r.status == "ok")
            where = f"{results} ({section.title})"
            if (other := seen.setdefault(split, where)) != where:
                raise NoSection(f"{other} and {where} have the same data and split")
    return found


def _field(results: Results, section: Section, figure: str) -> Field:
    rows = [row for row in section.rows if row.seeds]
    aligned = load_aligned(results, {one_line(row.model): row.records for row in rows})
    return Field(
        name=section.title,
        models=tuple(fits.name for fits in aligned.fits),
        values=np.stack([fits.values(figure).mean(axis=0) for fits in aligned.fits]),
    )


def ranking(fields: Sequence[Field], by: str, only: Iterable[str] = ()) -> Ranking:
    """The strengths of all models that are in two of the data sets or more.

    Intervals are of a bootstrap over the users within each data set. They are of these data sets:
    of others they say nothing.

    Args:
        fields: two or more.
        by: the figure that they were made with.
        only: models to keep; all where there are none.

    Raises:
        NoSection: fewer than two data sets, or than two models that data sets share.
        UnknownName: a model to keep is in no data set.
        NoStrengths: a model never loses.
    """
    if len(fields) < 2:
        raise NoSection("a ranking over data sets needs two or more; this is one")
    every = list(dict.fromkeys(model for field in fields for model in field.models))
    for model in only:
        if model not in every:
            raise unknown("model", model, every)
    kept = [model for model in every if not only or model in set(only)]
    counts = {model: sum(model in field.models for field in fields) for model in kept}
    models = [model for model in kept if counts[model] > 1]
    if len(models) < 2:
        raise NoSection(
            f"the data sets share {len(models)} model{'s' * (len(models) != 1)};"
            " a ranking needs two that stand in two data sets or more"
        )
    draws = _wins(fields, models)
    logs = log_strengths(draws)
    return Ranking(
        figure_of(by),
        tuple(fields),
        tuple(_strengths(models, logs[0], logs[1:], counts)),
        tuple(model for model in kept if counts[model] == 1),
    )


def _wins(fields: Sequence[Field], models: list[str]) -> NDArray[np.float64]:
    """Shares of users on which i beats j, summed over data sets; then of draws. [1 + B, K, K]"""
    rng = np.random.default_rng(SEED)
    total = np.zeros((1 + DRAWS, len(models), len(models)))
    for field in fields:
        here = [number for number, model in enumerate(models) if model in field.models]
        values = field.values[[field.models.index(models[number]) for number in here]]
        m = values.shape[1]
        weights = np.ones((1 + DRAWS, m), dtype=np.float32)
        weights[1:] = rng.multinomial(m, np.full(m, 1 / m), size=DRAWS)
        for row, i in enumerate(here):
            ahead = values[row] - values  # [k, m]
            won = (ahead > SAME) + 0.5 * (np.abs(ahead) <= SAME)
            total[:, i, here] += weights @ won.T.astype(np.float32) / m
    diagonal = np.arange(len(models))
    total[:, diagonal, diagonal] = 0
    return total


def _strengths(
    models: list[str], values: Values, draws: Values, counts: dict[str, int]
) -> Iterable[Strength]:
    ends = [(1 - LEVEL) / 2, (1 + LEVEL) / 2]
    low, high = np.quantile(draws, ends, axis=0)
    places = 1 + (draws[:, None, :] > draws[:, :, None]).sum(axis=2)  # [B, K]
    first, last = np.quantile(places, ends, axis=0, method="nearest")
    order = np.argsort(-values, kind="stable")
    for place, model in enumerate(order):
        following = order[place + 1] if place + 1 < len(order) else None
        yield Strength(
            model=models[model],
            fields=counts[models[model]],
            value=float(values[model]),
            low=float(low[model]),
            high=float(high[model]),
            best_place=int(first[model]),
            worst_place=int(last[model]),
            beats_next=None
            if following is None
            else float((draws[:, model] > draws[:, following]).mean()),
        )
