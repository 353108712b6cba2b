"""Columns of a board of embeddings: the figures by name, and what they mean."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import inf

LENGTH = 10  # of a list of neighbours
LEAST_USERS = 5  # in train, of an item that is compared
Figures = Mapping[str, float | None]  # by the names of COLUMNS; None, or absent: not known


@dataclass(frozen=True)
class FigureColumn:
    """One figure."""

    name: str  # in the CSV
    title: str  # on the page; empty where it is in the CSV alone
    digits: int  # behind the point
    meaning: str
    least: float = 0.0  # that it can be
    most: float = 1.0


COLUMNS = (
    FigureColumn(
        "next_item",
        "next item",
        3,
        "each user's held-out item ranked by its similarity to the item before it, and by nothing"
        " else of the user: HR@10 among it and the sampled negatives, exactly over all draws",
    ),
    FigureColumn("next_item_se", "", 3, "standard error of next item over users, of one seed"),
    FigureColumn(
        "next_item_full",
        "next item, full",
        3,
        "the same among all items that the user never touched",
    ),
    FigureColumn(
        "genre",
        "genre",
        3,
        "mean cosine of the genres of an item and of its neighbours",
    ),
    FigureColumn(
        "lost",
        "lost",
        3,
        "share of items that are in nobody's list, so that no neighbour leads to them",
    ),
    FigureColumn(
        "skewness",
        "skewness",
        2,
        "of the number of lists that an item is in: large where a few hubs are in most lists",
        least=-inf,
        most=inf,
    ),
    FigureColumn(
        "popular",
        "popular",
        2,
        "how many times as popular as an item its neighbours are, the geometric mean",
        most=inf,
    ),
    FigureColumn(
        "stable",
        "stable",
        3,
        "share of neighbours that are the same with another seed; empty for one seed",
    ),
    FigureColumn(
        "width_used",
        "width used",
        1,
        "directions that the vectors use, of those they have: exp of the entropy of the variance"
        " along each",
        most=inf,
    ),
    FigureColumn(
        "mean_cosine",
        "",
        3,
        "mean cosine of two items, vectors not centred and without biases",
        least=-1.0,
    ),
    FigureColumn(
        "length_popularity",
        "",
        3,
        "correlation of a vector's length with the log of its item's users",
        least=-1.0,
    ),
    FigureColumn("years", "", 1, "mean distance in years of an item and its neighbours", most=inf),
    FigureColumn(
        "genre_probe",
        "",
        3,
        "AUC of ridge classifiers for genres from vectors of items, out of fold, mean over genres",
    ),
    FigureColumn(
        "gender_probe", "", 3, "the same for gender from vectors of users, where both are known"
    ),
)
NAMES = tuple(column.name for column in COLUMNS)
ON_PAGE = tuple(column for column in COLUMNS if column.title)
