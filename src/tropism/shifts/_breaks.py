"""Arrays of the search for a break: what all others did, and the likelihood of every kind of path.

Symbols: ``y`` path, ``s`` known sd of its errors, ``tau`` first year of the new level, ``delta`` step,
``omega`` sd of the noise, ``phi`` its correlation, ``kappa`` sd of a change (step, slope or walk).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

#: Kinds of path without a step, in the order of the grid's third axis.
KINDS = ("level", "steady", "wandering")


@dataclass(frozen=True, eq=False)
class Likelihoods:
    """Log likelihoods up to a constant that all share; points are those of the grid in C order.

    Attributes
    ----------
    tau : ndarray of int, shape (taus,)
    none : ndarray, shape (points,)
        Without a step, for every (omega, phi, kind, kappa). A level path does not depend on kappa: its values
        are repeated.
    step : ndarray, shape (points, kappas, taus)
        With one; the second axis is the step's own kappa.
    delta, delta_var : ndarray, the same shape
        Mean and variance of the step given the grid.
    """

    tau: np.ndarray
    none: np.ndarray
    step: np.ndarray
    delta: np.ndarray
    delta_var: np.ndarray

    def reduced(self) -> Grid:
        """The same, averaged over the step's own kappa."""
        return Grid(self.tau, self.none, log_mean(self.step, axis=1))


@dataclass(frozen=True, eq=False)
class Grid:
    """What is kept of every state: ``none`` of shape (points,), ``step`` of shape (points, taus)."""

    tau: np.ndarray
    none: np.ndarray
    step: np.ndarray


def likelihoods(
    y: np.ndarray,
    s: np.ndarray,
    years: np.ndarray,
    tau: np.ndarray,
    omega: Sequence[float],
    phi: Sequence[float],
    kappa: Sequence[float],
) -> Likelihoods:
    """Integrate level, slope, walk and step out at every point of the grid.

    Parameters
    ----------
    y, s : ndarray, shape (years,)
        In units of the prior's scale.
    years : ndarray of int, shape (years,)
        Ascending, gaps allowed: noise is correlated over calendar years.
    tau : ndarray of int, shape (taus,)
    omega, phi, kappa : sequences of float

    Notes
    -----
    With precision ``K^-1`` of noise, errors and walk, a flat prior on the level leaves the projection
    ``P = K^-1 - K^-1 1 1' K^-1 / 1' K^-1 1``. Slope and step are rank-one terms on top: with ``a = x'Px`` and
    ``b = x'Py`` a term of sd kappa multiplies the likelihood by
    ``(1 + kappa^2 a)^-1/2 exp(kappa^2 b^2 / 2 (1 + kappa^2 a))``.
    """
    t = (years - years[0]).astype(np.float64)
    x = t / t[-1]
    size = np.asarray(kappa, dtype=np.float64) ** 2
    noise = np.asarray(phi, dtype=np.float64)[:, None, None] ** np.abs(t[:, None] - t)
    noise = np.asarray(omega, dtype=np.float64)[:, None, None, None] ** 2 * noise + np.diag(s**2)
    walk = np.minimum(x[:, None], x) * np.r_[0.0, size][:, None, None]
    # Axes of every array from here on: omega, phi, walk (none, then each kappa), and what is named.
    cov = noise[:, :, None] + walk
    inverse = np.linalg.inv(cov)
    log_det = np.linalg.slogdet(cov)[1]
    steps = (years[:, None] >= tau).astype(np.float64)
    terms = np.concatenate([y[:, None], x[:, None], steps], axis=1)
    weighted = inverse @ terms
    ones = weighted.sum(axis=-2)
    total = inverse.sum(axis=(-2, -1))

    def inner(left: slice, right: slice) -> np.ndarray:
        """``left' P right`` over the columns of terms, one of the two a single column."""
        product = np.einsum("...nk,nl->...kl", weighted[..., left], terms[:, right])
        product -= (ones[..., left] / total[..., None])[..., :, None] * ones[..., None, right]
        return product[..., 0]

    path, slope, step = slice(0, 1), slice(1, 2), slice(2, None)
    still = -0.5 * (log_det + np.log(total) + inner(path, path)[..., 0])
    a = np.einsum("...nk,nk->...k", weighted[..., step], steps) - ones[..., step] ** 2 / total[..., None]
    b, h = inner(step, path), inner(step, slope)
    # A slope on a path that does not wander, each kappa: the projection loses one direction more.
    q, r = inner(slope, slope)[:, :, 0], inner(slope, path)[:, :, 0]
    gain = size / (1 + size * q)
    steady = still[:, :, :1] - 0.5 * np.log1p(size * q) + 0.5 * gain * r**2
    gain, r, h = gain[..., None], r[..., None], h[:, :, :1]
    a_steady, b_steady = a[:, :, :1] - gain * h**2, b[:, :, :1] - gain * h * r

    def kinds(level_and_walks: np.ndarray, slopes: np.ndarray) -> np.ndarray:
        """Level (repeated for each kappa), steady and wandering as a third axis."""
        level = np.broadcast_to(level_and_walks[:, :, :1], slopes.shape)
        return np.stack([level, slopes, level_and_walks[:, :, 1:]], axis=2)

    none = kinds(still, steady).reshape(-1)
    # Of shape (points, the step's kappa, taus) from here on.
    a, b = (kinds(*each).reshape(none.size, 1, tau.size) for each in ((a, a_steady), (b, b_steady)))
    size = size[:, None]
    spread = 1 + size * a
    return Likelihoods(
        tau=tau,
        none=none,
        step=none[:, None, None] + 0.5 * (size * b**2 / spread - np.log(spread)),
        delta=size * b / spread,
        delta_var=size / spread,
    )


