"""The report's page, from its sections."""

from collections.abc import Sequence
from pathlib import Path

from bench.embeddings.columns import ON_PAGE
from bench.embeddings.page import ABOUT, TITLES, cells, measured_rows, remarks
from bench.embeddings.rows import EmbeddingsSection
from bench.leaderboard import published
from bench.leaderboard.marks import MARKS, signs
from bench.report import figures
from bench.report.drawn import drawn_charts
from bench.report.offline import offline_page
from bench.report.view import SectionView
from bench.statistics.user_figures import DEFAULT as EXACT
from bench.text import compact, one_line

PAGE = Path(__file__).with_name("page.html.jinja")
SCRIPT = Path(__file__).with_name("page.js")

MEANINGS = {
    "tier": "tier 1: the best model and all that are not told apart from it; tier 2 the same among "
    "the rest, and so on",
    "main": "NDCG@10 among the test item and 99 negatives, averaged exactly over all draws of the "
    "negatives; the bar is its 95 % interval",
    "beside": "share of test users whose held-out item, a cold one, is among the first 50 of all "
    "items that the user never touched",
    "cold_share": "share of the places in the top-10 lists of all items that cold items take",
    "hr": "share of test users whose held-out item is among the first 10 of it and 99 sampled "
    "negatives",
    "full": "the held-out item among all items that the user never touched",
}


def page(
    sections: Sequence[SectionView],
    embeddings: Sequence[EmbeddingsSection] = (),
    pictures: Sequence[str] = (),
) -> str:
    """The whole page, with figures of kept vectors, and pictures as SVG, where there are any."""
    return offline_page(
        PAGE,
        SCRIPT,
        {"charts": drawn_charts(), "sections": [section.data for section in sections]},
        sections=sections,
        pictures=pictures,
        vectors=[_vectors(each) for each in embeddings],
        about_vectors=ABOUT,
        meanings_of_vectors={column.title: column.meaning for column in ON_PAGE},
        meanings=MEANINGS,
        main=figures.MAIN,
        accuracies=figures.ACCURACIES,
        costs=figures.COSTS,
        share=figures.share,
        seconds=figures.seconds,
        milliseconds=figures.milliseconds,
        megabytes=figures.megabytes,
        cells=published.cells,
        exact=EXACT,
        signs=signs,
        marks=MARKS,
        compact=compact,
        one_line=one_line,
    )


def _vectors(section: EmbeddingsSection) -> dict[str, object]:
    """A section of a board of embeddings as the template shows it."""
    return {
        "title": f"{section.dataset}, {section.protocol}",
        "titles": TITLES,
        "rows": [cells(row) for row in measured_rows(section)],
        "remarks": remarks(section),
    }
