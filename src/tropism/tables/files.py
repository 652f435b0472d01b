"""Tables as files that people hand us: what is no table is refused with its name, the rest read as text.

A CSV is read as text throughout: the check that follows can then name the row and the value that do not
fit, which a reader that guesses types cannot.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa

from tropism.errors import SchemaError

#: First bytes of what is most often mistaken for a CSV file.
_NO_TABLE = {
    b"PK\x03\x04": "a zip archive or an Excel workbook; unpack it, or save the sheet as CSV",
    b"\x1f\x8b": "compressed with gzip; unpack it",
    b"%PDF": "a PDF document; look for the table itself",
    b"PAR1": "a Parquet file; let its name end in .parquet",
    b"\xff\xfe": "in UTF-16; save it as CSV in UTF-8",
    b"\xfe\xff": "in UTF-16; save it as CSV in UTF-8",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook; save the sheet as CSV",
}
_DELIMITERS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "vertical bars"}


def read_table_file(path: Path) -> pa.Table:
    """Read a ``.csv`` (UTF-8, commas) or ``.parquet`` file.

    Raises
    ------
    SchemaError
        If the file cannot be read as such a table; says what it seems to be.
    """
    readers = {".csv": read_csv, ".parquet": _read_parquet}
    if path.suffix.lower() not in readers:
        raise SchemaError(f"{path}: the name ends in neither .csv nor .parquet. Give a file of either kind.")
    table = readers[path.suffix.lower()](path)
    if not table.num_rows:
        raise SchemaError(f"{path}: holds a header but no rows. Give a file with data.")
    return table


def read_csv(
    path: Path,
    *,
    columns: Sequence[str] = (),
    optional: Sequence[str] = (),
    delimiters: str = ",",
    nulls: Sequence[str] = ("",),
) -> pa.Table:
    """Read a CSV file, every column as text.

    Parameters
    ----------
    path : Path
    columns, optional : sequence of str
        Read these only: ``columns`` must be there, ``optional`` may be; empty reads all.
    delimiters : str
        Characters that may separate columns; the header decides.
    nulls : sequence of str
        What stands for a missing value.

    Raises
    ------
    SchemaError
        If the file is empty, a web page, binary, in another encoding, has another delimiter, lacks a
        column, or breaks off in the middle of a row.
    """
    from pyarrow import csv

    names, delimiter = _header(path, delimiters)
    if absent := [column for column in columns if column not in names]:
        raise SchemaError(
            f"{path}: lacks the column {absent[0]}; it has {', '.join(names[:30])}. The layout has changed."
        )
    wanted = [*columns, *(column for column in optional if column in names)] or names
    try:
        return csv.read_csv(
            path,
            parse_options=csv.ParseOptions(delimiter=delimiter, newlines_in_values=True),
            convert_options=csv.ConvertOptions(
                column_types=dict.fromkeys(wanted, pa.string()),
                include_columns=wanted if columns else None,
                null_values=list(nulls),
                strings_can_be_null=True,
                quoted_strings_can_be_null=True,
            ),
        )
    except pa.ArrowInvalid as fault:
        problem = str(fault).splitlines()[0].removeprefix("CSV parse error: ")
        if "UTF8" in problem or "UTF-8" in problem:
            raise SchemaError(f"{path}: is not in UTF-8 ({problem}). Save it as CSV in UTF-8.") from None
        raise SchemaError(
            f"{path}: is not a whole CSV table ({problem}). It may be cut off, or a value holds an unquoted "
            f"{_DELIMITERS[delimiter][:-1]}: get the file again or mend the row."
        ) from None
    except OSError as fault:
        raise _unreadable(path, fault) from None


def _header(path: Path, delimiters: str) -> tuple[list[str], str]:
    """Column names and delimiter, after refusing what is no CSV file."""
    import csv

    try:
        with path.open("rb") as file:
            start = file.read(1 << 16)
    except OSError as fault:
        raise _unreadable(path, fault) from None
    text = start.removeprefix(b"\xef\xbb\xbf")
    if not text.strip():
        raise SchemaError(f"{path}: is empty. Get the file again.")
    for magic, kind in _NO_TABLE.items():
        if start.startswith(magic):
            raise SchemaError(f"{path}: is no CSV file but {kind}.")
    if b"\0" in text:
        raise SchemaError(f"{path}: is a binary file, not CSV text. Save it as CSV in UTF-8.")
    if text.lstrip()[:1] == b"<":
        raise SchemaError(
            f"{path}: is a web page, not a table: most likely an error or log-in page that came in its "
            "place. Open the address in a browser and save the file itself."
        )
    try:
        line = text.lstrip(b"\r\n").splitlines()[0].decode("utf-8")
    except UnicodeDecodeError:
        raise SchemaError(f"{path}: the header is not in UTF-8. Save it as CSV in UTF-8.") from None
    delimiter = max(_DELIMITERS, key=line.count)
    if line.count(delimiter) and delimiter not in delimiters:
        raise SchemaError(
            f"{path}: columns are separated by {_DELIMITERS[delimiter]}; expected "
            f"{' or '.join(_DELIMITERS[each] for each in delimiters)}. Save it again with those."
        )
    delimiter = delimiter if delimiter in delimiters else delimiters[0]
    return next(csv.reader([line], delimiter=delimiter)), delimiter


def parquet(content: bytes) -> pa.Table:
    """Read a Parquet file that is already in memory.

    With one thread: a process that ends right after a threaded read may abort in pyarrow's own clean-up
    (seen with 21 to 24, up to 10 of 48 runs); it costs about 10 ms on the largest embedded table.
    """
    import pyarrow.parquet as pq

    return pq.ParquetFile(pa.BufferReader(content)).read(use_threads=False)


def _read_parquet(path: Path) -> pa.Table:
    import pyarrow.parquet as pq

    try:
        return pq.ParquetFile(path).read(use_threads=False)
    except pa.ArrowInvalid as fault:
        raise SchemaError(
            f"{path}: is not a whole Parquet file ({str(fault).splitlines()[0]}). Get or write it again."
        ) from None
    except OSError as fault:
        raise _unreadable(path, fault) from None


def _unreadable(path: Path, fault: OSError) -> SchemaError:
    return SchemaError(f"{path}: cannot be read ({fault.strerror or fault}). Check the path.")
