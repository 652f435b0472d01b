"""The data dictionary (``columns.csv``, ``tables.csv``) and the check of a table against it.

A column name means the same thing in every table. Each has one row in ``columns.csv``; ``tables.csv``
says which columns make a table and which of them are its key.
"""

from __future__ import annotations

import contextlib
import csv
import difflib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tropism.errors import SchemaError

if TYPE_CHECKING:
    import pandas as pd

#: Types as written in ``columns.csv``. Codes of few values travel as dictionaries.
TYPES: dict[str, pa.DataType] = {
    "code": pa.dictionary(pa.int16(), pa.string()),
    "text": pa.string(),
    "year": pa.int16(),
    "date": pa.date32(),
    "count": pa.int16(),
    "integer": pa.int32(),
    "number": pa.float32(),
    "flag": pa.bool_(),
}


#: Rows that are hashed at once.
_AT_ONCE = 1 << 19


@dataclass(frozen=True)
class Column:
    """One row of the data dictionary."""

    name: str
    type: str
    unit: str
    minimum: float | None
    maximum: float | None
    allowed: tuple[str, ...]
    nullable: bool
    meaning: str


@dataclass(frozen=True)
class TableSchema:
    """The columns of a table; ``keys`` identify a row.

    ``fetch`` and ``by_hand`` name the source that provides it: one that programs may fetch, one whose files a
    person gets.
    """

    name: str
    keys: tuple[str, ...]
    columns: tuple[Column, ...]
    meaning: str
    fetch: str = ""
    by_hand: str = ""

    @property
    def command(self) -> str:
        """The command that brings it: from a source if one provides it."""
        if self.fetch:
            return f"tropism data fetch {self.fetch}"
        return f"tropism data add {self.by_hand} FILE" if self.by_hand else self.command_of_own

    @property
    def command_of_own(self) -> str:
        """The command that brings it from a file of one's own."""
        return f"tropism data add {self.name} FILE --source WHERE --as-of DATE"

    @property
    def names(self) -> tuple[str, ...]:
        """Column names, keys first."""
        return tuple(column.name for column in self.columns)


def _rows(file: str) -> list[dict[str, str]]:
    text = resources.files("tropism.tables").joinpath(file).read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines()))


@cache
def columns() -> dict[str, Column]:
    """The data dictionary: every column of every table, by name."""
    return {
        row["column"]: Column(
            name=row["column"],
            type=row["type"],
            unit=row["unit"],
            minimum=float(row["minimum"]) if row["minimum"] else None,
            maximum=float(row["maximum"]) if row["maximum"] else None,
            allowed=tuple(row["allowed"].split()),
            nullable=row["nullable"] == "yes",
            meaning=row["meaning"],
        )
        for row in _rows("columns.csv")
    }


@cache
def schemas() -> dict[str, TableSchema]:
    """Every table that the package knows, by name."""
    return {
        row["table"]: TableSchema(
            name=row["table"],
            keys=tuple(row["keys"].split()),
            columns=tuple(columns()[name] for name in (row["keys"] + " " + row["columns"]).split()),
            meaning=row["meaning"],
            fetch=row["fetch"] or "",
            by_hand=row["by_hand"] or "",
        )
        for row in _rows("tables.csv")
    }


def schema(name: str) -> TableSchema:
    """The schema of one table; an unknown name suggests the nearest.

    Raises
    ------
    SchemaError
        If the package knows no such table.
    """
    if name not in schemas():
        near = difflib.get_close_matches(name, schemas(), n=3, cutoff=0.4)
        hint = f" Did you mean {' or '.join(near)}?" if near else ""
        raise SchemaError(f"table {name!r} is not known.{hint} `tropism data list` shows all tables.")
    return schemas()[name]


def check(name: str, data: pa.Table | pd.DataFrame, *, strict: bool = True) -> pa.Table:
    """Check a table against its schema and return it as Arrow, in schema order and types.

    Parameters
    ----------
    name : str
        The table, for instance ``"un_vote_counts"``.
    data : pyarrow.Table or pandas.DataFrame
        Rows are counted from 1 in messages.
    strict : bool
        Refuse columns that the table does not have; otherwise they are dropped.

    Raises
    ------
    SchemaError
        At the first fault: a missing or unknown column, a value of the wrong type, a null or a value out
        of bounds, a repeated key. Names table, column and row, and says what to do.
    """
    table = schema(name)
    repeated = [column for column, times in Counter(map(str, _names(data))).items() if times > 1]
    if repeated:
        raise SchemaError(f"{name}: the column {repeated[0]} stands in it more than once. Keep one.")
    data = data if isinstance(data, pa.Table) else _arrow(data)
    absent = [column for column in table.names if column not in data.column_names]
    unknown = [column for column in data.column_names if column not in table.names]
    if absent or (unknown and strict):
        problem = f"lacks the column {absent[0]}" if absent else f"has the unknown column {unknown[0]}"
        near = difflib.get_close_matches(absent[0], unknown, n=1, cutoff=0.5) if absent else []
        hint = f" Perhaps {near[0]} is meant: rename it." if near else ""
        raise SchemaError(f"{name}: {problem}; expected {', '.join(table.names)}.{hint}")
    checked = pa.table(
        {
            column.name: _checked_column(name, column, data[column.name], table.keys)
            for column in table.columns
        }
    )
    _refuse_repeated_keys(name, table.keys, checked)
    return checked


