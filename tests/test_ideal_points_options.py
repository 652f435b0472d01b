"""Ideal points: chains against the Gaussian, vintages, warm starts, blocks, expected agreement."""

import importlib.util
import math
import warnings

import numpy as np
import pandas as pd
import pytest

from tropism.errors import SchemaError, SeriesError
from tropism.votes import estimate_ideal_points, estimate_vintages
from tropism.votes.ideal_points import NotConvergedWarning, engine

pytestmark = pytest.mark.skipif(importlib.util.find_spec("numba") is None, reason="needs numba (extra votes)")


def assembly(seed, *, states=24, sessions=6, per_session=25, topics=0, effect=0.0):
    """Votes drawn from the model; with topics, a state has one effect on all roll calls of a topic."""
    rng = np.random.default_rng(seed)
    steps = np.vstack([rng.normal(0, 1, (1, states)), rng.normal(0, 0.2, (sessions - 1, states))])
    theta, rows, blocks = np.cumsum(steps, axis=0), [], []
    for session in range(sessions):
        shared = rng.normal(0, effect, (max(topics, 1), states))
        for k in range(per_session):
            topic, label = k % max(topics, 1), session * per_session + k
            alpha, low = rng.normal(-1, 0.7), rng.normal(-1, 0.7)
            utility = alpha * theta[session] + shared[topic] + rng.normal(size=states)
            vote = np.where(utility < low, 3, np.where(utility < low + 0.5, 2, 1))
            rows += [(f"S{i:02d}", label, session + 1, vote[i]) for i in range(states)]
            blocks.append((label, f"topic {topic}"))
    votes = pd.DataFrame(rows, columns=["unit", "rollcall", "session", "vote"])
    return theta, votes, pd.DataFrame(blocks, columns=["rollcall", "block"])


@pytest.fixture(scope="module")
def found():
    _, votes, _ = assembly(1)
    return votes, estimate_ideal_points(votes, draws=1000, anchor="S00")


def test_chains_agree_with_the_gaussian(found, monkeypatch):
    votes, fast = found
    (mcmc,) = engine.load("mcmc")
    monkeypatch.setattr(mcmc, "MOST", 400)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NotConvergedWarning)
        exact = estimate_ideal_points(votes, draws=800, anchor="S00", method="mcmc")
    checks = exact.convergence.chains
    assert checks.accepted > 0.5 and checks.worst_rhat < 1.1
    spread = exact.draws.std(axis=0)
    # 150 votes on 24 states: measured rms 0.2 of a standard error, sds within 10%.
    assert np.sqrt(np.mean(((fast.draws.mean(axis=0) - exact.mean) / spread) ** 2)) < 0.4
    assert np.mean(fast.draws.std(axis=0) / spread) == pytest.approx(1, abs=0.1)


