"""Tables as files that people hand us: what is no table is refused with its name, the rest read as text.

A CSV is read as text throughout: the check that follows can then name the row and the value that do not
fit, which a reader that guesses types cannot. `numbers`, `whole_numbers` and `dates` are that check for
files of providers, `without_repeats` the one for rows that come twice.
"""

from __future__ import annotations

import contextlib
import csv
import hashlib
import logging
import shutil
import struct
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from tropism.errors import SchemaError

if TYPE_CHECKING:
    import pandas as pd

log = logging.getLogger(__name__)

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
#: A header stands in the first so many bytes, however long the preamble.
_START = 1 << 16
#: Stata begins with a tag since version 13; before, with the number of its format, the order of bytes and 1.
_STATA = (b"<stata_dta>", *(bytes((number, order, 1)) for number in (113, 114, 115) for order in (1, 2)))


@dataclass(frozen=True)
class Part:
    """A file as the provider gives it: lying by itself, or packed in a zip archive."""

    path: Path
    member: str = ""

    def __str__(self) -> str:
        return f"{self.path}: {self.member}" if self.member else str(self.path)

    @property
    def name(self) -> str:
        """Name of the file, without folders."""
        return (self.member or str(self.path)).replace("\\", "/").rsplit("/", 1)[-1]

    @contextlib.contextmanager
    def open(self) -> Iterator[IO[bytes]]:
        """The file's bytes.

        Raises
        ------
        SchemaError
            If it cannot be read, or its archive is damaged.
        """
        try:
            with contextlib.ExitStack() as stack:
                if self.member:
                    archive = stack.enter_context(zipfile.ZipFile(self.path))
                    yield stack.enter_context(archive.open(self.member))
                else:
                    yield stack.enter_context(self.path.open("rb"))
        except (zipfile.BadZipFile, zlib.error, EOFError) as fault:
            raise SchemaError(f"{self}: the zip archive is damaged ({fault}). Get the file again.") from None
        except OSError as fault:
            raise _unreadable(self, fault) from None

    def start(self) -> bytes:
        """The first 64 KB."""
        with self.open() as file:
            return file.read(_START)


