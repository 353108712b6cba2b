"""The files of a board of embeddings: the table has all of it, the page is made of that."""

from collections.abc import Sequence
from pathlib import Path

from bench.embeddings.page import markdown
from bench.embeddings.rows import EmbeddingsSection, comma_separated
from bench.records.files import write_whole
from bench.records.folder import Results


def write_embeddings(board: Sequence[EmbeddingsSection], into: Results) -> list[Path]:
    """Write both files into a folder, which is made; the page comes first."""
    into.path.mkdir(parents=True, exist_ok=True)
    files = {
        into.embeddings_page: markdown(board),
        into.embeddings_table: comma_separated(board),
    }
    for path, text in files.items():
        write_whole(path, text.encode())
    return list(files)
