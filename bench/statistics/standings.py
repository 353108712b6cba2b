"""Statistics of the rows of one section of a board, computed from their ledgers.

Call `standings(results, dataset, protocol, rows)`, where rows are the records of each row by the
name on the board. `key_of_rows` tells whether kept ones are of the same ledgers.
"""

from collections.abc import Mapping, Sequence
from hashlib import sha256

import numpy as np
from numpy.typing import NDArray

from bench.hashing import key_of
from bench.records.folder import Results
from bench.records.record import HEADLINE, Record
from bench.records.standings import PairStanding, RowStanding, Standings
from bench.statistics.aligned import Aligned, ledger_path, load_aligned, refuse_others
from bench.statistics.bootstrap import PODIUM, Bootstrap, bootstrap
from bench.statistics.detectable import detectable_difference
from bench.statistics.letters import letters
from bench.statistics.randomisation import PairTests, pair_tests
from bench.statistics.seeds import mean_over_seeds
from bench.statistics.tiers import tiers
from bench.statistics.user_figures import DEFAULT

VERSION = 2  # raise it when the same ledgers would give other statistics
WITH_INTERVAL = (DEFAULT, "exact_hr_at_10")
WITH_ERROR = (*HEADLINE, "full_hr_at_10", "full_ndcg_at_10")

Rows = Mapping[str, Sequence[Record]]  # the records of a row by its name on the board


def key_of_rows(results: Results, rows: Rows) -> str:
    """16 hex digits that change with the ledgers, with the rows, and with how it is computed.

    Raises:
        NotComparable: a ledger is missing, or of other data or another split than the first.
    """
    good = {name: [each for each in of if each.status == "ok"] for name, of in rows.items()}
    refuse_others([record for of_row in good.values() for record in of_row])
    hashes = {
        name: [[r.stem, sha256(ledger_path(results, r).read_bytes()).hexdigest()] for r in of_row]
        for name, of_row in good.items()
    }
    return key_of({"rows": list(hashes.items()), "figure": DEFAULT, "version": VERSION})


def standings(results: Results, dataset: str, protocol: str, rows: Rows) -> Standings:
    """Compute the statistics of a section.

    Raises:
        NotComparable: see `load_aligned`.
        BadRecord: a file is no ledger.
    """
    key = key_of_rows(results, rows)
    aligned = load_aligned(results, rows)
    values = aligned.values(DEFAULT)
    tests = pair_tests(values)
    return Standings(
        dataset=dataset,
        protocol=protocol,
        key=key,
        figure=DEFAULT,
        users=len(aligned),
        rows=tuple(_rows(aligned, values, tests)),
        pairs=tuple(_pairs(aligned, tests)),
        detectable=detectable_difference(tests.se),
        detectable_in_all=detectable_difference(tests.se, tests=len(tests.se)),
    )


def _rows(
    aligned: Aligned, values: Sequence[NDArray[np.float64]], tests: PairTests
) -> list[RowStanding]:
    apart = tests.told_apart()
    means = np.array([of_model.mean() for of_model in values])
    draws = bootstrap(values)
    figures: list[dict[str, float]] = [{} for _ in aligned.fits]
    for name in (*WITH_INTERVAL, *WITH_ERROR):
        of_figure = values if name == DEFAULT else aligned.values(name)
        for own, of_model in zip(figures, of_figure, strict=True):
            found = mean_over_seeds(of_model)
            own |= {name: found.mean, f"{name}_se": found.se}
        if name in WITH_INTERVAL:
            drawn = draws if name == DEFAULT else bootstrap(of_figure)
            _add_intervals(figures, name, drawn)
    shares = {"share_first": draws.among_first(1), "share_first_3": draws.among_first(PODIUM)}
    for name, share in shares.items():
        for own, value in zip(figures, share, strict=True):
            own[name] = float(value)
    placed = zip(tiers(means, apart), letters(means, apart), strict=True)
    return [
        RowStanding(
            model=fits.name,
            stems=tuple(record.stem for record in fits.records),
            tier=int(tier),
            letters=of_model,
            one_fit=fits.one_fit,
            figures=own,
        )
        for fits, own, (tier, of_model) in zip(aligned.fits, figures, placed, strict=True)
    ]


def _add_intervals(figures: Sequence[dict[str, float]], name: str, drawn: Bootstrap) -> None:
    for own, (low, high) in zip(figures, drawn.intervals(), strict=True):
        own |= {f"{name}_ci_low": float(low), f"{name}_ci_high": float(high)}


def _pairs(aligned: Aligned, tests: PairTests) -> list[PairStanding]:
    names = [fits.name for fits in aligned.fits]
    figures = np.array([tests.mean, tests.se, tests.low, tests.high, tests.p]).T.tolist()
    return [
        PairStanding(names[first], names[second], *of_pair)
        for (first, second), of_pair in zip(tests.pairs, figures, strict=True)
    ]