def _names(data: pa.Table | pd.DataFrame) -> Sequence[object]:
    return data.column_names if isinstance(data, pa.Table) else list(data.columns)


def _arrow(frame: pd.DataFrame) -> pa.Table:
    try:
        return pa.Table.from_pandas(frame, preserve_index=False)
    except (pa.ArrowInvalid, pa.ArrowTypeError):
        # A column of mixed Python types: taken as text, so that the check can name the row.
        mixed = [column for column in frame if frame[column].dtype == "object"]
        return pa.Table.from_pandas(frame.astype(dict.fromkeys(mixed, "string")), preserve_index=False)


def _checked_column(
    table: str, column: Column, values: pa.ChunkedArray, keys: Sequence[str]
) -> pa.ChunkedArray:
    cast = _cast(table, column, values)
    # The plain values: dictionaries are decoded, so that bounds and nulls read the same for all types.
    plain = cast.cast(pa.string()) if column.type == "code" else cast
    if cast.null_count and (column.name in keys or not column.nullable):
        raise SchemaError(
            f"{table}: {column.name} is empty in row {_first(pc.is_null(plain))}, and it must not be. "
            "Fill it in or drop the row."
        )
    faults = []
    if column.minimum is not None:
        faults.append((pc.less(plain, column.minimum), f"at least {column.minimum:g}"))
    if column.maximum is not None:
        faults.append((pc.greater(plain, column.maximum), f"at most {column.maximum:g}"))
    if column.allowed:
        outside = pc.invert(pc.is_in(plain, value_set=pa.array(column.allowed)))
        faults.append((pc.and_(outside, pc.is_valid(plain)), f"one of {', '.join(column.allowed)}"))
    if column.type == "number":
        faults.append((pc.invert(pc.is_finite(plain)), "a finite number"))
    for fault, expected in faults:
        if pc.any(fault).as_py():
            row = _first(fault)
            raise SchemaError(
                f"{table}: {column.name} is {plain[row - 1].as_py()!r} in row {row}; expected {expected}."
            )
    return cast


def _cast(table: str, column: Column, values: pa.ChunkedArray) -> pa.ChunkedArray:
    target = TYPES[column.type]
    if values.type == target:
        return values.unify_dictionaries() if column.type == "code" else values
    try:
        if column.type == "code":
            return values.cast(pa.string()).dictionary_encode().cast(target)
        if pa.types.is_integer(target) and values.type in (pa.string(), pa.large_string()):
            # "3.0" is how a spreadsheet or data frame writes a whole number beside empty cells.
            with contextlib.suppress(pa.ArrowInvalid):
                values = values.cast(pa.float64())
        # Floats beyond float32's 7 digits are rounded, not refused: safe casts guard integers only.
        return values.cast(target, safe=column.type != "number")
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        row = next((i for i, value in enumerate(values, 1) if not _castable(value, target)), None)
        if row is None:
            raise SchemaError(
                f"{table}: {column.name} holds too many different codes; a code column has at most 32,767."
            ) from None
        raise SchemaError(
            f"{table}: {column.name} is {values[row - 1].as_py()!r} in row {row}; expected {column.type}"
            f"{f' in {column.unit}' if column.unit else ''} ({column.meaning})"
        ) from None


def _castable(value: pa.Scalar, target: pa.DataType) -> bool:
    try:
        value.cast(target)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        return False
    return True


def _refuse_repeated_keys(name: str, keys: Sequence[str], data: pa.Table) -> None:
    keyed = data.select(keys)
    # Grouping takes 200 bytes a row, and tables may have tens of millions: only rows are grouped whose key
    # has the hash of another's.
    hashes = _hashes(keyed)
    ordered = np.sort(hashes)
    alike = ordered[1:][ordered[1:] == ordered[:-1]]
    if not alike.size:
        return
    rows = np.flatnonzero(np.isin(hashes, alike))
    numbered = keyed.take(rows).append_column("_row", pa.array(rows + 1))
    counted = numbered.group_by(keys).aggregate([("_row", "count"), ("_row", "min"), ("_row", "max")])
    repeated = counted.filter(pc.greater(counted["_row_count"], 1)).sort_by("_row_min")
    if repeated.num_rows:
        first = repeated.slice(0, 1).to_pylist()[0]
        key = ", ".join(str(first[column]) for column in keys)
        raise SchemaError(
            f"{name}: {repeated.num_rows} keys ({', '.join(keys)}) are repeated; first {key}, rows "
            f"{first['_row_min']} and {first['_row_max']}. Keep one row of each."
        )


def _hashes(data: pa.Table) -> np.ndarray:
    """A number for each row, equal where rows are; shape (rows,)."""
    import pandas as pd

    hashes = np.empty(data.num_rows, dtype=np.uint64)
    for start in range(0, data.num_rows, _AT_ONCE):
        piece = data.slice(start, _AT_ONCE).to_pandas()
        hashes[start : start + len(piece)] = pd.util.hash_pandas_object(piece, index=False)
    return hashes


def _first(fault: pa.ChunkedArray) -> int:
    """Row, counted from 1, of the first true."""
    return pc.index(fault, True).as_py() + 1
