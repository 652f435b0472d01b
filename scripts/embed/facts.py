"""Dated facts that we write by hand in ``src/tropism/data/facts``: checked here, never generated."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from embed import Built
from tropism.series import Provenance

FACTS = Path(__file__).parents[2] / "src" / "tropism" / "data" / "facts"
READ_ON = {
    "organisations": "2026-11-23",
    "memberships": "2026-11-23",
    "sanctions": "2026-11-23",
    "timeline": "2026-11-23",
    "trade_estimates": "2026-11-25",
    "cases": "2026-11-25",
}
TABLES = tuple(READ_ON)


def build() -> list[Built]:
    """Read the hand-written files; the schema check refuses a row without address, date or quote."""
    built = []
    for name in TABLES:
        table = pd.read_csv(FACTS / f"{name}.csv", keep_default_na=False, na_values=[""], dtype=str)
        for column in table.columns[table.columns.str.contains("date$|accessed$")]:
            table[column] = pd.to_datetime(table[column], format="%Y-%m-%d").dt.date
        built.append(
            Built(
                name=name,
                table=table,
                file=f"facts/{name}.csv",
                provenance=Provenance(
                    source="dated facts written by the tropism developers, one source per row",
                    licence="MIT; the quoted phrases belong to the pages they cite",
                    as_of=READ_ON[name],
                    version="1",
                ),
                notes=(
                    "Each page was read as a stored copy on the day in `accessed`; the address may answer "
                    "differently today.",
                ),
            )
        )
    return built
