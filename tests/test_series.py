"""The panel that every measure returns: its checks, and that derived quantities keep the covariance."""

import numpy as np
import pandas as pd
import pytest

from tropism.errors import SeriesError
from tropism.series import Series

FIELDS = dict(name="x", label="x", measured_in="points", block="votes", signal="cheap")


def panel(values, units=None, years=None, **fields):
    values = np.asarray(values, dtype=np.float32)
    return Series(
        values=values,
        missing=np.isnan(values[0]),
        units=units or tuple("ABCDEFG"[: values.shape[1]]),
        years=np.arange(2000, 2000 + values.shape[2]) if years is None else years,
        **(FIELDS | fields),
    )


def test_dyads_derived_from_states_keep_their_known_covariance():
    # a, b, c independent with variances 1, 4, 9: cov(a - b, a - c) = var(a) = 1, var(a - b) = 5.
    rng = np.random.default_rng(7)
    draws = rng.normal(size=(200_000, 3, 1)) * np.array([1.0, 2.0, 3.0])[None, :, None]
    states = panel(draws, units=("AAA", "BBB", "CCC"), is_closeness=False)
    dyads = states.derive([("AAA", "BBB"), ("AAA", "CCC")], lambda a, b: a - b)
    assert dyads.units == ("AAA>BBB", "AAA>CCC")
    covariance = np.cov(dyads.values[:, :, 0].T)
    # Monte Carlo error of a covariance from 200,000 draws is about 0.02 here.
    np.testing.assert_allclose(covariance, [[5, 1], [1, 10]], atol=0.1)
    difference = dyads.toward("BBB").minus(dyads.toward("CCC"))
    np.testing.assert_allclose(difference.values.var(), 4 + 9, atol=0.2)


def test_mean_over_uses_the_years_that_are_there():
    series = panel([[[1, np.nan, 3], [np.nan] * 3]])
    mean, years = series.mean_over(2000, 2002)
    assert mean[0, 0] == 2 and np.isnan(mean[0, 1])
    assert years.tolist() == [2, 0]


def test_last_over_takes_the_newest_year_with_data():
    series = panel([[[1, 2, np.nan], [np.nan] * 3, [4, 5, 6]]])
    last, years = series.last_over(2000, 2002)
    assert last[0, 0] == 2 and np.isnan(last[0, 1]) and last[0, 2] == 6
    assert years.tolist() == [2, 0, 3]
    assert np.isnan(series.last_over(1990, 1995)[0]).all()


def test_a_panel_says_what_it_covers():
    assert panel([[[np.nan, 2, 3], [np.nan, np.nan, 6]]]).coverage == {
        "units": 2,
        "first_year": 2001,
        "last_year": 2002,
        "cells": 3,
    }


def test_a_point_series_says_that_it_has_no_sampling_error():
    point = panel([[[1.0, 2.0]]])
    assert not point.has_sampling_error
    assert "std_error" not in point.tidy()
    assert {"lower", "upper", "level"} <= set(panel(np.random.rand(9, 2, 3)).tidy())


def test_splice_is_explicit_and_leaves_other_units_alone():
    nan = np.nan
    series = panel(
        [[[1, 2, nan, nan], [nan, nan, 3, 4], [5, 6, 7, 8]]], units=("CUB>SUN", "CUB>RUS", "CUB>USA")
    )
    spliced = series.splice("RUS", "SUN", 2001)
    assert spliced.units == ("CUB>RUS", "CUB>USA")
    assert spliced.values[0].tolist() == [[1, 2, 3, 4], [5, 6, 7, 8]]
    assert "SUN" in spliced.notes[-1]
    assert series.splice("DEU", "DDR", 1990) is series


def test_from_table_reads_absent_rows_as_missing():
    table = pd.DataFrame({"iso3": ["PAK", "PAK", "IND"], "year": [2001, 2003, 2003], "v": [1.0, 2.0, None]})
    series = Series.from_table(table, unit="iso3", value="v", **FIELDS)
    assert series.missing.tolist() == [[True, True], [False, False]]
    assert series.path("PAK")[0].tolist() == [2001, 2003]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (dict(units=("A",)), "expected \\(draws, units, years\\)"),
        (dict(missing=np.zeros((1, 1), bool)), "null mask"),
        (dict(units=("A", "A")), "twice"),
        (dict(years=np.array([2001, 2000])), "ascend"),
        (dict(values=np.full((1, 2, 2), np.nan)), "NaN in some draw"),
        (dict(block="gossip"), "gossip"),
    ],
)
def test_bad_panels_are_refused(change, message):
    good = dict(
        values=np.ones((1, 2, 2)), missing=np.zeros((2, 2), bool), units=("A", "B"), years=np.array([1, 2])
    )
    with pytest.raises(SeriesError, match=message):
        Series(**(FIELDS | good | change))


def test_masking_by_years_that_are_not_there_is_refused():
    with pytest.raises(SeriesError, match="no column for 2001"):
        panel([[[1.0, 2.0]]], years=[2000, 2002]).masked_as(panel([[[1.0, 2.0]]], years=[2001, 2002]))


def test_draws_of_different_estimates_are_not_joint():
    with pytest.raises(SeriesError, match="not joint"):
        panel(np.ones((3, 1, 1))).minus(panel(np.ones((4, 1, 1))))
