"""Whose move it was: made-up worlds in which one mover moved, and what must not matter."""

import json
from dataclasses import replace
from itertools import permutations

import numpy as np
import pytest

from tropism.dyads import Triad, Window
from tropism.errors import SchemaError, SeriesError
from tropism.series import Series
from tropism.shifts.decomposition import FittedVotes, decompose, shapley
from tropism.votes.ideal_points.agreement import expected_agreement

TRIAD = Triad("AAA", "BBB", "CCC")
WINDOW = Window(2001, 2005, 2006, 2010)
YEARS = np.arange(2001, 2011)
STATES = ("AAA", "BBB", "CCC", *(f"S{i:02d}" for i in range(40)))
AFTER = YEARS >= 2006
ROLLCALLS = 30


def world(seed=0, *, moves=(), drift=0.0, stretch=1.0, agenda=0.0, draws=120, error=0.08, untied=()):
    """Positions known up to ``error``, items known; ``moves`` are (state, step)."""
    rng = np.random.default_rng(seed)
    start = np.r_[0.3, -1.2, 1.4, rng.normal(0, 1, len(STATES) - 3)]
    truth = np.repeat(start[:, None], YEARS.size, axis=1)
    for state, step in moves:
        truth[STATES.index(state)] += step * AFTER
    truth = np.where(AFTER, drift + stretch * truth, truth)
    # What the votes made of it, and draws about that.
    seen = truth + rng.normal(0, error, truth.shape)
    values = seen + rng.normal(0, error, (draws, *truth.shape))
    middle = rng.normal(0, 0.8, ROLLCALLS)
    slope = rng.choice([-1, 1], ROLLCALLS) * rng.uniform(0.8, 2.5, ROLLCALLS)
    every = [
        np.column_stack(
            [slope, slope * (middle + agenda * later) - 0.3, slope * (middle + agenda * later) + 0.3]
        )
        for later in (0, 1)
    ]
    return FittedVotes(
        positions=panel(values),
        rollcall=np.arange(ROLLCALLS * YEARS.size),
        year=np.repeat(YEARS, ROLLCALLS),
        item=np.concatenate([np.arange(ROLLCALLS) + ROLLCALLS * later for later in AFTER]),
        items=np.concatenate(every),
        untied=untied,
    )


def panel(values, units=STATES):
    return Series(
        name="ideal_point",
        values=values,
        missing=np.isnan(values[0]),
        units=units,
        years=YEARS,
        label="made",
        measured_in="sd",
        block="votes",
        signal="cheap",
        is_closeness=False,
    )


def sole(name, seed):
    """A world in which only one mover moved."""
    return {
        "own": lambda: world(seed, moves=[("AAA", -0.8)]),
        "BBB": lambda: world(seed, moves=[("BBB", 0.8)]),
        "CCC": lambda: world(seed, moves=[("CCC", -0.8)]),
        "drift": lambda: world(seed, drift=0.5, stretch=1.3),
        "agenda": lambda: world(seed, agenda=0.8),
    }[name]()


@pytest.mark.parametrize("mover", ["own", "BBB", "CCC", "drift", "agenda"])
def test_who_moved_carries_the_change_and_nobody_else(mover):
    found, zero, own = [], [], []
    for seed in range(12):
        moves = decompose(sole(mover, seed), TRIAD, WINDOW).of()
        parts = dict(moves.parts)
        part = parts.pop(mover)
        found.append(part.estimate / moves.change.estimate)
        own.append(part.lower > 0 or part.upper < 0)
        zero += [other.lower <= 0 <= other.upper for other in parts.values()]
    assert np.mean(own) > 0.9
    assert abs(np.median(found) - 1) < 0.15
    # 48 intervals of 90 %, of which those on one seed share their errors: sd of the share below 8 %.
    assert np.mean(zero) > 0.7


def test_parts_sum_to_the_change_in_every_draw():
    for together in (False, True):
        found = decompose(
            world(3, moves=[("BBB", 0.5)], drift=0.3, agenda=0.4), TRIAD, WINDOW, together=together
        )
        np.testing.assert_allclose(found.parts.sum(axis=2), found.after - found.before, atol=1e-9, rtol=0)
        moves = found.of()
        assert sum(part.estimate for part in moves.parts.values()) == pytest.approx(
            moves.change.estimate, abs=1e-9
        )


def test_shapley_values_are_means_over_all_orders():
    values = np.random.default_rng(0).normal(size=(3, *(2,) * 5))
    expected = np.zeros((3, 5))
    for order in permutations(range(5)):
        moved = [0] * 5
        for mover in order:
            before = values[(slice(None), *moved)]
            moved[mover] = 1
            expected[:, mover] += (values[(slice(None), *moved)] - before) / 120
    np.testing.assert_allclose(shapley(values, 5), expected, atol=1e-12)


