"""Flows between countries: a long table checked, and the square matrix that models of trade work on.

Labels are the user's: any code or name will do, as long as exporters and importers carry the same ones. A
row with exporter equal to importer holds domestic sales.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tropism.errors import IdentificationError, SchemaError
from tropism.series import Provenance
from tropism.tables import read_table
from tropism.tables.library import table_info

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

KEY = ("exporter", "importer", "year")


@dataclass(frozen=True, eq=False)
class TradeMatrix:
    """All flows of one year among the same exporters and importers, domestic sales on the diagonal.

    Attributes
    ----------
    countries : tuple of str
        Labels of rows and of columns.
    values : ndarray of float64, shape (exporters, importers)
        ``values[i, j]`` is what ``countries[i]`` sold to ``countries[j]``; not negative, read-only.
    year : int
    measured_in : str
        Unit of the values, for instance ``"million current US dollars"``.
    provenance : tuple of Provenance
    notes : tuple of str

    Raises
    ------
    SchemaError
        If the matrix is not square, a label is repeated, or a value is missing or negative.
    """

    countries: tuple[str, ...]
    values: np.ndarray
    year: int
    measured_in: str
    provenance: tuple[Provenance, ...] = ()
    notes: tuple[str, ...] = ()
    _place: Mapping[str, int] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        countries = tuple(self.countries)
        values = np.array(self.values, dtype=np.float64)
        n = len(countries)
        if values.shape != (n, n):
            raise SchemaError(
                f"trade matrix: values have shape {values.shape} for {n} countries; expected ({n}, {n}): "
                "exporters in rows, importers in columns, in one order."
            )
        repeated = [country for country in dict.fromkeys(countries) if countries.count(country) > 1]
        if repeated:
            raise SchemaError(f"trade matrix: {repeated[0]} stands in it twice. Name each country once.")
        unfit = ~(np.isfinite(values) & (values >= 0))
        if unfit.any():
            i, j = np.argwhere(unfit)[0]
            raise SchemaError(
                f"trade matrix: {unfit.sum()} flows are missing, infinite or negative; first {countries[i]} "
                f"to {countries[j]}, {values[i, j]:g}. Give a number of zero or more for every pair."
            )
        values.flags.writeable = False
        object.__setattr__(self, "countries", countries)
        object.__setattr__(self, "values", values)
        object.__setattr__(self, "_place", {country: i for i, country in enumerate(countries)})

    @property
    def output(self) -> np.ndarray:
        """What each country sells, at home and abroad: shape (countries,)."""
        return np.asarray(self.values.sum(axis=1))

    @property
    def expenditure(self) -> np.ndarray:
        """What each country buys, at home and abroad: shape (countries,)."""
        return np.asarray(self.values.sum(axis=0))

    def require_trade(self) -> TradeMatrix:
        """The same matrix, if every country sells to others and buys from others.

        Raises
        ------
        IdentificationError
            If one does not, so that nothing would tie its prices to theirs; or if none sells at home.
        """
        refuse_without_trade(self.values, self.countries, f"trade matrix of {self.year}")
        if not np.diag(self.values).any():
            raise IdentificationError(
                f"trade matrix of {self.year}: the diagonal is empty. Put there what each country sells at "
                "home (gross output less exports): most trade is, and prices answer to it."
            )
        return self

    def index(self, country: str) -> int:
        """Row and column of a country.

        Raises
        ------
        SchemaError
            If the matrix does not have it.
        """
        try:
            return self._place[country]
        except KeyError:
            raise SchemaError(
                f"trade matrix: {country} is not among its {len(self.countries)} countries "
                f"({_some(self.countries, 8)})."
            ) from None


def refuse_without_trade(trade: np.ndarray, countries: Sequence[str], where: str) -> None:
    """Raise unless every country sells to others and buys from others.

    Parameters
    ----------
    trade : ndarray, shape (exporters, importers)
        Of all sectors together; domestic sales do not count.
    countries : sequence of str
    where : str
        What holds the trade, for the message.

    Raises
    ------
    IdentificationError
    """
    abroad = trade - np.diag(np.diag(trade))
    for sums, words in ((abroad.sum(axis=1), "sell nothing to"), (abroad.sum(axis=0), "buy nothing from")):
        without = [country for country, total in zip(countries, sums, strict=True) if total <= 0]
        if without:
            raise IdentificationError(
                f"{where}: {_some(without)} {words} the other countries. Nothing ties their prices to those "
                "of the others: leave them out."
            )


def check_flows(flows: pd.DataFrame, value: str, *, domestic: bool = False) -> pd.DataFrame:
    """Check a long table of flows before anything is computed from it.

    Parameters
    ----------
    flows : DataFrame
        One row per exporter, importer and year; further columns are left alone.
    value : str
        Column of the flow.
    domestic : bool
        Whether every country must have its own sales (exporter equal to importer) above zero in every year
        in which it trades.

    Returns
    -------
    DataFrame
        The same rows, order and index; labels as text, year as integer, flow as float64.

    Raises
    ------
    SchemaError
        If a column is absent, a key or a flow is missing, a flow is negative or not a number, or a key
        stands in the table twice.
    IdentificationError
        If domestic sales are asked for and lacking.

    Examples
    --------
    >>> import pandas as pd
    >>> flows = pd.DataFrame(
    ...     {"exporter": ["PAK", "RUS"], "importer": ["RUS", "PAK"], "year": 2023, "trade_usd": [5e7, 9e8]}
    ... )
    >>> check_flows(flows, "trade_usd")["trade_usd"].sum()
    np.float64(950000000.0)
    """
    import pandas as pd

    absent = [column for column in (*KEY, value) if column not in flows.columns]
    if absent:
        raise SchemaError(
            f"flows: the table lacks the column {absent[0]}; it has {', '.join(map(str, flows.columns))}. "
            f"Rename the columns to {', '.join(KEY)}, and name the one of the flow."
        )
    if flows.empty:
        raise SchemaError("flows: the table has no rows. Give at least the flows of one pair.")
    for column in KEY:
        _refuse_rows(flows, flows[column].isna(), f"have no {column}", "Fill it in or leave the row out")
    numbers = pd.to_numeric(flows[value], errors="coerce").astype("float64")
    _refuse_rows(
        flows,
        ~np.isfinite(numbers),
        f"have no number as {value}",
        "Write 0 where nothing was traded, and leave out what is not known",
    )
    _refuse_rows(
        flows,
        numbers < 0,
        f"have a negative {value}",
        "A flow is zero or more: correct the row or leave it out",
    )
    years = pd.to_numeric(flows["year"], errors="coerce")
    _refuse_rows(flows, years.isna() | (years % 1 != 0), "have a year that is no whole number", "Correct it")
    checked = flows.assign(
        exporter=flows["exporter"].astype(str),
        importer=flows["importer"].astype(str),
        year=years.astype("int64"),
        **{value: numbers},
    )
    _refuse_rows(
        checked,
        checked.duplicated(list(KEY), keep=False),
        "share their exporter, importer and year with another",
        "Keep one of each, or add them up",
    )
    if domestic:
        _require_domestic(checked, value)
    return checked


def trade_matrix(
    flows: pd.DataFrame,
    year: int,
    *,
    value: str = "trade_usd",
    countries: Sequence[str] | None = None,
    measured_in: str = "current US dollars",
    provenance: Sequence[Provenance] = (),
) -> TradeMatrix:
    """Turn one year of a long table into a square matrix.

    Parameters
    ----------
    flows : DataFrame
        exporter, importer, year and the flow, domestic sales included; zeros are written, not left out.
    year : int
    value : str
        Column of the flow.
    countries : sequence of str, optional
        Keep these, in this order; otherwise all of that year in alphabetical order.
    measured_in : str
    provenance : sequence of Provenance

    Returns
    -------
    TradeMatrix

    Raises
    ------
    SchemaError
        As `check_flows`; if the year is not in the table, or a pair has no row.
    IdentificationError
        If a country has no domestic sales, no exports or no imports.

    Examples
    --------
    >>> import pandas as pd
    >>> pairs = [("A", "A", 8.0), ("A", "B", 2.0), ("B", "A", 1.0), ("B", "B", 4.0)]
    >>> flows = pd.DataFrame(pairs, columns=["exporter", "importer", "trade_usd"]).assign(year=2022)
    >>> trade_matrix(flows, 2022).output
    array([10.,  5.])
    """
    import pandas as pd

    chosen = flows
    if "year" in flows.columns:
        chosen = flows[flows["year"] == year]
        if chosen.empty and not flows.empty:
            years = sorted(flows["year"].dropna().unique().tolist())
            raise SchemaError(f"flows: no row of {year}. The table has {_some([str(y) for y in years], 8)}.")
    if countries is not None and {"exporter", "importer"} <= set(flows.columns):
        kept = list(countries)
        chosen = chosen[chosen["exporter"].isin(kept) & chosen["importer"].isin(kept)]
    # Pairs before domestic sales: a table that simply leaves rows out should hear so.
    checked = check_flows(chosen, value)
    labels = (
        tuple(countries)
        if countries is not None
        else tuple(sorted({*checked["exporter"], *checked["importer"]}))
    )
    wide = checked.pivot(index="exporter", columns="importer", values=value).reindex(
        index=pd.Index(labels), columns=pd.Index(labels)
    )
    values = wide.to_numpy(dtype=np.float64)
    missing = np.argwhere(np.isnan(values))
    if missing.size:
        i, j = missing[0]
        raise SchemaError(
            f"flows: {len(missing)} of {len(labels) ** 2} pairs have no row in {year}; first {labels[i]} to "
            f"{labels[j]}{' (domestic sales)' if i == j else ''}. Write 0 where nothing was traded, and give "
            "`countries` to leave out those whose flows are not known."
        )
    _require_domestic(checked, value)
    return TradeMatrix(labels, values, int(year), measured_in, tuple(provenance)).require_trade()


def icio_matrix(sectors: Sequence[str] | None = None) -> TradeMatrix:
    """Intermediate goods and services among 80 economies in 2022, from the embedded OECD table.

    Parameters
    ----------
    sectors : sequence of str, optional
        Selling industries to add up, codes as in the table ``icio_sectors``; all without any.

    Returns
    -------
    TradeMatrix
        Domestic sales included. A pair without row in the table sold nothing.

    Raises
    ------
    SchemaError
        If there is no such industry.

    Examples
    --------
    >>> matrix = icio_matrix()
    >>> len(matrix.countries), matrix.year
    (80, 2022)
    """
    table = read_table("icio_flows")
    if sectors is not None:
        known = set(pc.unique(table["sector"]).to_pylist())
        unknown = [sector for sector in sectors if sector not in known]
        if unknown or not len(sectors):
            raise SchemaError(
                f"icio_flows: {unknown[0] if unknown else 'an empty list'} is no industry of it. The table "
                "icio_sectors lists the codes."
            )
        table = table.filter(
            pc.is_in(table["sector"].cast(pa.string()), value_set=pa.array(sectors, pa.string()))
        )
    flows = table.group_by(["exporter", "importer"]).aggregate([("flow_million_usd", "sum")]).to_pandas()
    wide = flows.pivot(index="exporter", columns="importer", values="flow_million_usd_sum")
    countries = sorted({*wide.index, *wide.columns})
    wide = wide.reindex(index=countries, columns=countries).fillna(0.0)
    info = table_info("icio_flows")
    return TradeMatrix(
        countries=tuple(countries),
        values=wide.to_numpy(dtype=np.float64),
        year=pc.max(table["year"]).as_py(),
        measured_in="million current US dollars",
        provenance=() if info.provenance is None else (info.provenance,),
        notes=("Intermediate goods and services only: final demand is not bilateral in this table.",),
    )


def data_sha256(labels: Sequence[str], *arrays: np.ndarray) -> str:
    """A hash of what a result rests on: labels and numbers, in their order."""
    digest = hashlib.sha256("\n".join(labels).encode())
    for array in arrays:
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()


def stated_provenance(table: pd.DataFrame) -> tuple[Provenance, ...]:
    """Where a table of this package came from, which it carries along; empty for any other."""
    stated = table.attrs.get("provenance")
    return (Provenance(**stated),) if stated else ()


def _require_domestic(flows: pd.DataFrame, value: str) -> None:
    """Raise if a country trades in a year without domestic sales above zero."""
    import pandas as pd

    trading = pd.concat(
        [
            flows[["exporter", "year"]].rename(columns={"exporter": "country"}),
            flows[["importer", "year"]].rename(columns={"importer": "country"}),
        ]
    ).drop_duplicates()
    own = flows[(flows["exporter"] == flows["importer"]) & (flows[value] > 0)]
    without = trading.merge(
        own[["exporter", "year"]].rename(columns={"exporter": "country"}), how="left", indicator=True
    )
    without = without[without["_merge"] == "left_only"].sort_values(["year", "country"])
    if len(without):
        first = without.iloc[0]
        raise IdentificationError(
            f"flows: {len(without)} country-years have no domestic sales above zero; first "
            f"{first['country']} in {first['year']}. Add rows with exporter equal to importer (gross output "
            "less exports)."
        )


def _refuse_rows(flows: pd.DataFrame, unfit: Any, what: str, remedy: str) -> None:
    places = np.flatnonzero(np.asarray(unfit, dtype=bool))
    if places.size:
        row = flows.iloc[places[0]]
        raise SchemaError(
            f"flows: {places.size} rows {what}; first row {places[0]} ({row['exporter']} to "
            f"{row['importer']}, {row['year']}). {remedy}."
        )


def _some(names: Sequence[str], most: int = 5) -> str:
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more
