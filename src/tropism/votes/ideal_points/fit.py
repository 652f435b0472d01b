"""The fast fit: Gaussians of paths and items in turn, then Newton steps of everything at once.

Importing this module imports numba; a fit does so when it begins.
"""

from __future__ import annotations

import math
import sys
import time
from dataclasses import dataclass, field

import numpy as np

from tropism.votes.ballots import Panel
from tropism.votes.ideal_points._kernels import LOGIT, PROBIT, items_step, states_step
from tropism.votes.ideal_points.curvature import RESIDUALS, Joint, Layout, layout

LINKS = {"probit": PROBIT, "logit": LOGIT}
#: Variance of a state's first position; with the items' priors it sets the scale of the fit, which the
#: standardised result no longer shows.
ENTRY = 1.0
#: The items' prior to begin with: means of discrimination and of the middle of the cutpoints, their precision
#: (three entries), and shape - 1 and scale of the gamma prior of the gap. All but the shape are estimated: UN
#: items are lopsided, and a prior about 0 would draw whole sessions toward where they seem less so.
PRIOR = (0.0, 0.0, 1.0, 0.0, 0.25, 1.0, 0.5)
#: How many items this covariance (and no mean) counts for beside those of the data.
PRIOR_WEIGHT = 10.0
#: Step variance (squared sd of all positions) and how many steps this guess counts for: nothing beside the
#: thousands of the United Nations, yet it keeps the paths of a small chamber from stiffening to lines.
STEP_PRIOR = (0.02, 10.0)
#: Degrees of freedom of the robust walk's steps.
TAILS = 4.0
#: Share of the new natural parameters in each update. At 1 the precisions of sharp items oscillate.
DAMPING = 0.7
#: Sweeps before the first Newton step, from the leading component and from an earlier fit.
FIRST_SWEEPS, WARM_SWEEPS = 20, 4
#: A warm start whose last sweep moves positions by more than this, in sd, was from votes too different.
WARM_ENOUGH = 0.05
#: Power of the change of the step variance beside Newton steps.
STRIDE = 1.8
#: Six entries of a symmetric matrix as nine.
SYMMETRIC = (0, 1, 2, 1, 3, 4, 2, 4, 5)
#: Below this the stretch of all paths is left to the updates.
LEAST_REST = 0.05
#: The longest Newton step, in sd of all positions (root mean square).
LONGEST = 0.2


@dataclass
class State:
    """Where a fit stands: arrays as in the kernels, changed in place.

    Attributes
    ----------
    mean, variance, lag_cov, evidence, weighted : ndarray, shape (positions,)
    item_mean, item_cov, precision : ndarray, shapes (items, 3), (items, 3, 3), (items, 6)
    step : float
        Step variance per unit of time.
    share : ndarray, shape (positions,)
        Weight of each step's precision; 1 unless steps have heavy tails, and 0 at the end of a path.
    """

    mean: np.ndarray
    variance: np.ndarray
    lag_cov: np.ndarray
    evidence: np.ndarray
    weighted: np.ndarray
    item_mean: np.ndarray
    item_cov: np.ndarray
    precision: np.ndarray
    step: float
    share: np.ndarray


@dataclass(frozen=True)
class Walk:
    """Steps of all paths: ``this`` position and ``then``, its next, with their gap in time."""

    entry: np.ndarray
    this: np.ndarray
    then: np.ndarray
    gap: np.ndarray

    @classmethod
    def of(cls, panel: Panel) -> Walk:
        """The walk of a panel."""
        inner = np.ones(panel.unit.size, dtype=bool)
        inner[panel.state_start[1:] - 1] = False
        this = np.flatnonzero(inner)
        return cls(panel.state_start[:-1], this, this + 1, panel.time[this + 1] - panel.time[this])


@dataclass(frozen=True)
class Ending:
    """How a fit ended: see `Convergence`."""

    converged: bool
    sweeps: int
    newton_steps: int
    distance: float
    largest: float
    history: tuple[float, ...] = field(default=())


