"""Catalogues that a test makes of a few titles."""

from collections.abc import Sequence

import numpy as np

from bench.kept.catalogue import Catalogue

Row = tuple[int | str, str, int | None, int]  # id, title, year, users


def catalogue(rows: Sequence[Row], genres: Sequence[tuple[str, ...]] | None = None) -> Catalogue:
    """The items of these rows; without genres unless they are given."""
    ids = [row[0] for row in rows]
    whole = all(isinstance(each, int) for each in ids)
    return Catalogue(
        item_ids=np.array(ids, dtype=np.int64 if whole else object),
        titles=[row[1] for row in rows],
        years=[row[2] for row in rows],
        genres=list(genres) if genres else [()] * len(rows),
        users=np.array([row[3] for row in rows], dtype=np.int64),
    )


FILMS = catalogue(
    [
        (1, "Toy Story", 1995, 2077),
        (3114, "Toy Story 2", 1999, 1585),
        (858, "Godfather, The", 1972, 2223),
        (1221, "Godfather: Part II, The", 1974, 1692),
        (47, "Seven (Se7en)", 1995, 1137),
        (293, "Professional, The (a.k.a. Leon: The Professional)", 1994, 651),
        (1214, "Alien", 1979, 2024),
        (1200, "Aliens", 1986, 1820),
        (296, "Pulp Fiction", 1994, 2171),
        (1411, "Hamlet", 1996, 382),
        (1941, "Hamlet", 1948, 113),
        (268, "Chasing Amy", 1997, 255),
        (246, "Chasing Amy", 1997, 124),
        (73, "Misérables, Les", 1995, 224),
        (990, "I, Worst of All (Yo, la peor de todas)", 1990, 12),
        (58, "Postino, Il (The Postman)", 1994, 403),
        (1211, "Wings of Desire (Der Himmel über Berlin)", 1987, 242),
        (750, "Dr. Strangelove or: How I Learned to Stop Worrying", 1963, 1367),
        (1097, "E.T. the Extra-Terrestrial", 1982, 2269),
        (3034, "M", 1931, 100),
        (2628, "Star Wars: Episode I - The Phantom Menace", 1999, 2250),
        (1196, "Star Wars: Episode V - The Empire Strikes Back", 1980, 2990),
        (1218, "Killer, The (Die xue shuang xiong)", 1989, 244),
        (700, "Killer", 1994, 30),
        (9, "$", 1971, 8),
        (10, "Schindler's List", 1993, 2304),
        (11, "Nobody Knows", None, 3),
        (12, "Nobody Knows", None, 4),
    ]
)
