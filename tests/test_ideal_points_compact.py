"""Compact joint draws: what goes in comes out again, on made-up worlds and in the embedded tables."""

from types import SimpleNamespace

import numpy as np
import pyarrow as pa
import pytest

from tropism.errors import SchemaError, SeriesError
from tropism.tables import read_table, schema
from tropism.votes.ideal_points import compact
from tropism.votes.similarity import similarity_series
from tropism.votes.un_reference import reference_positions

SETS = (
    "all", "no-nuclear", "important", "contested", "middle-east", "nuclear", "disarmament", "human-rights",
    "colonialism", "economic",
)  # fmt: skip


def world(states=30, sessions=14, seed=0):
    """Paths of states that share two factors a session; the second state is away for three sessions."""
    rng = np.random.default_rng(seed)
    unit, column = (each.ravel() for each in np.mgrid[:states, :sessions])
    here = ~((unit == 1) & (column > 4) & (column < 8))
    unit, column = unit[here], column[here]
    mean = rng.normal(0, 1, states)[unit] + 0.1 * rng.normal(0, 1, unit.size)
    loading = np.zeros((unit.size, compact.FACTORS))
    loading[:, 0] = rng.uniform(0.2, 0.5, unit.size)
    loading[:, 1] = 0.3 * mean
    # Factors that wander: neighbouring sessions are alike.
    walk = np.exp(-np.abs(np.subtract.outer(range(sessions), range(sessions))) / 5)
    spread = np.kron(walk, np.diag([1, 1, 0, 0]))
    own = rng.uniform(0.3, 0.8, unit.size) * (compact._places(unit) > 0)
    return compact.CompactPoints(
        units=tuple(f"S{i:02}" for i in range(states)),
        unit=unit,
        session=column + 1,
        year=column + 1946,
        votes=np.full(unit.size, 20),
        column=column,
        mean=mean,
        std_error=rng.uniform(0.1, 0.4, unit.size),
        loading=loading,
        level=np.where(unit == 3, 0.7, 0.0),  # one state has a level of its own
        own_correlation=own,
        root=np.linalg.cholesky(spread + 1e-9 * np.eye(len(spread))),
    )


def fit_of(points, n=8000, seed=1):
    """A fit whose draws come from these points: as much of one as `compress` looks at."""
    draws = points.draw(n, seed)
    fields = {name: getattr(points, name) for name in ("units", "unit", "session", "year", "votes")}
    return SimpleNamespace(draws=draws, n_draws=n, **fields)


def change_sds(draws, points, gap):
    """Sd of the change in closeness over so many sessions, for every pair and window in which both are."""
    found = []
    for first in np.unique(points.column):
        ends = [np.flatnonzero(points.column == first), np.flatnonzero(points.column == first + gap)]
        both = np.intersect1d(points.unit[ends[0]], points.unit[ends[1]])
        before, after = (draws[:, each[np.isin(points.unit[each], both)]] for each in ends)
        i, j = np.triu_indices(both.size, 1)
        change = np.abs(before[:, i] - before[:, j]) - np.abs(after[:, i] - after[:, j])
        found.append(change.std(axis=0))
    return np.concatenate(found)


@pytest.fixture(scope="module")
def truth():
    return world()


@pytest.fixture(scope="module")
def parts(truth):
    return compact.compress(fit_of(truth))


def test_changes_in_pair_closeness_keep_their_sd(truth, parts):
    ratio = change_sds(parts.draw(8000, 7), truth, 10) / change_sds(truth.draw(8000, 8), truth, 10)
    # Two samples of 8,000 draws differ by 1.1% (one sd) in an sd anyway, and the parts come from a third.
    assert abs(np.median(ratio) - 1) < 0.005
    assert np.mean(np.abs(ratio - 1) < 0.05) > 0.999


def test_own_correlation_factors_and_level_are_found(truth, parts):
    late = (compact._places(truth.unit) > 0) & (truth.unit != 3)
    np.testing.assert_allclose(parts.own_correlation[late], truth.own_correlation[late], atol=0.12)
    assert np.abs(parts.level[truth.unit == 3] - 0.7).max() < 0.15
    both = truth.loading[:, :2] @ truth.loading[:, :2].T
    mine = np.einsum("pk,qk->pq", parts.loading, parts.loading)
    same = np.equal.outer(truth.column, truth.column) & ~np.eye(truth.unit.size, dtype=bool)
    assert np.abs(both - mine)[same].max() < 0.08


def test_the_choice_between_two_sets_of_parts_sees_which_one_misses_pairs(truth, parts):
    fit = fit_of(truth)
    column, units = truth.column, len(truth.units)
    sessions = int(column.max()) + 1
    away = fit.draws - fit.draws.mean(axis=0)
    std_error = away.std(axis=0, dtype=float)
    scaled = away / std_error
    together = np.zeros((units, sessions, sessions))
    for u in range(units):
        here = np.flatnonzero(truth.unit == u)
        together[u][np.ix_(column[here], column[here])] = scaled[:, here].T @ scaled[:, here] / len(away)
    loading = np.zeros((units, sessions, compact.FACTORS))
    loading[truth.unit, column] = parts.loading
    good = compact._Parts(loading, parts.level, parts.own_correlation, parts.root)
    bad = good._replace(loading=0 * loading, level=0 * parts.level)
    given = (away, std_error, truth.unit, column, together)
    assert compact._pair_miss(good, *given) < 0.02 < 0.2 < compact._pair_miss(bad, *given)
    assert compact._own_miss(good, truth.unit, column, together).max() < compact.STRAY


