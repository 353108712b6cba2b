"""A delimited text file as a table: read by pyarrow, and again by lines where it is at fault."""

import contextlib
import csv
import io
import re
from collections.abc import Iterator, Mapping
from typing import Any

from bench.data.csv_dialect import has_header, sniffed_separator
from bench.data.delimited import BYTE_ORDER_MARK, UNENDED, BadData
from bench.data.plain import PlainFile
from bench.data.table import MISSING, SAMPLE_ROWS, Batch, NeedsExactReading, Table, Wanted
from bench.text import first_line, one_line, quoted

BLOCK = 1 << 22  # bytes that pyarrow reads and parses at a time; no row may be longer
LOOKED_AT = 1 << 18  # bytes of which separator and header are told
BLANK = (b"\n\n", b"\n\r\n")
LINE = re.compile(rb"[^\r\n]\r?\n")  # the end of one that is not blank
SAID = {"\t": "tab", " ": "space", ",": "comma", ";": "semicolon"}


class CsvTable(Table):
    """Raises BadData where there is nothing in the file, or a header of which two are alike."""

    def __init__(
        self,
        plain: PlainFile,
        name: str,
        separator: str | None,
        named: Mapping[str, str],
        *,
        header: bool | None = None,
        quotes: bool = True,
    ) -> None:
        """Look at the first lines.

        Args:
            plain: the file.
            name: for messages.
            separator: None: told from the first lines.
            named: the roles' columns as the user gave them; they tell whether there is a header.
            header: whether there is one; None: told from the first lines.
            quotes: a field may stand in double quotes.
        """
        self.name, self._plain = name, plain
        text = self._start()
        self._quotes = quotes and not plain.translated
        self._separator = plain.separator or separator or sniffed_separator(text)
        rows = self._first_rows(text)
        told = has_header(rows, set(named.values()) - {""}) if header is None else header
        self.has_header, self.header_is_certain = bool(told), told is not None
        names = rows[0] if self.has_header else [str(k + 1) for k in range(len(rows[0]))]
        self.columns = tuple(name.strip() for name in names)
        said = SAID.get(separator or plain.said or self._separator, plain.said or self._separator)
        self.notes = (f"separated by {said}, {'with' if self.has_header else 'without'} a header",)
        for column in self.columns:
            if self.columns.count(column) > 1:
                raise BadData(f"{name}, line 1: two columns are called {quoted(column)}")

    def sample(self) -> Any:
        import pyarrow as pa

        rows = self._first_rows(self._start())[int(self.has_header) :]
        rows = [row for row in rows if len(row) == len(self.columns)][:SAMPLE_ROWS]
        missing = set(MISSING)
        return pa.table(
            {
                name: pa.array([None if row[k] in missing else row[k] for row in rows], pa.string())
                for k, name in enumerate(self.columns)
            }
        )

    def batches(self, wanted: Mapping[str, Wanted]) -> Iterator[Batch]:
        import pyarrow as pa
        from pyarrow import csv as arrow_csv

        types = {
            column: pa.float64() if kind == "number" and not self.exact else pa.string()
            for column, kind in wanted.items()
        }
        options = {
            "read_options": arrow_csv.ReadOptions(
                use_threads=False,
                block_size=BLOCK,
                column_names=list(self.columns),
                skip_rows=self._lines_of_header(),
            ),
            "parse_options": arrow_csv.ParseOptions(
                delimiter=self._separator,
                quote_char='"' if self._quotes else False,
                double_quote=self._quotes,
                newlines_in_values=self._quotes,
            ),
            "convert_options": arrow_csv.ConvertOptions(
                column_types=types,
                include_columns=list(wanted),
                null_values=list(MISSING),
                strings_can_be_null=True,
                quoted_strings_can_be_null=True,
            ),
        }
        first = 0
        try:
            with arrow_csv.open_csv(str(self._plain.path), **options) as reader:
                for rows in reader:
                    yield Batch(rows, self, first)
                    first += rows.num_rows
        except pa.ArrowInvalid as error:
            if not self.exact:
                raise NeedsExactReading from None
            raise BadData(self._fault(str(error))) from None
        if len(self.notes) > 1:
            return  # said by an earlier reading
        if not self._plain.ends_in_a_line_end():
            self.notes += (UNENDED,)
        inside = self._line_ends_in_quotes(first) if self._quotes else 0
        if inside:
            self.notes += (f"{inside:,} line ends within quotes are taken as parts of fields",)

    def place(self, row: int) -> str:
        """By reading the file again up to there."""
        wanted = row + self.has_header
        with self._plain.path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
            reader = self._reader(file)
            begins = 1
            for fields in reader:
                if fields:
                    if not wanted:
                        return f"{self.name}, line {begins}"
                    wanted -= 1
                begins = reader.line_num + 1
        return f"{self.name}, row {row + 1}"

    def _line_ends_in_quotes(self, rows: int) -> int:
        """How many more lines there are than rows, without blank ones; 0 without a quote.

        A quote that is never closed may take lines in, in a column that is not looked at.
        """
        lines, quotes, ends = 0, False, True
        with self._plain.path.open("rb") as file:
            while part := file.read(BLOCK):
                quotes = quotes or b'"' in part
                lines += part.count(b"\n")
                ends = part.endswith(b"\n")
        lines += not ends
        before = self._lines_of_header()
        if not quotes or lines <= rows + before:
            return 0
        lines, rest = -before, b""
        with self._plain.path.open("rb") as file:
            while part := file.read(BLOCK):
                end = part.rfind(b"\n") + 1
                text = rest + part[:end]
                # Blank lines are rare, and counting the others one by one is slow.
                if text.startswith((b"\n", b"\r\n")) or any(blank in text for blank in BLANK):
                    lines += len(LINE.findall(text))
                else:
                    lines += text.count(b"\n")
                rest = part[end:] if end else rest + part
        return max(lines + bool(rest.strip()) - rows, 0)

    def _lines_of_header(self) -> int:
        if not self.has_header:
            return 0
        with self._plain.path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
            reader = self._reader(file)
            for fields in reader:
                if fields:
                    break
            return int(reader.line_num)

    def _reader(self, lines: Any) -> Any:
        csv.field_size_limit(1 << 30)
        if self._quotes:
            return csv.reader(lines, delimiter=self._separator)
        return csv.reader(lines, delimiter=self._separator, quoting=csv.QUOTE_NONE)

    def _start(self) -> str:
        """The first lines. They are not kept: a folder may have thousands of parts."""
        start = self._plain.start(LOOKED_AT)
        if not start.strip():
            raise BadData(f"{self.name}: the file is empty")
        if len(start) == LOOKED_AT:
            start = start[: start.rfind(b"\n") + 1] or start
        return start.removeprefix(BYTE_ORDER_MARK).decode(errors="replace")

    def _first_rows(self, text: str) -> list[list[str]]:
        """Up to the first fault, which is found again when all is read."""
        rows = []
        with contextlib.suppress(csv.Error):
            rows += [row for row in self._reader(io.StringIO(text, newline="")) if row]
        if len(rows) > 1 and len(rows[-1]) < len(rows[0]):
            rows.pop()  # it may be cut where we stopped to look
        if not rows:
            raise BadData(f"{self.name}: the file is empty")
        return rows

    def _fault(self, message: str) -> str:
        """What pyarrow refuses, said with its line."""
        if "straddl" in message:
            return f"{self.name}: a row of more than {BLOCK:,} bytes; is a quote not closed?"
        with self._plain.path.open("rb") as file:
            for number, line in enumerate(file, start=1):
                try:
                    line.decode()
                except UnicodeDecodeError as error:
                    return (
                        f"{self.name}, line {number}: byte 0x{line[error.start]:02X} is not utf-8"
                        " text; --encoding names another, as latin-1"
                    )
        with self._plain.path.open(encoding="utf-8-sig", newline="") as file:
            reader = self._reader(file)
            begins = 1
            try:
                for fields in reader:
                    if fields and len(fields) != len(self.columns):
                        return (
                            f"{self.name}, line {begins}: expected {len(self.columns)} fields,"
                            f" found {len(fields)} in {quoted(self._separator.join(fields))}"
                        )
                    begins = reader.line_num + 1
            except csv.Error as error:
                return f"{self.name}, line {reader.line_num}: {error}"
        return f"{self.name}: {one_line(first_line(message))}"
