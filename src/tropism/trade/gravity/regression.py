"""Kernels of gravity estimation: rows that say nothing, costs that cannot be told, and the regression itself.

Arrays in, arrays out. The regression is pyfixest's, or fereg's behind the same names; what stands here is
done before it, so that a row left out has a reason and a cost without variation stops the fit at once.
"""

from __future__ import annotations

import importlib
import warnings
from types import ModuleType
from typing import NamedTuple

import numpy as np

from tropism.errors import ConvergenceError, IdentificationError, MissingExtraError

#: Why a row is not in the estimation; 0 is a row that is.
REASONS = ("", "zero flow", "singleton", "separated by fixed effects", "separated by regressors")
USED, ZERO, SINGLETON, BY_EFFECTS, BY_REGRESSORS = range(5)

#: A cost counts as absorbed when so little of its standard deviation is left by the effects (or by the other
#: costs). The demeaner stops far below.
LEFT = 1e-6
DEMEANER_TOLERANCE = 1e-10

#: Poisson steps end when they change the deviance by less than this share. At the libraries' own 1e-8 the
#: estimates stand, but expected trade of the smallest pairs is off by half of itself. Both libraries add 0.1
#: to the deviance there: where flows add up to `TOTAL`, that keeps the bar above the rounding errors.
STEP_TOLERANCE = 1e-12
TOTAL = 10.0
MAX_STEPS = 100

INSTALL = {"pyfixest": "pip install 'tropism[trade]'", "fereg": "pip install fereg"}


class Regression(NamedTuple):
    """What a backend found, for the rows that it was given.

    ``identified`` marks the costs with an estimate, shape (costs,); ``beta`` and ``covariance`` have those
    alone, after an intercept where there are no effects. ``used`` and ``fitted`` have shape (rows,).
    """

    identified: np.ndarray
    beta: np.ndarray
    covariance: np.ndarray
    used: np.ndarray
    fitted: np.ndarray
    separation_settled: bool


class Doubt(NamedTuple):
    """A cost that cannot be told: which, from which other costs (none: from the effects), constant or not."""

    cost: int
    others: tuple[int, ...] = ()
    constant: bool = False


def load(name: str) -> ModuleType:
    """The library that estimates, imported only now: pyfixest brings 2,000 modules and takes seconds.

    Raises
    ------
    MissingExtraError
        If it is not installed.
    """
    try:
        return importlib.import_module(name)
    except ImportError as missing:
        raise MissingExtraError(
            f"gravity: {missing.name or name} is not installed. This estimation needs it: {INSTALL[name]}"
        ) from None


def reasons(flow: np.ndarray, effects: np.ndarray, *, poisson: bool) -> np.ndarray:
    """Which rows say nothing about any cost, and why: codes into `REASONS`, shape (rows,).

    An effect that only one row has fits it perfectly; one whose flows are all zero goes to minus infinity.
    Both are looked for again until no row goes: pyfixest goes through them once, and its check for
    separation by regressors finds nothing once a row has gone before it.

    Parameters
    ----------
    flow : ndarray, shape (rows,)
    effects : ndarray of int, shape (rows, effects)
        Codes from 0.
    poisson : bool
        Otherwise the model is in logs, and rows without trade go first.
    """
    reason = np.zeros(flow.size, dtype=np.uint8)
    if not poisson:
        reason[flow == 0] = ZERO
    left = -1
    while left != (left := int(np.count_nonzero(reason))):
        for codes in effects.T:
            kept = reason == USED
            if poisson:
                total = np.bincount(codes[kept], flow[kept], minlength=codes.max() + 1)
                reason[kept & (total[codes] == 0)] = BY_EFFECTS
                kept = reason == USED
            rows = np.bincount(codes[kept], minlength=codes.max() + 1)
            reason[kept & (rows[codes] == 1)] = SINGLETON
    return reason


def doubt(costs: np.ndarray, effects: np.ndarray) -> Doubt | None:
    """Find the first cost of which the effects and the costs before it leave nothing.

    Parameters
    ----------
    costs : ndarray, shape (rows, costs)
    effects : ndarray of int, shape (rows, effects)
        With none, the constant stands in their place.

    Notes
    -----
    Weights that are positive everywhere do not change a rank, so that what holds for plain means holds for
    the Poisson model's weighted ones.
    """
    centred = costs - costs.mean(axis=0)
    spread = np.sqrt((centred**2).mean(axis=0))
    still = np.flatnonzero(spread <= 1e-12 * np.abs(costs).max(axis=0))
    if still.size:
        return Doubt(int(still[0]), constant=True)
    left = centred / spread
    if effects.size:
        from pyfixest.estimation import demean

        # A copy in this order is what the demeaner's compiled code works on.
        left, _ = demean(
            np.ascontiguousarray(left),
            effects.astype(np.uint64),
            np.ones(len(left)),
            tol=DEMEANER_TOLERANCE,
        )
    size = np.sqrt((left**2).mean(axis=0))
    for cost in range(left.shape[1]):
        if size[cost] < LEFT:
            return Doubt(cost)
        if cost:
            before = left[:, :cost] / size[:cost]
            weight, *_ = np.linalg.lstsq(before, left[:, cost] / size[cost], rcond=None)
            rest = left[:, cost] / size[cost] - before @ weight
            if np.sqrt((rest**2).mean()) < LEFT:
                return Doubt(cost, tuple(np.flatnonzero(np.abs(weight) > LEFT).tolist()))
    return None


