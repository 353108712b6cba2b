"""The formats of word2vec, binary and text, as gensim, spaCy and others read them.

A line has a token and d numbers. The token is the id, since titles have blanks; the titles stand
in a second file. (Mikolov et al. 2013, the tool word2vec; gensim's KeyedVectors reads both.)
"""

from collections.abc import Iterator

from bench.export.exported import Exported
from bench.export.text_fields import encoded, field, tokens

TITLES = ".titles.tsv"
EXACT = "%.9g"  # digits from which a 32-bit number comes back to the same bits


def word2vec(given: Exported) -> dict[str, bytes]:
    """The binary form: a line "n d", then each token, a blank, d 32-bit numbers and a line end.

    Raises:
        CannotExport: an id is empty or has white space.
    """
    ids = tokens(given, "word2vec")
    parts = [f"{len(given)} {given.vectors.shape[1]}\n".encode()]
    for token, vector in zip(ids, given.vectors.astype("<f4"), strict=True):
        parts.append(token.encode() + b" " + vector.tobytes() + b"\n")
    return {"": b"".join(parts)} | _titles(given, ids)


def word2vec_text(given: Exported) -> dict[str, bytes]:
    """The text form: the same with decimal numbers, of nine digits, so that none changes.

    Raises:
        CannotExport: an id is empty or has white space.
    """
    ids = tokens(given, "word2vec-text")
    lines = (f"{token} {numbers}" for token, numbers in zip(ids, decimals(given, " "), strict=True))
    first = f"{len(given)} {given.vectors.shape[1]}"
    return {"": encoded([first, *lines])} | _titles(given, ids)


def decimals(given: Exported, between: str) -> Iterator[str]:
    """Each vector as text that comes back to the same bits."""
    form = between.join([EXACT] * given.vectors.shape[1])
    return (form % tuple(row) for row in given.vectors.tolist())


def _titles(given: Exported, ids: list[str]) -> dict[str, bytes]:
    if given.catalogue is None:
        return {}
    lines = (f"{token}\t{field(t)}" for token, t in zip(ids, given.catalogue.titles, strict=True))
    return {TITLES: encoded(lines)}
