"""The check on the fast fit: Markov chain Monte Carlo in the white space of the joint curvature.

There the posterior is nearly a standard normal, so that its slow directions (a session shifted or stretched
as a whole) are like any other. Each round has two moves. The first moves all positions, all bridged items and
the step variance at once, every other item following as the curvature says: Hamiltonian trajectories that
alternate the exact rotation of the standard normal with kicks by what the posterior differs from it. The
second moves every item by itself, given the positions. Both end in a Metropolis test, so that the
approximation decides how fast the chains mix and not where they go. Chains run side by side: one pass over
the factor serves all. Importing this module imports numba.
"""

from __future__ import annotations

import math
import sys
import time
import warnings

import numpy as np

from tropism.votes.ideal_points._kernels import items_metropolis
from tropism.votes.ideal_points.fit import ENTRY, STEP_PRIOR, Fit
from tropism.votes.ideal_points.posterior import Place, Posterior, White
from tropism.votes.ideal_points.result import ChainChecks, NotConvergedWarning

#: Rounds of the warm-up, between two looks at the diagnostics, and at most.
WARMUP, BLOCK, MOST = 150, 250, 2000
#: Angle of a trajectory: a quarter turn takes a standard normal to an independent point. Drawn anew each
#: time between these shares of it, so that no direction comes back to where it was.
QUARTER, JITTER = 0.5 * math.pi, (0.6, 1.2)
#: Acceptance that the angle between two kicks is tuned for; its first and its largest value.
ACCEPT, ANGLE, WIDEST = 0.8, 0.3, 1.6
#: Steps of the scale of everything each round, and their length times the root of the number of items.
STRETCHES, STRETCH = 20, 1.5
#: Share of an item's deviation that each of its proposals keeps.
KEEP = np.array([0.0, 0.6, 0.9])


class Sampler:
    """Chains side by side, which go on when asked.

    Attributes
    ----------
    angle : float
        Between two kicks.
    positions : list of ndarray of float32, shape (chains, positions)
        One for each round kept, on the fit's scale.
    step : list of ndarray, shape (chains,)
        Variance of a step.
    """

    def __init__(self, fit: Fit, *, chains: int = 4, seed: int = 0, progress: bool = False) -> None:
        """Begin at random around a converged fit."""
        self.fit, self.target, self.rng = fit, Posterior(fit), np.random.default_rng(seed)
        self.chains, self.progress, self.began = chains, progress, time.perf_counter()
        self.place = _start(self.target, chains, self.rng)
        self.angle = ANGLE
        self.positions: list[np.ndarray] = []
        self.step: list[np.ndarray] = []
        self.rounds, self.wins, self.item_wins = 0, 0.0, 0.0

    def warm_up(self, rounds: int) -> None:
        """Tune the angle; nothing is kept."""
        smooth = math.log(self.angle)
        for k in range(rounds):
            chance, _ = self._round()
            # Robbins and Monro: the angle's logarithm follows the acceptance, ever more slowly.
            rate = 1.0 / (k + 3) ** 0.7
            self.angle = min(math.exp(math.log(self.angle) + rate * (chance - ACCEPT)), WIDEST)
            smooth += (math.log(self.angle) - smooth) * min(1.0, 4.0 / (k + 1))
            if (k + 1) % 50 == 0:
                self._say(f"warm-up, round {k + 1} of {rounds}")
        self.angle = math.exp(smooth) if rounds else self.angle

    def advance(self, rounds: int) -> None:
        """Keep so many rounds more."""
        for _ in range(rounds):
            chance, share = self._round()
            self.rounds, self.wins, self.item_wins = (
                self.rounds + 1,
                self.wins + chance,
                self.item_wins + share,
            )
            self.positions.append(self.place.theta[:, self.fit.where.slot].astype(np.float32))
            self.step.append(np.exp(self.place.log_step))
            if self.rounds % 50 == 0:
                self._say(f"round {self.rounds}, accepted {self.wins / self.rounds:.2f}")

    def standardised(self) -> tuple[np.ndarray, np.ndarray]:
        """Positions kept, each round and chain at mean 0 and sd 1, and step variances on that scale.

        Shapes (chains, rounds, positions) and (chains, rounds).
        """
        found = np.stack(self.positions, axis=1)
        spread = found.std(axis=2, keepdims=True, dtype=np.float64)
        found -= found.mean(axis=2, keepdims=True, dtype=np.float64).astype(np.float32)
        found /= spread.astype(np.float32)
        return found, np.stack(self.step, axis=1) / spread[:, :, 0] ** 2

    def _round(self) -> tuple[float, float]:
        length = QUARTER * self.rng.uniform(*JITTER)
        kicks = max(1, round(length / self.angle))
        new, change = _trajectory(self.target, self.place, length / kicks, kicks, self.rng)
        chance = np.where(np.isfinite(change), np.exp(np.minimum(change, 0.0)), 0.0)
        self.place = new.chosen(self.rng.random(self.chains) < chance, self.place)
        self.place, share = _move_items(self.target, self.place, self.rng)
        return float(chance.mean()), share

    def _say(self, text: str) -> None:
        if self.progress:
            spent = time.perf_counter() - self.began
            print(f"{self.chains} chains: {text}, angle {self.angle:.2f}, {spent:.0f} s", file=sys.stderr)