def sha256_of(path: Path) -> str:
    """Hash of a file's content, read piece by piece."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def parts(files: Sequence[Path]) -> list[Part]:
    """Every file, those in zip archives each by itself.

    Raises
    ------
    SchemaError
        If a file cannot be read, or an archive is damaged or cut off.
    """
    found: list[Part] = []
    for path in files:
        if Part(path).start()[:4] != b"PK\x03\x04":
            found.append(Part(path))
            continue
        try:
            with zipfile.ZipFile(path) as archive:
                names = [each.filename for each in archive.infolist() if not each.is_dir()]
        except zipfile.BadZipFile:
            raise SchemaError(f"{path}: is a zip archive, cut off or damaged. Get the file again.") from None
        # An Excel workbook is a zip archive too, and no folder of tables.
        workbook = "[Content_Types].xml" in names
        names = [name for name in names if not name.startswith("__MACOSX/")]
        found += [Part(path)] if workbook else [Part(path, name) for name in names]
    return found


def tell_apart(
    files: Sequence[Path], layouts: Mapping[str, Sequence[str]], *, what: str
) -> dict[str, list[Part]]:
    """Which files have which layout, by what is in them and whatever their names.

    Parameters
    ----------
    files : sequence of Path
        Archives are looked into; what lies in one and has no layout (a read-me) is passed over.
    layouts : mapping of str to sequence of str
        For each layout columns that no other has. A file in which most of them stand has the layout: if
        one has been renamed since, `read_data` says which.
    what : str
        The data set, for the message.

    Returns
    -------
    dict of str to list of Part
        Every layout, perhaps with no file.

    Raises
    ------
    SchemaError
        If a file has none of the layouts, or there is none at all.
    """
    found: dict[str, list[Part]] = {layout: [] for layout in layouts}
    for part in parts(files):
        lines = _cells(part)
        share = {
            layout: max((sum(name in line for name in marks) / len(marks) for line in lines), default=0.0)
            for layout, marks in layouts.items()
        }
        best = max(share, key=lambda layout: share[layout])
        if share[best] >= 0.5:
            found[best].append(part)
        elif not part.member:
            _refuse_no_table(part, part.start())
            known = "; or ".join(", ".join(marks) for marks in layouts.values())
            raise SchemaError(
                f"{part}: is no file of {what}: no line of its beginning names the columns {known}. Get the "
                "file again, or give another."
            )
    if not any(found.values()):
        raise SchemaError(f"{', '.join(map(str, files))}: holds no file of {what}. Give another.")
    return found


def _cells(part: Part) -> list[set[str]]:
    """What stands in each line of the beginning of a text file, or the columns of a binary one."""
    start = part.start()
    if start.startswith(b"PAR1") or start.startswith(_STATA):
        return [set(_binary(part, columns=()).column_names)]
    if b"\0" in start or start.lstrip()[:1] == b"<":
        return []
    text = start.removeprefix(b"\xef\xbb\xbf").decode("latin-1")
    lines = text.splitlines()
    return [
        {cell.strip() for cell in next(csv.reader([line], delimiter=delimiter), [])}
        for line in lines[:50]
        for delimiter in _DELIMITERS
        if delimiter in line
    ]


def read_table_file(path: Path) -> pa.Table:
    """Read a ``.csv`` (UTF-8, commas) or ``.parquet`` file.

    Raises
    ------
    SchemaError
        If the file cannot be read as such a table; says what it seems to be.
    """
    readers: dict[str, Callable[[Path], pa.Table]] = {".csv": read_csv, ".parquet": _read_parquet}
    if path.suffix.lower() not in readers:
        raise SchemaError(f"{path}: the name ends in neither .csv nor .parquet. Give a file of either kind.")
    table = readers[path.suffix.lower()](path)
    if not table.num_rows:
        raise SchemaError(f"{path}: holds a header but no rows. Give a file with data.")
    return table


def read_data(
    file: Path | Part,
    *,
    columns: Sequence[str],
    optional: Sequence[str] = (),
    delimiters: str = ",",
    nulls: Sequence[str] = ("",),
    encodings: Sequence[str] = ("utf-8",),
    preamble: bool = False,
) -> pa.Table:
    """Read a provider's file, be it CSV, Parquet or Stata; a CSV as `read_csv`, the others with their types.

    Raises
    ------
    SchemaError
        As `read_csv`; or if the file holds no rows.
    """
    part = file if isinstance(file, Part) else Part(file)
    start = part.start()
    if start.startswith(b"PAR1") or start.startswith(_STATA):
        table = _binary(part, columns, optional)
    else:
        table = read_csv(
            part,
            columns=columns,
            optional=optional,
            delimiters=delimiters,
            nulls=nulls,
            encodings=encodings,
            preamble=preamble,
        )
    if not table.num_rows:
        raise _no_rows(part)
    return table


def read_csv(
    file: Path | Part,
    *,
    columns: Sequence[str] = (),
    optional: Sequence[str] = (),
    delimiters: str = ",",
    nulls: Sequence[str] = ("",),
    encodings: Sequence[str] = ("utf-8",),
    preamble: bool = False,
) -> pa.Table:
    """Read a CSV file, every column as text.

    Parameters
    ----------
    file : Path or Part
    columns, optional : sequence of str
        Read these only: ``columns`` must be there, ``optional`` may be; empty reads all.
    delimiters : str
        Characters that may separate columns; the header decides.
    nulls : sequence of str
        What stands for a missing value.
    encodings : sequence of str
        Tried in this order: ``"utf-8"``, with or without a byte-order mark, and ``"latin-1"``.
    preamble : bool
        Lines of text may stand before the header, which is the first line that names all ``columns``.

    Raises
    ------
    SchemaError
        If the file is empty, a web page, binary, in another encoding, has another delimiter, lacks a
        column, or breaks off in the middle of a row.
    """
    part = file if isinstance(file, Part) else Part(file)
    header = _header(part, delimiters, columns if preamble else (), encodings)
    if absent := [column for column in columns if column not in header.names]:
        raise _lacks(part, absent[0], header.names)
    wanted = [*columns, *(column for column in optional if column in header.names)] or header.names
    try:
        return _read_text(part, header, wanted if columns else None, nulls, "utf-8")
    except pa.ArrowInvalid as fault:
        problem = _problem(fault)
        if "UTF8" not in problem and "UTF-8" not in problem:
            raise _broken(part, problem, header.delimiter) from None
        if "latin-1" not in encodings:
            raise SchemaError(f"{part}: is not in UTF-8 ({problem}). Save it as CSV in UTF-8.") from None
    try:
        return _read_text(part, header, wanted if columns else None, nulls, "latin-1")
    except pa.ArrowInvalid as fault:
        raise _broken(part, _problem(fault), header.delimiter) from None


@contextlib.contextmanager
def _on_disk(part: Part) -> Iterator[Path]:
    """The file by itself; one in an archive is unpacked for the while."""
    if not part.member:
        yield part.path
        return
    with tempfile.TemporaryDirectory(prefix="tropism-") as folder:
        path = Path(folder) / "part"
        with part.open() as packed, path.open("wb") as unpacked:
            shutil.copyfileobj(packed, unpacked, 1 << 20)
        yield path


def read_text(part: Part) -> str:
    """A small text file that is no table from its first line on: UTF-8, else Latin-1.

    Raises
    ------
    SchemaError
        If the file is empty, a web page or binary.
    """
    _refuse_no_table(part, part.start())
    with part.open() as file:
        content = file.read()
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("latin-1")


@dataclass(frozen=True)
class _Header:
    """Where the rows of a CSV file begin: ``offset`` bytes of preamble stand before the header."""

    names: list[str]
    delimiter: str
    offset: int


def _read_text(
    part: Part, header: _Header, wanted: list[str] | None, nulls: Sequence[str], encoding: str
) -> pa.Table:
    from pyarrow import csv as arrow_csv

    return arrow_csv.read_csv(
        _native(part, header.offset, encoding),
        parse_options=arrow_csv.ParseOptions(delimiter=header.delimiter, newlines_in_values=True),
        convert_options=arrow_csv.ConvertOptions(
            column_types=dict.fromkeys(wanted or header.names, pa.string()),
            include_columns=wanted,
            null_values=list(nulls),
            strings_can_be_null=True,
            quoted_strings_can_be_null=True,
        ),
    )


def _native(part: Part, offset: int, encoding: str) -> str | pa.BufferReader:
    """What pyarrow reads by itself, without calling back into Python from its threads."""
    if not (part.member or offset or encoding != "utf-8"):
        return str(part.path)
    with part.open() as file:
        file.read(offset)
        content = file.read()
    return pa.BufferReader(content if encoding == "utf-8" else content.decode(encoding).encode())


def _problem(fault: pa.ArrowInvalid) -> str:
    return str(fault).splitlines()[0].removeprefix("CSV parse error: ")


def _broken(part: Part, problem: str, delimiter: str) -> SchemaError:
    return SchemaError(
        f"{part}: is not a whole CSV table ({problem}). It may be cut off, or a value holds an unquoted "
        f"{_DELIMITERS[delimiter][:-1]}: get the file again or mend the row."
    )


def read_batches(
    part: Part, types: Mapping[str, pa.DataType], *, nulls: Sequence[str] = ("",)
) -> Iterator[pa.RecordBatch]:
    """A CSV file too large for one piece, a few hundred thousand rows at a time.

    Parameters
    ----------
    part : Part
    types : mapping of str to pyarrow.DataType
        The columns to read, with the types that their values must have.
    nulls : sequence of str
        What stands for a missing value.

    Raises
    ------
    SchemaError
        As `read_csv`; or if the file holds no rows, or a value does not fit its type.
    """
    from pyarrow import csv as arrow_csv

    header = _header(part, ",", (), ("utf-8",))
    if absent := [column for column in types if column not in header.names]:
        raise _lacks(part, absent[0], header.names)
    try:
        with _on_disk(part) as path:
            batches = arrow_csv.open_csv(
                path,
                # One thread keeps row numbers in the messages, and few blocks in memory.
                read_options=arrow_csv.ReadOptions(use_threads=False, block_size=1 << 23),
                convert_options=arrow_csv.ConvertOptions(
                    column_types=types,
                    include_columns=list(types),
                    null_values=list(nulls),
                    strings_can_be_null=True,
                ),
            )
            rows = 0
            for batch in batches:
                rows += batch.num_rows
                yield batch
        if not rows:
            raise _no_rows(part)
    except pa.ArrowInvalid as fault:
        problem = _problem(fault)
        if "conversion error" in problem:
            raise SchemaError(
                f"{part}: holds a value that does not fit ({problem}). Mend the row, or get the file again."
            ) from None
        raise _broken(part, problem, ",") from None


def _header(part: Part, delimiters: str, sought: Sequence[str], encodings: Sequence[str]) -> _Header:
    """Column names, delimiter and place of the header, after refusing what is no CSV file.

    ``sought`` are the columns that tell the header from the preamble before it.
    """
    start = part.start()
    _refuse_no_table(part, start)
    lines = start.splitlines(keepends=True)
    if sought:
        number = _line_of_header(lines, sought)
        if number is None:
            raise SchemaError(
                f"{part}: no line of its beginning names the columns {', '.join(sought)}: the header is "
                "missing, or the layout has changed. Get the file again, and leave its first lines alone."
            )
        offset = sum(map(len, lines[:number]))
    else:
        number = next(i for i, line in enumerate(lines) if line.strip(b"\r\n\xef\xbb\xbf"))
        offset = 0
    try:
        line = lines[number].removeprefix(b"\xef\xbb\xbf").rstrip(b"\r\n").decode("utf-8")
    except UnicodeDecodeError:
        if "latin-1" not in encodings:
            raise SchemaError(f"{part}: the header is not in UTF-8. Save it as CSV in UTF-8.") from None
        line = lines[number].rstrip(b"\r\n").decode("latin-1")
    delimiter = max(_DELIMITERS, key=line.count)
    if line.count(delimiter) and delimiter not in delimiters:
        raise SchemaError(
            f"{part}: columns are separated by {_DELIMITERS[delimiter]}; expected "
            f"{' or '.join(_DELIMITERS[each] for each in delimiters)}. Save it again with those."
        )
    delimiter = delimiter if delimiter in delimiters else delimiters[0]
    return _Header(next(csv.reader([line], delimiter=delimiter)), delimiter, offset)


def _line_of_header(lines: Sequence[bytes], sought: Sequence[str]) -> int | None:
    """Which line names the most of the columns; None if none names half of them."""
    named = [
        max(
            len(set(sought) & set(next(csv.reader([text], delimiter=delimiter), [])))
            for delimiter in _DELIMITERS
        )
        for text in (
            line.removeprefix(b"\xef\xbb\xbf").rstrip(b"\r\n").decode("latin-1") for line in lines[:50]
        )
    ]
    best = max(range(len(named)), key=lambda i: named[i])
    return best if named[best] * 2 >= len(sought) else None


def _refuse_no_table(part: Part, start: bytes) -> None:
    text = start.removeprefix(b"\xef\xbb\xbf")
    if not text.strip():
        raise SchemaError(f"{part}: is empty. Get the file again.")
    for magic, kind in _NO_TABLE.items():
        if start.startswith(magic):
            raise SchemaError(f"{part}: is no CSV file but {kind}.")
    if b"\0" in text:
        raise SchemaError(f"{part}: is a binary file, not CSV text. Save it as CSV in UTF-8.")
    if text.lstrip()[:1] == b"<":
        raise SchemaError(
            f"{part}: is a web page, not a table: most likely an error or log-in page that came in its "
            "place. Open the address in a browser and save the file itself."
        )


# ------------------------------------------------------------------------------------------ what is in them


def numbers(
    table: pa.Table, column: str, *, file: Path | Part | str = "the file", needed: bool = False
) -> pa.ChunkedArray:
    """A column as numbers (float64); empty cells stay null, unless a value is needed.

    A column ``row`` of the table, if there is one, says which rows of the file these are, counted from 0.

    Raises
    ------
    SchemaError
        If a value is no number, or missing where one is needed; names the row.
    """
    return _converted(table, column, file, "a number", needed, lambda values: values.cast(pa.float64()))


def whole_numbers(
    table: pa.Table, column: str, *, file: Path | Part | str = "the file", needed: bool = False
) -> pa.ChunkedArray:
    """A column as whole numbers (int64), also where they are written ``2.0``; otherwise as `numbers`.

    Raises
    ------
    SchemaError
        If a value is no whole number, or missing where one is needed; names the row.
    """

    def convert(values: pa.ChunkedArray) -> pa.ChunkedArray:
        # By way of floats: casting "2.0" straight to a whole number is refused.
        return values.cast(pa.float64()).cast(pa.int64())

    return _converted(table, column, file, "a whole number", needed, convert)


def dates(
    table: pa.Table, column: str, *, file: Path | Part | str = "the file", needed: bool = False
) -> pa.ChunkedArray:
    """A column as ISO dates, of which a time of day is cut off; otherwise as `numbers`.

    Raises
    ------
    SchemaError
        If a value is no date, or missing where one is needed; names the row.
    """

    def convert(values: pa.ChunkedArray) -> pa.ChunkedArray:
        if pa.types.is_date(values.type) or pa.types.is_timestamp(values.type):
            return values.cast(pa.date32())
        return pc.utf8_slice_codeunits(values, 0, 10).cast(pa.date32())

    return _converted(table, column, file, "an ISO date", needed, convert)


def _converted(
    table: pa.Table,
    column: str,
    file: Path | Part | str,
    expected: str,
    needed: bool,
    convert: Callable[[pa.ChunkedArray], pa.ChunkedArray],
) -> pa.ChunkedArray:
    values = table[column]

    def row(place: int) -> int:
        return int(table["row"][place].as_py() if "row" in table.column_names else place) + 1

    if needed and values.null_count:
        empty = row(pc.index(pc.is_null(values), True).as_py())
        raise SchemaError(
            f"{file}: has no {column} in row {empty}: it may be cut off. Fill it in, or get the file again."
        )
    try:
        return convert(values)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        place = next((i for i in range(len(values)) if not _converts(convert, values.slice(i, 1))), None)
        where = "" if place is None else f" {values[place].as_py()!r} in row {row(place)}"
        raise SchemaError(
            f"{file}: holds {column}{where}; expected {expected}. Mend the row, or get the file again."
        ) from None


def _converts(convert: Callable[[pa.ChunkedArray], pa.ChunkedArray], value: pa.ChunkedArray) -> bool:
    try:
        convert(value)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        return False
    return True


def without_repeats(frame: pd.DataFrame, keys: Sequence[str], *, what: str) -> pd.DataFrame:
    """Drop rows that repeat another altogether, and say how many; refuse rows that contradict another.

    Parameters
    ----------
    frame : DataFrame
        Its index counts the rows of the file from 0.
    keys : sequence of str
        What tells a row from others.
    what : str
        Where the rows come from and what they are, for the messages: ``"unga: votes"``.

    Raises
    ------
    SchemaError
        If two rows have the same key and different values; names both.
    """
    kept = frame.drop_duplicates()
    if len(kept) < len(frame):
        log.warning("%s: %d rows left out that repeat another", what, len(frame) - len(kept))
    twice = kept[kept.duplicated(list(keys), keep=False)]
    if len(twice):
        first = twice[list(keys)].iloc[0]
        same = twice[(twice[list(keys)] == first.to_numpy()).all(axis=1)]
        key = ", ".join(f"{name} {value}" for name, value in first.items())
        raise SchemaError(
            f"{what}: rows {same.index[0] + 1} and {same.index[1] + 1} contradict each other about {key}; "
            f"{len(twice)} rows in all contradict another. Keep one of each."
        )
    return kept


def within(frame: pd.DataFrame, years: tuple[int, int] | None, column: str = "year") -> pd.DataFrame:
    """The rows of the years asked for, both ends included; all of them for None."""
    return frame if years is None else frame[frame[column].between(*years)]


# ------------------------------------------------------------------------------------------ binary files


def _binary(part: Part, columns: Sequence[str], optional: Sequence[str] = ()) -> pa.Table:
    """A Parquet or Stata file, with the types it has; all columns if none is named."""
    with part.open() as file:
        content = file.read()
    if content.startswith(b"PAR1"):
        try:
            table = parquet(content)
        except pa.ArrowInvalid as fault:
            raise _no_parquet(part, fault) from None
    else:
        table = _stata(part, content)
    if absent := [column for column in columns if column not in table.column_names]:
        raise _lacks(part, absent[0], table.column_names)
    wanted = [*columns, *(column for column in optional if column in table.column_names)]
    return table.select(wanted or table.column_names)


def _stata(part: Part, content: bytes) -> pa.Table:
    import io

    import pandas as pd

    try:
        frame = pd.read_stata(io.BytesIO(content), convert_categoricals=False)
    except (ValueError, EOFError, struct.error, UnicodeDecodeError) as fault:
        raise SchemaError(f"{part}: is not a whole Stata file ({fault}). Get the file again.") from None
    # Stata has no missing text: an empty string stands for it.
    texts = frame.select_dtypes(include=["object", "str"]).columns
    frame[texts] = frame[texts].replace("", None)
    return pa.Table.from_pandas(frame, preserve_index=False)


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
        raise _no_parquet(path, fault) from None
    except OSError as fault:
        raise _unreadable(path, fault) from None


def _no_parquet(file: Path | Part, fault: pa.ArrowInvalid) -> SchemaError:
    return SchemaError(
        f"{file}: is not a whole Parquet file ({str(fault).splitlines()[0]}). Get or write it again."
    )


def _lacks(part: Part, column: str, names: Sequence[str]) -> SchemaError:
    return SchemaError(
        f"{part}: lacks the column {column}; it has {', '.join(names[:30])}. The layout has changed."
    )


def _no_rows(part: Part) -> SchemaError:
    return SchemaError(f"{part}: holds a header but no rows: it may be cut off. Get the file again.")


def _unreadable(file: Path | Part, fault: OSError) -> SchemaError:
    return SchemaError(f"{file}: cannot be read ({fault.strerror or fault}). Check the path.")