@pytest.mark.parametrize("link", ["probit", "logit"])
def test_items_integrated_out_equal_a_sum_over_nodes_in_plain_numpy(link):
    from scipy.special import expit, ndtr

    from tropism.votes.ideal_points import _kernels as kernels

    rng = np.random.default_rng(3)
    theta, vote = rng.normal(size=12), np.array([2] * 8 + [1, 2, 0, 2], dtype=np.int8)
    weight = rng.uniform(0.5, 1, 12).astype(np.float32)
    centre, root = np.array([-0.8, -0.9, 0.9]), np.array([[0.5, 0, 0], [0.2, 0.4, 0], [-0.1, 0.1, 0.3]])
    prior = np.array([-1.0, -2.0, 0.3, -0.1, 0.5, 1.0, 0.8])
    at = np.linspace(-2.5, 2.5, 7)
    axis = np.column_stack([at, rng.normal(size=7)])
    slope, shift = np.zeros(12), np.zeros((1, 3))
    kernels.items_integrated(
        np.array([0, 12]), np.arange(12), vote, weight, theta, centre[None], root[None], np.array([True]),
        prior, {"probit": kernels.PROBIT, "logit": kernels.LOGIT}[link], False, axis, axis, axis,
        slope, shift,
    )  # fmt: skip
    noise = np.stack(np.meshgrid(at, at, at, indexing="ij"), axis=-1).reshape(-1, 3)
    log_rule = sum(np.meshgrid(*[axis[:, 1]] * 3, indexing="ij")).ravel()
    alpha, cut, edge = (centre + noise @ root.T).T
    cumulated = ndtr if link == "probit" else expit

    def log_likelihood(x):
        above = cut[:, None] - alpha[:, None] * x
        below = above - (edge**3)[:, None]
        chances = np.stack([cumulated(below), cumulated(above) - cumulated(below), cumulated(-above)])
        return weight * np.log(chances[vote, :, np.arange(12)].T)

    middle = cut - 0.5 * edge**3 - prior[1]
    log_prior = -0.5 * (
        prior[2] * (alpha - prior[0]) ** 2 + 2 * prior[3] * (alpha - prior[0]) * middle + prior[4] * middle**2
    )
    # A gamma prior of the gap with shape 2, by its cube root.
    log_prior += (3 * prior[5] + 2) * np.log(np.abs(edge)) - edge**3 / prior[6]
    with np.errstate(invalid="ignore", divide="ignore"):
        log_p = np.where(edge > 0, log_rule + log_prior + log_likelihood(theta).sum(axis=1), -np.inf)
        h = 1e-5
        by_theta = (log_likelihood(theta + h) - log_likelihood(theta - h)) / (2 * h)
    share = np.exp(log_p - log_p.max())
    share /= share.sum()
    used = share > 0
    np.testing.assert_allclose(slope, share[used] @ by_theta[used], atol=1e-5)
    np.testing.assert_allclose(shift[0], share @ noise, atol=1e-5)


def test_slopes_of_the_chains_against_differences(found):
    votes, _ = found
    from tropism.votes import ballots

    fits, mcmc = engine.load("fit", "mcmc")
    cast, _ = ballots.divided(ballots.link(ballots.read(votes), [(0, 25), (1, 26)]))
    panel = ballots.panel(cast)
    fit = fits.Fit(panel, start=ballots.leading_component(panel))
    fit.run(1e-3, 100)
    rng = np.random.default_rng(0)
    target = mcmc.Posterior(fit)
    place = mcmc._start(target, 2, rng)
    white = target.joint.whiten(place.theta - target.joint.theta, place.items - target.items)
    np.testing.assert_allclose(white[0], place.white[0], atol=1e-4)
    np.testing.assert_allclose(white[1], place.white[1], atol=1e-4)
    for part in range(3):
        way = rng.standard_normal(place.white[part].shape)
        if part == 1:  # items of one session do not move by themselves
            way[:, target.joint.single] = 0

        def value(step, part=part, way=way):
            moved = list(place.white)
            moved[part] = moved[part] + step * way
            return target.at(tuple(moved)).value

        there, back = value(1e-3), value(-1e-3)
        slope = (place.slope[part] * way).reshape(2, -1).sum(axis=1)
        np.testing.assert_allclose((there - back) / 2e-3, slope, rtol=2e-2, atol=0.05)


def test_a_vintage_is_the_fit_made_then(found):
    votes, _ = found
    made = dict(estimate_vintages(votes, sessions=[3, 5], draws=0, anchor="S00"))
    assert list(made) == [3, 5]
    for session, vintage in made.items():
        alone = estimate_ideal_points(votes, draws=0, anchor="S00", as_of=session)
        assert vintage.settings["as_of"] == session and vintage.session.max() == session
        # A warm start ends within a few hundredths of an sd; positions have standard errors of 0.2.
        np.testing.assert_allclose(vintage.mean, alone.mean, atol=0.1)
    with pytest.raises(SchemaError, match="sessions: 9 is no session"):
        estimate_vintages(votes, sessions=[9])
    with pytest.raises(TypeError, match="no option 'as_of'"):
        estimate_vintages(votes, as_of=3)


def test_a_later_vote_changes_no_earlier_vintage(found):
    votes, _ = found
    changed = votes.assign(vote=np.where(votes["session"] == 6, 4 - votes["vote"], votes["vote"]))
    one, two = (estimate_ideal_points(table, draws=50, as_of=5, anchor="S00") for table in (votes, changed))
    np.testing.assert_array_equal(one.draws, two.draws)