def log_mean(log_values: np.ndarray, axis: int | tuple[int, ...]) -> np.ndarray:
    """Log of the mean of exponentials, without overflow."""
    top = log_values.max(axis=axis, keepdims=True)
    mean = np.log(np.exp(log_values - top).mean(axis=axis, keepdims=True)) + top
    return np.squeeze(mean, axis=axis)


def ordinary_paths(
    none: np.ndarray, step: np.ndarray, strength: float, rounds: int = 100
) -> tuple[np.ndarray, float]:
    """Learn from many states how likely each point of the grid is, and how many paths have a step.

    Parameters
    ----------
    none, step : ndarray, shape (states, points)
        Log likelihoods without a step, and with one averaged over its year and size.
    strength : float
        Uniform weight added, in states: what keeps a few states from ruling anything out.

    Returns
    -------
    weights : ndarray, shape (states, points)
        For each state what the *others* say, so that its own path has no part in its prior. Rows sum to 1.
    share : float
        Of paths with a step, all states together.

    Notes
    -----
    Expectation-maximisation of a mixture over the grid; for each state its own responsibilities are then
    taken out, without another round.
    """
    n, points = none.shape
    top = np.maximum(none, step).max(axis=1, keepdims=True)
    without, stepped = np.exp(none - top), np.exp(step - top)
    weights, share = np.full(points, 1 / points), 0.5
    for _ in range(rounds):
        flat, broken = (1 - share) * weights * without, share * weights * stepped
        total = (flat + broken).sum(axis=1, keepdims=True)
        own = (flat + broken) / total
        weights = (own.sum(axis=0) + strength / points) / (n + strength)
        # One state's worth on either side keeps the share off its borders.
        share = float(((broken / total).sum() + 0.5) / (n + 1))
    others = own.sum(axis=0) - own + strength / points
    return others / (n - 1 + strength), share


def mixture_quantiles(
    means: np.ndarray, variances: np.ndarray, weights: np.ndarray, at: Sequence[float]
) -> list[float]:
    """Quantiles of a mixture of Gaussians, by bisection; components that weigh nothing are left out."""
    keep = weights > 1e-6 * weights.max()
    m, sd, w = means[keep], np.sqrt(variances[keep]), weights[keep] / weights[keep].sum()
    erf = np.vectorize(math.erf)
    found = []
    for p in at:
        low, high = float((m - 8 * sd).min()), float((m + 8 * sd).max())
        while high - low > 1e-4 * float(sd.min()):
            middle = (low + high) / 2
            below = 0.5 * (1 + w @ erf((middle - m) / (sd * math.sqrt(2))))
            low, high = (middle, high) if below < p else (low, middle)
        found.append((low + high) / 2)
    return found


def year_effects(values: np.ndarray, without: int | None = None) -> np.ndarray:
    """What all states did in each year: least squares of state and year effects on a panel with gaps.

    Parameters
    ----------
    values : ndarray, shape (states, years)
        NaN where missing. A state that enters or leaves does not move the effects: only changes within states
        count.
    without : int, optional
        A row to leave out.

    Returns
    -------
    ndarray, shape (years,)
        With mean 0; NaN in every year if the years do not hang together.
    """
    rows = np.delete(values, without, axis=0) if without is not None else values
    have = ~np.isnan(rows)
    n = have.sum(axis=1)
    rows, have, n = rows[n > 1], have[n > 1].astype(np.float64), n[n > 1]
    filled = np.where(have > 0, rows, 0.0)
    # The state effects are eliminated, so that the system is years by years.
    centred = filled - have * (filled.sum(axis=1) / n)[:, None]
    system = np.diag(have.sum(axis=0)) - (have / n[:, None]).T @ have
    if np.linalg.matrix_rank(system) < system.shape[0] - 1:
        return np.full(values.shape[1], np.nan)
    effects: np.ndarray = np.linalg.lstsq(system, centred.sum(axis=0), rcond=None)[0]
    return effects - effects.mean()
