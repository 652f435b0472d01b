"""What an ordinary change is: a latent bivariate t, from all other states in the same window.

Placebo changes contain measurement error already. Each state's own error stands in its likelihood, so that
the latent distribution is what remains of the spread without it (deconvolution); a case is then compared
with the latent distribution plus its own error, which counts once.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from tropism.errors import SeriesError

#: Fewer other states give no distribution of ordinary changes.
MIN_STATES = 20
#: Degrees of freedom that are tried.
FREEDOM = (2.0, 3.0, 5.0, 8.0, 15.0, 40.0)
SWEEPS = 60
#: Sweeps end when nothing moves by more than this.
SETTLED = 2e-3
#: A latent spread is at least this share of the placebos' own: what is left after their error is uncertain.
LEAST = 0.1
#: Values of the mixing variable of a t: precision of one state's change in that of the mean state's.
_LOG_W = np.linspace(-6.0, 2.0, 25)


@dataclass(frozen=True)
class Null:
    """The latent distribution of ordinary changes.

    Attributes
    ----------
    centre, scale : ndarray, shape (2,)
        Of b and c, in the measure's unit.
    correlation : float
    freedom : float
        Degrees of freedom of the t.
    n : int
        States that it was fitted to.
    """

    centre: np.ndarray
    scale: np.ndarray
    correlation: float
    freedom: float
    n: int

    @property
    def shape(self) -> np.ndarray:
        """Correlation matrix, (2, 2)."""
        return np.array([[1.0, self.correlation], [self.correlation, 1.0]])

    def standardised(self, change: np.ndarray, covariance: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Changes and their errors in units of ordinary changes: shapes (…, 2) and (…, 2, 2)."""
        return (change - self.centre) / self.scale, covariance / np.outer(self.scale, self.scale)


def mixture(freedom: float) -> tuple[np.ndarray, np.ndarray]:
    """A t as a mixture of normals: precisions (nodes,) and logarithms of their weights."""
    half = freedom / 2
    w = np.exp(_LOG_W)
    log_weight = half * _LOG_W - half * w
    return w, log_weight - math.log(np.exp(log_weight).sum())


def _log_normal(x: np.ndarray, y: np.ndarray, a: np.ndarray, b: np.ndarray, d: np.ndarray) -> np.ndarray:
    """Log density of a bivariate normal at (x, y), with covariance ((a, b), (b, d))."""
    det = a * d - b * b
    return -0.5 * ((d * x * x - 2 * b * x * y + a * y * y) / det + np.log(det)) - math.log(2 * math.pi)


def log_density(z: np.ndarray, error: np.ndarray, spread: np.ndarray, freedom: float) -> np.ndarray:
    """Log density of deviations that are a t with this spread, plus normal error.

    Parameters
    ----------
    z : ndarray, shape (…, 2)
    error, spread : ndarray, shapes (…, 2, 2)
        Covariance of the error; covariance of the t, but for its precision.
    freedom : float
    """
    w, log_weight = mixture(freedom)
    a, b, d = (spread[..., i, k, None] / w + error[..., i, k, None] for i, k in ((0, 0), (0, 1), (1, 1)))
    parts = _log_normal(z[..., 0, None], z[..., 1, None], a, b, d) + log_weight
    top = parts.max(axis=-1, keepdims=True)
    return (top + np.log(np.exp(parts - top).sum(axis=-1, keepdims=True)))[..., 0]


