"""Columns that a panel of trade policy needs: lags and leads of a cost, borders by year."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tropism.errors import IdentificationError, SchemaError
from tropism.trade.flows import KEY, check_flows

if TYPE_CHECKING:
    import pandas as pd


def lag_cost(flows: pd.DataFrame, cost: str, years: int) -> pd.Series:
    """A cost as it was so many years before, for the same exporter and importer.

    Parameters
    ----------
    flows : DataFrame
        exporter, importer, year and the cost.
    cost : str
    years : int
        Negative for a lead.

    Returns
    -------
    Series
        Aligned with ``flows``; named ``rta_lag4`` or ``rta_lead4``. Null where the table has no row of that
        year: take a longer table for the lag than for the estimation, or leave those rows out.

    Raises
    ------
    SchemaError
        If a column is absent, or a key stands in the table twice.

    Examples
    --------
    >>> import pandas as pd
    >>> flows = pd.DataFrame({"exporter": "A", "importer": "B", "year": [2000, 2004], "rta": [0, 1]})
    >>> lag_cost(flows, "rta", -4)
    0    1.0
    1    NaN
    Name: rta_lead4, dtype: float64
    """
    checked = check_flows(flows, cost)
    then = checked[[*KEY, cost]].assign(year=checked["year"] + years)
    lagged = checked[list(KEY)].merge(then, on=list(KEY), how="left")[cost].set_axis(flows.index)
    return lagged.rename(f"{cost}_{'lag' if years >= 0 else 'lead'}{abs(years)}")


def border_by_year(flows: pd.DataFrame, base: int | None = None) -> pd.DataFrame:
    """Dummies of trade between countries, one for every year but one: how borders thicken or thin.

    Parameters
    ----------
    flows : DataFrame
        exporter, importer, year; domestic sales included.
    base : int, optional
        The year without dummy, which the others compare with; the last, without any.

    Returns
    -------
    DataFrame
        Aligned with ``flows``: columns ``border_1986`` and so on, 0 or 1.

    Raises
    ------
    IdentificationError
        If a year has no domestic sales to compare with.
    SchemaError
        If there is no such year.

    Examples
    --------
    >>> import pandas as pd
    >>> flows = pd.DataFrame(
    ...     {"exporter": list("AABB") * 2, "importer": list("ABAB") * 2, "year": [2000] * 4 + [2004] * 4}
    ... )
    >>> border_by_year(flows)["border_2000"].tolist()
    [0, 1, 1, 0, 0, 0, 0, 0]
    """
    import pandas as pd

    absent = [column for column in KEY if column not in flows.columns]
    if absent:
        raise SchemaError(f"border: the table lacks the column {absent[0]}.")
    abroad = flows["exporter"] != flows["importer"]
    years = sorted(flows["year"].unique().tolist())
    base = years[-1] if base is None else base
    if base not in years:
        raise SchemaError(f"border: no row of {base}; the table has {years[0]} to {years[-1]}.")
    without = sorted(set(years) - set(flows.loc[~abroad, "year"].tolist()))
    if without:
        raise IdentificationError(
            f"border: {without[0]} has no domestic sales, so that there is no border to see. Add rows with "
            "exporter equal to importer (gross output less exports)."
        )
    columns = {f"border_{year:g}": (abroad & (flows["year"] == year)) for year in years if year != base}
    return pd.DataFrame(columns, index=flows.index).astype("int64")
