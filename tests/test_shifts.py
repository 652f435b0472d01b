"""Changes between windows and their ranks: known values, the null, and what must not matter."""

import numpy as np
import pytest

from tropism.dyads import Triad, Window, dyad
from tropism.errors import SeriesError
from tropism.series import Series
from tropism.shifts import infer_shifts
from tropism.shifts.change import Placebo, numbered
from tropism.shifts.placebos import rank_among
from tropism.states import states
from tropism.tables import load_table

YEARS = np.arange(2004, 2024)
TRIAD = Triad("S00", "BBB", "CCC")
WINDOW = Window(2004, 2013, 2014, 2023)


def closeness(toward, away, states=None):
    """A closeness series from two arrays, shape (draws, states, years)."""
    states = states or tuple(f"S{i:02d}" for i in range(toward.shape[1]))
    values = np.concatenate([toward, away], axis=1).astype(np.float32)
    return Series(
        name="made",
        values=values,
        missing=np.isnan(values).any(axis=0),
        units=tuple(dyad(s, "BBB") for s in states) + tuple(dyad(s, "CCC") for s in states),
        years=YEARS,
        label="made",
        measured_in="points",
        block="votes",
        signal="cheap",
    )


def world(rng, n=60, draws=1, own=0.0, everybody=0.0):
    noise = rng.normal(0, 0.1, size=(draws, n, YEARS.size))
    step = (YEARS >= 2014) * everybody
    toward = noise + step
    toward[:, 0] += (YEARS >= 2014) * own
    return closeness(toward, rng.normal(0, 0.1, size=(draws, n, YEARS.size)))


def test_a_change_is_after_minus_before_of_the_gap():
    toward = np.zeros((1, 30, 20))
    toward[0, 0] = np.where(YEARS >= 2014, 0.5, 0.1)
    away = np.full((1, 30, 20), 0.2)
    away[0, 0] = np.where(YEARS >= 2014, 0.1, 0.3)
    shift = infer_shifts(closeness(toward, away), TRIAD, WINDOW).of()
    assert shift.change.estimate == pytest.approx(0.4 + 0.2, abs=1e-6)
    assert shift.change_toward.estimate == pytest.approx(0.4, abs=1e-6)
    assert shift.change_away.estimate == pytest.approx(-0.2, abs=1e-6)
    assert shift.change.lower is None  # one draw: no sampling error
    assert shift.rank.percentile == 100 and shift.rank.n == 29 and shift.rank.n_below == 29


def test_what_everybody_did_does_not_make_a_rank():
    """All states move; the one of interest moves as they do: the change is large, the rank is not."""
    ranks = [
        infer_shifts(world(np.random.default_rng(seed), everybody=1.0), TRIAD, WINDOW).of().rank.percentile
        for seed in range(200)
    ]
    # Uniform on 0..100: the mean of 200 has standard error 2.0; 10 % fall outside 5..95 (sd 2.1 %).
    assert abs(np.mean(ranks) - 50) < 8
    assert 0.03 < np.mean([rank > 95 or rank < 5 for rank in ranks]) < 0.18


def test_an_own_move_ranks_high_and_its_interval_covers_it():
    rng = np.random.default_rng(3)
    shift = infer_shifts(world(rng, draws=400, own=0.3, everybody=1.0), TRIAD, WINDOW).of()
    assert shift.rank.percentile > 95
    assert shift.change.lower < 1.3 < shift.change.upper
    assert shift.change.level == 0.9


def test_swapping_the_poles_mirrors_the_result():
    series = world(np.random.default_rng(5), own=0.2)
    ahead = infer_shifts(series, TRIAD, WINDOW).of()
    back = infer_shifts(series, Triad("S00", "CCC", "BBB"), WINDOW).of()
    assert back.change.estimate == pytest.approx(-ahead.change.estimate)
    assert back.rank.percentile == pytest.approx(100 - ahead.rank.percentile)
    assert back.toward == ahead.away


def test_the_order_of_units_does_not_matter():
    series = world(np.random.default_rng(6), own=0.2)
    shuffled = series.select(tuple(np.random.default_rng(0).permutation(series.units)))
    assert infer_shifts(shuffled, TRIAD, WINDOW).of() == infer_shifts(series, TRIAD, WINDOW).of()


