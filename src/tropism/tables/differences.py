"""What differs between two vintages of a table, row by row of the same key."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from tropism.tables import schema
from tropism.tables.store import Store, Vintage

if TYPE_CHECKING:
    import pandas as pd

KINDS = ("added", "removed", "changed")
#: Rows of each kind that are shown.
SHOWN = 5


@dataclass(frozen=True, eq=False)
class TableDiff:
    """Rows added, removed and changed from one vintage to another.

    Attributes
    ----------
    name : str
        The table.
    old, new : Vintage
    counts : DataFrame
        One row per year: year (0 where the table has none), added, removed, changed.
    first : dict
        For each kind the first rows, in order of the key: the key as a mapping, and of a changed row the
        columns that differ with their old and new values.
    """

    name: str
    old: Vintage
    new: Vintage
    counts: pd.DataFrame
    first: dict[str, tuple[tuple[dict[str, Any], dict[str, tuple[Any, Any]]], ...]]

    def total(self, kind: str) -> int:
        """Rows of one kind over all years."""
        return int(self.counts[kind].sum())

    @property
    def is_empty(self) -> bool:
        """Whether nothing differs."""
        return not any(map(self.total, KINDS))


def diff_table(name: str, old: str, new: str) -> TableDiff:
    """Compare two stored vintages of a table.

    Parameters
    ----------
    name : str
        A table of the store.
    old, new : str
        Start of a date or of a hash, as `Store.find` takes it: ``"2025-09"``.

    Returns
    -------
    TableDiff

    Raises
    ------
    DataNotPresentError
        If the table is not in the store, or a vintage cannot be told; names all there are.
    DamagedDataError
        If a file is not what was written.

    Examples
    --------
    >>> from tropism.tables import diff_table
    >>> diff_table("un_votes", "2025-09", "2026-02").total("changed")  # doctest: +SKIP
    14
    """
    store = Store()
    one, other = store.find(name, old), store.find(name, new)
    counts, first = _compare(name, store.read(name, one), store.read(name, other))
    return TableDiff(name, one, other, counts, first)


def _compare(name: str, old: pa.Table, new: pa.Table) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Counts by year, and the first rows of each kind."""
    import duckdb

    description = schema.schema(name)
    values = [column.name for column in description.columns if column.name not in description.keys]
    year = next((column.name for column in description.columns if column.type == "year"), None)
    same_key = " AND ".join(f'o."{key}" = n."{key}"' for key in description.keys)
    missing = [f'{side}."{description.keys[0]}" IS NULL' for side in "on"]
    differ = [f'o."{value}" IS DISTINCT FROM n."{value}"' for value in values]
    columns = [f'coalesce(o."{key}", n."{key}") AS "{key}"' for key in description.keys]
    columns += [f'o."{value}" AS "old {value}", n."{value}" AS "new {value}"' for value in values]
    with duckdb.connect() as connection:
        for side, table in (("before", old), ("after", new)):
            connection.register(side, _plain(table))
        connection.execute(
            f"""
            CREATE TABLE rows AS
            SELECT {", ".join(columns)},
                {f'coalesce(o."{year}", n."{year}")' if year else 0} AS "in year",
                CASE WHEN {missing[0]} THEN 'added' WHEN {missing[1]} THEN 'removed' ELSE 'changed' END
                AS kind
            FROM before o FULL OUTER JOIN after n ON {same_key}
            WHERE {" OR ".join(missing + differ)}
            """
        )
        sums = ", ".join(f"count(*) FILTER (kind = '{kind}') AS {kind}" for kind in KINDS)
        counts = connection.execute(f'SELECT "in year" AS year, {sums} FROM rows GROUP BY 1 ORDER BY 1').df()
        order = ", ".join(f'"{key}"' for key in description.keys)
        first = {
            kind: tuple(
                _told(row, description.keys, values if kind == "changed" else ())
                for row in connection.execute(
                    f"SELECT * FROM rows WHERE kind = '{kind}' ORDER BY {order} LIMIT {SHOWN}"
                )
                .to_arrow_table()
                .to_pylist()
            )
            for kind in KINDS
        }
    return counts, first


def _plain(table: pa.Table) -> pa.Table:
    """Codes as text: the two vintages number them differently."""
    for i, column in enumerate(table.schema):
        if pa.types.is_dictionary(column.type):
            table = table.set_column(i, column.name, table[column.name].cast(pa.string()))
    return table


def _told(
    row: dict[str, Any], keys: tuple[str, ...], values: list[str] | tuple[()]
) -> tuple[dict[str, Any], dict[str, tuple[Any, Any]]]:
    pairs = {value: (row[f"old {value}"], row[f"new {value}"]) for value in values}
    return {key: row[key] for key in keys}, {key: pair for key, pair in pairs.items() if pair[0] != pair[1]}
