"""What sessions say by themselves: the likelihood's maximum, its error, breaks that smoothing smears."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import minimize_scalar

from tropism.dyads import Triad
from tropism.errors import SchemaError, SeriesError
from tropism.series import Series
from tropism.shifts.breaks import infer_break
from tropism.shifts.decomposition import FittedVotes
from tropism.shifts.session_terms import likeliest, session_terms
from tropism.votes.ideal_points.agreement import probabilities

YEARS = np.arange(1996, 2024)
STATES = ("BBB", "CCC", *(f"S{i:02d}" for i in range(40)))
TRIAD = Triad("S00", "BBB", "CCC")
ROLLCALLS = 60


def items_of(rng, n):
    """Discriminations either way, and cutpoints a little apart."""
    middle, slope = rng.normal(0, 0.9, n), rng.choice([-1, 1], n) * rng.uniform(0.8, 2.5, n)
    return np.column_stack([slope, slope * middle - 0.3, slope * middle + 0.3])


def cast(rng, place, items, link="probit"):
    """Votes 1 yes, 2 abstain, 3 no of places, shape (states,), on items: shape (states, items)."""
    no, abstain, _ = np.moveaxis(probabilities(place[:, None], items, link), -1, 0)
    draw = rng.random(no.shape)
    return np.where(draw < no, 3, np.where(draw < no + abstain, 2, 1))


def one_hot(votes):
    return (3 - votes[:, :, None]) == np.arange(3)


def world(seed=0, step=0.0, places=None):
    """A fit whose items are known, and the votes of 42 states; the first that is no pole steps in 2010."""
    rng = np.random.default_rng(seed)
    truth = np.repeat(np.r_[1.5, -1.5, rng.normal(0, 0.8, 40)][:, None], YEARS.size, axis=1)
    truth[2] += step * (YEARS >= 2010)
    items = items_of(rng, ROLLCALLS * YEARS.size)
    rcid = np.arange(len(items)) + 100
    year = np.repeat(YEARS, ROLLCALLS)
    fitted = FittedVotes(
        positions=Series(
            name="ideal_point",
            values=truth[None],
            missing=np.zeros(truth.shape, dtype=bool),
            units=STATES,
            years=YEARS,
            label="made",
            measured_in="sd",
            block="votes",
            signal="cheap",
            is_closeness=False,
        ),
        rollcall=rcid,
        year=year,
        item=np.arange(len(items)),
        items=items,
    )
    rows = [
        pd.DataFrame(
            {
                "iso3": np.repeat(STATES, ROLLCALLS),
                "rcid": np.tile(rcid[year == each], len(STATES)),
                "vote": cast(rng, truth[:, t], items[year == each]).ravel(),
            }
        )
        for t, each in enumerate(YEARS)
    ]
    return fitted, pd.concat(rows, ignore_index=True), truth


@pytest.mark.parametrize("link", ["probit", "logit"])
def test_the_maximum_is_that_of_a_general_optimiser(link):
    """Of the likelihood times the root of the expected information (Firth 1993), by central differences."""
    rng = np.random.default_rng(0)
    items = items_of(rng, 25)
    votes = cast(rng, np.array([-2.0, 0.1, 1.2]), items, link)
    votes = np.vstack([votes, np.where(items[:, 0] > 0, 1, 3)])  # as far out as one can vote
    place, error = likeliest(one_hot(votes), items, link)

    def penalised(x, mine):
        p, up, down = (probabilities(np.full(25, x + h), items, link) for h in (0.0, 1e-4, -1e-4))
        information = (((up - down) / 2e-4) ** 2 / np.maximum(p, 1e-9)).sum()
        return -(np.log(p[np.arange(25), 3 - mine]).sum() + 0.5 * np.log(information)), information

    for k, mine in enumerate(votes):
        best = minimize_scalar(lambda x, mine=mine: penalised(x, mine)[0], bounds=(-6, 6), method="bounded")
        assert place[k] == pytest.approx(best.x, abs=2e-3)
        assert error[k] == pytest.approx(penalised(best.x, mine)[1] ** -0.5, rel=0.03)
    assert np.isfinite(place).all() and place[3] > place[2]


def test_errors_are_those_of_repeated_votes_and_no_prior_pulls_to_the_middle():
    rng = np.random.default_rng(1)
    items, truth = items_of(rng, 60), np.repeat([-1.5, 0.0, 2.0], 400)
    place, error = likeliest(one_hot(cast(rng, truth, items)), items, "probit")
    off, z = ((place - truth).reshape(3, 400), ((place - truth) / error).reshape(3, 400))
    # 400 votings each: a mean has a standard error of .05 errors, a standard deviation one of .035.
    assert np.abs(off.mean(axis=1) / error.reshape(3, 400).mean(axis=1)).max() < 0.15
    assert np.abs(z.std(axis=1) - 1).max() < 0.12


def test_a_break_stays_in_its_year_where_a_smoothed_path_spreads_it():
    fitted, votes, truth = world(2, step=0.8)
    table = session_terms(votes, TRIAD, fitted)
    assert len(table) == truth.size and (table["votes"] == ROLLCALLS).all()
    mine = table[table["iso3"] == "S00"]
    assert np.corrcoef(mine["estimate"], truth[2])[0, 1] > 0.9
    found = infer_break(table, TRIAD, as_of=False, blocs=())
    assert found.probability > 0.9 and found.year == 2010 and len(found.credible_years) <= 2
    assert found.size.lower < 0.8 < found.size.upper
    # The same sessions, each averaged with its neighbours as a random walk would: the year is lost.
    wide = table.pivot(index="iso3", columns="year", values="estimate")
    smooth = sum(wide.shift(k, axis=1) for k in range(-2, 3)).dropna(axis=1) / 5
    long = smooth.stack().rename("estimate").reset_index()
    smeared = infer_break(long, TRIAD, as_of=False, blocs=())
    assert len(smeared.credible_years) > len(found.credible_years)


def test_the_sign_of_the_fit_and_the_order_of_poles():
    fitted, votes, _ = world(3)
    one = session_terms(votes, TRIAD, fitted)
    turned = fitted.items * [-1.0, 1.0, 1.0]
    flipped = replace(
        fitted, items=turned, positions=replace(fitted.positions, values=-fitted.positions.values)
    )
    assert np.allclose(session_terms(votes, TRIAD, flipped)["estimate"], one["estimate"], atol=1e-6)
    mirrored = session_terms(votes.sample(frac=1, random_state=0), Triad("S00", "CCC", "BBB"), fitted)
    assert np.allclose(mirrored["estimate"], -one["estimate"])


def test_few_votes_give_no_row_and_a_seat_is_one_path():
    fitted, votes, _ = world(4)
    few = votes[(votes["iso3"] != "S05") | (votes["rcid"] < 100 + 9)]
    assert "S05" not in set(session_terms(few, TRIAD, fitted)["iso3"])
    renamed = votes.replace({"iso3": {"S06": "RUS"}})
    early = renamed["rcid"] < 100 + ROLLCALLS
    positions = replace(fitted.positions, units=tuple("RUS" if u == "S06" else u for u in STATES))
    plain = session_terms(renamed, TRIAD, replace(fitted, positions=positions))
    years = np.where(fitted.year == YEARS[0], 1990, fitted.year)
    renamed.loc[early & (renamed["iso3"] == "RUS"), "iso3"] = "SUN"
    spliced = session_terms(renamed, TRIAD, replace(fitted, positions=positions, year=years))
    assert "SUN" not in set(spliced["iso3"])
    one, two = (each.loc[each["iso3"] == "RUS", "estimate"].to_numpy() for each in (plain, spliced))
    assert np.allclose(one, two)


def test_refusals():
    fitted, votes, _ = world(5)
    with pytest.raises(SchemaError, match="no column vote"):
        session_terms(votes.drop(columns="vote"), TRIAD, fitted)
    with pytest.raises(SchemaError, match=r"1 votes have another code.*first 8 of BBB"):
        session_terms(votes.assign(vote=[8, *votes["vote"][1:]]), TRIAD, fitted)
    with pytest.raises(SchemaError, match="1 votes repeat a state and roll call; first BBB on 100"):
        session_terms(pd.concat([votes, votes.head(1)]), TRIAD, fitted)
    with pytest.raises(SeriesError, match="XXX has no position"):
        session_terms(votes, Triad("S00", "BBB", "XXX"), fitted)
    with pytest.raises(SeriesError, match="on a roll call of the fit"):
        session_terms(votes.assign(rcid=-votes["rcid"]), TRIAD, fitted)
