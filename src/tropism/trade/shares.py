"""Trade dependence: what share of a state's recorded trade is with a pole, and the level behind it.

One rule holds throughout: a missing row is "no record", never zero. A dyad-year in which the state traded
with others but has no record with the pole is missing, because an unreported flow and no flow look alike.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tropism.dyad_years import numbered
from tropism.dyads import dyad
from tropism.errors import SchemaError
from tropism.series import Series

Side = Literal["imports", "exports"]

#: Chapter 27 of the Harmonized System: of it, the table has coal, lignite, crude oil and natural gas.
ENERGY: Collection[int] = range(270000, 280000)

#: A share of less recorded trade than this is missing: a single shipment would decide it.
MIN_TOTAL_THOUSAND_USD = 1000.0

# The column that names the state, the one that names the pole, and the words for both.
_SIDES: dict[Side, tuple[str, str, str]] = {
    "imports": ("importer", "exporter", "from"),
    "exports": ("exporter", "importer", "to"),
}

_NO_RECORD = "No row means no record, never zero: a year without a record between the two is missing."


def import_share_series(
    mineral_trade: pa.Table,
    poles: Sequence[str],
    *,
    products: Collection[int] | None = None,
    min_total_thousand_usd: float = MIN_TOTAL_THOUSAND_USD,
) -> Series:
    """Share of each state's recorded imports that comes from each pole, by year.

    Parameters
    ----------
    mineral_trade : pyarrow.Table
        The table of that name: exporter, importer, year, hs6, trade_thousand_usd.
    poles : sequence of str
        ISO3 codes. A pole that stands in no row gets no dyad.
    products : collection of int, optional
        Six-digit codes to count, in the numerator and in the total; for instance `ENERGY`. All without
        any.
    min_total_thousand_usd : float
        State-years whose recorded total is smaller are missing.

    Returns
    -------
    Series
        Point series of dyads ``"X>POLE"`` between 0 and 1, for every importer X and every year of the
        table. Missing where X has no record with the pole, even where it has records with others.

    Raises
    ------
    SchemaError
        If a column is absent, or no row has one of the products.

    Notes
    -----
    The share is of recorded value and rises with the price of what the pole sells; look at
    `import_level_series` beside it.

    References
    ----------
    Gaulier and Zignago (2010), "BACI: International Trade Database at the Product-Level", CEPII WP 2010-23.
    Hirschman (1945), National Power and the Structure of Foreign Trade, on trade shares as dependence.

    Examples
    --------
    >>> from tropism.tables import read_table
    >>> shares = import_share_series(read_table("mineral_trade"), ["RUS"], products=ENERGY)
    >>> years, share = shares.path("IND>RUS")
    >>> round(float(share[years == 2024][0]), 3)
    0.301
    """
    return _share_series(mineral_trade, poles, "imports", products, min_total_thousand_usd)


def export_share_series(
    mineral_trade: pa.Table,
    poles: Sequence[str],
    *,
    products: Collection[int] | None = None,
    min_total_thousand_usd: float = MIN_TOTAL_THOUSAND_USD,
) -> Series:
    """Share of each state's recorded exports that goes to each pole; otherwise as `import_share_series`."""
    return _share_series(mineral_trade, poles, "exports", products, min_total_thousand_usd)


def import_level_series(
    mineral_trade: pa.Table, poles: Sequence[str], *, products: Collection[int] | None = None
) -> Series:
    """Recorded imports from each pole in thousand current US dollars: the level behind the share.

    Units, years and the rule for missing values are those of `import_share_series`, without its minimum.

    Raises
    ------
    SchemaError
        If a column is absent, or no row has one of the products.
    """
    return _level_series(mineral_trade, poles, "imports", products)


def export_level_series(
    mineral_trade: pa.Table, poles: Sequence[str], *, products: Collection[int] | None = None
) -> Series:
    """Recorded exports to each pole in thousand current US dollars; otherwise as `import_level_series`."""
    return _level_series(mineral_trade, poles, "exports", products)