def test_closeness_is_the_expected_agreement_of_the_fit():
    """The polynomial and the table of the normal distribution against the kernel of expected agreement."""
    pytest.importorskip("scipy")
    votes = world(1, draws=5)
    found = decompose(votes, TRIAD, WINDOW)
    items = votes.drawn_items(np.arange(ROLLCALLS), 0)
    means = votes.positions.values[:, :, ~AFTER].astype(float).mean(axis=2)
    for state in ("AAA", "S07", "S31"):
        a, b, c = (means[:, [STATES.index(each)]] for each in (state, "BBB", "CCC"))
        expected = expected_agreement(a, b, items, "probit") - expected_agreement(a, c, items, "probit")
        got = found.before[:, found.states.index(state)]
        np.testing.assert_allclose(got, expected[:, 0], atol=1e-4)


def test_swapping_the_poles_mirrors_the_result():
    votes = world(4, moves=[("AAA", 0.4), ("BBB", 0.3)], drift=0.2, agenda=0.2)
    ahead = decompose(votes, TRIAD, WINDOW)
    back = decompose(votes, Triad("AAA", "CCC", "BBB"), WINDOW)
    order = [back.movers.index(mover) for mover in ahead.movers]
    np.testing.assert_allclose(back.parts[:, :, order], -ahead.parts, atol=1e-6)
    assert back.of().own_rank.percentile == pytest.approx(100 - ahead.of().own_rank.percentile)


def test_turning_the_scale_round_changes_nothing():
    votes = world(5, moves=[("AAA", 0.4)], drift=0.2, agenda=0.2)
    turned = replace(
        votes,
        positions=panel(-votes.positions.values),
        items=votes.items * [-1, 1, 1],
    )
    np.testing.assert_allclose(
        decompose(turned, TRIAD, WINDOW).parts, decompose(votes, TRIAD, WINDOW).parts, atol=1e-5
    )


def test_the_order_of_states_and_roll_calls_does_not_matter():
    votes = world(6, moves=[("AAA", 0.4)])
    rng = np.random.default_rng(0)
    rows = rng.permutation(votes.year.size)
    shuffled = replace(
        votes,
        positions=votes.positions.select(tuple(rng.permutation(STATES))),
        year=votes.year[rows],
        item=votes.item[rows],
    )
    one, two = (decompose(each, TRIAD, WINDOW).of() for each in (votes, shuffled))
    assert two.own_rank.percentile == one.own_rank.percentile
    for mover, part in one.parts.items():
        assert two.parts[mover].estimate == pytest.approx(part.estimate, abs=1e-5)


def test_without_bridges_no_part_depends_on_the_scale_of_the_second_window():
    """Where nothing ties the windows together, the later scale may be any: the parts are the same."""
    votes = world(7, moves=[("AAA", 0.5), ("CCC", -0.3)], untied=(2005,))
    move, stretch = 0.7, 1.6
    values = np.where(AFTER, move + stretch * votes.positions.values, votes.positions.values)
    items = votes.items.copy()
    later = slice(ROLLCALLS, None)
    items[later, 0] /= stretch
    items[later, 1:] += items[later, :1] * move
    other = replace(votes, positions=panel(values), items=items)
    one, two = (decompose(each, TRIAD, WINDOW) for each in (votes, other))
    assert one.together and one.movers[-1] == "drift and agenda" and one.untied == (2005,)
    assert any("2005" in note and "cannot be told apart" in note for note in one.notes)
    np.testing.assert_allclose(two.parts, one.parts, atol=2e-4)
    apart = [decompose(each, TRIAD, WINDOW, together=False) for each in (votes, other)]
    assert np.abs(apart[0].parts - apart[1].parts).max() > 0.05


def test_bridges_outside_the_window_do_not_matter():
    assert not decompose(world(7, untied=(2000, 2010)), TRIAD, WINDOW).together


def test_items_follow_the_field_from_draw_to_draw():
    """A draw whose whole scale stands elsewhere says the same of agreement."""
    votes = world(8, draws=60, error=0.02)
    rng = np.random.default_rng(1)
    scale, move = rng.uniform(0.7, 1.4, (60, 1, 1)), rng.normal(0, 0.5, (60, 1, 1))
    loose = replace(votes, positions=panel(move + scale * votes.positions.values))
    # The means of the draws lie elsewhere, too: put the items there.
    items = votes.items.copy()
    items[:, 0] /= scale.mean()
    items[:, 1:] += items[:, :1] * move.mean()
    loose = replace(loose, items=items)
    one, two = (decompose(each, TRIAD, WINDOW).of().before for each in (votes, loose))
    assert two.estimate == pytest.approx(one.estimate, abs=0.005)
    assert two.upper - two.lower == pytest.approx(one.upper - one.lower, rel=0.25)


def test_relative_change_is_net_of_what_all_states_did():
    everybody = [(state, -0.5) for state in STATES if state not in TRIAD.poles]
    moves = decompose(world(9, moves=everybody), TRIAD, WINDOW).of()
    assert moves.change.lower > 0.2
    # Not 0: a state between the poles gains more agreement by the same step than one beyond them.
    assert abs(moves.relative.estimate) < moves.change.estimate / 2
    assert abs(moves.parts["own"].estimate) < 0.02