class Fit:
    """One fit: the panel, its options, and the state that `run` improves."""

    def __init__(
        self,
        panel: Panel,
        *,
        link: str = "probit",
        dynamics: str = "walk",
        step: float | None = None,
        start: np.ndarray,
        items: np.ndarray | None = None,
    ) -> None:
        """Begin at positions ``start`` (positions,) and, for a warm start, items (items, 3).

        Rows of ``items`` that are not known are NaN.
        """
        self.panel, self.link, self.dynamics, self.given = panel, LINKS[link], dynamics, step
        self.prior, self.hierarchical = np.array(PRIOR), True
        self.walk = Walk.of(panel)
        self.where: Layout = layout(panel)
        self.column = np.searchsorted(self.where.times, panel.time)
        n, n_items = panel.unit.size, panel.item_start.size - 1
        share = np.zeros(n)
        share[self.walk.this] = 1.0
        cut = 0.0 if panel.binary else 0.5
        known = np.tile([0.0, -cut, cut], (n_items, 1))
        if items is not None:
            known = np.where(np.isnan(items), known, items)
        self.state = State(
            mean=start.astype(np.float64),
            variance=np.full(n, 0.05),
            lag_cov=np.zeros(n),
            evidence=np.zeros(n),
            weighted=np.zeros(n),
            item_mean=known,
            item_cov=np.tile(0.05 * np.eye(3), (n_items, 1, 1)),
            precision=np.zeros((n_items, 6)),
            step=(step or 0.05) * float(start.var()),
            share=share,
        )

    def begin_at(self, step: float, prior: np.ndarray, start: np.ndarray) -> None:
        """Take step variance and items' prior from an earlier fit, on whose scale ``start`` is."""
        self.state.mean, self.state.step, self.prior = start.astype(np.float64), step, prior.copy()
        inside = self.state.variance
        inside[:] = 0.15 * step

    @property
    def settings(self) -> dict[str, object]:
        """What the fit takes as given, for the record."""
        return {
            "entry_variance": ENTRY,
            # Sums over threads differ in their last digits.
            "items_prior": [float(f"{each:.10g}") for each in self.prior],
            "step_prior": list(STEP_PRIOR),
            "damping": DAMPING, "degrees_of_freedom": TAILS if self.dynamics == "robust" else None,
        }  # fmt: skip

    def tie(self) -> np.ndarray:
        """Precision of the step from each position to the next, shape (positions,)."""
        found = np.zeros(self.state.mean.size)
        found[self.walk.this] = self.state.share[self.walk.this] / (self.state.step * self.walk.gap)
        return found

    def slot_tie(self) -> np.ndarray:
        """The same for the steps between slots, shape (steps,)."""
        where = self.where
        share = np.ones(where.state.size)
        share[where.slot] = np.where(self.state.share > 0, self.state.share, 1.0)
        return share[where.follows] / (self.state.step * where.gap)

    def joint(self, residuals: tuple[float, ...] = RESIDUALS, *, turn: np.ndarray | None = None) -> Joint:
        """The joint curvature where the fit stands."""
        s = self.state
        return Joint(
            self.panel, self.where,
            {"mean": s.mean, "variance": s.variance, "item_mean": s.item_mean, "item_cov": s.item_cov},
            tie=self.slot_tie(), entry=ENTRY, prior=self.prior, link=self.link,
            residuals=residuals, turn=turn,
        )  # fmt: skip

    def update_items(self, damping: float) -> None:
        """Every item, given the paths."""
        p, s = self.panel, self.state
        items_step(
            p.item_start, p.by_item_position, p.by_item_vote, p.by_item_weight, s.mean, s.variance,
            s.item_mean, s.item_cov, s.precision, self.prior, damping, self.link, p.binary,
        )  # fmt: skip

    def update_paths(self, damping: float) -> None:
        """Every path, given the items; then the step variance."""
        p, s = self.panel, self.state
        states_step(
            p.state_start, p.position_start, p.by_position_item, p.by_position_vote, p.by_position_weight,
            self.tie(), ENTRY, s.mean, s.variance, s.lag_cov, s.evidence, s.weighted,
            s.item_mean, s.item_cov, damping, self.link, p.binary, True,
        )  # fmt: skip

    def update_step(self, power: float = 1.0) -> None:
        """Step variance that maximises the expected log prior of the paths, with a weak prior of its own.

        The variance of the paths holds it back, so that alone it converges slowly; a power above 1 of its
        change makes up for that.
        """
        s, walk = self.state, self.walk
        if self.given is not None:
            s.step = self.given * float(s.mean.var())
        if not walk.this.size:
            return
        squared = self.update_shares()
        if self.given is None:
            guess, weight = STEP_PRIOR
            seen = (s.share[walk.this] * squared).sum()
            new = float((seen + weight * guess * s.mean.var()) / (walk.this.size + weight))
            s.step *= (new / s.step) ** power

    def update_shares(self) -> np.ndarray:
        """Weights of steps with heavy tails; returns expected squared steps per unit of time, (steps,)."""
        s, walk = self.state, self.walk
        squared = (s.mean[walk.then] - s.mean[walk.this]) ** 2
        squared += s.variance[walk.then] + s.variance[walk.this] - 2 * s.lag_cov[walk.this]
        squared /= walk.gap
        if self.dynamics == "robust":
            # A t distribution is a Gaussian whose precision varies: this is its expected value, step by step.
            s.share[walk.this] = (TAILS + 1) / (TAILS + squared / s.step)
        return squared

    def sweep(self, damping: float = DAMPING, *, power: float = 1.0) -> float:
        """All paths, then all items; the change of the standardised positions (root mean square)."""
        old = standard(self.state.mean)
        self.update_paths(damping)
        self.update_items(min(damping, DAMPING))
        self.update_step(power)
        self.update_prior()
        self.rescale()
        return float(np.sqrt(np.mean((standard(self.state.mean) - old) ** 2)))

    def update_prior(self) -> None:
        """The items' prior: mean and covariance of discriminations and middles, and mean gap, as expected."""
        s = self.state
        if not self.hierarchical:
            return
        to_middle = np.array(
            [[1.0, 0, 0], [0, 1.0, 0]] if self.panel.binary else [[1.0, 0, 0], [0, 0.5, 0.5]]
        )
        items, guess = s.item_mean @ to_middle.T, np.array(PRIOR)
        mean = items.mean(axis=0)
        total = (items - mean).T @ (items - mean) + to_middle @ s.item_cov.sum(axis=0) @ to_middle.T
        total += PRIOR_WEIGHT * np.diag([1 / guess[2], 1 / guess[4]])
        precision = np.linalg.inv(total / (len(items) + PRIOR_WEIGHT))
        gap = float((s.item_mean[:, 2] - s.item_mean[:, 1]).sum())
        scale = (gap / (guess[5] + 1) + PRIOR_WEIGHT * guess[6]) / (len(items) + PRIOR_WEIGHT)
        self.prior = np.array(
            [mean[0], mean[1], precision[0, 0], precision[0, 1], precision[1, 1], guess[5], scale]
        )

    def rescale(self) -> None:
        """Put scale and location of everything where first positions have mean 0 and an entry's variance.

        Neither changes the likelihood (theta times k, alpha over k; theta plus b, cutpoints plus b alpha),
        and the items' prior follows: coordinate updates would crawl along both.
        """
        s, entry = self.state, self.walk.entry
        self.stretch(math.sqrt(ENTRY * entry.size / float((s.mean[entry] ** 2 + s.variance[entry]).sum())))
        b = -float(s.mean[entry].mean())
        s.mean += b
        s.weighted += b * s.evidence
        s.item_mean[:, 1:] += b * s.item_mean[:, :1]
        if self.hierarchical:
            back = np.array([[1.0, 0.0], [-b, 1.0]])
            self._set_prior(
                self.prior[0], self.prior[1] + b * self.prior[0], back.T @ self._precision() @ back
            )

    def _precision(self) -> np.ndarray:
        """Precision of discrimination and middle in the items' prior, (2, 2)."""
        return self.prior[[2, 3, 3, 4]].reshape(2, 2)

    def _set_prior(self, alpha: float, middle: float, precision: np.ndarray) -> None:
        self.prior[:5] = alpha, middle, precision[0, 0], precision[0, 1], precision[1, 1]

    def stretch(self, k: float) -> None:
        """Multiply all positions by k, and divide discriminations: the likelihood does not change."""
        s = self.state
        s.mean *= k
        s.variance *= k * k
        s.lag_cov *= k * k
        s.evidence /= k * k
        s.weighted /= k
        s.item_mean[:, 0] /= k
        s.item_cov[:, 0, :] /= k
        s.item_cov[:, :, 0] /= k
        s.precision[:, 0] *= k * k
        s.precision[:, 1:3] *= k
        s.step *= k * k
        if self.hierarchical:
            turn = np.array([k, 1.0])
            self._set_prior(self.prior[0] / k, self.prior[1], self._precision() * np.outer(turn, turn))

    def newton(self, residuals: tuple[float, ...] = RESIDUALS) -> None:
        """One Newton step of all means at once."""
        s = self.state
        joint = self.joint(residuals)
        theta, items = joint.solve(joint.slope, joint.item_slope)
        if self.given is None and self.walk.this.size:
            # The step variance is that of the best fit at every point: all paths can be stretched at once. Of
            # the walk's curvature this takes a term of rank one (Sherman and Morrison).
            along, along_items = joint.solve(joint.pull, np.zeros_like(items))
            twice = 2.0 / (self.walk.this.size + STEP_PRIOR[1])
            rest = 1.0 - twice * float(joint.pull @ along)
            if rest > LEAST_REST:
                more = twice * float(joint.pull @ theta) / rest
                theta, items = theta + more * along, items + more * along_items
        step = theta[self.where.slot]
        size = float(np.sqrt(np.mean((standard(s.mean + step) - standard(s.mean)) ** 2)))
        length = min(1.0, LONGEST / size)
        self._follow(s.mean + length * step)
        if self.panel.binary:
            items[:, 2] = items[:, 1]
            own = np.full(len(items), length)
        else:
            gap = s.item_mean[:, 2] - s.item_mean[:, 1]
            closing = items[:, 1] - items[:, 2]
            # No gap closes by more than half.
            own = np.minimum(length, 0.5 * gap / np.maximum(closing, 1e-12))
        s.item_mean += own[:, None] * items

    def _follow(self, mean: np.ndarray) -> None:
        """Put the paths at new means, and let covariances follow where a session moves as a whole.

        Held fixed, they would draw every session back a part of the way: where positions become k theta + b,
        the likelihood is unchanged if discriminations become alpha / k and cutpoints c + b alpha / k.
        """
        s, session, n = self.state, self.column, self.where.times.size
        count = np.bincount(session, minlength=n)
        old_mean, new_mean = (np.bincount(session, weights=x, minlength=n) / count for x in (s.mean, mean))
        old, new = s.mean - old_mean[session], mean - new_mean[session]
        spread = np.maximum(np.bincount(session, weights=old * old, minlength=n), 1e-12)
        stretch = np.clip(np.bincount(session, weights=old * new, minlength=n) / spread, 0.8, 1.25)
        shift = new_mean - stretch * old_mean
        k = stretch[session]
        beside = (s.weighted - s.evidence * s.mean) / k
        s.mean = mean
        s.variance *= k * k
        s.lag_cov[:-1] *= k[:-1] * k[1:]
        s.evidence /= k * k
        s.weighted = s.evidence * mean + beside
        at = session[self.panel.by_item_position[self.panel.item_start[:-1]]]
        turn = np.tile(np.eye(3), (at.size, 1, 1))
        turn[:, 0, 0] = 1 / stretch[at]
        turn[:, 1, 0] = shift[at] / stretch[at]
        if not self.panel.binary:
            turn[:, 2, 0] = turn[:, 1, 0]
        s.item_cov = turn @ s.item_cov @ turn.transpose(0, 2, 1)
        back = np.linalg.inv(turn)
        whole = back.transpose(0, 2, 1) @ s.precision[:, list(SYMMETRIC)].reshape(-1, 3, 3) @ back
        s.precision = whole.reshape(-1, 9)[:, [0, 1, 2, 4, 5, 8]]

    def reflect(self) -> None:
        """Turn the axis round: the likelihood is the same for -theta and -alpha."""
        s = self.state
        s.mean *= -1
        s.weighted *= -1
        s.item_mean[:, 0] *= -1
        s.item_cov[:, 0, 1:] *= -1
        s.item_cov[:, 1:, 0] *= -1
        s.precision[:, 1:3] *= -1
        self._set_prior(-self.prior[0], self.prior[1], self._precision() * [[1, -1], [-1, 1]])

    def draw(
        self, joint: Joint, draws: int, rng: np.random.Generator, block: np.ndarray | None = None
    ) -> np.ndarray:
        """Joint draws of all positions: float32, shape (draws, positions).

        With ``block`` (rollcalls,) the noise of the votes is that of their blocks by session.
        """
        if block is None:
            found = joint.draw(draws, rng)[:, self.where.slot]
        else:
            found = joint.draw_by_blocks(draws, block, self.slot_tie(), ENTRY, self.prior, rng)
            found = found[:, self.where.slot]
        found += self.state.mean.astype(np.float32)
        return found

    def shift_variances(self, samples: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Variance of the mean step over each boundary between sessions, before the votes and after.

        Shapes (sessions - 1,), over the states that voted on both sides.
        """
        n, walk, session = self.where.times.size, self.walk, self.column
        beside = session[walk.then] == session[walk.this] + 1
        this, then = walk.this[beside], walk.then[beside]
        at = session[this]
        count = np.maximum(np.bincount(at, minlength=n - 1), 1)[: n - 1]
        tie = self.tie()[this]
        prior = np.bincount(at, weights=1 / tie, minlength=n - 1)[: n - 1] / count**2
        total = np.zeros((samples.shape[0], n - 1))
        np.add.at(total.T, at, (samples[:, then] - samples[:, this]).T)
        return prior, (total / count).var(axis=0)

    def run(self, tolerance: float, max_sweeps: int, *, progress: bool = False, warm: bool = False) -> Ending:
        """Sweep, then step, until a round moves the standardised positions by less than tolerance."""
        began = time.perf_counter()

        def say(text: str) -> None:
            if progress:
                print(f"{text}, {time.perf_counter() - began:.1f} s", file=sys.stderr)

        for _ in range(4):
            self.update_items(1.0)
        history: list[float] = []
        sweeps, alone = 0, WARM_SWEEPS if warm else FIRST_SWEEPS
        while sweeps < min(alone, max_sweeps):
            history.append(self.sweep(DAMPING if sweeps else 1.0))
            sweeps += 1
        if history:
            say(f"{sweeps} sweeps: change {history[-1]:.5f} sd")
        if warm:
            # An earlier fit was re-centred: Newton steps would lead back from there first.
            return Ending(history[-1] < WARM_ENOUGH, sweeps, 0, history[-1], history[-1], tuple(history))
        steps, size, largest = 0, math.inf, math.inf
        while sweeps < max_sweeps and size >= tolerance:
            old = standard(self.state.mean)
            # Far from the optimum the curvature without residuals leads there more surely.
            self.newton(RESIDUALS if steps else (0.0,))
            for _ in range(2):
                self.sweep(power=STRIDE)
            steps, sweeps = steps + 1, sweeps + 2
            moved = standard(self.state.mean) - old
            size, largest = float(np.sqrt(np.mean(moved**2))), float(np.abs(moved).max())
            history.append(size)
            say(f"Newton step {steps}: {size:.5f} sd")
        return Ending(size < tolerance, sweeps, steps, size, largest, tuple(history))


def standard(mean: np.ndarray) -> np.ndarray:
    """Mean 0 and sd 1."""
    return (mean - mean.mean()) / mean.std()
