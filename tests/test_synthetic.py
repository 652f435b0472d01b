"""Synthetic control: weights of a general optimiser, known effects, level placebo ranks, refusals."""

import json

import numpy as np
import pytest
from scipy.optimize import minimize

from tropism.dyads import Triad, Window
from tropism.errors import IdentificationError, SeriesError
from tropism.series import Series
from tropism.shifts.synthetic import convex_weights, synthetic_control

YEARS = np.arange(1994, 2024)
TRIAD = Triad("S00", "BBB", "CCC")
WINDOW = Window(1994, 2013, 2014)


def panel(values):
    values = np.asarray(values, dtype=np.float32)[None]
    return Series(
        name="made",
        values=values,
        missing=np.isnan(values[0]),
        units=tuple(f"S{i:02d}" for i in range(values.shape[1])),
        years=YEARS,
        label="made",
        measured_in="points",
        block="votes",
        signal="cheap",
    )


def world(seed, n=50, noise=0.5):
    """Three common factors, loadings of every state's own: no state is exactly a mean of others."""
    rng = np.random.default_rng(seed)
    factors = np.cumsum(rng.normal(0, 0.5, (3, YEARS.size)), axis=1)
    values = rng.normal(0, 1, (n, 3)) @ factors + rng.normal(0, 1, (n, 1))
    return values + rng.normal(0, noise, (n, YEARS.size))


def twin(seed, effect=0.0):
    """A state that is .5, .3 and .2 of three donors, and an effect from 2014 on."""
    values = world(seed, noise=0.3)
    values[0] = 0.5 * values[1] + 0.3 * values[2] + 0.2 * values[3] + effect * (YEARS >= 2014)
    return values


@pytest.mark.parametrize("ridge", [0.0, 0.5, 20.0])
def test_weights_are_those_of_a_general_optimiser(ridge):
    rng = np.random.default_rng(0)
    donors, target = rng.normal(size=(8, 12)), 0.3 * rng.normal(size=12)
    found = convex_weights(target, donors, ridge)

    def loss(w):
        return ((target - w @ donors) ** 2).sum() + ridge * (w**2).sum()

    sum_to_one = {"type": "eq", "fun": lambda w: w.sum() - 1}
    best = minimize(loss, np.full(8, 1 / 8), bounds=[(0, 1)] * 8, constraints=sum_to_one, tol=1e-12)
    assert found.sum() == pytest.approx(1) and found.min() >= 0
    assert found == pytest.approx(best.x, abs=1e-5)


def test_known_weights_and_a_known_effect_come_back():
    found = synthetic_control(panel(twin(1, effect=2.0)), TRIAD, WINDOW, penalty=1e-9)
    assert found.weights["S01"] == pytest.approx(0.5, abs=1e-3)
    assert found.weights["S02"] == pytest.approx(0.3, abs=1e-3)
    assert found.effect == pytest.approx(2.0, abs=1e-2) and found.error_before < 1e-3
    penalised = synthetic_control(panel(twin(1, effect=2.0)), TRIAD, WINDOW)
    # All three lead; the rest is spread thinly, which costs a little bias.
    assert set(list(penalised.weights)[:2]) == {"S01", "S02"}
    assert penalised.effect == pytest.approx(2.0, abs=0.4)
    assert penalised.p_value == pytest.approx(1 / (1 + len(penalised.ranked)))
    assert penalised.window.after_end == 2023 and penalised.path.shape == YEARS.shape


def test_effects_are_centred_and_ranks_of_a_state_without_one_are_level():
    """200 worlds: 10 % and 50 % have standard errors 2.4 and 3.9 %; about a fifth are refused."""
    ranks, effects = [], []
    for seed in range(200):
        try:
            found = synthetic_control(panel(world(seed, n=40)), TRIAD, WINDOW)
        except IdentificationError:
            continue
        ranks.append(found.p_value)
        effects.append(found.effect)
    ranks = np.array(ranks)
    assert 120 < ranks.size < 190
    assert (ranks <= 0.1).mean() == pytest.approx(0.1, abs=0.072)
    assert (ranks <= 0.5).mean() == pytest.approx(0.5, abs=0.12)
    assert abs(np.mean(effects)) < 3 * np.std(effects) / np.sqrt(len(effects))


