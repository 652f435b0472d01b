"""Shares of aid: who reports, repayments, nothing given: invented rows."""

import pyarrow as pa
import pytest

from panels import path
from tropism import aid


def rows(*given):
    names = ("donor", "recipient", "year", "aid_million_usd")
    return pa.table({name: [row[i] for row in given] for i, name in enumerate(names)})


TABLE = rows(
    ("USA", "PAK", 2010, 60.0),
    ("FRA", "PAK", 2010, 20.0),
    ("JPN", "PAK", 2010, -20.0),  # repayments exceed what was given
    ("DEU", "PAK", 2010, 20.0),
    ("USA", "IND", 2011, 5.0),
    ("FRA", "PAK", 2011, 10.0),
    ("FRA", "IND", 2012, 1.0),
)


def test_shares_of_what_donors_gave():
    shares = aid.share_series(TABLE, ["USA", "FRA", "JPN"])
    assert path(shares, "PAK>USA") == pytest.approx({2010: 0.6, 2011: 0})
    assert path(shares, "PAK>FRA") == pytest.approx({2010: 0.2, 2011: 1})
    assert path(shares, "PAK>JPN") == {2010: 0}
    assert (shares.block, shares.signal) == ("aid", "costly")


def test_a_donor_that_does_not_report_is_missing_and_one_that_gave_nothing_zero():
    levels = aid.level_series(TABLE, ["USA", "CHN"])
    assert path(levels, "PAK>USA") == {2010: 60, 2011: 0}  # in 2012 the United States report nothing
    assert path(levels, "PAK>CHN") == {}


def test_a_state_that_got_nothing_has_no_share():
    shares = aid.share_series(TABLE, ["USA", "FRA"])
    assert path(shares, "KEN>USA") == {}
    assert path(shares, "IND>USA") == {2011: 1}
