"""Net favourability, and honest gaps: invented surveys."""

import pyarrow as pa
import pytest

from tropism.opinion import favourability_series, surveys

TABLE = pa.table(
    {
        "iso3": ["PAK", "PAK", "IND"],
        "target": ["USA", "USA", "RUS"],
        "year": [2010, 2013, 2013],
        "favorable": [17.0, 11.0, 60.0],
        "unfavorable": [68.0, 72.0, None],
    }
)


def test_favourable_less_unfavourable_and_nothing_filled_in():
    years, values = favourability_series(TABLE, ["USA", "RUS"]).path("PAK>USA")
    assert years.tolist() == [2010, 2013]
    assert values == pytest.approx([-0.51, -0.61])


def test_a_survey_without_an_answer_is_missing():
    found = favourability_series(TABLE, ["RUS"])
    assert found.missing.all()
    assert (found.block, found.signal) == ("opinion", "cheap")


def test_years_of_surveys():
    assert surveys(TABLE, "PAK", "USA", 2010, 2012) == [2010]
    assert surveys(TABLE, "PAK", "RUS", 2000, 2020) == []