def test_every_donors_own_rank_is_level_in_one_world():
    """Within one panel the ranks of all states that pass must fill 0 to 1 evenly: that is what a rank is."""
    values = panel(world(3, n=60))
    ranks = []
    for unit in values.units:
        try:
            ranks.append(synthetic_control(values, Triad(unit, "BBB", "CCC"), WINDOW).p_value)
        except IdentificationError:
            continue
    grid = (np.arange(len(ranks)) + 0.5) / len(ranks)
    # Each leaves another state out of the donors, so not exact.
    assert np.abs(np.sort(ranks) - grid).max() < 0.08


def test_a_state_that_nobody_follows_is_refused():
    values = world(4)
    values[0] = 8.0 * np.sin(np.arange(YEARS.size)) + 30.0
    with pytest.raises(IdentificationError, match=r"follow S00 with an error of .* \(infer_shifts\)"):
        synthetic_control(panel(values), TRIAD, WINDOW)


def test_poles_and_excluded_states_are_no_donors():
    values = twin(5)
    poles = Triad("S00", "S01", "S02")
    found = synthetic_control(panel(values), poles, WINDOW, exclude=["S03"])
    assert not {"S00", "S01", "S02", "S03"} & (set(found.placebos) | set(found.weights))
    assert found.settings["exclude"] == ["S03"]


def test_donors_with_gaps_are_left_out_and_the_states_own_gaps_are_not_asked_of_them():
    values = twin(6)
    values[0, 4], values[1, 4], values[2, 7] = np.nan, np.nan, np.nan
    found = synthetic_control(panel(values), TRIAD, WINDOW)
    assert "S02" not in found.placebos and "S01" in found.placebos and 1998 not in found.years


def test_order_sign_and_unit_do_not_matter():
    values = twin(7, effect=1.0)
    first = synthetic_control(panel(values), TRIAD, WINDOW)
    turned = panel(values).select([f"S{i:02d}" for i in range(49, -1, -1)])
    other = synthetic_control(turned, TRIAD, WINDOW)
    mirrored = synthetic_control(panel(-100 * values), Triad("S00", "CCC", "BBB"), WINDOW)
    assert other.p_value == first.p_value == mirrored.p_value
    assert other.effect == pytest.approx(first.effect, abs=1e-4)
    assert mirrored.effect == pytest.approx(-100 * first.effect, rel=1e-3)


def test_bad_input_is_refused():
    values = world(8)
    with pytest.raises(SeriesError, match="S00 has 3 years before and 10 after"):
        synthetic_control(panel(values), TRIAD, Window(2011, 2013, 2014))
    with pytest.raises(SeriesError, match="no tilt of IDN"):
        synthetic_control(panel(values), Triad("IDN", "BBB", "CCC"), WINDOW)
    with pytest.raises(IdentificationError, match="9 donors have all 30 years"):
        synthetic_control(panel(values[:10]), TRIAD, WINDOW)
    with pytest.raises(SeriesError, match="penalty is -1"):
        synthetic_control(panel(values), TRIAD, WINDOW, penalty=-1)
    with pytest.raises(IdentificationError, match="no donor moves at all"):
        synthetic_control(panel(np.ones_like(values)), TRIAD, WINDOW)


def test_the_result_says_all_it_should():
    found = synthetic_control(panel(twin(9, effect=1.0)), TRIAD, WINDOW)
    told = json.loads(found.to_json())
    assert sum(told["weights"].values()) == pytest.approx(1, abs=0.02)
    assert told["settings"]["penalty"] == 0.3 and told["p_value"] == found.p_value
    table = found.tidy()
    assert list(table["gap"]) == pytest.approx(list(found.actual - found.synthetic))
    assert (table["placebo_lower"] < table["placebo_upper"]).all()
    assert found.summary().loc[0, "ratio"] == pytest.approx(found.error_after / found.error_before)
    assert "Abadie" in found.cite() and found.plot().to_dict()["layer"]
