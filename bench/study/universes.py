"""F5: the multiverse: what other boards could the same ledgers have given?"""

from collections import Counter
from collections.abc import Sequence
from itertools import combinations

from bench.compare.multiverse import DECISIONS, Duel, Multiverse, multiverse
from bench.study.boards import StudyBoard
from bench.study.paragraph import Paragraph, Table, listed
from bench.study.refitted import Refitted, sentence_of, table_of

CLOSEST = 1  # pairs that are told of for each decision: the nearest to half and half


def universes(boards: Sequence[StudyBoard], refits: Sequence[Refitted | None]) -> Paragraph:
    """Places over all boards, pairs that never change, and what decides the others.

    Args:
        refits: of each board, what was measured of it under other splits.
    """
    tables, sentences, notes = [], [], []
    for board, refit in zip(boards, refits, strict=True):
        found = multiverse_of(board)
        title = "" if len(boards) == 1 else board.name
        needs_data = board.measured is not None
        tables.append(_places(board, found, title, needs_data))
        duels = changing(found)
        if duels:
            tables.append(_duels(board, duels, title, needs_data))
        sentences += [f"{board.name}: {said}" for said in _sentences(found, duels)]
        if refit is not None:
            tables.append(table_of(board, refit, title))
            sentences.append(f"{board.name}: {sentence_of(refit)}")
        if not needs_data:
            notes.append(
                f"{board.name}: users count the same on every board, and are not weighted by"
                f" inverse popularity: {board.missing}"
            )
    notes.append(
        "Varied: the negatives, the cutoff, the metric, the order of equal scores, the weights of"
        " users. The rule for equal times and the minimum rating need another split:"
        f" {_split_varied(boards, refits)}."
    )
    return Paragraph(
        "F5",
        "What would another board have said?",
        tuple(sentences),
        tuple(tables),
        tuple(notes),
        any(board.measured is not None for board in boards),
    )


def multiverse_of(board: StudyBoard) -> Multiverse:
    """Of all models of a board; with weights where its data are at hand."""
    ledgers = {fits.name: fits.ledgers for fits in board.aligned.fits}
    return multiverse(ledgers, board.popularity)


def changing(found: Multiverse) -> list[Duel]:
    """Pairs of which each is ahead somewhere.

    Those nearest to half and half are first, and among them those that a decision turns most.
    """
    duels = [found.duel(*pair) for pair in combinations(found.models, 2)]
    return sorted(
        (duel for duel in duels if duel.wins and duel.losses),
        key=lambda duel: (
            abs(duel.wins - duel.losses),
            duel.ends.least_share - duel.ends.most_share,
        ),
    )


def _places(board: StudyBoard, found: Multiverse, title: str, needs_data: bool) -> Table:
    placed = sorted((found.places_of(model), model) for model in found.models)
    placed.sort(key=lambda each: (each[0].median, each[0].best))
    rows = tuple((m, p.best, p.median, p.worst, p.first) for p, m in placed)
    columns = ("model", "best place", "median", "worst", f"first of {len(found.universes)}")
    return Table(f"{board.name}: places", columns, rows, (0, 0, 1, 0, 0), title, needs_data)


def _duels(board: StudyBoard, duels: list[Duel], title: str, needs_data: bool) -> Table:
    by = Counter(duel.decided_by for duel in duels)
    rows = tuple(
        (DECISIONS.get(name, "no single decision"), by[name])
        for name in (*DECISIONS, "")
        if by[name]
    )
    columns = ("decided by", f"of {len(duels)} pairs that change")
    return Table(f"{board.name}: decisions", columns, rows, (), title, needs_data)


def _sentences(found: Multiverse, duels: list[Duel]) -> list[str]:
    total = len(found.universes)
    pairs = len(found.models) * (len(found.models) - 1) // 2
    first, second = found.at_place(1), found.at_place(2)
    said = [
        f"of {total} boards {_counted(first, total)}; second is {_ranked(second)}.",
        f"{found.unchanged_pairs()} of {pairs} pairs never change, and"
        f" {found.unchanged_pairs(0.9)} have the same order on 90 % of the boards.",
    ]
    for decision in DECISIONS:
        turned = [duel for duel in duels if duel.decided_by == decision]
        said += [f"{duel}." for duel in turned[:CLOSEST]]
    return said


def _counted(places: dict[str, int], total: int) -> str:
    if list(places.values()) == [total]:
        return f"{next(iter(places))} is always first"
    return f"first is {_ranked(places)}"


def _ranked(places: dict[str, int], most: int = 3) -> str:
    return listed([f"{model} on {count}" for model, count in list(places.items())[:most]])


def _split_varied(boards: Sequence[StudyBoard], refits: Sequence[Refitted | None]) -> str:
    """Which boards were refitted under other splits, and under which."""
    said, rest = [], []
    for board, refit in zip(boards, refits, strict=True):
        if refit is None:
            rest.append(board.name)
        else:
            said.append(
                f"for {board.name} quick models were refitted ({listed([*refit.variants[1:]])})"
            )
    if rest:
        said.append(f"for {listed(rest)} they were not varied (bench study --refit does)")
    return "; ".join(said)
