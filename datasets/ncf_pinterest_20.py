"""The split of Pinterest that the authors of Neural Collaborative Filtering published."""

from pathlib import Path

from bench.interactions import DataSet

from .shared.ncf import CITATION as NCF_CITATION
from .shared.ncf import SOURCE, NcfFiles, load_split

TITLE = "Pinterest, the NCF authors' split"
DESCRIPTION = "1,500,809 pins by 55,187 users, with the test items and 99 negatives of He et al."
LICENCE = "none is stated for the pins, which Geng et al. collected for research"
CITATION = (
    f"{NCF_CITATION}; the pins: Xue Geng, Hanwang Zhang, Jingwen Bian and Tat-Seng Chua. 2015. "
    "Learning Image and User Features for Recommendation in Social Networks. ICCV '15, 4274-4282"
)
# The authors publish no checksums, and we could not confirm any: counts are compared instead.
SHA256: dict[str, str] = {}
COUNTS = {"users": 55_187, "items": 9916, "interactions": 1_500_809}  # train and test together
__all__ = ["CITATION", "COUNTS", "DESCRIPTION", "LICENCE", "SHA256", "SOURCE", "TITLE", "load"]

FILES = NcfFiles(
    title=TITLE,
    stem="pinterest-20",
    train_lines=1_445_622,
    notice=f"{TITLE} ({SOURCE})\nTerms: {LICENCE}\nPlease cite: {CITATION}",
    may_lack_times=True,  # the authors' README: "timestamp (if have)"
)


def load(data_dir: Path | None = None) -> DataSet:
    """The train rows in the authors' order, then the test rows; and their split as published.

    The ids are the authors' own (0..55186 and 0..9915). Where the files have no fourth column, all
    times are 0: the order within a user is then that of the files. There are no features.

    Args:
        data_dir: the folder with the three files pinterest-20.train.rating,
            pinterest-20.test.rating and pinterest-20.test.negative, or one that holds them in a
            folder ncf. None: from the cache, or the authors' repository.

    Raises:
        DataUnavailable: a file is not there.
        BadData: a line cannot be used, or the files contradict each other.
    """
    return load_split(data_dir, FILES, COUNTS)