def test_tables_hold_the_points(parts):
    tables = compact.tabulate(parts, "all")
    points, factors = (
        schema.check(name, frame.sample(frac=1, random_state=3))
        for name, frame in zip(("ideal_points", "ideal_point_factors"), tables, strict=True)
    )
    back = compact.read(points, factors, "all")
    assert back.units == parts.units
    for name in ("unit", "session", "year", "votes", "column"):
        np.testing.assert_array_equal(getattr(back, name), getattr(parts, name))
    np.testing.assert_allclose(back.mean, parts.mean, atol=5.1e-4)
    np.testing.assert_allclose(back.std_error, parts.std_error, rtol=5.1e-3)
    np.testing.assert_allclose(back.root, parts.root, atol=0.51 * compact.ROOT_STEP)
    ratio = change_sds(back.draw(8000, 7), parts, 10) / change_sds(parts.draw(8000, 7), parts, 10)
    assert np.abs(ratio - 1).max() < 0.03  # the same random numbers: only rounding is left


def test_draws_come_back_with_their_seed_and_selected_states_keep_their_covariance(truth):
    np.testing.assert_array_equal(truth.draw(20, 4), truth.draw(20, 4))
    assert not np.array_equal(truth.draw(20, 4), truth.draw(20, 5))
    some = truth.select(["S03", "S01", "XXX"])
    assert some.units == ("S01", "S03")
    whole, part = truth.series(6000, 1), some.series(6000, 2)
    for series in (whole, part):
        assert series.missing[series.index(["S01"])[0]].sum() == 3
    pair = [each.select(["S01", "S03"]).values[:, :, -1] for each in (whole, part)]
    np.testing.assert_allclose(np.cov(pair[0].T), np.cov(pair[1].T), atol=0.006)


def test_few_draws_and_strange_tables_are_refused(truth, parts):
    with pytest.raises(SeriesError, match="has 500 draws; expected at least 1000"):
        compact.compress(fit_of(truth, n=500))
    tables = [pa.Table.from_pandas(each, preserve_index=False) for each in compact.tabulate(parts, "all")]
    with pytest.raises(SchemaError, match="no vote set 'none'; it holds all"):
        compact.read(*tables, "none")
    with pytest.raises(SchemaError, match="Take both tables from one fit"):
        compact.read(tables[0], tables[1].slice(0, 0), "all")
    with pytest.raises(SeriesError, match="no votes of XXX or YYY"):
        compact.closeness_series(truth.series(10), ["XXX", "YYY"])


def test_a_tiny_chamber_can_be_taken_apart():
    small = world(states=4, sessions=5)
    parts = compact.compress(fit_of(small, n=4000))
    np.testing.assert_allclose(parts.draw(4000, 3).std(axis=0), small.std_error, rtol=0.06)


def test_closeness_is_the_distance_draw_by_draw(truth):
    positions = truth.series(50)
    near = compact.closeness_series(positions, ["S02", "S05"])
    a, b = (positions.values[:, positions.index([unit])[0]] for unit in ("S07", "S05"))
    np.testing.assert_array_equal(near.values[:, near.index(["S07>S05"])[0]], -np.abs(a - b))
    assert near.is_closeness and "S05>S05" not in near


# ------------------------------------------------------------------------------------------ embedded


@pytest.fixture(scope="module")
def embedded():
    return read_table("ideal_points"), read_table("ideal_point_factors")


def test_ten_vote_sets_are_embedded(embedded):
    assert tuple(compact.vote_sets(embedded[0])) == SETS


@pytest.mark.parametrize("name", SETS)
def test_every_set_stands_on_the_same_scale(embedded, name):
    """Each original draw has mean 0 and sd 1 over the reference positions, and no set lacks one of them."""
    found = compact.read(*embedded, name)
    place = {
        (found.units[unit], session): i
        for i, (unit, session) in enumerate(zip(found.unit.tolist(), found.session.tolist(), strict=True))
    }
    chosen = [place[key] for key in reference_positions().itertuples(index=False, name=None)]
    draws = found.draw(200)[:, chosen]
    # The parts know nothing of the standardisation; that they nearly keep it shows that they are joint.
    # Measured: sd over draws of the mean 0.003 (all) to 0.013 (nuclear), of the sd 0.004 to 0.02.
    assert draws.mean(axis=1).std() < 0.03
    assert draws.std(axis=1).std() < 0.04
    assert found.mean[chosen].mean() == pytest.approx(0, abs=1e-3)
    usa = [i for i in chosen if found.units[found.unit[i]] == "USA"]
    assert found.mean[usa].min() > 1


def test_sessions_say_where_the_line_tells_the_poles_apart():
    sessions = read_table("ideal_point_sessions").to_pandas()
    assert sessions["poles_apart"].between(0, 1).sum() > 600
    every = sessions[sessions["vote_set"] == "all"]
    assert (every["poles_apart"].dropna() >= 0.95).all()
    nuclear = sessions[(sessions["vote_set"] == "nuclear") & sessions["session"].between(22, 33)]
    assert (nuclear["poles_apart"] < 0.95).any()


def test_pakistan_meets_russia_on_the_line_in_2022_and_agrees_with_it_less(embedded):
    """Distance on one dimension is not disagreement: the case that rows must show, not hide."""
    near = compact.closeness_series(compact.read(*embedded).series(1000), ["RUS"])
    years, closeness = near.path("PAK>RUS")
    agreement = similarity_series(read_table("un_vote_counts"), ["RUS"], measure="graded_agreement")
    when, share = agreement.path("PAK>RUS")
    before, after = (float(closeness[years == year][0]) for year in (2021, 2022))
    assert after > before and after > -0.15
    before, after = (float(share[when == year][0]) for year in (2021, 2022))
    assert (round(before, 3), round(after, 3)) == (0.807, 0.756)