def test_a_warm_start_ends_where_a_cold_one_does(found):
    votes, fit = found
    some = votes[votes["rollcall"] % 6 > 0]
    cold = estimate_ideal_points(some, draws=0, anchor="S00")
    warm = estimate_ideal_points(some, draws=0, anchor="S00", warm_start=fit)
    assert warm.convergence.sweeps < cold.convergence.sweeps / 3
    np.testing.assert_allclose(warm.mean, cold.mean, atol=0.1)


def test_blocks_widen_intervals_where_topics_share_something():
    ratio = {}
    for effect in (0.0, 0.8):
        _, votes, blocks = assembly(2, sessions=8, per_session=30, topics=6, effect=effect)
        plain, wide = (
            estimate_ideal_points(votes, blocks, draws=600, anchor="S00", dependence=each)
            for each in ("independent", "blocks")
        )
        np.testing.assert_array_equal(plain.mean, wide.mean)
        ratio[effect] = math.sqrt(wide.draws.var(axis=0).mean() / plain.draws.var(axis=0).mean())
    # Where votes are independent, blocks say the same, but for the noise of six of them a session.
    assert ratio[0.0] == pytest.approx(1, abs=0.15)
    assert ratio[0.8] > 1.1 * ratio[0.0]
    with pytest.raises(SchemaError, match="needs a column block"):
        estimate_ideal_points(votes, dependence="blocks")


def test_expected_agreement_is_that_of_the_votes_and_knows_its_agenda(found):
    votes, fit = found
    expected = fit.expected_agreement("S00", "S01", agenda=(1, 6))
    wide = votes.pivot(index="rollcall", columns="unit", values="vote")
    graded = 1 - (wide["S00"] - wide["S01"]).abs() / 2
    seen = graded.groupby(np.arange(len(wide)) // 25).mean()
    # Per session: 25 roll calls have a standard error of about 0.08 around what is expected of them.
    own = [
        float(fit.expected_agreement("S00", "S01", agenda=t).values[:, 0, t - 1].mean()) for t in range(1, 7)
    ]
    assert np.abs(np.array(own) - seen.to_numpy()).mean() < 0.12
    values = expected.values[:, 0]
    assert values.shape == (1000, 6) and values.min() >= 0 and values.max() <= 1
    assert 0.003 < values.std(axis=0).mean() < 0.1
    alike = fit.expected_agreement("S00", "S00", agenda=fit.rollcalls[:3].tolist())
    # Two ballots of one position may differ.
    assert "3 roll calls" in alike.label and alike.values.mean() < 1
    with pytest.raises(SeriesError, match="no roll call of the agenda"):
        fit.expected_agreement("S00", "S01", agenda=40)


def test_expected_agreement_does_not_depend_on_the_scale(found):
    votes, fit = found
    few = votes.loc[votes["session"] == 1, ["unit", "session"]].drop_duplicates().head(8)
    other = estimate_ideal_points(votes, draws=1000, anchor="S00", reference=few)
    assert not np.allclose(other.mean, fit.mean, atol=0.05)
    np.testing.assert_allclose(
        other.expected_agreement("S02", "S05", agenda=(1, 6)).values,
        fit.expected_agreement("S02", "S05", agenda=(1, 6)).values,
        atol=1e-4,
    )


def test_the_backward_looking_update_gives_means_alone(found):
    votes, fit = found
    backward = estimate_ideal_points(votes, anchor="S00", dynamics="bsv")
    assert backward.n_draws == 0 and backward.convergence.converged
    assert np.corrcoef(backward.mean, fit.mean)[0, 1] > 0.95
    with pytest.raises(ValueError, match="no joint posterior"):
        estimate_ideal_points(votes, dynamics="bsv", method="mcmc")


def test_a_single_session_has_positions_and_no_steps(found):
    votes, _ = found
    alone = estimate_ideal_points(votes[votes["session"] == 1], draws=100, anchor="S00")
    assert alone.draws.shape == (100, 24) and np.isfinite(alone.draws).all()
    assert len(alone.bridges()) == 0
