"""Make a study and write it: study.json has every figure, the pages and pictures are made of it."""

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from bench.records.files import BadRecord, write_whole
from bench.records.folder import Results
from bench.study.audience import audience
from bench.study.boards import StudyBoard
from bench.study.page import PICTURES, html, markdown
from bench.study.paragraph import Paragraph, listed
from bench.study.pictures import pictures, standalone
from bench.study.refitted import refitted
from bench.study.saturation import saturation
from bench.study.seed_noise import seed_noise
from bench.study.separation import separation
from bench.study.ties import ties
from bench.study.universes import universes

FIGURES, PAGE, SITE = "study.json", "study.md", "study.html"
REFIT = "refit"  # folder of the models that were refitted, a results folder in that of the study


@dataclass(frozen=True)
class Source:
    """A results folder that a study was made of."""

    path: str  # from the folder of the study
    with_data: tuple[bool, ...]  # for each of its boards, whether the data were at hand


@dataclass(frozen=True)
class MetricStudy:
    """What study.json holds."""

    sources: tuple[Source, ...]
    without: tuple[str, ...]  # models that were left out
    about: tuple[str, ...]  # lines on what it was made of
    paragraphs: tuple[Paragraph, ...]

    def as_json(self) -> dict[str, Any]:
        """For study.json."""
        values = {**vars(self), "sources": [vars(source) for source in self.sources]}
        return {**values, "paragraphs": [each.as_json() for each in self.paragraphs]}

    @classmethod
    def read(cls, path: Path) -> Self:
        """From study.json.

        Raises:
            BadRecord: it is no such file.
        """
        try:
            values: Mapping[str, Any] = json.loads(path.read_text(encoding="utf-8"))
            return cls(
                sources=tuple(
                    Source(each["path"], tuple(each["with_data"])) for each in values["sources"]
                ),
                without=tuple(values["without"]),
                about=tuple(values["about"]),
                paragraphs=tuple(map(Paragraph.read, values["paragraphs"])),
            )
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise BadRecord(f"{path}: not a study: {error}") from error


def paragraphs_of(boards: Sequence[StudyBoard], output: Path) -> tuple[Paragraph, ...]:
    """The six paragraphs; the fifth with the models refitted in the folder of the study."""
    varied = universes(boards, [refitted(board, Results(output / REFIT)) for board in boards])
    return (
        *(separation(boards), saturation(boards), audience(boards), seed_noise(boards)),
        *(varied, ties(boards)),
    )


def study_of(boards: Sequence[StudyBoard], without: Sequence[str], output: Path) -> MetricStudy:
    """The study of some boards, which is to stand in a folder."""
    by_folder: dict[Path, list[bool]] = {}
    for board in boards:
        by_folder.setdefault(board.results.path, []).append(board.measured is not None)
    sources = tuple(
        Source(Path(os.path.relpath(path.resolve(), output.resolve())).as_posix(), tuple(with_data))
        for path, with_data in by_folder.items()
    )
    about = tuple(_about(board, without) for board in boards)
    return MetricStudy(sources, tuple(without), about, paragraphs_of(boards, output))


def write_study(study: MetricStudy, output: Path) -> list[Path]:
    """Write figures, pages and pictures; the files, the pages first."""
    output.mkdir(parents=True, exist_ok=True)
    drawn = pictures(study.paragraphs)
    files = {
        PAGE: markdown(study.about, study.paragraphs, list(drawn)),
        SITE: html(study.about, study.paragraphs, drawn),
        FIGURES: json.dumps(study.as_json(), indent=1, ensure_ascii=False) + "\n",
    }
    files |= {f"{PICTURES[name][0]}.svg": standalone(svg) for name, svg in drawn.items()}
    for name, text in files.items():
        write_whole(output / name, text.encode())
    return [output / name for name in files]


def _about(board: StudyBoard, without: Sequence[str]) -> str:
    seeds = [len(fits.ledgers) for fits in board.aligned.fits]
    many = f"{min(seeds)} to {max(seeds)}" if min(seeds) < max(seeds) else str(min(seeds))
    left = [name for name in without if name in {row.model for row in board.section.rows}]
    said = (
        f"{board.name}: {board.section.dataset}, {board.section.protocol}; {len(seeds)} models,"
        f" {many} {'seed' if many == '1' else 'seeds'}, {len(board.aligned):,} users"
    )
    if left:
        said += f"; without {listed(left)}"
    once = [fits.name for fits in board.aligned.fits if fits.one_fit]
    if once and len(once) < len(seeds):
        said += f"; one fit: {listed(once)}"
    return said