def test_missing_years_and_absent_states_are_said():
    votes = world(10)
    with pytest.raises(SeriesError, match="ZZZ has no position"):
        decompose(votes, Triad("ZZZ", "BBB", "CCC"), WINDOW)
    with pytest.raises(SeriesError, match="ZZZ has no position"):
        decompose(votes, Triad("AAA", "ZZZ", "CCC"), WINDOW)
    values = votes.positions.values.copy()
    values[:, 0, YEARS > 2007] = np.nan
    short = replace(votes, positions=panel(values))
    with pytest.raises(SeriesError, match="AAA has 2 of the 5 years after"):
        decompose(short, TRIAD, WINDOW)
    with pytest.raises(SeriesError, match="2 common years before"):
        decompose(votes, TRIAD, Window(2001, 2002, 2006, 2010))
    few = replace(votes, positions=votes.positions.select(STATES[:10]))
    with pytest.raises(SeriesError, match="7 states beside"):
        decompose(few, TRIAD, WINDOW)


def test_means_alone_give_parts_without_intervals():
    moves = decompose(world(11, moves=[("AAA", -0.8)], draws=1), TRIAD, WINDOW).of()
    assert moves.change.lower is None and moves.parts["own"].estimate > 0.1


def test_the_result_writes_itself():
    found = decompose(world(12, moves=[("AAA", -0.8)]), TRIAD, WINDOW)
    table = found.tidy()
    assert len(table) == len(found.states) * 6 and set(table.columns) >= {"iso3", "mover", "lower", "upper"}
    summary = found.summary().set_index("mover")["estimate"]
    assert summary.drop("change").sum() == pytest.approx(summary["change"], abs=1e-9)
    mean, spread = found.vector()
    assert mean[0] == pytest.approx(found.of().parts["own"].estimate) and spread.shape == (5, 5)
    assert json.loads(found.to_json())["field_size"] == 40
    assert "Shapley" in found.cite()
    assert len(found.plot().to_dict()["layer"]) == 2
    with pytest.raises(SeriesError, match="BBB"):
        found.of("BBB")


# ------------------------------------------------------------------------------- the embedded fits


@pytest.fixture(scope="module")
def embedded():
    return FittedVotes.embedded("all", draws=100)


def test_india_1991_russia_moved_and_india_barely_did(embedded):
    moves = decompose(embedded, Triad("IND", "RUS", "USA"), Window(1982, 1990, 1992, 1997)).of()
    assert moves.change.upper < -0.15
    assert moves.parts["RUS"].upper < -0.15
    assert abs(moves.parts["own"].estimate) < 0.05 < abs(moves.parts["RUS"].estimate) / 3
    assert moves.parts["agenda"].upper < -0.1
    assert 25 < moves.own_rank.percentile < 75


def test_around_1985_the_pole_and_the_agenda_moved_not_everybody(embedded):
    """Every state's agreement shifted toward Moscow; the median state itself hardly moved."""
    found = decompose(embedded, Triad("IND", "RUS", "USA"), Window(1978, 1984, 1985, 1990))
    changes = (found.after - found.before).mean(axis=0)
    parts = dict(zip(found.movers, np.median(found.parts.mean(axis=0), axis=0), strict=True))
    assert (changes > 0).mean() > 0.95
    assert parts["USA"] > 0.2 and parts["agenda"] > 0.05
    assert abs(parts["own"]) < 0.04


def test_pakistan_2015_moved_with_nuclear_votes_and_not_without(embedded):
    triad, window = Triad("PAK", "RUS", "USA"), Window(2009, 2014, 2015, 2019)
    own = decompose(embedded, triad, window).of().parts["own"]
    assert own.upper < 0
    without = decompose(FittedVotes.embedded("no-nuclear", draws=100), triad, window).of().parts["own"]
    assert without.lower < 0 < without.upper


def test_after_2019_drift_and_agenda_are_one(embedded):
    found = decompose(embedded, Triad("PAK", "RUS", "USA"), Window(2004, 2013, 2014))
    assert found.together and found.untied == (2019, 2020, 2021, 2022)
    assert "RUS" in found.movers and "drift" not in found.movers


def test_a_vote_set_that_is_not_there_is_said():
    with pytest.raises(SchemaError, match="no vote set 'some'"):
        FittedVotes.embedded("some", draws=2)


def test_items_and_positions_of_every_vote_set_stand_on_one_scale():
    """The middle of what the items expect is near what was voted: both come from one fit."""
    from tropism.tables import load_table

    items, sessions = load_table("un_items"), load_table("ideal_point_sessions")
    counts = items.groupby(["vote_set", "year"], observed=True).size()
    expected = sessions.set_index(["vote_set", "year"])["rollcalls"]
    assert (counts.reindex(expected.index) == expected).all()
    assert (items["cutpoint_yes"] >= items["cutpoint_no"]).all()
    first = items.dropna(subset=["repeats"])
    known = items.set_index(["vote_set", "rcid"])["discrimination"]
    again = known.loc[list(zip(first["vote_set"], first["repeats"].astype(int), strict=True))]
    np.testing.assert_array_equal(again.to_numpy(), first["discrimination"].to_numpy())
