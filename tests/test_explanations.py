"""Rival explanations: the null without measurement error, weights of evidence, simulated worlds."""

from dataclasses import replace

import numpy as np
import pytest

from tropism.dyads import Triad, Window
from tropism.errors import SeriesError
from tropism.explanations import Fact, PoleChanges, explain
from tropism.explanations.changes import facts_of, is_rare
from tropism.explanations.null import fit_null, log_density
from tropism.explanations.result import decide, posterior
from tropism.explanations.signatures import BLOCKS, CLASSES, signatures
from tropism.explanations.weights import FACT_WORDS, FACTS, Case, Standing, Weigher

TRIAD = Triad("PAK", "RUS", "USA")
WINDOW = Window(1994, 2003, 2004, 2009)
#: Signals in b and c of each class and block, in sd of what is seen of an unmoved state.
SIGNAL = {
    "shift": {"votes": (1, -1), "trade": (1, -1), "arms": (1, -1)},
    "hedge": {"votes": (-1, -1), "trade": (1, 1), "arms": (1, 1)},
    "nothing": {"votes": (0, 0), "trade": (0, 0), "arms": (0, 0)},
}


def field(rng, block, n=120, error=0.5, triad=TRIAD):
    """Changes of all states, the triad's own first, none of which moved."""
    latent = rng.standard_t(5, (n, 2)) @ np.linalg.cholesky([[1, 0.3], [0.3, 1]]).T
    seen = latent + error * rng.standard_normal((n, 2))
    states = (triad.state, *(f"S{k:02d}" for k in range(n - 1)))
    return PoleChanges(
        block, f"measure of {block}", triad, WINDOW, states, seen, np.tile(error**2 * np.eye(2), (n, 1, 1))
    )


def moved(changes, signal):
    """The same with the first state displaced, in sd of what is seen of the others."""
    change = changes.change.copy()
    change[0] += np.array(signal) * change[1:].std(axis=0)
    return replace(changes, change=change)


def world(rng, of_class, strength):
    return [
        moved(field(rng, block), strength * np.array(signal)) for block, signal in SIGNAL[of_class].items()
    ]


def as_case(name, of_class, shifts):
    standings = {}
    for each in shifts:
        state = each.triad.state
        standings[each.block] = Standing.of(each, state, each.null(apart={state}))
    return Case(name, name, 1900, 1901, of_class, name, standings)


@pytest.fixture(scope="module")
def cases():
    """Documented cases of a simulated past: eight of each class, of twice the noise."""
    rng = np.random.default_rng(5)
    return [as_case(f"{c}{k}", c, world(rng, c, 2.0)) for c in CLASSES for k in range(8)]


# What is ordinary.


def test_the_latent_spread_does_not_contain_measurement_error():
    rng = np.random.default_rng(1)
    scale = []
    for error in (0.2, 1.0, 2.0):
        seen = rng.normal(0, np.sqrt(1 + error**2), (4000, 2))
        scale.append(fit_null(seen, np.tile(error**2 * np.eye(2), (4000, 1, 1))).scale.mean())
    # The t's scale of normal data is 1 less what its tails take.
    assert np.allclose(scale, 1.0, atol=0.15)


def test_the_null_follows_centre_correlation_and_tails():
    rng = np.random.default_rng(2)
    heavy = (
        rng.standard_t(2, (3000, 1))
        * rng.standard_normal((3000, 2))
        @ np.linalg.cholesky([[1, 0.8], [0.8, 1]]).T
    )
    tiny = np.tile(1e-6 * np.eye(2), (3000, 1, 1))
    found = fit_null(heavy + np.array([3.0, -1.0]), tiny)
    assert np.allclose(found.centre, [3, -1], atol=0.1)
    assert abs(found.correlation - 0.8) < 0.05
    assert found.freedom <= 3
    assert fit_null(rng.standard_normal((3000, 2)), tiny).freedom >= 15


