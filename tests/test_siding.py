"""Whom a state sides with: known moves toward B, away from C and aside, and what must not matter."""

import json

import numpy as np
import pandas as pd
import pytest

from tropism.dyads import Triad, Window
from tropism.errors import DataNotPresentError, SchemaError, SeriesError
from tropism.shifts import infer_shifts
from tropism.shifts.siding import HALF, fit_choices, siding
from tropism.votes.contested import contested_series

TRIAD = Triad("AAA", "BBB", "CCC")
WINDOW = Window(2001, 2010, 2011, 2020)
YEARS = np.arange(2001, 2021)
STATES = ("AAA", *(f"S{i:02d}" for i in range(60)))
ROLLCALLS = 40


def votes(seed=0, *, b=0.0, c=0.0, everybody=0.0, rough=0.7, absences=0.0, states=STATES):
    """Single votes: AAA's log-odds of siding with BBB and CCC rise by ``b`` and ``c`` in 2011."""
    rng = np.random.default_rng(seed)
    level = rng.normal(0, 0.7, (len(states), 2))
    level[0] = 0.2, -0.1
    frames = []
    for year in YEARS:
        later = year >= 2011
        utility = level + np.array([[b, c]]) * later * (np.arange(len(states)) == 0)[:, None]
        effect = rng.normal(0, rough, (ROLLCALLS, 2)) + everybody * later + rng.normal(0, 0.3, 2)
        odds = np.exp(np.concatenate([utility[:, None] + effect, np.zeros((len(states), ROLLCALLS, 1))], 2))
        edges = np.cumsum(odds / odds.sum(axis=2, keepdims=True), axis=2)
        choice = (rng.random((len(states), ROLLCALLS, 1)) > edges).sum(axis=2)
        yes = rng.random(ROLLCALLS) < 0.5  # whether BBB votes yes
        side = np.where(yes, 1, 3)
        cast = np.select([choice == 0, choice == 1], [side, 4 - side], 2)
        cast = np.concatenate([cast, side[None], 4 - side[None]]).astype(float)
        cast[: len(states)][rng.random((len(states), ROLLCALLS)) < absences] = np.nan
        rcid = (year * 1000 + np.arange(ROLLCALLS)).astype(int)
        wide = pd.DataFrame(cast, index=[*states, "BBB", "CCC"], columns=rcid)
        long = wide.rename_axis("iso3").reset_index().melt("iso3", var_name="rcid", value_name="vote")
        frames.append(long.dropna().assign(year=int(year)))
    return pd.concat(frames, ignore_index=True).astype({"rcid": int, "vote": int})


def counts(single):
    """The same votes as the table ``un_contested_votes``."""
    wide = single.pivot(index=["year", "rcid"], columns="iso3", values="vote")
    rows = []
    for state in set(wide.columns) - {"BBB", "CCC"}:
        mine = wide[state]
        table = pd.DataFrame(
            {
                "with_1": mine == wide["BBB"],
                "with_2": mine == wide["CCC"],
                "abstained": mine == 2,
                "took_no_part": mine.isna(),
            }
        )
        total = table.groupby(level="year").sum().reset_index()
        rows.append(total.assign(iso3=state, pole_1="BBB", pole_2="CCC", contested=ROLLCALLS))
    return pd.concat(rows, ignore_index=True)


@pytest.mark.parametrize("kind", ["votes", "counts"])
def test_b_and_c_are_told_apart(kind):
    """A step toward B alone, away from C alone, and aside from both: three worlds that one axis confounds."""
    hits, zeros = [], []
    for seed in range(4):
        for b, c in ((1.0, 0.0), (0.0, -1.0), (-0.8, -0.8)):
            single = votes(seed, b=b, c=c)
            change = siding(single if kind == "votes" else counts(single), TRIAD, WINDOW).of()
            for true, found in ((b, change.change_toward), (c, change.change_away)):
                if true:
                    assert found.estimate * true > 0
                    hits.append(found.upper < 0 if true < 0 else found.lower > 0)
                else:
                    zeros.append(found.lower < 0 < found.upper)
    assert np.mean(hits) > 0.9
    assert sum(zeros) >= 5  # of 8; fewer in one run of 200 at 90 %


def test_single_votes_recover_the_size_of_a_move():
    found = [siding(votes(seed, b=0.9, c=-0.6), TRIAD, WINDOW).of() for seed in range(5)]
    # A standard error of .15 and 5 worlds: .07; half votes pull toward 0 by less than that.
    assert np.mean([each.change_toward.estimate for each in found]) == pytest.approx(0.9, abs=0.15)
    assert np.mean([each.change_away.estimate for each in found]) == pytest.approx(-0.6, abs=0.15)


