"""Shares of all recorded trade from three layouts, and shared organisations: invented rows."""

import numpy as np
import pyarrow as pa
import pytest

from panels import path
from tropism.errors import SchemaError
from tropism.institutions import igo_count_series, igo_share_series
from tropism.trade import totals


def table(columns, *rows):
    return pa.table({name: [row[i] for row in rows] for i, name in enumerate(columns.split())})


COW = table(
    "exporter importer year trade_million_usd",
    ("USA", "EGY", 1955, 60.0),
    ("EGY", "USA", 1955, 20.0),
    ("SUN", "EGY", 1955, 20.0),
    ("GBR", "EGY", 1955, 100.0),
    ("SUN", "EGY", 1956, None),
    ("GBR", "EGY", 1956, 9.0),  # below the minimum for a share
    ("EGY", "EGY", 1956, 500.0),  # domestic: no trade
)


def test_both_directions_over_all_recorded_trade():
    shares = totals.total_share_series(COW, ["USA", "SUN"])
    assert path(shares, "EGY>USA") == pytest.approx({1955: 0.4})
    assert path(shares, "EGY>SUN") == pytest.approx({1955: 0.1})
    assert path(shares, "USA>SUN") == {}  # no record is not zero


def test_tiny_trade_gives_a_level_and_no_share():
    assert path(totals.total_share_series(COW, ["GBR"]), "EGY>GBR") == pytest.approx({1955: 0.5})
    assert path(totals.total_level_series(COW, ["GBR"]), "EGY>GBR") == {1955: 100_000, 1956: 9_000}


def test_products_are_added_up():
    baci = table(
        "exporter importer year hs6 trade_thousand_usd",
        ("RUS", "PAK", 2020, 270900, 30_000.0),
        ("RUS", "PAK", 2020, 100199, 10_000.0),
        ("USA", "PAK", 2020, 100199, 60_000.0),
    )
    assert path(totals.total_share_series(baci, ["RUS"]), "PAK>RUS") == pytest.approx({2020: 0.4})


def test_of_two_reports_the_importers_is_taken_and_totals_are_no_partner():
    reports = table(
        "reporter exporter importer year trade_usd",
        ("exporter", "RUS", "PAK", 2020, 99e6),
        ("importer", "RUS", "PAK", 2020, 40e6),
        ("USA", "USA", "PAK", 2020, 60e6),
        ("PAK", "WLD", "PAK", 2020, 900e6),
    )
    assert path(totals.total_level_series(reports, ["RUS", "USA"]), "PAK>RUS") == {2020: 40_000}
    for order in (slice(None), slice(None, None, -1)):
        shuffled = reports.take(np.arange(reports.num_rows)[order])
        assert path(totals.total_share_series(shuffled, ["USA"]), "PAK>USA") == pytest.approx({2020: 0.6})


def test_a_table_without_trade_is_refused():
    with pytest.raises(SchemaError, match="lacks the column trade_thousand_usd"):
        totals.total_share_series(COW.drop_columns(["trade_million_usd"]), ["USA"])


IGO = table(
    "iso3 igo year igo_status",
    *[("EGY", igo, 1955, "full") for igo in ("un", "arab", "cotton", "post")],
    ("USA", "un", 1955, "full"),
    ("USA", "cotton", 1955, "observer"),
    ("USA", "post", 1955, "missing"),
    ("SUN", "un", 1955, "full"),
    ("SUN", "post", 1955, "full"),
)


def test_shared_organisations_over_the_states_own():
    shares = igo_share_series(IGO, ["USA", "SUN"])
    # Where the status of the United States is missing, the organisation counts on neither side.
    assert path(shares, "EGY>USA") == pytest.approx({1955: 1 / 3})
    assert path(shares, "EGY>SUN") == pytest.approx({1955: 2 / 4})
    assert path(igo_count_series(IGO, ["SUN"]), "EGY>SUN") == {1955: 2}
    assert path(shares, "IND>SUN") == {}  # a member of none
