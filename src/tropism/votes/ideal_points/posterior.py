"""The log posterior in the white space of the joint curvature, and the Gaussian that fits it best.

In that space the posterior is nearly a standard normal. The Gaussian of the fast method has the curvature's
covariance, and the mean at which the slope of the paths' log posterior, averaged over that Gaussian,
vanishes: unlike the mode or the mean of separate blocks, that is where a skewed posterior has its mean to
first order, and it does not depend on how the nearly flat directions (a session shifted or stretched as a
whole) are written. Items are integrated out by quadrature, as theirs is skewed too much for first order.
Importing this module imports numba.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from tropism.votes.ideal_points._kernels import chains_gradient, items_integrated
from tropism.votes.ideal_points.fit import ENTRY, STEP_PRIOR, TAILS, Fit, standard

#: Pairs of opposite points over which each round of `recentre` averages the slope, and quadrature nodes for
#: an item's discrimination, better known cutpoint and gap.
ROUNDS = ((4, (3, 3, 3)), (8, (3, 3, 3)), (24, (3, 3, 5)))
#: After a warm start, whose means lie near.
WARM_ROUNDS = ((4, (3, 3, 3)), (8, (3, 3, 5)))
#: At so many of these pairs, for a million votes, the items are integrated out; there is little to average.
EXACT = 1
#: By how much the step variance is taken to be less certain than given the paths: the unit of the last
#: coordinate of the chains, which need not be right.
HELD_BACK = 3.0
#: Slopes of an item beyond this, in white coordinates, are shortened: where a point takes an item's gap to
#: the edge of nothing, its prior's slope has no bound and would outweigh all votes.
STEEPEST = 4.0
#: Points whose slopes are taken at one time.
BATCH = 8
#: With fewer votes than this a round takes more pairs, in proportion.
ENOUGH = 1_000_000
#: Longest moves in one round: of an item and of a white coordinate of the paths, in sd, and of the logarithm
#: of the step variance. Where the curvature is barely positive a Newton step has no bound.
LONGEST, LONGEST_STEP = 1.0, 0.5

#: Positions and items in white coordinates, and the step variance: (chains, slots), (chains, items, 3) and
#: (chains,).
White = tuple[np.ndarray, np.ndarray, np.ndarray]
Round = tuple[int, tuple[int, int, int]]


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
        # Given the paths its information is half a step each.
        self.step_sd = math.sqrt(2 * HELD_BACK / (where.follows.size + STEP_PRIOR[1]))
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
        value, by_theta, by_item, by_log = self.slopes(theta, items, log_step)
        slope = (*self.joint.to_white(by_theta, by_item), by_log * self.step_sd)
        if not self.free:
            value = value - 0.5 * white[2] ** 2
            slope = (slope[0], slope[1], -white[2])
        alone = self.joint.single
        slope[1][:, alone] = -white[1][:, alone]
        return Place(white, value, slope, theta, items, log_step)

    def slopes(
        self, theta: np.ndarray, items: np.ndarray, log_step: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Log posterior, shape (chains,), and its slopes by positions, items and log step variance."""
        p, where = self.panel, self.where
        value, slope, item_slope = np.empty(len(theta)), np.empty_like(theta), np.empty_like(items)
        chains_gradient(
            p.item_start, where.vote_slot, p.by_item_vote, p.by_item_weight, theta, items, self.upper,
            self.fit.prior, self.fit.link, p.binary, value, slope, item_slope,
        )  # fmt: skip
        of_prior, by_theta, by_log = self.prior(theta, log_step)
        return value + of_prior, slope + by_theta, item_slope, by_log

    def prior(self, theta: np.ndarray, log_step: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Log prior of paths and step variance, and its slopes by both."""
        where, slope = self.where, np.zeros_like(theta)
        first = theta[:, where.first]
        value = -0.5 * (first**2).sum(axis=1) / ENTRY
        slope[:, where.first] -= first / ENTRY
        walk, pull, by_log = self.walk(theta[:, where.next] - theta[:, where.follows], log_step)
        value += walk
        # A state has one slot a session, so neither side of the steps repeats.
        slope[:, where.follows] += pull
        slope[:, where.next] -= pull
        if not self.free:
            return value, slope, np.zeros(len(theta))
        weight, level = STEP_PRIOR[1], np.exp(-log_step) * self.guess
        return value - 0.5 * weight * (log_step + level), slope, by_log + 0.5 * weight * (level - 1)

    def integrated(
        self, theta: np.ndarray, items: np.ndarray, nodes: tuple[int, int, int]
    ) -> tuple[np.ndarray, np.ndarray]:
        """Slope of the votes by positions, the items integrated out; and the items' means, in white noise.

        ``theta`` (slots,) and ``items`` (items, 3): positions, and the items' Gaussian means given them.
        """
        p, where, slope, shift = self.panel, self.where, np.zeros_like(theta), np.zeros_like(items)
        items_integrated(
            p.item_start, where.vote_slot, p.by_item_vote, p.by_item_weight, theta, items, self.joint.root,
            self.upper, self.fit.prior, self.fit.link, p.binary,
            _axis(nodes[0]), _axis(nodes[1]), _axis(nodes[2]), slope, shift,
        )  # fmt: skip
        return slope, shift

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

    def settle(self, theta: np.ndarray, log_step: float, shift: np.ndarray) -> None:
        """Put the fit's means where deviations of positions, the items with them, and the items' own lead."""
        s, items = self.fit.state, self.joint.following(theta[None])[0]
        items += np.einsum("jab,jb->ja", self.joint.root, shift)
        s.mean = (self.joint.theta + theta)[self.where.slot]
        if self.free:
            s.step = math.exp(self.log_step + log_step)
        s.item_mean = self.cutpoints(self.items + items)
        self.fit.update_shares()
        self.fit.update_prior()

    def cutpoints(self, items: np.ndarray) -> np.ndarray:
        """(alpha, c1, c2) of items in the sampler's coordinates: shapes (..., items, 3)."""
        alpha, cut, root = np.moveaxis(items, -1, 0)
        gap = np.zeros_like(root) if self.panel.binary else np.abs(root) ** 3
        low = np.where(self.upper, cut - gap, cut)
        return np.stack([alpha, low, low + gap], axis=-1)


def recentre(fit: Fit, rounds: tuple[Round, ...] = ROUNDS) -> tuple[float, ...]:
    """Move a fit's means to where the slope of the log posterior vanishes on average; changes the fit.

    The slope is that of the paths, the items integrated out. It is averaged over many points with every item
    at its mean given the paths, which is quick; at a few of them quadrature says by how much the two slopes
    differ. That difference hardly varies, and is what skewed items (one dissenter among 150 votes) add.
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
    for pairs, nodes in rounds:
        target = Posterior(fit, tails=False)
        slope, by_log, information, shift = _average(target, more * pairs, more * EXACT, nodes, rng)
        theta, wider = _newton(target, slope, by_log, information)
        old = standard(fit.state.mean)
        target.settle(theta, wider, np.clip(shift, -LONGEST, LONGEST))
        moved.append(float(np.sqrt(np.mean((standard(fit.state.mean) - old) ** 2))))
    return tuple(moved)


def _newton(
    target: Posterior, slope: np.ndarray, by_log: float, information: float
) -> tuple[np.ndarray, float]:
    """Step of the positions (slots,) and of the log step variance, both at once."""
    joint, still = target.joint, np.zeros_like(target.items)
    white, follow = joint.to_white(slope[None], still[None])
    theta = joint.from_white(np.clip(white, -LONGEST, LONGEST), follow)[0][0]
    if not target.free:
        return theta, 0.0
    # A wider step takes the walk's slope off the positions, and rougher paths ask for a wider step.
    rougher, _ = joint.solve(-joint.pull, still)
    wider = (by_log - joint.pull @ theta) / max(information + joint.pull @ rougher, 0.1 * information)
    wider = float(np.clip(wider, -LONGEST_STEP, LONGEST_STEP))
    return theta + wider * rougher, wider


def _average(
    target: Posterior, pairs: int, exact: int, nodes: tuple[int, int, int], rng: np.random.Generator
) -> tuple[np.ndarray, float, float, np.ndarray]:
    """Mean slopes by positions (slots,) and log step variance, information on it, mean shift (items, 3)."""
    joint, where = target.joint, target.where
    slope, by_log, loose = np.zeros(joint.theta.size), 0.0, 0.0
    excess, shift = np.zeros_like(slope), np.zeros_like(target.items)
    for begun in range(0, pairs, BATCH):
        noise = target.noise(min(BATCH, pairs - begun), rng)
        out = joint.slots_from_white(noise[0], noise[1])
        with_it = joint.following(out)
        for sign in (1.0, -1.0):
            away = sign * out
            theta, items = joint.theta + away, target.items + sign * with_it
            log_step = target.log_step + sign * target.step_sd * noise[2]
            _, by_theta, by_item, of_step = target.slopes(theta, items, log_step)
            by_theta = joint.followed(by_theta, by_item, STEEPEST)
            slope += by_theta.sum(axis=0)
            by_log += float(of_step.sum())
            loose += float(((away[:, where.next] - away[:, where.follows]) ** 2 @ target.weight).sum())
            chosen = max(min(exact - begun, len(theta)), 0)
            _, by_prior, _ = target.prior(theta[:chosen], log_step[:chosen])
            for k in range(chosen):
                of_votes, of_items = target.integrated(theta[k], items[k], nodes)
                excess += of_votes + by_prior[k] - by_theta[k]
                shift += of_items
    points, steps = 2 * pairs, max(where.follows.size, 1)
    # Of a step's prior variance the votes leave a share, which falls as that variance grows.
    left = loose / points / steps * math.exp(-target.log_step)
    information = 0.5 * (steps * (1 - min(left, 0.9) ** 2) + STEP_PRIOR[1])
    return slope / points + excess / (2 * exact), by_log / points, information, shift / (2 * exact)


def _axis(nodes: int) -> np.ndarray:
    """Gauss-Hermite nodes, and the logarithms of their weights over the standard normal: shape (nodes, 2)."""
    at, weight = np.polynomial.hermite_e.hermegauss(nodes)
    return np.column_stack([at, np.log(weight / weight.sum()) + 0.5 * at**2])