@pytest.mark.parametrize("kind", ["votes", "counts"])
def test_intervals_of_states_that_did_not_move_cover_zero_at_their_rate(kind):
    single = votes(3, everybody=0.6)
    table = siding(single if kind == "votes" else counts(single), TRIAD, WINDOW).summary()
    for name in ("toward", "away", "change"):
        z = table[name] / table[f"{name}_se"]
        # 61 states: sd of the share 3.8 %, of the sd of z 9 %.
        assert 0.78 < (z.abs() < 1.645).mean() <= 1
        assert 0.7 < z.std() < 1.3


def test_a_vote_counted_twice_is_not_two():
    """Every roll call repeated once: neighbouring years scatter as before, so the standard error stays."""
    single = votes(4)
    again = pd.concat([single, single.assign(rcid=single["rcid"] + 500)], ignore_index=True)
    one, two = (siding(counts(each), TRIAD, WINDOW).summary().set_index("iso3") for each in (single, again))
    ratio = (two["change_se"] / one["change_se"]).median()
    assert 0.9 < ratio < 1.1  # 0.71 if they counted as independent


def test_with_equal_roll_calls_single_votes_and_counts_agree():
    shares = np.random.default_rng(0).dirichlet([2, 2, 1], 30)
    # Ten roll calls on which each state does the same in parts: none differs from another.
    effect, covariance = fit_choices(np.repeat(shares[:, None], 10, axis=1), np.ones(30, dtype=bool))
    n = 10 * shares + HALF
    np.testing.assert_allclose(effect, np.log(n[:, :2] / n[:, 2:]), atol=1e-3)
    np.testing.assert_allclose(covariance[:, 0, 1], 1 / n[:, 2], rtol=1e-2)
    np.testing.assert_allclose(covariance[:, 0, 0], 1 / n[:, 0] + 1 / n[:, 2], rtol=1e-2)


@pytest.mark.parametrize("kind", ["votes", "counts"])
def test_swapping_the_poles_swaps_b_and_c(kind):
    single = votes(5, b=0.5)
    table = single if kind == "votes" else counts(single)
    ahead, back = (siding(table, triad, WINDOW).of() for triad in (TRIAD, Triad("AAA", "CCC", "BBB")))
    assert back.change_away.estimate == pytest.approx(ahead.change_toward.estimate, abs=1e-3)
    assert back.change.estimate == pytest.approx(-ahead.change.estimate, abs=1e-3)
    assert back.rank.percentile == pytest.approx(100 - ahead.rank.percentile)
    np.testing.assert_allclose(back.covariance, ahead.covariance[::-1, ::-1], atol=1e-3)


def test_the_order_of_rows_and_the_side_that_says_yes_do_not_matter():
    single = votes(6, b=0.5)
    turned = single.sample(frac=1, random_state=0).assign(vote=lambda frame: 4 - frame["vote"])
    one, two = (siding(each, TRIAD, WINDOW).summary().set_index("iso3") for each in (single, turned))
    pd.testing.assert_frame_equal(two.loc[one.index], one, atol=1e-6)


def test_the_states_own_votes_do_not_enter_the_effects():
    plain, moved = (siding(counts(votes(7, b=b)), TRIAD, WINDOW) for b in (0.0, 2.0))
    other = plain.states.index("S10")
    # The level of AAA decides what others of its level did, and nothing else.
    np.testing.assert_allclose(moved.estimate[other], plain.estimate[other], atol=1e-9)


def test_staying_away_is_missing_or_a_side_of_its_own():
    single = votes(8, absences=0.3)
    for table in (single, counts(single)):
        out, neither = (siding(table, TRIAD, WINDOW, absent=absent) for absent in ("left-out", "neither"))
        assert neither.counts[0].sum() == YEARS.size * ROLLCALLS
        assert out.counts[0].sum() < 0.8 * neither.counts[0].sum()
        np.testing.assert_array_equal(out.counts[..., :2], neither.counts[..., :2])


