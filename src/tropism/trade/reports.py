"""Reports of trade as either side made them, from UN Comtrade and from the Correlates of War."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tropism.errors import SchemaError, UnknownStateError
from tropism.states import State, from_comtrade, from_cow

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd

#: The partner of a national total in tables made by `reports_from_cow`.
WORLD = "WLD"


def reports_from_comtrade(frame: pd.DataFrame, *, product: str = "TOTAL") -> pd.DataFrame:
    """Both reports from rows of UN Comtrade (final data, columns as its API returns them).

    Parameters
    ----------
    frame : DataFrame
        reporterCode, partnerCode, flowCode, refYear, freqCode, cmdCode, primaryValue; and, where there,
        partner2Code, motCode and customsCode, of which only the totals (0, 0, C00) are kept.
    product : str
        The ``cmdCode`` to keep.

    Returns
    -------
    DataFrame
        exporter, importer, year, reporter, trade_usd. Annual imports (M) and exports (X, re-exports
        included); re-export and re-import rows and partners that are no state or territory are left out.

    Raises
    ------
    SchemaError
        If a column is absent, or nothing is left.
    """
    import pandas as pd

    needed = ["reporterCode", "partnerCode", "flowCode", "refYear", "freqCode", "cmdCode", "primaryValue"]
    require_columns(frame, needed, "Comtrade rows", "Take final data with the names that the API returns.")
    keep = frame["flowCode"].isin(["M", "X"]) & (frame["freqCode"] == "A")
    keep &= frame["cmdCode"].astype(str) == product
    for column, total in (("partner2Code", "0"), ("motCode", "0"), ("customsCode", "C00")):
        if column in frame:
            keep &= frame[column].astype(str) == total
    rows = frame[keep]
    years = rows["refYear"].astype(int)
    reporter = _iso3(rows["reporterCode"].astype(int), years, from_comtrade)
    partner = _iso3(rows["partnerCode"].astype(int), years, from_comtrade)
    sells = rows["flowCode"] == "X"
    table = pd.DataFrame(
        {
            "exporter": reporter.where(sells, partner),
            "importer": partner.where(sells, reporter),
            "year": years,
            "reporter": np.where(sells, "exporter", "importer"),
            "trade_usd": rows["primaryValue"].astype(float),
        }
    )
    table = table.dropna(subset=["exporter", "importer"])
    table = table[table["exporter"] != table["importer"]].reset_index(drop=True)
    if table.empty:
        raise SchemaError(
            f"Comtrade rows: none is an annual import or export of {product} between two states. Ask for "
            "flowCode M,X, freqCode A and that cmdCode."
        )
    return table


def reports_from_cow(dyadic: pd.DataFrame, national: pd.DataFrame | None = None) -> pd.DataFrame:
    """Reports from the Correlates of War trade data, which hold the importers' alone.

    ``flow1`` and ``flow2`` are not two reports of one flow but the two directions: imports of ccode1 from
    ccode2, and of ccode2 from ccode1. Pairs cannot be mirrored from it. National totals can: what a state
    says it exports to all the world, against what all its partners record as imported from it.

    Parameters
    ----------
    dyadic : DataFrame
        ccode1, ccode2, year, flow1, flow2 in million current US dollars; missing is null or -9.
    national : DataFrame, optional
        ccode, year, exports in million current US dollars. With it, rows of partner ``"WLD"`` are added: the
        state's own report, and the sum of its partners'.

    Returns
    -------
    DataFrame
        exporter, importer, year, reporter, trade_usd.

    Raises
    ------
    SchemaError
        If a column is absent.

    Notes
    -----
    Partners without a record count as nothing in the sum, so that it can fall short. COW fills some missing
    imports from the exporter's report; the two sides are then not independent.

    References
    ----------
    Barbieri, Keshk and Pollins (2009), Trading Data: Evaluating Our Assumptions and Coding Rules, CMPS 26(5).
    """
    import pandas as pd

    require_columns(
        dyadic, ["ccode1", "ccode2", "year", "flow1", "flow2"], "COW dyads", "Take Dyadic_COW_4.0."
    )
    sides = [("ccode1", "ccode2", "flow1"), ("ccode2", "ccode1", "flow2")]
    table = pd.concat(
        [
            pd.DataFrame(
                {
                    "exporter": _iso3(dyadic[seller], dyadic["year"], from_cow),
                    "importer": _iso3(dyadic[buyer], dyadic["year"], from_cow),
                    "year": dyadic["year"].astype(int),
                    "reporter": "importer",
                    "trade_usd": dyadic[flow].astype(float) * 1e6,
                }
            )
            for buyer, seller, flow in sides
        ],
        ignore_index=True,
    )
    table = table[table["trade_usd"] >= 0].dropna()
    if national is None:
        return table.reset_index(drop=True)
    require_columns(national, ["ccode", "year", "exports"], "COW national trade", "Take National_COW_4.0.")
    own = pd.DataFrame(
        {
            "exporter": _iso3(national["ccode"], national["year"], from_cow),
            "year": national["year"].astype(int),
            "trade_usd": national["exports"].astype(float) * 1e6,
            "reporter": "exporter",
        }
    )
    partners = table.groupby(["exporter", "year"], as_index=False)["trade_usd"].sum()
    totals = pd.concat([own[own["trade_usd"] >= 0].dropna(), partners.assign(reporter="importer")])
    return pd.concat([table, totals.assign(importer=WORLD)], ignore_index=True)


def require_columns(frame: pd.DataFrame, columns: list[str], what: str, advice: str) -> None:
    """Raise if a column is absent: what the table is, and what to do about it."""
    absent = [column for column in columns if column not in frame.columns]
    if absent:
        raise SchemaError(
            f"{what}: lacks the column {absent[0]}; it has {', '.join(map(str, frame.columns))}. {advice}"
        )


def _iso3(codes: pd.Series, years: pd.Series, look_up: Callable[[int, int], State]) -> pd.Series:
    """ISO3 of every (code, year); null where no state or territory has the code."""
    import pandas as pd

    def find(code: int, year: int) -> str | None:
        try:
            return look_up(code, year).iso3
        except UnknownStateError:
            return None

    pairs = pd.MultiIndex.from_arrays([codes.astype(int), years.astype(int)])
    found = {pair: find(*pair) for pair in pairs.unique()}
    return pd.Series([found[pair] for pair in pairs], index=codes.index, dtype=object)
