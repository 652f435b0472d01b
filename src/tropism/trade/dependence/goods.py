"""The two kinds of goods: energy and minerals by product, inputs by industry, as flows of one form."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from tropism.tables import read_table

if TYPE_CHECKING:
    import pandas as pd

#: Names of what the two tables hold, as they stand in results.
MINERALS, INPUTS = "energy and minerals", "inputs"

#: First letters of the ICIO industries (ISIC Rev. 4 sections) and the broad sector they make.
SECTIONS = {
    "A": "agriculture",
    "B": "mining",
    "C": "manufacturing",
    "D": "energy, water and building",
    "E": "energy, water and building",
    "F": "energy, water and building",
}
SERVICES = "services"


def _flows(
    table: pa.Table, item: str, value: str, unit: float, words: dict[Any, tuple[str, str]]
) -> pd.DataFrame:
    """Flows between different economies: exporter, importer, year, item, group, million_usd.

    ``words`` has the name and the group of every product or industry.
    """
    sides = (table[name].cast(pa.string()) for name in ("exporter", "importer"))
    frame = table.filter(pc.not_equal(*sides)).to_pandas()
    code = frame[item].astype(object if isinstance(next(iter(words)), str) else "int64")
    frame["item"] = code.map({key: name for key, (name, _) in words.items()}).astype("category")
    frame["group"] = code.map({key: group for key, (_, group) in words.items()}).astype("category")
    frame["million_usd"] = frame[value].astype(float) * unit
    return frame[["exporter", "importer", "year", "item", "group", "million_usd"]]


def mineral_flows(table: pa.Table) -> pd.DataFrame:
    """Energy and minerals by product, from the table ``mineral_trade``; columns as `_flows`."""
    rows = read_table("mineral_products").to_pylist()
    words = {row["hs6"]: (row["product"], row["commodity"]) for row in rows}
    return _flows(table, "hs6", "trade_thousand_usd", 1e-3, words)


def input_flows(table: pa.Table) -> pd.DataFrame:
    """Intermediate goods and services by industry, from the table ``icio_flows``; columns as `_flows`."""
    rows = read_table("icio_sectors").to_pylist()
    words = {row["sector"]: (row["sector_name"], SECTIONS.get(row["sector"][0], SERVICES)) for row in rows}
    return _flows(table, "sector", "flow_million_usd", 1.0, words)
