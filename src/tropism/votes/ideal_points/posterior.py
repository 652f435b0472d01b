"""The log posterior in the white space of the joint curvature, and the Gaussian that fits it best.

In that space the posterior is nearly a standard normal. The Gaussian of the fast method has the curvature's
covariance, and the mean at which the slope of the log posterior, averaged over that Gaussian, vanishes:
unlike the mode or the mean of separate blocks, that is where a skewed posterior has its mean to first order,
and it does not depend on how the nearly flat directions (a session shifted or stretched as a whole) are
written.
Importing this module imports numba.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from tropism.votes.ideal_points._kernels import chains_gradient
from tropism.votes.ideal_points.fit import ENTRY, STEP_PRIOR, TAILS, Fit, standard

#: Pairs of opposite points over which each round of `recentre` averages the slope, and the share of the step
#: that it takes: the curvature over the Gaussian is a little more than at its middle.
ROUNDS = ((8, 0.8), (8, 0.7), (16, 0.6))
#: By how much the step variance is less certain than it is given the paths.
HELD_BACK = 3.0
#: Slopes of an item beyond this, in white coordinates, are shortened: a Gaussian reaches where the posterior
#: of an item with hardly a vote in some category does not, and there its slope would outweigh all others.
STEEPEST = 4.0
#: Points whose slopes are taken at one time.
BATCH = 8
#: With fewer votes than this a round takes more pairs, in proportion.
ENOUGH = 1_000_000
#: An item's longest move in one round, and that of the step variance, in sd.
LONGEST_ITEM, LONGEST_STEP = 0.5, 20.0

#: Positions and items in white coordinates, and the step variance: (chains, slots), (chains, items, 3) and
#: (chains,).
White = tuple[np.ndarray, np.ndarray, np.ndarray]


@dataclass(frozen=True)
class Place:
    """Where the chains are: white coordinates, log posterior, slopes; and the same in the model's terms."""

    white: White
    value: np.ndarray
    slope: White
    theta: np.ndarray
    items: np.ndarray
    log_step: np.ndarray

    def chosen(self, taken: np.ndarray, other: Place) -> Place:
        """This place for the chains taken, the other's for the rest."""

        def pick(one: np.ndarray, two: np.ndarray) -> np.ndarray:
            return np.where(taken.reshape(-1, *[1] * (one.ndim - 1)), one, two)

        return Place(
            white=tuple(map(pick, self.white, other.white)),  # type: ignore[arg-type]
            value=pick(self.value, other.value),
            slope=tuple(map(pick, self.slope, other.slope)),  # type: ignore[arg-type]
            theta=pick(self.theta, other.theta),
            items=pick(self.items, other.items),
            log_step=pick(self.log_step, other.log_step),
        )