def only_at_zeros(flow: np.ndarray, costs: np.ndarray) -> int | None:
    """Find the first cost that is constant wherever there is trade, and to one side of it elsewhere.

    Its estimate is infinite: the likelihood always gains from pushing the flows that it marks toward zero.
    """
    trading = flow > 0
    for cost in range(costs.shape[1]):
        value = costs[trading, cost]
        beyond = costs[~trading, cost] - value[0]
        if np.ptp(value) == 0 and beyond.any() and ((beyond >= 0).all() or (beyond <= 0).all()):
            return cost
    return None


def regress(
    backend: str,
    response: np.ndarray,
    costs: np.ndarray,
    effects: np.ndarray,
    clusters: np.ndarray,
    *,
    poisson: bool,
) -> Regression:
    """Estimate by PPML or OLS.

    Parameters
    ----------
    backend : {"pyfixest", "fereg"}
    response : ndarray, shape (rows,)
        Flows for PPML, their logs for OLS.
    costs : ndarray, shape (rows, costs)
    effects, clusters : ndarray of int, shapes (rows, effects), (rows, ways of clustering)
        Without clusters, errors are robust to heteroskedasticity alone.
    poisson : bool

    Raises
    ------
    IdentificationError
        If the backend stops without an estimate.
    ConvergenceError
        If its steps end before the estimate has settled.
    """
    import pandas as pd

    library = load(backend)
    unit = response.sum() / TOTAL if poisson else 1.0
    table = {"y": response / unit}
    table |= {f"x{i}": column for i, column in enumerate(costs.T)}
    # pyfixest 0.60 keeps the names of effects as a set, and takes them out in its order, which follows the
    # hash seed of the process. Given in that order, they are taken out in ours.
    ordered = list({f"f{i}" for i in range(effects.shape[1])})
    table |= dict(zip(ordered, effects.T, strict=True))
    table |= {f"c{i}": codes for i, codes in enumerate(clusters.T)}
    frame = pd.DataFrame(table)
    names = [f"x{i}" for i in range(costs.shape[1])]
    formula = "y ~ " + " + ".join(names)
    if effects.size:
        formula += " | " + " + ".join(f"f{i}" for i in range(effects.shape[1]))
    ways = "+".join(f"c{i}" for i in range(clusters.shape[1]))
    settings = {
        "vcov": {"CRV1": ways} if ways else "hetero",
        # Which effects count as nested in clusters follows it too: without this adjustment none is counted.
        "ssc": library.ssc(k_adj=False),
    }
    if poisson:
        settings |= {"separation_check": ["fe", "ir"], "iwls_tol": STEP_TOLERANCE, "iwls_maxiter": MAX_STEPS}
    # What they warn of (rows dropped, costs dropped) is read from the fit and reported.
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        try:
            fit = (library.fepois if poisson else library.feols)(formula, frame, **settings)
        except (ValueError, ArithmeticError, RuntimeError, np.linalg.LinAlgError) as failed:
            raise IdentificationError(
                f"gravity: {backend} stopped without an estimate ({failed}). Nearly absorbed costs do "
                "that, and blocs that hardly trade with each other: drop costs or effects, or try the other "
                "backend."
            ) from failed
    if poisson and not fit.convergence:
        raise ConvergenceError(
            f"gravity: the estimate had not settled after {MAX_STEPS} steps. A cost whose effect grows "
            "without bound does that: look for costs that mark flows that are almost all zero."
        )
    found = list(map(str, fit._coefnames))
    rows = np.asarray(fit._data.index)
    used = np.zeros(response.size, dtype=bool)
    used[rows] = True
    fitted = np.full(response.size, np.nan)
    fitted[rows] = np.asarray(fit.predict(type="response") if poisson else fit.predict()) * unit
    covariance = np.asarray(fit._vcov, dtype=np.float64)
    if not ways:
        # Every row is a cluster of its own: the factor G / (G - 1) that the backends leave out then.
        covariance = covariance * rows.size / (rows.size - 1)
    return Regression(
        identified=np.array([name in found for name in names]),
        beta=np.asarray(fit._beta_hat, dtype=np.float64),
        covariance=covariance,
        used=used,
        fitted=fitted,
        separation_settled=not any("before convergence" in str(one.message) for one in told),
    )
