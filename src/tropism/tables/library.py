"""Which tables there are, and the best copy of each: stored before embedded."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyarrow as pa

from tropism.errors import DataNotPresentError
from tropism.series import Provenance
from tropism.tables import embedded, schema
from tropism.tables.store import Store

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class TableInfo:
    """What is known of a table: ``place`` is ``"store"``, ``"embedded"`` or ``"absent"``."""

    name: str
    meaning: str
    place: str
    rows: int | None
    provenance: Provenance | None
    notes: tuple[str, ...] = ()


def list_tables() -> list[TableInfo]:
    """Every table that the package knows, with the copy that `load_table` would give."""
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
    return TableInfo(name, meaning, "absent", None, None)


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
    raise DataNotPresentError(
        f"table {name} is not on this machine: {info.meaning} Get it with `tropism data fetch {name}`, or "
        f"bring a file of your own with `tropism data add {name} FILE`."
    )


def load_table(name: str) -> pd.DataFrame:
    """Load the best copy of a table: the one in your store, else the embedded one.

    Parameters
    ----------
    name : str
        As in `list_tables`, for instance ``"mineral_trade"``.

    Returns
    -------
    pandas.DataFrame
        Tidy, keys first; ``.attrs["provenance"]`` says where it came from. What each column means
        stands in the data dictionary.

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
    >>> round(coal[coal.hs6.between(270000, 279999)].trade_thousand_usd.sum() / 1000, 1)
    77.1
    """
    frame = read_table(name).to_pandas()
    frame.attrs["provenance"] = table_info(name).provenance
    return frame
