"""Flows and costs as arrays, one panel for each year and sector: what the gravity gap is measured on."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from tropism.errors import IdentificationError, SchemaError
from tropism.tables import read_table
from tropism.trade.dependence.goods import SECTIONS, SERVICES
from tropism.trade.flows import check_flows, icio_matrix

if TYPE_CHECKING:
    import pandas as pd

#: Name of the sum over sectors.
ALL_SECTORS = "all"


@dataclass(frozen=True, eq=False)
class Panel:
    """Flows of one year and sector: trade and weight (n, n), costs (n, n, k)."""

    year: int
    sector: str
    countries: tuple[str, ...]
    names: tuple[str, ...]
    trade: np.ndarray
    weight: np.ndarray
    costs: np.ndarray
    notes: tuple[str, ...] = ()


def make_panels(
    flows: pd.DataFrame | None,
    costs: pd.DataFrame | None,
    value: str,
    sectors: bool,
    years: Iterable[int] | None,
) -> list[Panel]:
    """One panel for each year of the flows, or for each sector of the embedded input-output table.

    Parameters are those of `tropism.trade.gap.trade_gap`.

    Raises
    ------
    SchemaError
        If a table lacks a column, has a missing, negative or repeated entry, or no flow is left.
    IdentificationError
        If fewer than three countries are left in a year.
    """
    table = _geography() if costs is None else _check_costs(costs)
    if flows is None:
        return _embedded(table, sectors)
    rows = check_flows(flows, value)
    rows = rows[rows["exporter"] != rows["importer"]]
    if years is not None:
        rows = rows[rows["year"].isin(list(years))]
    if rows.empty:
        raise SchemaError("trade gap: no flow between two countries is left. Check years and labels.")
    return [
        _panel(year, ALL_SECTORS, rows[rows["year"] == year], value, table)
        for year in sorted(set(rows["year"].tolist()))
    ]


def _embedded(costs: pd.DataFrame, sectors: bool) -> list[Panel]:
    """Inputs among 80 economies, all sectors and, if asked for, each broad sector."""
    import pandas as pd

    codes = sorted(set(read_table("icio_flows")["sector"].to_pylist()))
    groups: dict[str, list[str] | None] = {ALL_SECTORS: None}
    for code in codes if sectors else ():
        groups.setdefault(SECTIONS.get(code[0], SERVICES), []).append(code)  # type: ignore[union-attr]
    panels = []
    for name, members in groups.items():
        matrix = icio_matrix(members)
        n = len(matrix.countries)
        i, j = np.nonzero(~np.eye(n, dtype=bool))
        labels = np.array(matrix.countries, dtype=object)
        long = pd.DataFrame({"exporter": labels[i], "importer": labels[j], "flow": matrix.values[i, j]})
        panels.append(_panel(matrix.year, name, long, "flow", costs))
    return panels


def _geography() -> pd.DataFrame:
    """Embedded costs, both directions."""
    import pandas as pd

    table = read_table("geography").to_pandas().astype({"iso3_a": str, "iso3_b": str})
    sides = [
        table.rename(columns={"iso3_a": one, "iso3_b": other})
        for one, other in (("exporter", "importer"), ("importer", "exporter"))
    ]
    both = pd.concat(sides, ignore_index=True)
    # Two capitals within a kilometre would be one city: the logarithm stops there.
    both["log_distance"] = np.log(both.pop("distance_km").astype(float).clip(lower=1.0))
    return both.astype({"shares_border": float, "shares_language": float})


def _check_costs(costs: pd.DataFrame) -> pd.DataFrame:
    absent = [column for column in ("exporter", "importer") if column not in costs.columns]
    names = [column for column in costs.columns if column not in ("exporter", "importer")]
    if absent or not names:
        raise SchemaError(
            f"costs: the table has the columns {', '.join(map(str, costs.columns))}. Give exporter, importer "
            "and one column for each cost, such as log_distance."
        )
    text = [name for name in names if costs[name].dtype.kind not in "biuf"]
    if text:
        raise SchemaError(f"costs: {text[0]} is no number. Leave the column out or write it as a number.")
    repeated = costs.duplicated(["exporter", "importer"])
    if repeated.any():
        row = costs[repeated].iloc[0]
        raise SchemaError(
            f"costs: {int(repeated.sum())} rows repeat a pair; first {row['exporter']} to {row['importer']}. "
            "Keep one of each."
        )
    return costs.astype({"exporter": str, "importer": str, **dict.fromkeys(names, float)})


def _panel(year: int, sector: str, flows: pd.DataFrame, value: str, costs: pd.DataFrame) -> Panel:
    """Arrays of one year: pairs without costs and countries with too few flows are left out."""
    names = tuple(column for column in costs.columns if column not in ("exporter", "importer"))
    rows = flows[["exporter", "importer", value]].merge(costs, on=["exporter", "importer"], how="left")
    known = rows[list(names)].notna().all(axis=1)
    notes = []
    if not known.all():
        row = rows[~known].iloc[0]
        notes.append(
            f"{int((~known).sum())} flows of {year} ({sector}) have no costs and are left out; first "
            f"{row['exporter']} to {row['importer']}."
        )
    rows = rows[known]
    while True:
        # Without exports (or imports) an effect is minus infinity, and a single flow it fits by itself;
        # leaving one country out may strand another.
        stays = set(rows["exporter"])
        for side in ("exporter", "importer"):
            by_country = rows.groupby(side)[value].agg(["size", "sum"])
            stays &= set(by_country.index[(by_country["size"] > 1) & (by_country["sum"] > 0)])
        kept = rows[rows["exporter"].isin(stays) & rows["importer"].isin(stays)]
        if len(kept) == len(rows):
            break
        gone = sorted((set(rows["exporter"]) | set(rows["importer"])) - stays)
        notes.append(f"With hardly any exports or imports in {year} ({sector}), left out: {', '.join(gone)}.")
        rows = kept
    countries = tuple(sorted(set(rows["exporter"])))
    if len(countries) < 3:
        raise IdentificationError(
            f"trade gap: {year} ({sector}) has {len(countries)} countries with exports, imports and costs; "
            "effects of exporters and importers leave nothing to predict. Give more countries."
        )
    place = {label: i for i, label in enumerate(countries)}
    at = tuple(rows[side].map(place).to_numpy(dtype=np.int64) for side in ("exporter", "importer"))
    n = len(countries)
    trade, weight, matrix = np.zeros((n, n)), np.zeros((n, n)), np.zeros((n, n, len(names)))
    trade[at], weight[at] = rows[value].to_numpy(dtype=float), 1.0
    matrix[at] = rows[list(names)].to_numpy(dtype=float)
    return Panel(year, sector, countries, names, trade, weight, matrix, tuple(notes))
