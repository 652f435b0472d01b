"""Total trade: how much of all a state buys and sells is with a pole, and the dollars behind it.

As in `tropism.trade.shares`, an absent row is "no record", never zero.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tropism.dyad_years import DyadYears, number, require, share
from tropism.series import Series
from tropism.trade.reports import WORLD

#: A share of less recorded trade than this is missing: one shipment would decide it.
MIN_TOTAL_THOUSAND_USD = 10_000.0
#: Thousand US dollars in one unit of each column that a table may hold.
_UNITS = {"trade_thousand_usd": 1.0, "trade_million_usd": 1e3, "trade_usd": 1e-3}

_NO_RECORD = (
    "No row means no record, never zero: a year without a record between the two, either way, is missing."
)


def flows(table: pa.Table) -> pa.Table:
    """Trade between economies in thousand US dollars.

    Parameters
    ----------
    table : pyarrow.Table
        ``cow_trade``, ``product_trade`` (a row for each product) or ``trade_reports`` (of two reports of one
        flow the importer's is taken: customs record what comes in with more care).

    Returns
    -------
    pyarrow.Table
        exporter, importer, year, trade_thousand_usd: rows of one flow add up.

    Raises
    ------
    SchemaError
        If the table holds no trade.
    """
    value = next((name for name in _UNITS if name in table.column_names), "trade_thousand_usd")
    keys = ["exporter", "importer", "year"]
    require(table, [*keys, value])
    table = table.filter(pc.is_valid(table[value]))
    for side in ("exporter", "importer"):
        # A total over all partners is no partner.
        table = table.filter(pc.not_equal(table[side].cast(pa.string()), WORLD))
    if "reporter" in table.column_names:
        table = _importers_first(table)
    amount = pc.multiply(table[value].cast(pa.float64()), _UNITS[value])
    return pa.table({key: table[key] for key in keys} | {"trade_thousand_usd": amount})


def total_share_series(
    table: pa.Table, poles: Sequence[str], *, min_total_thousand_usd: float = MIN_TOTAL_THOUSAND_USD
) -> Series:
    """Share of each state's recorded trade, imports and exports together, that is with each pole.

    Parameters
    ----------
    table : pyarrow.Table
        As `flows` takes it.
    poles : sequence of str
        ISO3 codes.
    min_total_thousand_usd : float
        State-years with less recorded trade are missing.

    Returns
    -------
    Series
        Dyads ``"X>POLE"`` between 0 and 1. Missing where neither direction is recorded.

    Raises
    ------
    SchemaError
        If the table holds no trade.

    References
    ----------
    Barbieri (1996), "Economic Interdependence: A Path to Peace or a Source of Interstate Conflict?", Journal
    of Peace Research 33(1): trade with the partner over trade with all.
    """
    axes, with_pole, total = _sums(table, poles)
    return axes.series(
        share(with_pole, np.where(total >= min_total_thousand_usd, total, np.nan)),
        name="total_trade_share",
        label="Share of recorded trade that is with the pole",
        measured_in="share of the state's recorded trade",
        block="trade",
        signal="cheap",
        notes=(
            _NO_RECORD,
            f"Missing, too, where the state's recorded trade is below {min_total_thousand_usd:,.0f} thousand "
            "dollars.",
        ),
    )


def total_level_series(table: pa.Table, poles: Sequence[str]) -> Series:
    """Recorded imports and exports with each pole in thousand current US dollars: the level behind the share.

    Units, years and the rule for missing values are those of `total_share_series`, without its minimum.
    """
    axes, with_pole, _ = _sums(table, poles)
    return axes.series(
        with_pole,
        name="total_trade_level",
        label="Recorded trade with the pole",
        measured_in="thousand current US dollars",
        block="trade",
        signal="cheap",
        notes=(_NO_RECORD,),
    )


def _sums(table: pa.Table, poles: Sequence[str]) -> tuple[DyadYears, np.ndarray, np.ndarray]:
    """Axes, trade with each pole and trade in all; both directions, those that are recorded."""
    recorded = flows(table)
    recorded = recorded.filter(
        pc.not_equal(recorded["exporter"].cast(pa.string()), recorded["importer"].cast(pa.string()))
    )
    axes = DyadYears.of(poles, recorded["year"])
    value = number(recorded, "trade_thousand_usd")
    ways = (("importer", "exporter"), ("exporter", "importer"))
    with_pole = _plus(*(axes.gather(recorded, value, state=state, pole=pole) for state, pole in ways))
    return axes, with_pole, _plus(*(axes.total(recorded, value, state=state) for state, _ in ways))


def _plus(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """The sum of what is there; NaN where neither is."""
    return np.where(np.isnan(one) & np.isnan(other), np.nan, np.nan_to_num(one) + np.nan_to_num(other))


def _importers_first(reports: pa.Table) -> pa.Table:
    """One report per flow and year: the importer's, else the exporter's."""
    names = {key: reports[key].cast(pa.string()) for key in ("reporter", "exporter", "importer")}
    by_importer = pc.or_(
        pc.equal(names["reporter"], "importer"), pc.equal(names["reporter"], names["importer"])
    )
    keys = ["exporter", "importer", "year"]
    row = pa.array(range(reports.num_rows), pa.int64())
    ranked = reports.select(keys).append_column(
        # Rows of importers come first in the least of a group.
        "row",
        pc.add(row, pc.multiply(pc.cast(pc.invert(by_importer), pa.int64()), reports.num_rows)),
    )
    chosen = ranked.group_by(keys).aggregate([("row", "min")])["row_min"].to_numpy()
    return reports.take(pa.array(np.sort(chosen % max(reports.num_rows, 1))))
