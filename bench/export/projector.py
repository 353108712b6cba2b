"""Files for TensorBoard's projector, which shows a cloud of vectors in the browser."""

from bench.export.exported import Exported
from bench.export.text_fields import encoded, field, fields
from bench.export.word2vec import decimals

TENSOR, METADATA = "tensor.tsv", "metadata.tsv"
COLUMNS = ("id", "title", "year", "genres", "users")


def projector(given: Exported) -> dict[str, bytes]:
    """tensor.tsv with a vector a line, and metadata.tsv with what is known of it.

    Of items it has id, title, year, genres and users (in train) under a line of names; of users
    the id alone, and no such line, as the projector wants it of a single column.

    Raises:
        CannotExport: an id is empty, or has a tab or a line end.
    """
    lines = fields(given, "projector")
    known = given.catalogue
    if known is not None:
        columns = (
            lines,
            map(field, known.titles),
            ("" if year is None else str(year) for year in known.years),
            (field("|".join(genres)) for genres in known.genres),
            map(str, known.users.tolist()),
        )
        lines = ["\t".join(cells) for cells in (COLUMNS, *zip(*columns, strict=True))]
    return {TENSOR: encoded(decimals(given, "\t")), METADATA: encoded(lines)}