def intermediate_share_series(icio_flows: pa.Table, poles: Sequence[str], side: Side = "imports") -> Series:
    """Share of each economy's traded intermediate goods and services that comes from or goes to a pole.

    Parameters
    ----------
    icio_flows : pyarrow.Table
        The table of that name: exporter, importer, year, sector, flow_million_usd. Domestic flows
        (exporter equal to importer) do not count.
    poles : sequence of str
        ISO3 codes. A pole outside the 80 economies gets no dyad.
    side : {"imports", "exports"}
        Inputs that producers of X buy abroad, or inputs that X sells to producers abroad.

    Returns
    -------
    Series
        Point series of dyads ``"X>POLE"`` between 0 and 1, one year. The table is complete among its
        economies, so that here, unlike in recorded trade, an absent row is a flow of zero.

    Raises
    ------
    SchemaError
        If a column is absent.
    """
    flows = _sum_flows(icio_flows, poles, side, "flow_million_usd")
    state, _, word = _SIDES[side]
    return _series(
        flows,
        np.where(flows.total > 0, np.nan_to_num(flows.shares()), np.nan),
        name=f"intermediate_{side[:-1]}_share",
        label=f"Share of intermediate {side} {word} the pole",
        measured_in=f"share of the {state}'s intermediate {side}",
        notes=(
            "Intermediate goods and services only: final demand is not bilateral in this table.",
            "Trade with economies outside the table's 80 is not counted.",
        ),
    )


def recorded_trade(
    mineral_trade: pa.Table, exporter: str, importer: str, products: Collection[int] | None = None
) -> pa.Table:
    """What one state is recorded to have sold to another, by year.

    Returns
    -------
    pyarrow.Table
        year, trade_thousand_usd, records (number of rows summed). A year without record has no row.

    Raises
    ------
    SchemaError
        If a column is absent.

    Examples
    --------
    >>> from tropism.tables import read_table
    >>> coal = recorded_trade(read_table("mineral_trade"), "RUS", "PAK", ENERGY).to_pandas()
    >>> coal[coal.year >= 2022]["year"].tolist()
    [2022, 2023]
    """
    _require(mineral_trade, ("exporter", "importer", "year", "hs6", "trade_thousand_usd"))
    chosen = pc.and_(
        pc.equal(mineral_trade["exporter"], exporter), pc.equal(mineral_trade["importer"], importer)
    )
    if products is not None:
        codes = pa.array(sorted(products), type=mineral_trade["hs6"].type)
        chosen = pc.and_(chosen, pc.is_in(mineral_trade["hs6"], value_set=codes))
    by_year = (
        mineral_trade.filter(chosen)
        .group_by("year")
        .aggregate([("trade_thousand_usd", "sum"), ("trade_thousand_usd", "count")])
        .sort_by("year")
    )
    columns = ["year", "trade_thousand_usd_sum", "trade_thousand_usd_count"]
    return by_year.select(columns).rename_columns(["year", "trade_thousand_usd", "records"])


@dataclass(frozen=True)
class _Sums:
    """Sums by state and year; NaN where nothing is recorded.

    Attributes
    ----------
    with_pole : ndarray, shape (poles, states, years)
    total : ndarray, shape (states, years)
    """

    poles: tuple[str, ...]
    states: tuple[str, ...]
    years: np.ndarray
    with_pole: np.ndarray
    total: np.ndarray

    def shares(self, minimum: float = 0.0) -> np.ndarray:
        """Flows with each pole divided by the total, NaN where the total is zero or below ``minimum``."""
        enough = (self.total > 0) & (self.total >= minimum)
        return self.with_pole / np.where(enough, self.total, np.nan)


