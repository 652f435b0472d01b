"""The embedded ideal points are those of a fit to the shared votes, with the same joint uncertainty."""

import importlib.util
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tropism.tables import read_table
from tropism.votes.ideal_points import compact
from tropism.votes.un_reference import REFERENCE_SESSIONS, REFERENCE_STATES
from tropism.votes.vote_sets import select_rollcalls

pytestmark = pytest.mark.skipif(importlib.util.find_spec("numba") is None, reason="needs numba (extra votes)")

SCRIPTS = Path(__file__).parents[2] / "scripts"
DRAWS = 6000


@pytest.fixture(scope="module")
def builder(shared_data):
    sys.path.insert(0, str(SCRIPTS))
    try:
        from embed import ideal_points
    finally:
        sys.path.remove(str(SCRIPTS))
    return ideal_points


def test_the_reference_states_voted_in_every_session_of_every_set(builder, shared_data):
    cast = builder.votes()
    rollcalls = pd.read_parquet(shared_data / "unga" / "rollcalls.parquet")
    divided = cast.groupby("rcid")["vote"].nunique()
    first, last = REFERENCE_SESSIONS
    cast = cast[cast["rcid"].isin(divided[divided > 1].index) & cast["session"].between(first, last)]
    every = None
    for name in builder.VOTE_SETS:
        here = cast[cast["rcid"].isin(select_rollcalls(rollcalls, name)["rcid"])]
        sessions = here.groupby("iso3")["session"].nunique()
        complete = set(sessions[sessions == last - first + 1].index)
        every = complete if every is None else every & complete
    assert every == set(REFERENCE_STATES)


@pytest.fixture(scope="module", params=["important", "economic"])
def pair(request, builder):
    """A fresh fit with another seed than that of the build, and the embedded points."""
    fresh = builder.fit(builder.votes(), request.param, draws=DRAWS, seed=99)
    return fresh, compact.read(read_table("ideal_points"), read_table("ideal_point_factors"), request.param)


def test_the_positions_are_those_of_the_fit(pair):
    fresh, embedded = pair
    assert fresh.units == embedded.units
    np.testing.assert_array_equal(fresh.unit, embedded.unit)
    np.testing.assert_array_equal(fresh.session, embedded.session)
    np.testing.assert_array_equal(fresh.votes, embedded.votes)
    sd = fresh.draws.std(axis=0)
    # Mean of 8,000 against mean of 6,000 draws: 0.017 sd; the largest of 10,000 is four times that.
    assert np.abs(fresh.draws.mean(axis=0) - embedded.mean).max() < 0.1 * sd.max()
    np.testing.assert_allclose(embedded.std_error, sd, rtol=0.07)


def test_ten_year_changes_in_pair_closeness_keep_their_sd(pair):
    fresh, embedded = pair
    mine, ratios = embedded.draw(DRAWS, 5), []
    for first in (40, 47, 54, 61):
        ends = [np.flatnonzero(fresh.session == session) for session in (first, first + 10)]
        both = np.intersect1d(*(fresh.unit[each] for each in ends))
        ends = [each[np.isin(fresh.unit[each], both)] for each in ends]
        sds = []
        for draws in (mine, fresh.draws):
            before, after = (np.ascontiguousarray(draws[:, each].T) for each in ends)
            sds.append(
                np.concatenate(
                    [
                        (np.abs(after[:i] - after[i]) - np.abs(before[:i] - before[i])).std(axis=1)
                        for i in range(1, both.size)
                    ]
                )
            )
        ratios.append(sds[0] / sds[1])
    ratio = np.concatenate(ratios)
    # Two samples of 6,000 draws differ by 1.3% (one sd) by themselves: 5% is nearly four of those.
    assert abs(np.median(ratio) - 1) < 0.005
    assert np.mean(np.abs(ratio - 1) < 0.05) > 0.998
    assert np.abs(ratio - 1).max() < 0.15
