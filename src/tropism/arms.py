"""Arms: whose weapons a state receives, and who lets it build them, in SIPRI's trend-indicator values.

A trend-indicator value (TIV) measures the military capability transferred, not what was paid for it.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tropism.dyad_years import DyadYears, number, require, share, trailing_sum
from tropism.series import Series
from tropism.states import states

#: SIPRI compares spans of five years, since deliveries are lumpy: one ship decides a year.
YEARS = 5

_SPAN = (
    "Each year stands for the years that end with it, five as SIPRI reports: a turn shows up over as many."
)


def import_share_series(deliveries: pa.Table, poles: Sequence[str], *, years: int = YEARS) -> Series:
    """Share of each state's arms imports that came from each pole, over trailing years.

    Parameters
    ----------
    deliveries : pyarrow.Table
        ``arms_transfers`` (by ``delivery_year``) or ``arms_totals`` (by ``year``): supplier, recipient,
        tiv_millions.
    poles : sequence of str
        ISO3 codes.
    years : int
        How many years a share covers.

    Returns
    -------
    Series
        Dyads ``"X>POLE"`` between 0 and 1. A pole that delivered nothing to a state that imported has 0;
        missing where the state imported nothing in these years, and before they all lie in the data.

    Raises
    ------
    SchemaError
        If a column is absent.

    References
    ----------
    SIPRI, Arms Transfers Database, sources and methods: trend-indicator values; volumes of supplier and
    recipient are compared over spans of five years.
    """
    axes, from_pole, total = _sums(deliveries, poles, number(deliveries, "tiv_millions"))
    over = trailing_sum(total, years)
    return axes.series(
        share(trailing_sum(from_pole, years), over),
        name="arms_import_share",
        label="Share of arms imports that came from the pole",
        measured_in=f"share of the state's arms imports over {years} years, by TIV",
        block="arms",
        signal="costly",
        notes=(_SPAN, "Missing where the state imported no major arms in these years."),
    )


def import_level_series(deliveries: pa.Table, poles: Sequence[str]) -> Series:
    """Arms delivered by each pole in each year: the level behind the share.

    Returns
    -------
    Series
        Dyads in million TIV; 0 where the pole delivered nothing.
    """
    axes, from_pole, _ = _sums(deliveries, poles, number(deliveries, "tiv_millions"))
    return axes.series(
        np.nan_to_num(from_pole),
        name="arms_import_level",
        label="Arms delivered by the pole",
        measured_in="million TIV",
        block="arms",
        signal="costly",
    )


def licence_share_series(arms_transfers: pa.Table, poles: Sequence[str], *, years: int = YEARS) -> Series:
    """Share of each state's arms imports that it built itself under a pole's licence, over trailing years.

    A licence hands over how to make a weapon, which cannot be taken back: technology, not goods.

    Parameters
    ----------
    arms_transfers : pyarrow.Table
        With the flag licensed_production; deliveries for which it is null count as not known and enter
        neither side.
    poles : sequence of str
    years : int

    Returns
    -------
    Series
        Dyads between 0 and 1, of the same total as `import_share_series`.

    References
    ----------
    SIPRI, Arms Transfers Database, sources and methods: licensed production is counted as a transfer.
    """
    licensed = number(arms_transfers, "licensed_production")
    tiv = np.where(np.isnan(licensed), np.nan, number(arms_transfers, "tiv_millions"))
    axes, from_pole, _ = _sums(arms_transfers, poles, tiv * licensed)
    total = axes.total(arms_transfers, tiv, state="recipient", year=_year(arms_transfers))
    return axes.series(
        share(trailing_sum(from_pole, years), trailing_sum(total, years)),
        name="arms_licence_share",
        label="Share of arms imports built under licence of the pole",
        measured_in=f"share of the state's arms imports over {years} years, by TIV",
        block="arms",
        signal="costly",
        notes=(_SPAN,),
    )


def concentration(deliveries: pa.Table, state: str, first: int, last: int) -> tuple[float, int]:
    """How far a state's arms imports hang on few suppliers.

    Returns
    -------
    index : float
        Sum of the squared shares of suppliers (Hirschman and Herfindahl): 1 is a single one; NaN without
        imports.
    suppliers : int
        How many states there were among them.
    """
    require(deliveries, ("supplier", "recipient", "tiv_millions"))
    year = deliveries[_year(deliveries)]
    chosen = pc.and_(
        pc.equal(deliveries["recipient"].cast(pa.string()), state), pc.greater_equal(year, first)
    )
    rows = deliveries.filter(pc.and_(chosen, pc.less_equal(year, last)))
    suppliers = rows["supplier"].to_pylist()
    # Suppliers that are not known, or no states, are no one supplier.
    names = sorted({name for name in suppliers if name} & {each.iso3 for each in states()})
    place = {name: i for i, name in enumerate(names)}
    sums = np.zeros(len(names))
    for name, value in zip(suppliers, number(rows, "tiv_millions"), strict=True):
        if name in place and value == value:
            sums[place[name]] += value
    delivered = sums[sums > 0]
    if not delivered.size:
        return float("nan"), 0
    return float(((delivered / delivered.sum()) ** 2).sum()), int(delivered.size)


def _sums(
    deliveries: pa.Table, poles: Sequence[str], values: np.ndarray
) -> tuple[DyadYears, np.ndarray, np.ndarray]:
    """Axes, values from each pole, and values in all."""
    year = _year(deliveries)
    axes = DyadYears.of(poles, deliveries[year])
    from_pole = axes.gather(deliveries, values, state="recipient", pole="supplier", year=year)
    return axes, from_pole, axes.total(deliveries, values, state="recipient", year=year)


def _year(deliveries: pa.Table) -> str:
    return "delivery_year" if "delivery_year" in deliveries.column_names else "year"
