"""Ideal points on the UN record: the vote set of Bailey, Strezhnev and Voeten (2017), and their positions."""

import importlib.util

import numpy as np
import pandas as pd
import pytest

from tropism.votes.ideal_points import estimate_ideal_points, estimate_vintages

pytestmark = pytest.mark.skipif(importlib.util.find_spec("numba") is None, reason="needs numba (extra votes)")

SOUTH_AFRICA, ZANZIBAR = 560, 511


def bsv_filters(votes, rollcalls):
    """The votes their code keeps: sessions to 74 without 19, no paragraph and amendment votes after 1989, and
    without two states' rows that it drops by hand."""
    votes = votes[votes["session"] <= 74].merge(rollcalls[["rcid", "para", "amend"]], on="rcid")
    part = votes["para"].eq(1).fillna(False) | votes["amend"].eq(1).fillna(False)
    late = pd.to_datetime(votes["date"]).dt.year > 1989
    dropped = (
        (late & part.astype(bool))
        | ((votes["ccode"] == SOUTH_AFRICA) & (votes["session"] == 48))
        | (votes["session"] == 19)
        | (votes["ccode"] == ZANZIBAR)
    )
    return votes[~dropped].rename(columns={"ccode": "unit"})[["unit", "rcid", "session", "year", "vote"]]


@pytest.fixture(scope="module")
def unga(shared_data):
    return shared_data / "unga"


@pytest.fixture(scope="module")
def fitted(unga):
    votes = bsv_filters(pd.read_parquet(unga / "votes.parquet"), pd.read_parquet(unga / "rollcalls.parquet"))
    return estimate_ideal_points(votes, bridges=pd.read_csv(unga / "bsv_matches.csv"), anchor="2", draws=200)


@pytest.fixture(scope="module")
def published(unga):
    return pd.read_csv(unga / "bsv_ideal_points_2020.csv", encoding="latin-1")


def test_filters_give_the_counts_of_bailey_strezhnev_and_voeten(fitted, published):
    counts = {name: fitted.settings[name] for name in ("votes", "rollcalls", "items")}
    assert counts == {"votes": 797_473, "rollcalls": 5733, "items": 4784}
    ours = fitted.tidy().assign(ccode=lambda table: table["unit"].astype(int))
    both = ours.merge(published, on=["ccode", "session"], how="outer")
    assert len(both) == 10_469
    assert (both["votes"] == both["NVotes"]).all()


def correlations(found, published):
    both = (
        found.tidy()
        .assign(ccode=lambda table: table["unit"].astype(int))
        .merge(published, on=["ccode", "session"])
    )
    by_session = both.groupby("session")[["estimate", "IdealPoint"]].corr().iloc[::2, 1]
    long = both[both.groupby("ccode")["session"].transform("size") >= 10]
    within = long.groupby("ccode")[["estimate", "IdealPoint"]].corr().iloc[::2, 1]
    return both["estimate"].corr(both["IdealPoint"]), by_session, within


def test_their_own_update_agrees_with_the_positions_of_bailey_strezhnev_and_voeten(unga, published):
    votes, rollcalls = (pd.read_parquet(unga / name) for name in ("votes.parquet", "rollcalls.parquet"))
    votes = bsv_filters(votes, rollcalls)
    bridges = pd.read_csv(unga / "bsv_matches.csv")
    found = estimate_ideal_points(votes, bridges=bridges, anchor="2", dynamics="bsv")
    pooled, by_session, within = correlations(found, published)
    # Measured: .985, mean .999, least .985, median .982. A short run of their own code: .976, .994, .940,
    # .932.
    assert pooled > 0.98
    assert by_session.mean() > 0.99 and by_session.min() > 0.95
    assert within.median() > 0.93


def test_the_smoother_converges_and_resembles_the_published_positions(fitted, published):
    assert fitted.convergence.converged and fitted.convergence.residuals == 1
    pooled, by_session, _ = correlations(fitted, published)
    # Sanity bounds: theirs looks only backward along a path, ours at all of it.
    assert pooled > 0.9
    assert by_session.mean() > 0.93 and by_session.min() > 0.75


def test_most_early_boundaries_have_few_bridges(fitted):
    bridges = fitted.bridges().set_index("session")["bridges"]
    # No listed bridge crosses the boundary of session 52; at most eight cross any up to 31.
    assert bridges[52] == 0
    assert bridges[bridges.index <= 30].max() <= 8


def test_positions_separate_the_poles_of_the_cold_war(fitted):
    distance = fitted.distance("2", "365")
    years, apart = distance.path("2>365")
    assert np.all(apart[(years >= 1950) & (years <= 1985)] > 1)


def test_a_vintage_agrees_with_a_fit_of_its_own(unga):
    """Warm starts at session 37 led astray, and before that out of all bounds."""
    votes = pd.read_parquet(unga / "votes.parquet").rename(columns={"ccode": "unit"})
    votes = votes[["unit", "rcid", "session", "year", "vote"]]
    options = {"bridges": pd.read_csv(unga / "bsv_matches.csv"), "anchor": "2", "draws": 0}
    for session, found in estimate_vintages(votes, sessions=(36, 37, 38), **options):
        alone = estimate_ideal_points(votes, as_of=session, **options)
        # A third of the tolerance: standard errors are some 0.1.
        assert np.sqrt(np.mean((found.tidy()["estimate"] - alone.tidy()["estimate"]) ** 2)) < 0.01
        assert max(found.convergence.recentred) < 0.06