def run(
    fit: Fit,
    draws: int,
    *,
    chains: int = 4,
    warmup: int = WARMUP,
    most: int | None = None,
    seed: int = 0,
    progress: bool = False,
) -> tuple[np.ndarray, ChainChecks]:
    """Sample until the diagnostics are good, or for the most rounds allowed; then thin.

    Parameters
    ----------
    fit : Fit
        Where the posterior is, and its curvature there.
    draws : int
    chains, warmup, most, seed : int
        Rounds of the warm-up, and at most after it (`MOST` unless given).
    progress : bool

    Returns
    -------
    samples : ndarray of float32, shape (draws, positions)
        On the fit's scale, evenly from all chains.
    ChainChecks

    Warns
    -----
    NotConvergedWarning
        If the rounds ran out first.

    References
    ----------
    Shahbaba, Lan, Johnson and Neal (2014), "Split Hamiltonian Monte Carlo", Statistics and Computing 24(3).
    Cotter, Roberts, Stuart and White (2013), "MCMC Methods for Functions", Statistical Science 28(3): the
    items' proposals.
    Vehtari, Gelman, Simpson, Carpenter and Bürkner (2021), "Rank-Normalization, Folding, and Localization: An
    Improved R-hat", Bayesian Analysis 16(2).
    """
    most = MOST if most is None else most
    sampler = Sampler(fit, chains=chains, seed=seed, progress=progress)
    sampler.warm_up(warmup)
    need = max(BLOCK, -(-draws // chains))
    while True:
        sampler.advance(min(need, most - sampler.rounds) if sampler.rounds < most else 0)
        checks = check(sampler, warmup)
        if checks.good or sampler.rounds >= most:
            break
        need = BLOCK
    if not checks.good:
        warnings.warn(
            f"ideal points: after {checks.rounds} rounds of {chains} chains R-hat is up to "
            f"{checks.worst_rhat:.3f} and the effective sample size down to {checks.least_ess:.0f}: do not "
            "rest on the positions concerned.",
            NotConvergedWarning,
            stacklevel=6,
        )
    flat = np.stack(sampler.positions, axis=0).reshape(-1, fit.panel.unit.size)
    return flat[np.linspace(0, len(flat) - 1, draws).round().astype(int)].copy(), checks


def check(sampler: Sampler, warmup: int) -> ChainChecks:
    """Diagnostics of what a sampler has kept."""
    from arviz_stats.base import array_stats

    positions, step = sampler.standardised()
    parts: list[tuple[np.ndarray, ...]] = []
    for low in range(0, positions.shape[2], 2000):
        some = positions[:, :, low : low + 2000]
        axes = {"chain_axis": 0, "draw_axis": 1}
        tails = array_stats.ess(some, method="tail", prob=(0.05, 0.95), **axes)
        parts.append((array_stats.rhat(some, **axes), array_stats.ess(some, **axes), tails))
    rhat, bulk, tail = (np.concatenate(each) for each in zip(*parts, strict=True))
    worst, common = float(rhat.max()), float(np.quantile(rhat, 0.99))
    return ChainChecks(
        chains=sampler.chains,
        rounds=sampler.rounds,
        warmup=warmup,
        worst_rhat=worst,
        rhat_99=common,
        least_ess=float(bulk.min()),
        least_tail_ess=float(tail.min()),
        step_ess=float(array_stats.ess(step, chain_axis=0, draw_axis=1)),
        accepted=sampler.wins / max(sampler.rounds, 1),
        items_accepted=sampler.item_wins / max(sampler.rounds, 1),
        good=bool(common <= 1.01 and worst <= 1.03 and min(bulk.min(), tail.min()) >= 400),
    )


def _trajectory(
    target: Posterior, place: Place, angle: float, kicks: int, rng: np.random.Generator
) -> tuple[Place, np.ndarray]:
    """One trajectory of all chains; also the change of the joint log density of place and momentum."""
    moving = ~target.joint.single[None, :, None]
    momentum: White = (
        rng.standard_normal(place.white[0].shape),
        np.where(moving, rng.standard_normal(place.white[1].shape), 0.0),
        rng.standard_normal(place.white[2].shape),
    )
    start = place.value - _kinetic(momentum)
    cos, sin, half = math.cos(angle), math.sin(angle), 0.5 * angle
    for _ in range(kicks):
        momentum = _kicked(momentum, place, half)
        white = tuple(cos * x + sin * p for x, p in zip(place.white, momentum, strict=True))
        turned = tuple(cos * p - sin * x for x, p in zip(place.white, momentum, strict=True))
        white = (white[0], np.where(moving, white[1], place.white[1]), white[2])
        turned = (turned[0], np.where(moving, turned[1], 0.0), turned[2])
        place = target.at(white)
        momentum = _kicked(turned, place, half)
    return place, place.value - _kinetic(momentum) - start


def _kicked(momentum: White, place: Place, by: float) -> White:
    """What the posterior's slope adds to that of the standard normal, which is minus the place."""
    return tuple(p + by * (g + x) for p, g, x in zip(momentum, place.slope, place.white, strict=True))  # type: ignore[return-value]


def _kinetic(parts: White) -> np.ndarray:
    return sum(
        (0.5 * (part**2).reshape(len(part), -1).sum(axis=1) for part in parts), np.zeros(len(parts[0]))
    )


def _start(target: Posterior, chains: int, rng: np.random.Generator) -> Place:
    """Chains at random; items at half their spread, as a steep side of a skewed one would stop them."""
    return target.at(
        (
            rng.standard_normal((chains, target.where.state.size)),
            0.5 * rng.standard_normal((chains, target.joint.single.size, 3)),
            rng.standard_normal(chains),
        )
    )


def _move_items(target: Posterior, place: Place, rng: np.random.Generator) -> tuple[Place, float]:
    """Every item by itself, then the scale of everything; also the share of the items' steps accepted."""
    p, where, items, joint = target.panel, target.where, place.items.copy(), target.joint
    chains, n_items = items.shape[:2]
    accepted = np.zeros((chains, n_items), dtype=np.int64)
    items_metropolis(
        p.item_start, where.vote_slot, p.by_item_vote, p.by_item_weight, place.theta,
        place.theta - joint.theta, joint.cross, joint.root, target.items, target.upper,
        target.fit.prior, target.fit.link, p.binary, KEEP,
        rng.standard_normal((chains, n_items, KEEP.size, 3)), rng.random((chains, n_items, KEEP.size)),
        items, accepted,
    )  # fmt: skip
    k = _stretch(target, place, items, rng)
    theta, log_step = k[:, None] * place.theta, place.log_step + 2 * np.log(k) * target.free
    items[:, :, 0] /= k[:, None]
    slots, own = joint.whiten(theta - joint.theta, items - target.items)
    white = (slots, own, (log_step - target.log_step) / target.step_sd)
    return target.place(white, theta, items, log_step), float(accepted.mean()) / KEEP.size


def _stretch(target: Posterior, place: Place, items: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A factor for all positions and steps, whose inverse is that of all discriminations: shape (chains,).

    The likelihood does not change; the factor's own posterior follows from the priors in closed form, and is
    walked through by as many Metropolis steps as it takes.
    """
    where, chains = target.where, len(items)
    entries = (place.theta[:, where.first] ** 2).sum(axis=1) / ENTRY
    prior, alpha, middle = target.fit.prior, items[:, :, 0], target.cutpoints(items)[:, :, 1:].mean(axis=2)
    squares = prior[2] * (alpha**2).sum(axis=1)
    products = (alpha * (prior[2] * prior[0] - prior[3] * (middle - prior[1]))).sum(axis=1)
    power = where.first.size - items.shape[1] + (0 if target.free else where.follows.size)
    theta_step = place.theta[:, where.next] - place.theta[:, where.follows]
    level = np.exp(-place.log_step) * target.guess if target.free else np.zeros(chains)

    def value(log_k: np.ndarray) -> np.ndarray:
        squared = np.exp(2 * log_k)
        found = power * log_k - 0.5 * (squared * entries + squares / squared) + products / np.exp(log_k)
        if target.free:
            return found - 0.5 * STEP_PRIOR[1] * (2 * log_k + level / squared)
        walk, *_ = target.walk(np.exp(log_k)[:, None] * theta_step, place.log_step)
        return found + walk

    log_k, now = np.zeros(chains), value(np.zeros(chains))
    for _ in range(STRETCHES):
        new = log_k + STRETCH / math.sqrt(items.shape[1]) * rng.standard_normal(chains)
        there = value(new)
        taken = np.log(rng.random(chains)) < there - now
        log_k, now = np.where(taken, new, log_k), np.where(taken, there, now)
    return np.exp(log_k)
