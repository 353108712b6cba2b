"""The board of embeddings of a results folder, from its kept models and their ledgers."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import groupby
from statistics import fmean

import numpy as np

from bench.embeddings.baselines import co_occurrence, content_words, random_vectors
from bench.embeddings.columns import NAMES, Figures
from bench.embeddings.criteria import Criteria, criteria
from bench.embeddings.figures import Space, figures
from bench.embeddings.neighbours import Lists, agreement_of_any, stability
from bench.embeddings.rows import BASELINE, EmbeddingsRow, EmbeddingsSection
from bench.embeddings.similarity import DotProducts, Popularity, unit
from bench.errors import Problem, UsageError
from bench.evaluation import ledger
from bench.interactions import Interactions
from bench.kept.catalogue import Catalogue
from bench.kept.manifest import By
from bench.kept.model import KeptModel
from bench.kept.open import Summary, kept_models
from bench.records.folder import Results
from bench.registry.models import adapter_class

RANDOM_DRAWS = 10  # of random vectors: the figures of one vary by a hundredth
INPUTS = {"items": "genre", "users": "gender"}  # labels, by whose features they are
NO_VECTORS, NOT_KEPT = "no vectors", "not kept"
Say = Callable[[str], None]


class NoEmbeddings(UsageError, LookupError):
    """No kept model of a results folder has vectors."""


class TwoVersions(Problem):
    """Models that are kept of one data set and protocol learned from different data."""


def embeddings_board(
    results: Results, by: By | None = None, say: Say = lambda line: None
) -> list[EmbeddingsSection]:
    """The board of all kept models, a section for each data set and protocol.

    Args:
        results: where models, records and ledgers stand.
        by: how items are compared. None: as each model's vectors are meant to be.
        say: gets a line before each model.

    Raises:
        NoEmbeddings: no kept model has vectors.
        TwoVersions, OtherData: see there.
        Damaged, BadRecord: something that was kept cannot be read.
    """
    found = [each for each in kept_models(results) if each.kept.kind != "none"]
    if not found:
        hint = "bench run --keep keeps models"
        raise NoEmbeddings(f"no model with vectors is kept in {results.models}; {hint}")
    in_sections = sorted(found, key=_section)
    return [
        _section_of(results, list(group), by, say) for _, group in groupby(in_sections, _section)
    ]


def _section(summary: Summary) -> tuple[str, str]:
    return summary.kept.cell.dataset, summary.kept.cell.protocol


def _section_of(
    results: Results, found: Sequence[Summary], by: By | None, say: Say
) -> EmbeddingsSection:
    dataset, protocol = _section(found[0])
    splits = {each.kept.split_sha256: each for each in found}
    if len(splits) > 1:
        one, other = list(splits.values())[:2]
        raise TwoVersions(
            f"{results.models}: {one.name} ({one.kept.split_sha256[:16]}) and {other.name}"
            f" ({other.kept.split_sha256[:16]}) learned from different data of {dataset},"
            f" {protocol}; keep one of them again, or remove its folder"
        )
    any_model = KeptModel.read(found[0].folder)
    train, catalogue = any_model.train(), any_model.catalogue
    measured = criteria(train, catalogue, _ledger(results, found))
    by_name = sorted(found, key=lambda each: (each.name, each.kept.cell.seed))
    rows = [
        _row_of_model(list(group), measured, by, say)
        for _, group in groupby(by_name, key=lambda each: each.name)
    ]
    genre_of_any = agreement_of_any(measured.genres)
    return EmbeddingsSection.sorted(
        [*rows, *_baselines(train, catalogue, measured, say), *_missing(results, found)],
        dataset=dataset,
        protocol=protocol,
        items=len(measured.compared),
        users=len(measured.asked),
        genre_of_any=None if np.isnan(genre_of_any) else genre_of_any,
    )


def _ledger(results: Results, found: Sequence[Summary]) -> ledger.Ledger:
    """The ledger of one of the models: they have the same held-out items.

    Raises:
        BadRecord: none of them has one.
    """
    paths = [results.ledgers / f"{each.kept.stem}.parquet" for each in found]
    return ledger.load(next((path for path in paths if path.exists()), paths[0]))


def _row_of_model(
    found: Sequence[Summary], measured: Criteria, by: By | None, say: Say
) -> EmbeddingsRow:
    """The row of a model, from what is kept of each seed."""
    of_seeds = []
    for each in found:
        say(f"{each.name}, seed {each.kept.cell.seed}")
        of_seeds.append(figures(_space(kept := KeptModel.read(each.folder), by), measured))
    return EmbeddingsRow(
        model=kept.name,
        kind=kept.kind,
        similarity=by or kept.by,
        width=kept.item_vectors.shape[1] - kept.biases,
        seeds=tuple(each.kept.cell.seed for each in found),
        keys=tuple(each.kept.key for each in found),
        figures=_mean(of_seeds),
        inputs=_inputs(kept),
    )


def _space(kept: KeptModel, by: By | None) -> Space:
    return Space(
        similarity=DotProducts(kept.vectors(by)),
        items=kept.vectors("dot"),
        users=kept.users()[1],
    )


def _mean(of_seeds: Sequence[tuple[Figures, Lists]]) -> Figures:
    """The mean of each figure over seeds, and what two seeds have in common."""
    values = {name: [found.get(name) for found, _ in of_seeds] for name in NAMES}
    means = {
        name: fmean(value for value in each if value is not None)
        for name, each in values.items()
        if None not in each
    }
    if len(of_seeds) > 1:
        means["stable"] = stability([lists for _, lists in of_seeds])
    return means


def _inputs(kept: KeptModel) -> tuple[str, ...]:
    """The labels that a model was given; of a model whose code is gone none is named."""
    try:
        given = adapter_class(kept.cell.model).uses_features
    except (UsageError, Problem, TypeError, ImportError):
        return ()
    return tuple(label for side, label in INPUTS.items() if side in given)


def _baselines(
    train: Interactions, catalogue: Catalogue, measured: Criteria, say: Say
) -> Iterator[EmbeddingsRow]:
    say("baselines")
    drawn = range(RANDOM_DRAWS)
    spaces = [_random(train, seed) for seed in drawn]
    yield _baseline("random vectors", "cosine", spaces, measured, seeds=tuple(drawn))
    users = [Space(similarity=Popularity(catalogue.users))]
    yield _baseline("popularity", "users", users, measured)
    together = [Space(similarity=DotProducts(co_occurrence(train)))]
    yield _baseline("co-occurrence", "cosine", together, measured)
    named = train.item_features is not None and train.item_features.labels is not None
    titles = catalogue.titles if named else [""] * len(catalogue)
    words = content_words(titles, catalogue.genres)
    if words is not None:
        content = [Space(similarity=DotProducts(words))]
        yield _baseline("genres and title words", "cosine", content, measured, inputs=("genre",))


def _random(train: Interactions, seed: int) -> Space:
    vectors = random_vectors(train.n_items + train.n_users, seed)
    items, users = vectors[: train.n_items], vectors[train.n_items :]
    return Space(similarity=DotProducts(unit(items)), items=items, users=users)


def _baseline(
    name: str,
    similarity: str,
    spaces: Sequence[Space],
    measured: Criteria,
    seeds: tuple[int, ...] = (),
    inputs: tuple[str, ...] = (),
) -> EmbeddingsRow:
    first = spaces[0].items
    return EmbeddingsRow(
        model=name,
        kind=BASELINE,
        similarity=similarity,
        width=None if first is None else first.shape[1],
        seeds=seeds,
        figures=_mean([figures(space, measured) for space in spaces]),
        inputs=inputs,
    )


def _missing(results: Results, found: Iterable[Summary]) -> Iterator[EmbeddingsRow]:
    """Models of the same section that are on the board, and have nothing to be measured here."""
    found = list(found)
    section, names = _section(found[0]), {each.name for each in found}
    without = {each.name for each in kept_models(results) if _section(each) == section} - names
    reasons = {}
    for record in results.read_records():
        cell = record.cell
        if (cell.dataset, cell.protocol) == section and cell.name not in names:
            failed = f"{record.status}: {record.reason}" if record.status != "ok" else ""
            vectorless = NO_VECTORS if cell.name in without else ""
            reasons[cell.name] = vectorless or failed or NOT_KEPT
    for name, reason in reasons.items():
        yield EmbeddingsRow(model=name, kind="", figures={}, remark=reason)
