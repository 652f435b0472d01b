"""Kernels of the gravity gap: what a Poisson gravity fit predicts for a pair that it has not seen.

Arrays only. ``trade[i, j]`` is what i sells to j, ``weight[i, j]`` how much that flow counts (0: not
observed, or left out), ``costs[i, j, k]`` its bilateral variables. The model is mu = exp(a_i + b_j + costs @
beta); the parameters are (a, b, beta), of which one b is held, since a constant can pass from a to b. A
country whose counted exports (or imports) are all zero has an effect of minus infinity.
"""

from __future__ import annotations

import numpy as np

#: Newton's method ends with a step that changes no parameter by more than this; the error left is its square.
STEP = 1e-6
MAX_ITERATIONS = 30

#: One step from the full fit is off by about half the square of the change in log prediction, 0.005 at this
#: bound, where pairs stray by about 1; larger changes are iterated.
ONE_STEP_IS_ENOUGH = 0.1


def predictor(theta: np.ndarray, costs: np.ndarray) -> np.ndarray:
    """Log of predicted trade, shape (n, n)."""
    n = len(costs)
    return theta[:n, None] + theta[None, n : 2 * n] + costs @ theta[2 * n :]


def parameters(trade: np.ndarray, weight: np.ndarray, costs: np.ndarray, beta: np.ndarray) -> np.ndarray:
    """Exporter and importer effects that go with given ``beta``, shape (2 n + k,).

    The Poisson fit reproduces every exporter's and importer's total, so that its effects are those of
    biproportional scaling.
    """
    seed = np.exp(costs @ beta) * weight
    rows, columns = (trade * weight).sum(axis=1), (trade * weight).sum(axis=0)
    b = np.ones(len(trade))
    for _ in range(2000):
        a = rows / (seed @ b)
        before, b = b, columns / (a @ seed)
        if np.abs(np.log(b / before)).max() < 1e-12:
            break
    return np.concatenate([np.log(a), np.log(b), beta])