def test_the_series_brings_the_same_change_to_infer_shifts():
    found = siding(counts(votes(9, b=0.8, c=-0.4)), TRIAD, WINDOW)
    own = found.of()
    shift = infer_shifts(found.series(draws=1000), TRIAD, WINDOW).of()
    assert shift.change.estimate == pytest.approx(own.change.estimate, abs=0.02)
    assert shift.change.upper - shift.change.lower == pytest.approx(
        own.change.upper - own.change.lower, rel=0.12
    )
    assert shift.change_toward.estimate == pytest.approx(own.change_toward.estimate, abs=0.02)


def test_draws_of_neighbouring_years_are_independent():
    panel = siding(counts(votes(10)), TRIAD, WINDOW).series(draws=4000)
    path = panel.values[:, panel.index(["AAA>BBB"])[0]]
    correlation = np.corrcoef(path.T)
    assert np.abs(correlation[np.triu_indices(YEARS.size, 1)]).max() < 0.08
    other = panel.values[:, panel.index(["AAA>CCC"])[0]]
    assert np.corrcoef(path[:, 0], other[:, 0])[0, 1] > 0.1  # both are set against the same abstentions


def test_shares_are_those_of_the_contested_roll_calls():
    table = counts(votes(11, b=0.5))
    shares = siding(table, TRIAD, WINDOW).of().shares
    np.testing.assert_allclose(shares.sum(axis=1), 1)
    import pyarrow as pa

    path = contested_series(pa.Table.from_pandas(table), "BBB", "CCC").path("AAA>BBB")[1]
    np.testing.assert_allclose(shares[:, 0], [path[:10].mean(), path[10:].mean()], atol=1e-6)


def test_what_cannot_be_estimated_is_said():
    table = counts(votes(12))
    with pytest.raises(DataNotPresentError, match="between BBB and ZZZ"):
        siding(table, Triad("AAA", "BBB", "ZZZ"), WINDOW)
    with pytest.raises(SchemaError, match="lacks the column with_2"):
        siding(table.drop(columns="with_2"), TRIAD, WINDOW)
    with pytest.raises(SeriesError, match="'gone'"):
        siding(table, TRIAD, WINDOW, absent="gone")
    short = table[(table["iso3"] != "AAA") | (table["year"] < 2013)]
    found = siding(short, TRIAD, WINDOW)
    with pytest.raises(SeriesError, match="AAA has 10 years before and 2 after"):
        found.of()
    assert "AAA" not in found.summary()["iso3"].tolist()
    with pytest.raises(SeriesError, match="10 states beside"):
        siding(table[table["iso3"].isin(STATES[:8])], TRIAD, WINDOW)
    single = votes(12)
    with pytest.raises(SchemaError, match="AAA votes twice"):
        siding(pd.concat([single, single[:1]]), TRIAD, WINDOW)
    with pytest.raises(DataNotPresentError, match="ZZZ never voted"):
        siding(single, Triad("AAA", "BBB", "ZZZ"), WINDOW)
    agreed = single[~single["iso3"].isin(["CCC"])]
    agreed = pd.concat([agreed, single[single["iso3"] == "BBB"].assign(iso3="CCC")])
    with pytest.raises(DataNotPresentError, match="no roll call is contested"):
        siding(agreed, TRIAD, WINDOW)


def test_the_result_writes_itself():
    found = siding(counts(votes(13)), TRIAD, WINDOW)
    table = found.tidy()
    assert len(table) == 2 * len(STATES) * YEARS.size and set(table["pole"]) == {"BBB", "CCC"}
    written = json.loads(found.to_json())
    assert written["settings"]["effects"] == "year" and len(written["changes"]) == len(STATES)
    assert "Gart" in found.cite()
    assert len(found.plot().to_dict()["layer"]) == 2
    with pytest.raises(SeriesError, match="QQQ"):
        found.plot("QQQ")


# ------------------------------------------------------------------------------- the embedded counts


@pytest.mark.parametrize("absent", ["left-out", "neither"])
def test_hungary_since_2014_left_russias_side(absent):
    change = siding(None, Triad("HUN", "USA", "RUS"), Window(2004, 2013, 2014, 2023), absent=absent).of()
    assert change.change.lower > 0 and change.rank.percentile > 90
    assert change.change_away.upper < 0 and change.rank_away.percentile < 15
    before, after = change.shares
    assert after[0] - before[0] > 0.1 and after[1] - before[1] < -0.15


def test_the_soviet_seat_goes_on_as_russia():
    found = siding(None, Triad("IND", "RUS", "USA"), Window(1982, 1990, 1992, 1997))
    assert found.of().years_before == 9 and found.of().years_after == 6
    assert found.provenance and "Gart" in found.cite()
