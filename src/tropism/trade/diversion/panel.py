"""Flows by year as square matrices, and which states were alike before the sanctions."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from tropism.dyad_years import numbered
from tropism.errors import DataNotPresentError, IdentificationError
from tropism.series import Provenance
from tropism.states import find_state
from tropism.tables import read_table
from tropism.tables.library import table_info
from tropism.trade.coalition import coalition
from tropism.trade.flows import check_flows

if TYPE_CHECKING:
    import pandas as pd


class Panel:
    """Flows by year as square matrices without domestic sales; no row counts as nothing."""

    def __init__(self, flows: pd.DataFrame | pa.Table | None, value: str) -> None:
        import pandas as pd

        if flows is None:
            flows = read_table("mineral_trade")
        self.provenance: tuple[Provenance, ...] = ()
        self.own = not isinstance(flows, pa.Table)
        if isinstance(flows, pa.Table):
            info = table_info("mineral_trade").provenance
            self.provenance = () if info is None else (info,)
            sides = [numbered(flows[side]) for side in ("exporter", "importer")]
            year = flows["year"].to_numpy()
            worth = flows["trade_thousand_usd"].to_numpy().astype(np.float64) / 1000
        else:
            frame = check_flows(flows, value)
            frame = frame[frame["exporter"] != frame["importer"]]
            codes = [pd.factorize(frame[side]) for side in ("exporter", "importer")]
            sides = [(code, names.tolist()) for code, names in codes]
            year, worth = frame["year"].to_numpy(), frame[value].to_numpy()
        self.names = tuple(sorted({name for _, names in sides for name in names}))
        self.place = {name: i for i, name in enumerate(self.names)}
        at = [np.array([self.place[name] for name in names], dtype=np.int64)[code] for code, names in sides]
        self.years = sorted(pd.unique(year).tolist())
        n = len(self.names)
        cell = (np.searchsorted(self.years, year) * n + at[0]) * n + at[1]
        years = len(self.years)
        self._trade = np.bincount(cell, worth, minlength=years * n * n).reshape(years, n, n)
        self._trade[:, range(n), range(n)] = 0.0

    def find(self, name: str) -> int:
        """Place of a label, or of a state by name."""
        label = name if name in self.place else find_state(name).iso3
        if label not in self.place:
            raise DataNotPresentError(
                f"diversion: {label} does not trade in this table. Choose another state."
            )
        return self.place[label]

    def coalition(self, names: Sequence[str], year: int) -> tuple[str, ...]:
        """Labels as they are, organisations as their members at the end of a year."""
        day = date(year, 12, 31)
        return tuple(
            state for name in names for state in ((name,) if name in self.place else coalition([name], day))
        )

    def year(self, year: int) -> np.ndarray:
        """Flows of one year: shape (exporters, importers)."""
        if year not in self.years:
            raise DataNotPresentError(
                f"diversion: the table has no flows of {year}; it runs from {self.years[0]} to "
                f"{self.years[-1]}."
            )
        return self._trade[self.years.index(year)]


def find_alike(
    panel: Panel, buyer: int, seller: int, excluded: set[int], before: int, after: int
) -> list[int]:
    """States that did not join, the nearest in the seller's share and in all purchases before first."""
    recent = [panel.year(year) for year in range(before - 2, before + 1) if year in panel.years]
    bought = np.mean([matrix[seller] for matrix in recent], axis=0)
    spent = np.mean([matrix.sum(axis=0) for matrix in recent], axis=0)
    both = (panel.year(before)[seller] > 0) & (panel.year(after)[seller] > 0) & (bought > 0)
    able = [j for j in np.flatnonzero(both).tolist() if j not in excluded and j != buyer]
    if len(able) < 3:
        raise IdentificationError(
            f"diversion: only {len(able)} states that did not join bought from {panel.names[seller]} in both "
            "years; three are needed to compare with."
        )
    features = np.log(np.stack([bought / np.maximum(spent, 1e-300), spent], axis=1)[[buyer, *able]])
    scale = np.median(np.abs(features - np.median(features, axis=0)), axis=0)
    distance = np.linalg.norm((features[1:] - features[0]) / np.where(scale > 0, scale, 1.0), axis=1)
    return [int(able[k]) for k in np.argsort(distance, kind="stable")]