def test_the_density_of_the_t_integrates_to_one_and_agrees_with_its_formula():
    from math import gamma, pi

    z = np.array([[0.0, 0.0], [1.0, -2.0], [6.0, 3.0]])
    freedom, spread = 5.0, np.eye(2)[None]
    exact = (
        gamma((freedom + 2) / 2)
        / (gamma(freedom / 2) * freedom * pi)
        * (1 + (z**2).sum(axis=1) / freedom) ** (-(freedom + 2) / 2)
    )
    assert np.allclose(np.exp(log_density(z, 1e-9 * np.eye(2)[None], spread, freedom)), exact, rtol=0.01)


def test_too_few_states_are_refused():
    with pytest.raises(SeriesError, match="19 other states"):
        fit_null(np.zeros((19, 2)), np.zeros((19, 2, 2)))


# Weights.


def test_a_shift_weighs_more_the_further_the_state_tilted(cases):
    rng = np.random.default_rng(3)
    base = field(rng, "votes")
    totals = [explain([moved(base, (s, -s))], cases=cases, temper=1.0).totals["shift"] for s in (0, 1, 2, 4)]
    assert totals[0] < totals[1] < totals[2]
    # Twice as far as any case learned from, it is less typical of them, and far from nothing all the same.
    assert totals[0] < 0 < 0.5 < totals[3]


def test_moving_the_other_way_is_no_shift(cases):
    base = field(np.random.default_rng(3), "votes")
    assert explain([moved(base, (-3, 3))], cases=cases, temper=1.0).best != "shift"


def test_order_and_names_of_states_change_nothing(cases):
    base = moved(field(np.random.default_rng(4), "votes"), (2, -2))
    order = np.random.default_rng(0).permutation(len(base.states))
    other = replace(
        base,
        states=tuple("PAK" if base.states[k] == "PAK" else f"X{k}" for k in order),
        change=base.change[order],
        covariance=base.covariance[order],
    )
    one, two = (explain([each], cases=cases, temper=1.0).totals["shift"] for each in (base, other))
    assert one == pytest.approx(two, abs=1e-9)


def test_units_change_nothing(cases):
    base = moved(field(np.random.default_rng(4), "votes"), (2, -2))
    other = replace(base, change=1000 * base.change, covariance=1e6 * base.covariance)
    one, two = (explain([each], cases=cases, temper=1.0).totals["shift"] for each in (base, other))
    assert one == pytest.approx(two, abs=1e-6)


def test_a_noisy_measure_of_the_same_change_says_less(cases):
    base = moved(field(np.random.default_rng(4), "votes"), (3, -3))
    noise = base.covariance.copy()
    noise[0] *= 36
    vague = replace(base, covariance=noise)
    sure, less = (explain([each], cases=cases, temper=1.0).totals["shift"] for each in (base, vague))
    assert less < sure - 0.3


def test_few_cases_leave_the_weight_to_the_signatures_and_say_so(cases):
    base = moved(field(np.random.default_rng(4), "votes"), (2, -2))
    few = explain([base], cases=cases[:2], temper=1.0)
    assert few.elicited_share == 1.0
    assert explain([base], cases=cases, temper=1.0).elicited_share == 0.0


def test_a_case_left_out_is_as_if_it_had_never_been(cases):
    weigher = Weigher(cases)
    mine = cases[0].standings["votes"]
    rest = [each for each in cases if each.case != cases[0].case]
    kept = weigher.weigh(mine, "shift", rest, name=cases[0].case)
    again = Weigher(rest).weigh(mine, "shift", rest)
    assert kept.log10_bayes_factor == pytest.approx(again.log10_bayes_factor)


def test_a_fact_weighs_by_its_base_rate():
    weigher = Weigher([])
    rare, common = (
        weigher.weigh_fact(
            Fact("arms", "further from C", "", True, others, 100), "shift", []
        ).log10_bayes_factor
        for others in (1, 40)
    )
    assert rare > 1 > 0 > common
    absent = weigher.weigh_fact(Fact("arms", "further from C", "", False, 1, 100), "shift", [])
    assert -0.2 < absent.log10_bayes_factor < 0


def test_what_hardly_ever_changes_is_scored_as_facts():
    base = field(np.random.default_rng(0), "arms")
    change = np.zeros_like(base.change)
    change[0], change[3] = (1.0, -1.0), (0.0, -1.0)
    rare = replace(base, change=change)
    assert is_rare(rare)
    assert not is_rare(base)
    closer, further = facts_of(rare, "PAK")
    assert (closer.happened, closer.others, closer.of) == (True, 0, 119)
    assert (further.happened, further.others) == (True, 1)