def _sum_flows(
    table: pa.Table,
    poles: Sequence[str],
    side: Side,
    value: str,
    products: Collection[int] | None = None,
) -> _Sums:
    """Add up flows between different economies, for each state as importer or as exporter."""
    state_column, pole_column, _ = _SIDES[side]
    _require(table, ("exporter", "importer", "year", value, *(() if products is None else ("hs6",))))
    codes, (state, partner) = _encode(table[state_column], table[pole_column])
    # Counted and looked up: a sort of a million rows would take most of the time.
    number = table["year"].to_numpy()
    years = np.flatnonzero(np.bincount(number))
    place = np.zeros(years.max(initial=0) + 1, dtype=np.int64)
    place[years] = np.arange(years.size)
    year = place[number]
    present = np.flatnonzero(np.bincount(state))
    # States and years are those of the whole table, so that shares of different products line up.
    row_of = np.zeros(len(codes), dtype=np.int64)
    row_of[present] = np.arange(present.size)
    cell, n_cells = row_of[state] * years.size + year, present.size * years.size
    weight = table[value].to_numpy().astype(np.float64)
    counted = state != partner
    if products is not None:
        counted &= np.isin(table["hs6"].to_numpy(), np.fromiter(products, dtype=np.int64))
        if not counted.any():
            raise SchemaError(
                f"mineral_trade: no row has one of the {len(products)} products asked for. The table "
                "mineral_products lists the codes that there are."
            )

    def add_up(rows: np.ndarray) -> np.ndarray:
        sums = np.bincount(cell[rows], weights=weight[rows], minlength=n_cells)
        recorded = np.bincount(cell[rows], minlength=n_cells) > 0
        return np.where(recorded, sums, np.nan).reshape(present.size, years.size)

    known = tuple(pole for pole in dict.fromkeys(poles) if pole in codes)
    flows = [add_up(np.flatnonzero(counted & (partner == codes.index(pole)))) for pole in known]
    return _Sums(
        poles=known,
        states=tuple(codes[i] for i in present),
        years=years.astype(np.int64),
        with_pole=np.reshape(flows, (len(known), present.size, years.size)),
        total=add_up(np.flatnonzero(counted)),
    )


def _encode(*columns: pa.ChunkedArray) -> tuple[list[str], list[np.ndarray]]:
    """Number the economies of several columns alike, in alphabetical order."""
    encoded = [numbered(column) for column in columns]
    codes = sorted(set().union(*(names for _, names in encoded)))
    place = {code: i for i, code in enumerate(codes)}
    return codes, [
        np.array([place[code] for code in names], dtype=np.int64)[numbers] for numbers, names in encoded
    ]


def _share_series(
    table: pa.Table, poles: Sequence[str], side: Side, products: Collection[int] | None, minimum: float
) -> Series:
    flows = _sum_flows(table, poles, side, "trade_thousand_usd", products)
    state, _, word = _SIDES[side]
    return _series(
        flows,
        flows.shares(minimum),
        name=f"mineral_{side[:-1]}_share",
        label=f"Share of recorded {side} of {_goods(products)} {word} the pole",
        measured_in=f"share of the {state}'s recorded {side}",
        notes=(
            _NO_RECORD,
            f"Missing, too, where the state's recorded {side} are below {minimum:,.0f} thousand dollars.",
        ),
    )


def _level_series(
    table: pa.Table, poles: Sequence[str], side: Side, products: Collection[int] | None
) -> Series:
    flows = _sum_flows(table, poles, side, "trade_thousand_usd", products)
    return _series(
        flows,
        flows.with_pole,
        name=f"mineral_{side[:-1]}_level",
        label=f"Recorded {side} of {_goods(products)} {_SIDES[side][2]} the pole",
        measured_in="thousand current US dollars",
        notes=(_NO_RECORD,),
    )


def _goods(products: Collection[int] | None) -> str:
    if products is None:
        return "energy and minerals"
    return "energy" if products is ENERGY else "chosen products"


def _series(flows: _Sums, values: np.ndarray, **attributes: Any) -> Series:
    """Name the dyads and drop each pole's dyad with itself."""
    pairs = [(p, s) for p in range(len(flows.poles)) for s in range(len(flows.states))]
    pairs = [(p, s) for p, s in pairs if flows.poles[p] != flows.states[s]]
    at_pole = np.array([p for p, _ in pairs], dtype=np.int64)
    at_state = np.array([s for _, s in pairs], dtype=np.int64)
    chosen = values[at_pole, at_state]
    return Series(
        values=chosen[None],
        missing=np.isnan(chosen),
        units=tuple(dyad(flows.states[s], flows.poles[p]) for p, s in pairs),
        years=flows.years,
        block="trade",
        # Costly signals are acts of policy (arms, bases, sanctions). Trade in commodities follows price
        # and distance, and firms choose it: the weaker of the two labels claims less.
        signal="cheap",
        **attributes,
    )


def _require(table: pa.Table, columns: Sequence[str]) -> None:
    absent = [column for column in columns if column not in table.column_names]
    if absent:
        raise SchemaError(
            f"trade: the table lacks the column {absent[0]}; it has {', '.join(table.column_names)}. Take "
            "the table from `load_table` or rename the column."
        )
