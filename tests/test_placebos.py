"""Placebos: exact ranks with ties and blocs, who stands for whom, blocs from votes, the empirical null."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from tropism.errors import DataNotPresentError, SeriesError
from tropism.series import Provenance
from tropism.shifts.alike import LIKE, like_states
from tropism.shifts.empirical_null import empirical_null
from tropism.shifts.placebos import (
    effective_number,
    may_stand,
    rank_among,
    voting_blocs,
)
from tropism.states import states
from tropism.tables.schema import schema
from tropism.tables.store import Store
from tropism.votes.counts import COUNTS


def everybody(n):
    return ~np.eye(n, dtype=bool)


def test_ranks_are_exact_and_ties_count_half_and_against():
    values = np.r_[np.arange(21.0), 20.0]
    ranks = rank_among(values, everybody(22))
    assert ranks.percentile[0] == 0 and ranks.p_value[0] == pytest.approx(2 * 1 / 22)
    assert ranks.percentile[20] == pytest.approx(100 * 20.5 / 21)
    # The other 20 is as far out: it and the state itself are two of 22.
    assert ranks.p_value[20] == pytest.approx(2 * 2 / 22)
    assert ranks.p_value[10] == 1


def test_fewer_than_twenty_placebos_make_no_rank():
    ranks = rank_among(np.arange(20.0), everybody(20))
    assert np.isnan(ranks.percentile).all() and np.isnan(ranks.p_value).all()
    assert (ranks.placebos == 19).all()


def test_bounds_invert_the_test():
    """A state is outside its bounds exactly where the two-sided test at 10 % rejects."""
    rng = np.random.default_rng(0)
    for bloc in (None, np.repeat(np.arange(45), 2)):
        values = rng.normal(size=90)
        ranks = rank_among(values, everybody(90), bloc)
        outside = (values < ranks.lowest) | (values > ranks.highest)
        assert np.array_equal(outside, ranks.p_value <= 0.1)
        assert 0 < outside.sum() < 20


def test_a_bloc_counts_once_whatever_its_size():
    """Fifty that moved as one are one event: alone they fill the upper half, as a bloc one unit of 31."""
    values = np.r_[np.full(50, 2.0), np.arange(30) / 30, 1.5]
    bloc = np.r_[np.zeros(50), np.arange(1, 32)].astype(int)
    alone, by_bloc = (rank_among(values, everybody(81), groups) for groups in (None, bloc))
    assert alone.percentile[80] == pytest.approx(100 * 30 / 80)
    assert by_bloc.units[80] == pytest.approx(31)
    assert by_bloc.percentile[80] == pytest.approx(100 * 30 / 31)
    # Its own bloc, less itself, is one unit to a member too.
    assert by_bloc.units[0] == pytest.approx(32)


def test_a_placebo_has_at_least_half_of_the_states_years():
    stand = may_stand(np.array([10, 5, 4]), np.array([10, 10, 10]))
    assert stand.tolist() == [[False, True, False], [True, False, True], [True, True, False]]


def test_like_states():
    codes = ["HUN", "AUT", "SVK", "NZL", "PLW", "DEU"]
    near = like_states([*codes, "X01"], "near")
    assert near[0].tolist() == [False, True, True, True, False, True, False], "Palau's capital has no place"
    assert not near[6].any(), "of an unknown state nothing is near"
    assert like_states(codes, ["AUT", "NZL"])[0].tolist() == [False, True, False, True, False, False]
    with pytest.raises(SeriesError, match="no set"):
        like_states(codes, "kin")


def test_the_nearest_are_nearest_and_forty():
    codes = [state.iso3 for state in states(2010)]
    near = like_states(codes, "near")[codes.index("HUN")]
    assert near.sum() == LIKE
    assert near[codes.index("SVK")] and not near[codes.index("NZL")]
    size = like_states(codes, "size")
    assert size[codes.index("DEU"), codes.index("JPN")] and not size[codes.index("DEU"), codes.index("MLT")]
    assert not size[codes.index("PLW")].any(), "its value added is in no table"


def test_a_region_is_that_of_the_successors_of_a_former_state():
    region = like_states(["CSK", "YUG", "SUN", "DDR", "HUN", "DEU", "KEN", "X01"], "region")
    assert region[0].tolist() == [False, True, False, True, True, True, False, False]
    assert not region[2].any(), "the Soviet Union's successors lie on two continents"
    assert not region.diagonal().any() and np.array_equal(region, region.T)


def test_incomes_are_of_one_year_before_the_event(monkeypatch, tmp_path):
    """Sixty economies in order of income; after the event the poorest becomes the richest."""
    codes = [state.iso3 for state in states(2010)][:60]
    rows = [
        (a, b, year, 100.0, False, 10.0 * (i + 1 + 100 * (i == 0 and year > 2013)), 1.0)
        for year in (2012, 2013, 2020)
        for i, a in enumerate(codes)
        for b in (a, codes[i - 1])
    ]
    names = ["exporter", "importer", "year", "distance_km", "shares_border"]
    names += ["exporter_gdp_million_usd", "exporter_population_million"]
    table = pd.DataFrame(rows, columns=names)
    table = table.reindex(columns=list(schema("gravity_covariates").names))
    with pytest.raises(DataNotPresentError, match="data fetch cepii_gravity"):
        like_states(codes, "income")
    monkeypatch.setenv("TROPISM_HOME", str(tmp_path))
    Store().write("gravity_covariates", table, Provenance("made up", "none", "2024-01-01"))
    before = like_states(codes, "income", year=2013)
    assert before[0].tolist() == [False, *[True] * LIKE, *[False] * 19]
    assert like_states(codes, "income")[0, -1] and not like_states(codes, "income", year=2019)[0, -1]
    assert not like_states([*codes, "X01"], "income")[-1].any()


def counts(pairs):
    """A table of counts: (a, b, agreed, opposed)."""
    rows = [dict.fromkeys(COUNTS, 0) | {"iso3_a": a, "iso3_b": b, "year": 2005} for a, b, *_ in pairs]
    for row, (_, _, agreed, opposed) in zip(rows, pairs, strict=True):
        row |= {"yes_yes": agreed, "yes_no": opposed}
    return pa.Table.from_pylist(rows)


def test_in_a_bloc_any_two_agree():
    table = counts(
        [("A", "B", 99, 1), ("B", "C", 97, 3), ("A", "C", 90, 10), ("A", "D", 50, 50), ("A", "E", 9, 0)]
    )
    # A chain is no bloc: A and C are both near B and not near each other. E voted too little to tell.
    assert voting_blocs(table, list("ABCDE"), (2004, 2013)).tolist() == [0, 0, 1, 2, 3]
    assert voting_blocs(table, list("CBA"), (2004, 2013)).tolist() == [0, 1, 1]
    assert voting_blocs(table, list("ABC"), (2004, 2013), agreement=0.9).tolist() == [0, 0, 0]
    assert voting_blocs(table, list("ABC"), (2006, 2013)).tolist() == [0, 1, 2], "other years do not count"


def test_effective_number():
    bloc = np.repeat(np.arange(10), 10)
    rng = np.random.default_rng(1)
    move = rng.normal(size=10)[bloc]
    assert effective_number(move + 1e-6 * rng.normal(size=100), bloc) == pytest.approx(10, abs=0.1)
    assert effective_number(rng.normal(size=100), bloc) > 50
    assert effective_number(rng.normal(size=30), np.arange(30)) == 30


# The empirical null


def field(rng, movers=0, one_way=False, n=190):
    error = rng.choice([0.04, 0.06, 0.1], n)
    change = rng.normal(0.3, 0.25, n)
    side = np.ones(movers) if one_way else rng.choice([-1, 1], movers)
    change[:movers] += side * rng.uniform(2, 6, movers) * 0.25
    return change + rng.normal(size=n) * error, error


@pytest.mark.parametrize(("movers", "one_way"), [(10, False), (28, True)])
def test_reported_rates_are_the_true_shares(movers, one_way):
    rng = np.random.default_rng(2)
    rate, moved = [], np.tile(np.arange(190) < movers, 60)
    for _ in range(60):
        rate.append(empirical_null(*field(rng, movers, one_way)).fdr)
    rate = np.concatenate(rate)
    called = rate < 0.2
    # Some 400 to 1,200 are called: the true share has a standard error of about one point.
    assert abs((~moved[called]).mean() - rate[called].mean()) < 0.04
    assert (called & moved).sum() / moved.sum() > 0.4
    doubtful = (rate > 0.2) & (rate < 0.8)
    assert abs((~moved[doubtful]).mean() - rate[doubtful].mean()) < 0.2


def test_where_nobody_moved_nobody_is_called():
    rng = np.random.default_rng(3)
    found = [empirical_null(*field(rng)) for _ in range(60)]
    assert np.mean([(each.fdr < 0.2).sum() for each in found]) < 0.5
    assert np.mean([each.spread for each in found]) == pytest.approx(0.25, rel=0.08)
    assert np.mean([each.centre for each in found]) == pytest.approx(0.3, abs=0.02)


def test_the_null_turns_with_the_scale_and_no_mover_is_too_far():
    rng = np.random.default_rng(4)
    change, error = field(rng, 10)
    change[0] = 50.0
    one, other = empirical_null(change, error), empirical_null(-10 * change, 10 * error)
    assert np.allclose(one.fdr, other.fdr, atol=1e-6) and np.allclose(one.z, -other.z)
    assert one.fdr[0] < 1e-6