def test_ties_count_half():
    toward = np.zeros((1, 41, 20))
    shift = infer_shifts(closeness(toward, toward), TRIAD, WINDOW).of()
    assert (shift.rank.n_tied, shift.rank.n_below, shift.rank.percentile) == (40, 0, 50)


def test_placebos_of_the_states_own_region():
    """Europe moves with the state, the rest does not: among Europeans it is in the middle."""
    region = load_table("regions").astype(str).set_index("iso3")["region"]
    codes = [state.iso3 for state in states(2010) if state.iso3 in region.index]
    rng = np.random.default_rng(7)
    europe = np.array([region[code] == "europe" for code in codes])
    toward = rng.normal(0, 0.1, (1, len(codes), YEARS.size))
    toward[:, europe] += 1.0 * (YEARS >= 2014)
    series = closeness(toward, np.zeros_like(toward), tuple(codes))
    of = Triad("HUN", "BBB", "CCC")
    alone, mates = (infer_shifts(series, of, WINDOW, pool=pool).of().rank for pool in ("all", "region"))
    assert alone.percentile > 75 and mates.n == europe.sum() - 1
    assert mates.median == pytest.approx(1.0, abs=0.05)
    with pytest.raises(SeriesError, match="'kin' is no set"):
        infer_shifts(series, of, WINDOW, pool="kin")


def test_neither_pole_nor_the_state_is_its_own_placebo():
    toward = np.zeros((1, 32, 20))
    states = ("S00", "BBB", "CCC", *(f"T{i:02d}" for i in range(29)))
    shifts = infer_shifts(closeness(toward, toward, states), TRIAD, WINDOW)
    names, changes = shifts.placebos()
    assert len(names) == changes.size == 29 and not {"S00", "BBB", "CCC"} & set(names)


def test_too_few_years_or_states_give_no_rank():
    toward = np.zeros((1, 30, 20))
    toward[0, 0, YEARS > 2015] = np.nan  # two years after
    shifts = infer_shifts(closeness(toward, np.zeros((1, 30, 20))), TRIAD, WINDOW)
    assert "S00" not in shifts.states and shifts.years("S00") == (10, 2)
    with pytest.raises(SeriesError, match="2 after"):
        shifts.of()
    few = infer_shifts(closeness(np.zeros((1, 10, 20)), np.zeros((1, 10, 20))), TRIAD, WINDOW)
    assert few.of().rank is None


def test_years_missing_toward_one_pole_count_for_neither():
    toward, away = np.zeros((1, 30, 20)), np.zeros((1, 30, 20))
    toward[0, 0, :5] = np.nan
    away[0, 0, :10] = np.where(np.arange(10) < 5, 9.0, 1.0)  # the nines fall in the missing years
    shift = infer_shifts(closeness(toward, away), TRIAD, WINDOW).of()
    assert shift.years_before == 5
    assert shift.away[0].estimate == pytest.approx(1.0)


def test_positions_are_refused():
    toward = np.zeros((1, 30, 20))
    series = closeness(toward, toward)
    object.__setattr__(series, "is_closeness", False)
    with pytest.raises(SeriesError, match="positions, not closeness"):
        infer_shifts(series, TRIAD, WINDOW)


def test_the_rank_by_bloc_is_that_of_the_scan():
    """Fifty that moved as one count once; a state in no bloc is one by itself."""
    values = np.r_[np.full(50, 2.0), np.arange(30) / 30, 1.5]
    bloc = np.r_[np.zeros(50), np.arange(1, 32)].astype(int)
    found = Placebo.of(values, 80, bloc)
    assert (found.n, found.blocs) == (80, 31)
    scanned = rank_among(values, ~np.eye(81, dtype=bool), bloc)
    assert found.bloc_percentile == pytest.approx(scanned.percentile[80])
    assert found.percentile == Placebo.of(values, 80).percentile != found.bloc_percentile
    few = Placebo.of(values, 80, np.r_[np.zeros(62), np.arange(1, 20)].astype(int))
    assert few.blocs == 19 and few.bloc_percentile is None
    names = [f"S{i}" for i in range(5)]
    assert len(set(numbered(names, {"S0": 0, "S1": 0}).tolist())) == 4