class Posterior:
    """The log posterior in white coordinates."""

    def __init__(self, fit: Fit, *, tails: bool = True) -> None:
        """Around where a fit stands; without ``tails`` heavy-tailed steps have the fit's weights."""
        s, where = fit.state, fit.where
        self.fit, self.where, self.panel = fit, where, fit.panel
        # Coordinates of the items: see `chains_gradient`.
        gap = s.item_mean[:, 2] - s.item_mean[:, 1]
        self.upper = s.item_cov[:, 2, 2] < s.item_cov[:, 1, 1]
        turn = np.tile(np.eye(3), (gap.size, 1, 1))
        self.items = s.item_mean.copy()
        self.items[:, 2] = 0.0
        if not self.panel.binary:
            self.items[:, 1] = np.where(self.upper, s.item_mean[:, 2], s.item_mean[:, 1])
            self.items[:, 2] = np.cbrt(gap)
            # (alpha, c1, c2) by (alpha, cutpoint, root).
            turn[:, 2, 1] = 1.0
            wider = 3 * self.items[:, 2] ** 2
            turn[:, 1, 2], turn[:, 2, 2] = np.where(self.upper, -wider, 0.0), np.where(self.upper, 0.0, wider)
        self.joint = fit.joint(turn=turn)
        self.log_step = math.log(s.step)
        self.guess = STEP_PRIOR[0] * float(s.mean.var())
        self.free = fit.given is None and where.follows.size > 0
        # Given the paths its information is half a step each; the paths hold back two thirds of that.
        self.step_sd = math.sqrt(2 * HELD_BACK / (where.follows.size + STEP_PRIOR[1]))
        self.passes = 0
        self.tails = tails and fit.dynamics == "robust"
        # Precision of each step, but for the step variance.
        self.weight = fit.slot_tie() * s.step

    def at(self, white: White) -> Place:
        """The place with these white coordinates."""
        theta, items, log_step = self.unwhiten(white)
        return self.place(white, theta, items, log_step)

    def unwhiten(self, white: White) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Positions, items and log step variance of white coordinates."""
        theta, items = self.joint.from_white(white[0], white[1])
        return theta + self.joint.theta, items + self.items, self.log_step + self.step_sd * white[2]

    def place(self, white: White, theta: np.ndarray, items: np.ndarray, log_step: np.ndarray) -> Place:
        """The place with these coordinates, whose items of one session follow the positions."""
        value, slope = self.slopes(theta, items, log_step)
        if not self.free:
            value = value - 0.5 * white[2] ** 2
            slope = (slope[0], slope[1], -white[2])
        alone = self.joint.single
        slope[1][:, alone] = -white[1][:, alone]
        return Place(white, value, slope, theta, items, log_step)

    def slopes(
        self, theta: np.ndarray, items: np.ndarray, log_step: np.ndarray, limit: float = np.inf
    ) -> tuple[np.ndarray, White]:
        """Log posterior, shape (chains,), and its slopes by all white coordinates."""
        p, where = self.panel, self.where
        value, slope, item_slope = np.empty(len(theta)), np.empty_like(theta), np.empty_like(items)
        chains_gradient(
            p.item_start, where.vote_slot, p.by_item_vote, p.by_item_weight, theta, items, self.upper,
            self.fit.prior, self.fit.link, p.binary, value, slope, item_slope,
        )  # fmt: skip
        self.passes += 1
        first = theta[:, where.first]
        value -= 0.5 * (first**2).sum(axis=1) / ENTRY
        slope[:, where.first] -= first / ENTRY
        walk, pull, by_log = self.walk(theta[:, where.next] - theta[:, where.follows], log_step)
        value += walk
        # A state has one slot a session, so neither side of the steps repeats.
        slope[:, where.follows] += pull
        slope[:, where.next] -= pull
        weight, level = STEP_PRIOR[1], np.exp(-log_step) * self.guess
        if self.free:
            value -= 0.5 * weight * (log_step + level)
            by_log = by_log + 0.5 * weight * (level - 1)
        else:
            by_log = np.zeros(len(theta))
        return value, (*self.joint.to_white(slope, item_slope, limit), by_log * self.step_sd)

    def walk(self, step: np.ndarray, log_step: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Log prior of the steps, shape (chains,), its slopes by the earlier ends and by the log variance."""
        if not step.size:
            return np.zeros(len(step)), step, np.zeros(len(step))
        if not self.free:
            log_step = np.full(len(step), self.log_step)
        if self.tails:
            variance = np.exp(log_step)[:, None] * self.where.gap
            part = step**2 / (TAILS * variance)
            value = -(0.5 * np.log(variance) + 0.5 * (TAILS + 1) * np.log1p(part)).sum(axis=1)
            pull = (TAILS + 1) * step / (TAILS * variance * (1 + part))
        else:
            tie = np.exp(-log_step)[:, None] * self.weight
            value = -0.5 * (step**2 * tie - np.log(tie)).sum(axis=1)
            pull = step * tie
        return value, pull, 0.5 * ((pull * step).sum(axis=1) - step.shape[1])

    def noise(self, count: int, rng: np.random.Generator) -> White:
        """White noise, the same for the same votes whatever the names and whichever way round they are."""
        where = self.where
        session = np.searchsorted(where.start, np.arange(where.state.size), side="right") - 1
        theta = rng.standard_normal((count, where.rank.size, where.times.size))
        of_items = rng.standard_normal((count, where.item_rank.size, 3))[:, where.item_rank]
        # Turning the axis round turns positions and discriminations, turning yes and no round discriminations
        # and cutpoints: the noise turns with them.
        way = 1.0 if (standard(self.fit.state.mean) ** 3).sum() > 0 else -1.0
        sign = np.where(self.items[:, 0] < 0, -1.0, 1.0)
        of_items[:, :, 0] *= sign
        of_items[:, :, 1] *= sign * way
        theta *= way
        return theta[:, where.rank[where.state], session], of_items, rng.standard_normal(count)

    def settle(self, step: White) -> None:
        """Put the fit's means where a step in white coordinates leads."""
        s = self.fit.state
        theta, items, log_step = self.unwhiten(step)
        s.mean = theta[0, self.where.slot]
        if self.free:
            s.step = float(np.exp(log_step[0]))
        s.item_mean = self.cutpoints(items[0])
        self.fit.update_shares()
        self.fit.update_prior()

    def cutpoints(self, items: np.ndarray) -> np.ndarray:
        """(alpha, c1, c2) of items in the sampler's coordinates: shapes (..., items, 3)."""
        alpha, cut, root = np.moveaxis(items, -1, 0)
        gap = np.zeros_like(root) if self.panel.binary else np.abs(root) ** 3
        low = np.where(self.upper, cut - gap, cut)
        return np.stack([alpha, low, low + gap], axis=-1)


def recentre(fit: Fit, rounds: tuple[tuple[int, float], ...] = ROUNDS) -> tuple[float, ...]:
    """Move a fit's means to where the slope of the log posterior vanishes on average; changes the fit.

    Points are drawn with a generator of their own, in pairs of opposite ones, in an order that depends on the
    votes and not on names: the same votes give the same means.

    Returns
    -------
    tuple of float
        By how much each round moved the standardised positions (root mean square, in sd).
    """
    rng = np.random.default_rng(0)
    moved = []
    # Fewer votes leave a posterior less like a Gaussian, and cost less.
    more = min(max(int(ENOUGH / fit.panel.by_item_vote.size), 1), 8)
    for least, share in rounds:
        pairs = least * more
        target = Posterior(fit, tails=False)
        total: White | None = None
        for _ in range(0, pairs, BATCH):
            noise = target.noise(min(BATCH, pairs), rng)
            for sign in (1.0, -1.0):
                white: White = (sign * noise[0], sign * noise[1], sign * noise[2])
                _, slope = target.slopes(*target.unwhiten(white), limit=STEEPEST)
                sums = tuple(part.sum(axis=0, keepdims=True) for part in slope)
                total = sums if total is None else tuple(map(np.add, total, sums))  # type: ignore[assignment]
        assert total is not None
        step = [share / (2 * pairs) * part for part in total]
        step[1] = np.clip(step[1], -LONGEST_ITEM, LONGEST_ITEM)
        step[2] = np.clip(step[2], -LONGEST_STEP, LONGEST_STEP)
        old = standard(fit.state.mean)
        target.settle((step[0], step[1], step[2]))
        moved.append(float(np.sqrt(np.mean((standard(fit.state.mean) - old) ** 2))))
    return tuple(moved)
