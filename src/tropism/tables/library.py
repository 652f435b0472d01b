"""Which tables there are, and the best copy of each: stored before embedded."""

from __future__ import annotations

import datetime
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from tropism.errors import DataNotPresentError, SchemaError
from tropism.series import Provenance
from tropism.tables import embedded, schema
from tropism.tables.files import read_table_file
from tropism.tables.store import Store, Vintage

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class TableInfo:
    """What is known of a table: ``place`` is ``"store"``, ``"embedded"`` or ``"absent"``.

    ``how_to_get`` says, for an absent table, which command brings it.
    """

    name: str
    meaning: str
    place: str
    rows: int | None
    provenance: Provenance | None
    notes: tuple[str, ...] = ()
    how_to_get: str = ""


def list_tables() -> list[TableInfo]:
    """List every table that the package knows, with the copy that `load_table` would give.

    Returns
    -------
    list of TableInfo
        In the order of the data dictionary.

    Examples
    --------
    >>> from tropism import list_tables
    >>> [table.place for table in list_tables() if table.name == "mineral_trade"]
    ['embedded']
    """
    return [table_info(name) for name in schema.schemas()]


def table_info(name: str) -> TableInfo:
    """Where the best copy of a table is, and where it came from.

    Raises
    ------
    SchemaError
        If the package knows no such table.
    """
    meaning = schema.schema(name).meaning
    store = Store()
    if name in store:
        vintage = store.vintages(name)[-1]
        return TableInfo(name, meaning, "store", vintage.rows, vintage.provenance)
    if entry := embedded.manifest().get(name):
        return TableInfo(name, meaning, "embedded", entry.rows, entry.provenance, entry.notes)
    source = schema.schema(name).fetch
    add = f"a file of your own with `tropism data add {name} FILE --source WHERE --as-of DATE`."
    how = f"Get it with `tropism data fetch {source}`, or bring {add}" if source else f"Bring {add}"
    return TableInfo(name, meaning, "absent", None, None, how_to_get=how)


def read_table(name: str) -> pa.Table:
    """The best copy of a table as Arrow: for other modules of the package.

    Raises
    ------
    DataNotPresentError
        If the table is neither in the store nor embedded; says how to get it.
    """
    info = table_info(name)
    if info.place == "store":
        return Store().read(name)
    if info.place == "embedded":
        return embedded.read(name)
    raise DataNotPresentError(f"table {name} is not on this machine: {info.meaning} {info.how_to_get}")


def load_table(name: str) -> pd.DataFrame:
    """Load the best copy of a table: the one in your store, else the embedded one.

    Parameters
    ----------
    name : str
        As in `list_tables`, for instance ``"mineral_trade"``.

    Returns
    -------
    pandas.DataFrame
        Tidy, keys first; ``.attrs["provenance"]``, a dictionary, says where it came from. What each column
        means stands in the data dictionary.

    Raises
    ------
    SchemaError
        If the package knows no such table.
    DataNotPresentError
        If it is neither in the store nor embedded.
    DamagedDataError
        If the file is not what was written.

    Examples
    --------
    >>> from tropism import load_table
    >>> trade = load_table("mineral_trade")
    >>> coal = trade.query("exporter == 'RUS' and importer == 'PAK' and year == 2020")
    >>> f"{coal[coal.hs6.between(270000, 279999)].trade_thousand_usd.sum() / 1000:.1f} million USD"
    '77.1 million USD'
    """
    frame = read_table(name).to_pandas()
    if provenance := table_info(name).provenance:
        # As plain values: pandas writes attrs into a Parquet file as JSON.
        frame.attrs["provenance"] = asdict(provenance)
    return frame


def add_table(
    name: str, file: str | os.PathLike[str], *, source: str, licence: str = "unstated", as_of: str
) -> Vintage:
    """Check a file of your own and keep it in your store; `load_table` then gives it first.

    Parameters
    ----------
    name : str
        The table whose layout the file has, as in `list_tables`.
    file : path
        ``.csv`` (UTF-8, commas, empty for missing) or ``.parquet``.
    source, licence : str
        Where the file came from and on what terms: carried into every result that uses it.
    as_of : str
        Date up to which the data run, ISO: ``"2024-06-30"``.

    Returns
    -------
    Vintage

    Raises
    ------
    SchemaError
        If the file is no such table, or does not fit the table's description; names column and row.
    StoreError
        If the store cannot be written.

    Examples
    --------
    >>> from tropism import add_table
    >>> add_table("un_votes", "my_votes.csv", source="my coding", as_of="2024-06-30")  # doctest: +SKIP
    """
    schema.schema(name)
    _refuse_unsourced(name, source, as_of)
    return Store().write(name, read_table_file(Path(file)), Provenance(source.strip(), licence, as_of))


def _refuse_unsourced(name: str, source: str, as_of: str) -> None:
    if not source.strip():
        raise SchemaError(f"{name}: the source is empty. Say where the file came from.")
    try:
        plain = datetime.date.fromisoformat(as_of).isoformat() == as_of
    except ValueError:
        plain = False
    if not plain:
        raise SchemaError(f"{name}: as-of is {as_of!r}; expected an ISO date, for instance 2024-06-30.")
