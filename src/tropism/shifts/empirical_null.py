"""Which of many changes are beyond the ordinary: an empirical null, movers, and local false-discovery rates.

States drift. A test of "no change at all" would call most of them movers, since votes measure a change well;
the question is who moved beyond what is ordinary among states. So the null is estimated from the bulk of the
states themselves: ordinary changes are normal, with a mean and a spread read off the middle, to which each
state's own measurement error is added.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

#: The middle, from which the null is read, in its standard deviations. Simulated fields of 190 with none, 10
#: and 28 movers: within 1.5 the spread is estimated with half as much error again; a wider middle takes in
#: movers.
MIDDLE = 2.0
#: Own moves beyond the ordinary are uniform from 0 to this many null standard deviations, to twice as many
#: and so on until the largest is reached, either way: any unimodal density on one side is a mixture of such.
REACH = 2.0
#: So many imagined unmoved states keep the share of movers from straying above 0 where there are none.
PRIOR_NULL = 10.0
SWEEPS = 300

_erf = np.frompyfunc(math.erf, 1, 1)


@dataclass(frozen=True, eq=False)
class EmpiricalNull:
    """What an ordinary change is, and how each state's compares; arrays have shape (states,).

    Attributes
    ----------
    centre, spread : float
        Mean and standard deviation of ordinary changes, without measurement error.
    unmoved : float
        Share of states whose change is ordinary.
    z : ndarray
        Change less the centre, over the root of spread squared plus measurement error squared.
    fdr : ndarray
        Local false-discovery rate: the probability that a state with this change, so measured, moved no more
        than is ordinary.
    """

    centre: float
    spread: float
    unmoved: float
    z: np.ndarray
    fdr: np.ndarray

    def scale(self, std_error: np.ndarray) -> np.ndarray:
        """Standard deviation of an ordinary change that is measured with such an error."""
        return np.sqrt(self.spread**2 + std_error**2)


def empirical_null(change: np.ndarray, std_error: np.ndarray) -> EmpiricalNull:
    """Fit a normal null to the middle of the changes, and movers to what it leaves over.

    The likelihood of the middle is that of a normal cut off at its bounds, so that neither movers nor the
    tails matter; the null density is averaged over that likelihood (a grid of centres and spreads), since a
    null read off 190 states is itself uncertain. Movers are a mixture of uniform own moves, up or down, on
    top of an ordinary change.

    Parameters
    ----------
    change : ndarray, shape (states,)
    std_error : ndarray, shape (states,)
        Measurement error of each change.

    References
    ----------
    Efron (2004), Large-Scale Simultaneous Hypothesis Testing: The Choice of a Null Hypothesis, JASA 99(465).
    Efron (2007), Size, Power and False Discovery Rates, Annals of Statistics 35(4), section 4: the middle.
    Stephens (2017), False discovery rates: a new deal, Biostatistics 18(2): movers as uniforms.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> change = rng.normal(0, 0.2, 150)
    >>> change[:3] = 2.0
    >>> found = empirical_null(change, np.full(150, 0.05))
    >>> bool(found.fdr[0] < 0.01), bool(np.median(found.fdr[3:]) > 0.9)
    (True, True)
    """
    variance = std_error**2
    centre = float(np.median(change))
    robust = 1.4826 * float(np.median(np.abs(change - centre)))
    # Never below a twentieth of what is seen: measurement errors that are too large would leave no spread.
    floor = max(0.05 * robust, 1e-12)
    spread = math.sqrt(max(robust**2 - float(np.median(variance)), floor**2))
    for _ in range(2):
        centres, spreads, weight = _middle(change, variance, centre, spread, floor)
        centre, spread = float(weight @ centres), float(weight @ spreads)
    wide = np.sqrt(spreads[:, None] ** 2 + variance)
    null = weight @ (_density((change - centres[:, None]) / wide) / wide)
    z = (change - centre) / np.sqrt(spread**2 + variance)
    unmoved, fdr = _movers(change - centre, np.sqrt(spread**2 + variance), null)
    return EmpiricalNull(centre, spread, unmoved, z, fdr)


def _middle(
    change: np.ndarray, variance: np.ndarray, centre: float, spread: float, floor: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Centres and spreads of a grid with the likelihood of the middle as weights, each of shape (points,)."""
    half = MIDDLE * np.sqrt(spread**2 + variance)
    inside = np.abs(change - centre) <= half
    x, v, half = change[inside], variance[inside], half[inside]
    typical = math.sqrt(spread**2 + float(np.median(variance)))
    centres = centre + typical * np.linspace(-0.5, 0.5, 11)
    spreads = np.maximum(typical * np.geomspace(0.5, 2, 15), floor)
    at, by = (axis.ravel() for axis in np.meshgrid(centres, spreads))
    sd = np.sqrt(by[:, None] ** 2 + v)
    mass = _below((centre + half - at[:, None]) / sd) - _below((centre - half - at[:, None]) / sd)
    log_likelihood = (np.log(_density((x - at[:, None]) / sd) / sd) - np.log(mass)).sum(axis=1)
    weight = np.exp(log_likelihood - log_likelihood.max())
    return at, by, weight / weight.sum()


def _movers(away: np.ndarray, sd: np.ndarray, null: np.ndarray) -> tuple[float, np.ndarray]:
    """Share of the unmoved and each state's probability of being one, by EM over the mixture's shares."""
    middle = _below(away / sd)
    densities = [null]
    least = REACH * float(np.median(sd))
    steps = max(math.ceil(math.log2(max(float(np.abs(away).max()) / least, 1.0))), 2)
    for reach in least * 2.0 ** np.arange(steps + 1):
        densities += [
            (middle - _below((away - reach) / sd)) / reach,
            (_below((away + reach) / sd) - middle) / reach,
        ]
    # Every state is within the longest reach, so that its densities cannot all vanish.
    density = np.stack(densities, axis=1)
    share = np.r_[0.9, np.full(len(densities) - 1, 0.1 / (len(densities) - 1))]
    for _ in range(SWEEPS):
        belongs = density * share
        belongs /= belongs.sum(axis=1, keepdims=True)
        share = belongs.sum(axis=0)
        share[0] += PRIOR_NULL
        share /= share.sum()
    return float(share[0]), belongs[:, 0]


def _below(z: np.ndarray) -> np.ndarray:
    """Standard normal distribution function."""
    return 0.5 * (1 + np.asarray(_erf(z / math.sqrt(2)), dtype=np.float64))


def _density(z: np.ndarray) -> np.ndarray:
    """Standard normal density."""
    return np.exp(-(z**2) / 2) / math.sqrt(2 * math.pi)
