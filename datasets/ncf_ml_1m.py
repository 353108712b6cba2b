"""The split of MovieLens 1M that the authors of Neural Collaborative Filtering published."""

from pathlib import Path

from bench.interactions import DataSet

from .shared.movielens import LICENCE
from .shared.ncf import CITATION, SOURCE, NcfFiles, load_split

TITLE = "MovieLens 1M, the NCF authors' split"
DESCRIPTION = "MovieLens 1M with the test items and 99 negatives each that He et al. published"
# The authors publish no checksums. Those of their two test files are of copies that are theirs,
# byte for byte; of the train file only the beginning of its git blob's id is known.
SHA256 = {
    "ml-1m.test.rating": "231ae11eb060b643a8c58c063cd17ffc743b54f569afb073d1abb6cf126b88b5",
    "ml-1m.test.negative": "127853228a76b7d21c0481e8ef8d00dd009cd5c88670dbdd9e9debfdb9f93de4",
}
GIT_BLOBS = {"ml-1m.train.rating": "31ba384f"}
COUNTS = {"users": 6040, "items": 3706, "interactions": 1_000_209}  # train and test together
__all__ = ["CITATION", "COUNTS", "DESCRIPTION", "LICENCE", "SHA256", "SOURCE", "TITLE", "load"]

FILES = NcfFiles(
    title=TITLE,
    stem="ml-1m",
    train_lines=994_169,
    notice=f"{TITLE} ({SOURCE})\nTerms of the ratings: {LICENCE}\nPlease cite: {CITATION}",
    sha256=SHA256,
    git_blobs=GIT_BLOBS,
)


def load(data_dir: Path | None = None) -> DataSet:
    """The train rows in the authors' order, then the test rows; and their split as published.

    The ids are the authors' own (0..6039 and 0..3705), which are not GroupLens'. 156 users have
    their test item among their own negatives; that is left as published, and the protocol counts no
    item as its own rival. There are no features.

    Args:
        data_dir: the folder with the three files ml-1m.train.rating, ml-1m.test.rating and
            ml-1m.test.negative, or one that holds them in a folder ncf. None: from the cache, or
            the authors' repository.

    Raises:
        DataUnavailable: a file is not there.
        BadData: a line cannot be used, or the files contradict each other.
    """
    return load_split(data_dir, FILES, COUNTS)