def fit_null(change: np.ndarray, covariance: np.ndarray) -> Null:
    """Fit the latent t by expectation and maximisation, for each of `FREEDOM`; the likeliest is taken.

    Parameters
    ----------
    change : ndarray, shape (states, 2)
        Of the placebos: all other states in the same window.
    covariance : ndarray, shape (states, 2, 2)
        Of their measurement errors.

    Raises
    ------
    SeriesError
        If there are fewer than 20 states.

    References
    ----------
    Lange, Little and Taylor (1989), Robust Statistical Modeling Using the t Distribution, JASA 84(408).

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> error = np.tile(0.25 * np.eye(2), (150, 1, 1))
    >>> found = fit_null(rng.normal(0, np.sqrt(1.25), (150, 2)), error)
    >>> bool(np.all(np.abs(found.scale - 1) < 0.2))
    True
    """
    n = len(change)
    if n < MIN_STATES:
        raise SeriesError(
            f"explanations: {n} other states have data in these years; {MIN_STATES} are needed to tell what "
            "an ordinary change is. Choose another window."
        )
    middle = np.median(change, axis=0)
    # Units in which the arithmetic is tame; a measure that hardly ever changes has no spread of its own.
    unit = np.maximum(1.4826 * np.median(np.abs(change - middle), axis=0), 0.1 * change.std(axis=0) + 1e-12)
    x, error = (change - middle) / unit, covariance / np.outer(unit, unit)
    best: tuple[float, np.ndarray, np.ndarray, float] | None = None
    centre, cov = np.zeros(2), np.eye(2)
    for freedom in FREEDOM:
        centre, cov = _maximise(x, error, freedom, centre, cov)
        root = np.sqrt(np.diag(cov))
        z, spread = (x - centre) / root, error / np.outer(root, root)
        value = float(log_density(z, spread, (cov / np.outer(root, root))[None], freedom).sum())
        value -= n * float(np.log(root).sum())
        if best is None or value > best[0]:
            best = (value, centre, cov, freedom)
    assert best is not None
    _, centre, cov, freedom = best
    root = np.sqrt(np.diag(cov))
    return Null(middle + centre * unit, root * unit, float(cov[0, 1] / root[0] / root[1]), freedom, n)


def _maximise(
    x: np.ndarray, error: np.ndarray, freedom: float, centre: np.ndarray, cov: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Centre and covariance of the latent t with these degrees of freedom, beginning at others."""
    w, log_weight = mixture(freedom)
    floor = LEAST * np.maximum(np.median((x - np.median(x, axis=0)) ** 2, axis=0), 1e-6)
    e0, e1, e2 = error[:, 0, 0, None], error[:, 0, 1, None], error[:, 1, 1, None]
    for _ in range(SWEEPS):
        # Latent covariance at every precision, total, and how far a seen deviation is taken for a latent one.
        s0, s1, s2 = cov[0, 0] / w, cov[0, 1] / w, cov[1, 1] / w
        a, b, d = s0 + e0, s1 + e1, s2 + e2
        u, v = x[:, 0, None] - centre[0], x[:, 1, None] - centre[1]
        parts = _log_normal(u, v, a, b, d) + log_weight
        share = np.exp(parts - parts.max(axis=1, keepdims=True))
        weight = w * share / share.sum(axis=1, keepdims=True)
        det = a * d - b * b
        g00, g01 = (s0 * d - s1 * b) / det, (s1 * a - s0 * b) / det
        g10, g11 = (s1 * d - s2 * b) / det, (s2 * a - s1 * b) / det
        m0, m1 = g00 * u + g01 * v, g10 * u + g11 * v
        moved = np.array([(weight * m0).sum(), (weight * m1).sum()]) / weight.sum()
        left0, left1, left2 = s0 - g00 * s0 - g01 * s1, s1 - g00 * s1 - g01 * s2, s2 - g10 * s1 - g11 * s2
        m0, m1 = m0 - moved[0], m1 - moved[1]
        old, n = cov, len(x)
        cross = float((weight * (m0 * m1 + left1)).sum()) / n
        own = np.array([(weight * (m0 * m0 + left0)).sum(), (weight * (m1 * m1 + left2)).sum()]) / n
        own = np.maximum(own, floor)
        limit = 0.95 * math.sqrt(own[0] * own[1])
        cross = min(max(cross, -limit), limit)
        centre, cov = centre + moved, np.array([[own[0], cross], [cross, own[1]]])
        if np.abs(cov - old).max() < SETTLED * own.min() and np.abs(moved).max() < SETTLED:
            break
    return centre, cov
