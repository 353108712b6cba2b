"""The place of what kept models learned from: once for each split, beside their folders."""

from pathlib import Path

from bench.hashing import key_of

PREFIX = "data-"  # of its folders


def data_folder(models: Path, data_sha256: str, split_sha256: str) -> Path:
    """Where that of a split stands, below the folder of all kept models."""
    return models / f"{PREFIX}{key_of({'data': data_sha256, 'split': split_sha256})}"
