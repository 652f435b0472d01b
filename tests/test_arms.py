"""Supplier shares over five years, licences, concentration: invented deliveries, sums done by hand."""

import numpy as np
import pyarrow as pa
import pytest

from tropism import arms
from tropism.errors import SchemaError


def transfers(*rows):
    """Rows of (year, supplier, recipient, million TIV, licensed)."""
    names = ("delivery_year", "supplier", "recipient", "tiv_millions", "licensed_production")
    return pa.table({name: [row[i] for row in rows] for i, name in enumerate(names)})


DEALS = transfers(
    (2000, "USA", "PAK", 30.0, False),
    (2004, "RUS", "PAK", 10.0, True),
    (2004, "other", "PAK", 10.0, False),  # supplier unknown: part of the total
    (2005, "RUS", "PAK", 5.0, None),  # not known whether licensed
    (2005, "other", "PAK", 0.0, False),
    (2009, "CHN", "IND", 1.0, False),
)


def at(series, unit, year):
    years, values = series.path(unit)
    return dict(zip(years.tolist(), values.tolist(), strict=True)).get(year)


def test_a_share_covers_five_years_and_counts_unknown_suppliers():
    shares = arms.import_share_series(DEALS, ["RUS", "USA"])
    assert at(shares, "PAK>RUS", 2003) is None  # the window would begin before the data
    assert at(shares, "PAK>RUS", 2004) == pytest.approx(10 / 50)
    assert at(shares, "PAK>USA", 2004) == pytest.approx(30 / 50)
    assert at(shares, "PAK>RUS", 2005) == pytest.approx(15 / 25)  # the year 2000 has dropped out
    assert at(shares, "PAK>USA", 2005) == 0
    assert (shares.block, shares.signal) == ("arms", "costly")


def test_no_imports_in_five_years_is_missing_and_no_deliveries_are_zero():
    shares = arms.import_share_series(DEALS, ["RUS"])
    assert at(shares, "IND>RUS", 2008) is None
    assert at(shares, "IND>RUS", 2009) == 0
    levels = arms.import_level_series(DEALS, ["RUS"])
    assert (at(levels, "PAK>RUS", 2001), at(levels, "PAK>RUS", 2004)) == (0, 10)
    assert levels.measured_in == "million TIV"


def test_the_table_of_totals_gives_the_same_shares():
    totals = DEALS.rename_columns(["year", *DEALS.column_names[1:]]).drop_columns(["licensed_production"])
    one, two = (arms.import_share_series(table, ["RUS"]) for table in (DEALS, totals))
    assert np.array_equal(one.values, two.values, equal_nan=True) and one.units == two.units


def test_licences_count_in_the_same_total_and_unknown_ones_on_neither_side():
    licensed = arms.licence_share_series(DEALS, ["RUS", "USA"])
    assert at(licensed, "PAK>RUS", 2004) == pytest.approx(10 / 50)
    assert at(licensed, "PAK>RUS", 2005) == pytest.approx(10 / 20)
    assert at(licensed, "PAK>USA", 2004) == 0


def test_concentration_is_the_sum_of_squared_shares_of_known_suppliers():
    index, suppliers = arms.concentration(DEALS, "PAK", 2000, 2005)
    assert suppliers == 2
    assert index == pytest.approx((30 / 45) ** 2 + (15 / 45) ** 2)
    index, suppliers = arms.concentration(DEALS, "PAK", 2006, 2009)
    assert np.isnan(index) and suppliers == 0


def test_a_missing_column_is_named():
    with pytest.raises(SchemaError, match="lacks the column tiv_millions"):
        arms.import_share_series(DEALS.drop_columns(["tiv_millions"]), ["RUS"])
