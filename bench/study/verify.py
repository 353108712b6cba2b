"""Compute a study again from the ledgers that it was made of."""

import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import zip_longest
from math import isclose
from pathlib import Path

from bench.errors import Problem
from bench.records.folder import Results
from bench.study.boards import StudyBoard, boards
from bench.study.page import html, markdown
from bench.study.paragraph import Paragraph, Table, Value
from bench.study.write import FIGURES, PAGE, SITE, MetricStudy, paragraphs_of

TOLERANCE = 1e-9  # of a figure computed again, perhaps on another machine


class StudyDiffers(Problem):
    """Something in a study that its ledgers do not give."""


def holds_study(folder: Path) -> bool:
    """Whether a study stands there."""
    return (folder / FIGURES).exists()


def verify_study(folder: Path) -> str:
    """Check study.json against its ledgers and the pages against study.json; what was checked.

    What needs a data set that is not at hand is not computed again, and that is said.

    Raises:
        StudyDiffers: the first figure, sentence or page that is not what it should be.
    """
    kept = MetricStudy.read(folder / FIGURES)
    at_hand = list(_boards(kept, folder))
    again = paragraphs_of(at_hand, folder)
    figures = skipped = 0
    for ours, theirs in zip(kept.paragraphs, again, strict=True):
        left_out = 0
        computed = {table.name: table for table in theirs.tables}
        for table in ours.tables:
            other = computed.get(table.name)
            if table.needs_data and (other is None or not other.needs_data):
                left_out += 1
            else:
                figures += _check_table(folder, ours, table, other)
        if not left_out:
            _check_text(folder, ours, theirs)
        skipped += left_out
    _check_pages(kept, folder)
    many = f"{len(at_hand)} board{'s' if len(at_hand) > 1 else ''}"
    said = f"{folder}: a study of {many}; {figures} figures computed again, all equal"
    if skipped:
        said += f"; {skipped} tables need data that are not at hand"
    return said


def _boards(kept: MetricStudy, folder: Path) -> Iterator[StudyBoard]:
    """The boards that it was made of; without their data where it was made without."""
    found = iter(boards([Results(folder / source.path) for source in kept.sources], kept.without))
    for source in kept.sources:
        for with_data in source.with_data:
            board = next(found, None)
            if board is None:
                raise StudyDiffers(f"{folder / source.path} has fewer boards than the study")
            yield board if with_data else replace(board, measured=None)


def _check_text(folder: Path, kept: Paragraph, again: Paragraph) -> None:
    """Compare each sentence and note."""
    for old, new in zip_longest(
        (*kept.sentences, *kept.notes), (*again.sentences, *again.notes), fillvalue="nothing"
    ):
        if old != new:
            raise StudyDiffers(f"{folder}: {kept.name} says {old!r}, computed again {new!r}")


def _check_table(folder: Path, paragraph: Paragraph, table: Table, other: Table | None) -> int:
    """Compare each value; how many there are."""
    where = f"{folder / FIGURES}: {paragraph.name}, {table.name}"
    if other is None or table.columns != other.columns or len(table.rows) != len(other.rows):
        raise StudyDiffers(f"{where}: other rows or columns than its ledgers give")
    for row, computed in zip(table.rows, other.rows, strict=True):
        for column, value, new in zip(table.columns, row, computed, strict=True):
            if not _same(value, new):
                raise StudyDiffers(
                    f"{where}: {column} of {row[0]} is {value}, computed again {new}"
                )
    return len(table.rows) * len(table.columns)


def _same(value: Value, other: Value) -> bool:
    if isinstance(value, int | float) and isinstance(other, int | float):
        return isclose(value, other, abs_tol=TOLERANCE)
    return value == other


def _check_pages(kept: MetricStudy, folder: Path) -> None:
    """The pages have the figures of study.json. Pictures depend on the version of Vega."""
    page = (folder / PAGE).read_text(encoding="utf-8") if (folder / PAGE).exists() else ""
    drawn = re.findall(r"^## (F\d).*(?:\n(?!#).*)*?\n!\[", page, flags=re.MULTILINE)
    site = (folder / SITE).read_text(encoding="utf-8") if (folder / SITE).exists() else ""
    again = {
        PAGE: (page, markdown(kept.about, kept.paragraphs, drawn)),
        SITE: (_text(site), _text(html(kept.about, kept.paragraphs, dict.fromkeys(drawn, "")))),
    }
    for name, (written, computed) in again.items():
        if written != computed:
            raise StudyDiffers(f"{folder / name} is not what {FIGURES} gives; see `bench study`")


def _text(page: str) -> str:
    return re.sub(r"<svg.*?</svg>", "", page, flags=re.DOTALL)