def information(
    trade: np.ndarray, weight: np.ndarray, costs: np.ndarray, theta: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Score, shape (p,), Fisher information, shape (p, p), and which parameters move, shape (p,).

    Rows and columns of those that do not are those of the identity: the effect of the largest importer, and
    effects of countries without trade.
    """
    n, _, k = costs.shape
    mu = np.exp(predictor(theta, costs)) * weight
    residual = trade * weight - mu
    first, second, rest = slice(n), slice(n, 2 * n), slice(2 * n, None)
    matrix = np.zeros((2 * n + k, 2 * n + k))
    matrix[first, first] = np.diag(mu.sum(axis=1))
    matrix[second, second] = np.diag(mu.sum(axis=0))
    matrix[first, second] = mu
    matrix[first, rest] = np.einsum("ij,ijk->ik", mu, costs)
    matrix[second, rest] = np.einsum("ij,ijk->jk", mu, costs)
    matrix[second, first] = mu.T
    matrix[rest, : 2 * n] = matrix[: 2 * n, rest].T
    matrix[rest, rest] = np.einsum("ij,ijk,ijl->kl", mu, costs, costs, optimize=True)
    score = np.concatenate(
        [residual.sum(axis=1), residual.sum(axis=0), np.einsum("ij,ijk->k", residual, costs)]
    )
    moves = np.diag(matrix) > 0
    moves[n + int(np.argmax(np.diag(matrix)[second]))] = False
    score[~moves] = 0.0
    matrix[~moves, :] = matrix[:, ~moves] = 0.0
    matrix[~moves, ~moves] = 1.0
    return score, matrix, moves


def refit(trade: np.ndarray, weight: np.ndarray, costs: np.ndarray, theta: np.ndarray) -> np.ndarray:
    """Newton's method from ``theta``: the parameters under other weights, shape (2 n + k,).

    All NaN where the weights leave a cost's coefficient undetermined.
    """
    counted = trade * weight
    theta = theta.copy()
    theta[: 2 * len(trade)][np.concatenate([counted.sum(axis=1), counted.sum(axis=0)]) == 0] = -np.inf
    for _ in range(MAX_ITERATIONS):
        score, matrix, _moves = information(trade, weight, costs, theta)
        try:
            step = np.linalg.solve(matrix, score)
        except np.linalg.LinAlgError:
            break
        # A longer step would overflow the exponential before it is corrected.
        largest = np.abs(step).max()
        theta += step * min(1.0, 3.0 / max(largest, 3.0))
        if largest < STEP:
            return theta
    return np.full_like(theta, np.nan)


def leave_pair_out(trade: np.ndarray, weight: np.ndarray, costs: np.ndarray, theta: np.ndarray) -> np.ndarray:
    """Log of trade predicted for every pair by the fit without the pair, in both directions.

    Parameters
    ----------
    trade, weight : ndarray, shape (n, n)
    costs : ndarray, shape (n, n, k)
    theta : ndarray, shape (2 n + k,)
        The fit to everything.

    Returns
    -------
    ndarray, shape (n, n)
        NaN on the diagonal, where neither direction has weight, and where the rest tells nothing of the
        pair: an exporter or importer without other trade, a cost that only this pair varies.

    Notes
    -----
    One Newton step gives all pairs at once (Pregibon 1981, with two rows left out); pairs that
    it moves by more than `ONE_STEP_IS_ENOUGH` are refitted.
    """
    n = len(trade)
    _, matrix, moves = information(trade, weight, costs, theta)
    inverse = np.linalg.inv(matrix) * np.outer(moves, moves)
    eta = predictor(theta, costs)
    i, j = np.triu_indices(n, 1)
    seen = (weight[i, j] > 0) | (weight[j, i] > 0)
    i, j = i[seen], j[seen]
    mu = np.exp(eta) * weight
    working = np.stack([mu[i, j], mu[j, i]], axis=1)
    residual = np.stack([(trade * weight)[i, j], (trade * weight)[j, i]], axis=1) - working
    leverage = _leverage(inverse, costs, i, j)
    # eta without the pair: eta - A (1 - W A)^-1 r, A the two rows' part of the inverse information.
    remaining = np.eye(2) - working[:, :, None] * leverage
    # By hand: a pair that alone tells an effect has determinant 0, and is refitted like any other.
    (p, q), (r, s) = remaining.transpose(1, 2, 0)
    adjugate = np.array([[s, -q], [-r, p]]).transpose(2, 0, 1)
    with np.errstate(divide="ignore", invalid="ignore"):
        change = -(leverage @ (adjugate @ residual[..., None]))[..., 0] / (p * s - q * r)[:, None]
    found = np.full((n, n), np.nan)
    found[i, j], found[j, i] = eta[i, j] + change[:, 0], eta[j, i] + change[:, 1]
    for one, other in zip(*(side[_uncertain(change)] for side in (i, j)), strict=True):
        without = weight.copy()
        without[one, other] = without[other, one] = 0.0
        left = predictor(refit(trade, without, costs, theta), costs)
        found[one, other], found[other, one] = left[one, other], left[other, one]
    flow = trade * weight
    # Without its only trade a country's effect is minus infinity: nothing can be predicted.
    alone = (flow.sum(axis=1)[:, None] <= flow) | (flow.sum(axis=0)[None, :] <= flow)
    return np.where(alone | ~np.isfinite(found), np.nan, found)


def _uncertain(change: np.ndarray) -> np.ndarray:
    largest = np.abs(change).max(axis=1)
    return ~(largest <= ONE_STEP_IS_ENOUGH)


def _leverage(inverse: np.ndarray, costs: np.ndarray, i: np.ndarray, j: np.ndarray) -> np.ndarray:
    """x' V x of both directions of every pair, shape (pairs, 2, 2)."""
    n = len(costs)
    rows = np.arange(i.size)
    sides = [(i, j, costs[i, j]), (j, i, costs[j, i])]
    found = np.empty((i.size, 2, 2))
    for one, (a, b, z) in enumerate(sides):
        times = inverse[a] + inverse[n + b] + z @ inverse[2 * n :]
        for other, (c, d, y) in enumerate(sides):
            found[:, one, other] = times[rows, c] + times[rows, n + d] + (times[:, 2 * n :] * y).sum(axis=1)
    return found