# Verdicts.


@pytest.mark.parametrize("of_class", CLASSES)
def test_simulated_worlds_with_a_known_explanation(of_class, cases):
    """Signal twice the noise: the right one has the highest weight in 80 % of worlds."""
    rng = np.random.default_rng([11, CLASSES.index(of_class)])
    right = [explain(world(rng, of_class, 2.0), cases=cases, temper=1.0).best == of_class for _ in range(40)]
    assert np.mean(right) >= 0.8


def test_cannot_tell_dominates_when_the_signal_is_half_the_noise(cases):
    rng = np.random.default_rng(12)
    weak = [
        as_case(f"{c}{k}", c, world(rng, c, 0.5)) for c in CLASSES for k in range(8)
    ]  # learned from weak cases, as it would be
    verdicts = [
        explain(world(rng, of_class, 0.5), cases=weak, temper=1.0).verdict
        for of_class in ("shift", "hedge", "nothing")
        for _ in range(20)
    ]
    assert np.mean([each == "cannot tell" for each in verdicts]) > 0.5


def test_an_ordinary_state_is_seldom_called_a_shift(cases):
    rng = np.random.default_rng(13)
    verdicts = [explain(world(rng, "nothing", 0.0), cases=cases, temper=1.0).verdict for _ in range(60)]
    assert np.mean([each == "shift" for each in verdicts]) <= 0.1


def test_the_best_must_beat_the_runner_up_by_half():
    assert decide({"shift": 0.9, "hedge": 0.3, "nothing": 0.0}) == ("shift", pytest.approx(0.6))
    assert decide({"shift": 0.9, "hedge": 0.5, "nothing": 0.0})[0] == "cannot tell"
    assert decide({"shift": -0.9, "hedge": -0.6, "nothing": 0.0})[0] == "nothing"


def test_the_prior_at_which_it_flips(cases):
    found = explain([moved(field(np.random.default_rng(4), "votes"), (2, -2))], cases=cases, temper=1.0)
    at = found.posterior(found.flip_prior)
    assert at["shift"] == pytest.approx(max(at["hedge"], at["nothing"]))
    assert sum(posterior(found.totals, 0.2).values()) == pytest.approx(1)


def test_what_would_change_the_verdict_does_change_it(cases):
    base = field(np.random.default_rng(6), "votes")
    found = explain([moved(base, (1, -1))], cases=cases, temper=1.0)
    assert found.would_change
    for name, other, _ in found.would_change:
        assert other != found.verdict
        block, kind = name.split(": ")
        again = explain(
            [moved(base, (1, -1))], [Fact(block, kind, "", True, 3, 100)], cases=cases, temper=1.0
        )
        assert again.verdict == other


def test_bad_evidence_is_refused(cases):
    base = field(np.random.default_rng(0), "votes")
    with pytest.raises(SeriesError, match="no evidence"):
        explain([])
    with pytest.raises(SeriesError, match="given twice"):
        explain([base, base], cases=cases)
    with pytest.raises(SeriesError, match="different triads"):
        explain(
            [base, field(np.random.default_rng(0), "arms", triad=Triad("IND", "RUS", "USA"))], cases=cases
        )
    gone = replace(base, states=base.states[1:], change=base.change[1:], covariance=base.covariance[1:])
    with pytest.raises(SeriesError, match="PAK has too few years"):
        explain([gone], cases=cases)


# The data.


def test_every_explanation_has_a_signature_in_every_block():
    table = {(each.explanation, each.block) for each in signatures()}
    explanations = {each.explanation for each in signatures()}
    assert len(explanations) == 8
    assert table == {(e, block) for e in explanations for block in BLOCKS}
    assert {each.of_class for each in signatures()} == set(CLASSES)


def test_every_fact_in_words_is_of_a_known_block_and_kind():
    for name in FACT_WORDS:
        block, kind = name.split(": ")
        assert block in BLOCKS
        assert kind in FACTS
