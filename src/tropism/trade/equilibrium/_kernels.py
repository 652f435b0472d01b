"""Fixed points of trade equilibria on arrays, compiled: no tables, no names.

Symbols: X baseline trade, c change of the cost factor t^(1-sigma), p change of factory-gate prices, Y
output, E expenditure. A hat of the literature (counterfactual over baseline) is meant wherever a price
stands.
"""

from __future__ import annotations

import numpy as np
from numba import njit

#: Differences that the acceleration remembers. Five to ten take about the same number of steps.
MEMORY = 8

#: A residual this many times the best one throws the acceleration's memory away.
SETBACK = 10.0

#: Longest step of a log price: a linear step far from the solution can be out by orders of magnitude.
LONGEST = 1.0

#: What a slope is at least, lest a closed economy divide by zero.
SMALL = 1e-12

# Sums over countries may be added up in any order: that is what lets them use vector instructions.
_SUMS = {"reassoc", "contract", "nsz"}


@njit(cache=True, nogil=True, error_model="numpy", fastmath=_SUMS)
def anderson(
    x: np.ndarray, f: np.ndarray, step: int, before: np.ndarray, d_x: np.ndarray, d_f: np.ndarray
) -> np.ndarray:
    """One step of Anderson's acceleration of the fixed point x = x + f(x).

    Parameters
    ----------
    x, f : ndarray, shape (n,)
        Where we are, and how far the plain map would move.
    step : int
        Steps since the memory was emptied; 0 takes the plain step.
    before : ndarray, shape (2, n)
        Point and move of the step before; overwritten.
    d_x, d_f : ndarray, shape (memory, n)
        Differences of points and of moves; overwritten in turn.

    Returns
    -------
    ndarray, shape (n,)

    References
    ----------
    Walker and Ni (2011), Anderson Acceleration for Fixed-Point Iterations, SIAM J. Numer. Anal. 49(4).
    """
    n = x.size
    memory = d_x.shape[0]
    if step > 0:
        slot = (step - 1) % memory
        for i in range(n):
            d_x[slot, i] = x[i] - before[0, i]
            d_f[slot, i] = f[i] - before[1, i]
    for i in range(n):
        before[0, i] = x[i]
        before[1, i] = f[i]
    used = min(step, memory)
    gram = np.empty((used, used))
    right = np.empty(used)
    for k in range(used):
        for m in range(k + 1):
            total = 0.0
            for i in range(n):
                total += d_f[k, i] * d_f[m, i]
            gram[k, m] = total
            gram[m, k] = total
        total = 0.0
        for i in range(n):
            total += d_f[k, i] * f[i]
        right[k] = total
    weight = _solve(gram, right)
    moved = np.empty(n)
    for i in range(n):
        moved[i] = x[i] + f[i]
    for k in range(used):
        for i in range(n):
            moved[i] -= weight[k] * (d_x[k, i] + d_f[k, i])
    return moved


@njit(cache=True, nogil=True, error_model="numpy")
def _solve(gram: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Solve the small symmetric system after scaling its diagonal to one and adding a trifle to it."""
    n = right.size
    scale = np.empty(n)
    for i in range(n):
        scale[i] = 1.0 / np.sqrt(gram[i, i]) if gram[i, i] > 0 else 0.0
    a = np.empty((n, n))
    b = np.empty(n)
    for i in range(n):
        for j in range(n):
            a[i, j] = gram[i, j] * scale[i] * scale[j]
        # Old differences are nearly parallel; without this their weights would explode.
        a[i, i] = 1.0 + 1e-12
        b[i] = right[i] * scale[i]
    for k in range(n):
        for i in range(k + 1, n):
            factor = a[i, k] / a[k, k]
            for j in range(k, n):
                a[i, j] -= factor * a[k, j]
            b[i] -= factor * b[k]
    for k in range(n - 1, -1, -1):
        for j in range(k + 1, n):
            b[k] -= a[k, j] * b[j]
        b[k] /= a[k, k]
    for k in range(n):
        b[k] *= scale[k]
    return b


@njit(cache=True, nogil=True, error_model="numpy", fastmath=_SUMS)
def clear_markets(
    trade: np.ndarray,
    output: np.ndarray,
    expenditure: np.ndarray,
    sigma: float,
    conditional: bool,
    start: np.ndarray,
    tolerance: float,
    most: int,
) -> tuple[np.ndarray, np.ndarray, float, float, int]:
    """Find the prices (or, conditionally, the sellers' terms) at which every country sells its output.

    Parameters
    ----------
    trade : ndarray, shape (n, n)
        X c: what would be traded at the old prices.
    output, expenditure : ndarray, shape (n,)
        Y and E of the baseline.
    sigma : float
    conditional : bool
        Hold output and expenditure; only multilateral resistances move.
    start : ndarray, shape (n,)
        First guess of what is returned first.
    tolerance : float
        Largest gap between sales and output, relative to output, that counts as cleared.
    most : int
        Iterations before giving up.

    Returns
    -------
    x : ndarray, shape (n,)
        log p at constant world output; conditionally (sigma - 1) log of outward resistance.
    buyers : ndarray, shape (n,)
        P^(1-sigma), the sum over sellers of their baseline share times c p^(1-sigma).
    rescale : float
        What all expenditures are multiplied by so that the world spends its output.
    residual : float
    iterations : int
    """
    n = output.size
    world = 0.0
    for i in range(n):
        world += output[i]
    power = 1.0 if conditional else 1.0 - sigma
    x = start.copy()
    f = np.empty(n)
    best_x = x.copy()
    best_f = np.zeros(n)
    best = np.inf
    before = np.empty((2, n))
    d_x = np.empty((MEMORY, n))
    d_f = np.empty((MEMORY, n))
    price = np.ones(n)
    sellers = np.empty(n)
    buyers = np.empty(n)
    spending = np.empty(n)
    rescale = 1.0
    residual = np.inf
    iteration = 0
    step = 0
    while iteration < most:
        iteration += 1
        if not conditional:
            value = 0.0
            for i in range(n):
                value += np.exp(x[i]) * output[i]
            shift = np.log(value / world)
            budget = 0.0
            for i in range(n):
                x[i] -= shift
                price[i] = np.exp(x[i])
                budget += price[i] * expenditure[i]
            rescale = world / budget
        for i in range(n):
            sellers[i] = np.exp(power * x[i])
            buyers[i] = 0.0
        for i in range(n):
            for j in range(n):
                buyers[j] += sellers[i] * trade[i, j]
        for j in range(n):
            spending[j] = (rescale * price[j] if not conditional else 1.0) * expenditure[j] / buyers[j]
        residual = 0.0
        finite = True
        for i in range(n):
            sold = 0.0
            for j in range(n):
                sold += trade[i, j] * spending[j]
            ratio = sellers[i] * sold / (price[i] * output[i])
            # Newton's step for one price alone. A rise of p_i lowers demand over supply by the power sigma,
            # less what comes back through i's own market: the more of it i supplies and the more of its
            # sales it makes there, the less its price matters to anyone. Without this, nearly closed
            # economies take thousands of steps.
            own = trade[i, i] * spending[i] / sold
            share = trade[i, i] * sellers[i] / buyers[i]
            if conditional:
                move = -np.log(ratio) / max(1.0 - own * share, SMALL)
            else:
                move = np.log(ratio) / max(sigma - own - (sigma - 1.0) * own * share, SMALL)
            f[i] = min(max(move, -LONGEST), LONGEST)
            residual = max(residual, abs(ratio - 1.0))
            finite = finite and ratio > 0.0 and ratio < 1e300
        if finite and residual <= tolerance:
            break
        if finite and residual < best:
            best = residual
            for i in range(n):
                best_x[i] = x[i]
                best_f[i] = f[i]
        if not finite or residual > SETBACK * best:
            # Back to the best point, and on from there by the plain step, which overshoots nothing.
            for i in range(n):
                x[i] = best_x[i] + best_f[i]
            step = 0
            best = best * SETBACK
            continue
        x = anderson(x, f, step, before, d_x, d_f)
        step += 1
    for j in range(n):
        buyers[j] /= expenditure[j]
    return x, buyers, rescale, residual, iteration


@njit(cache=True, nogil=True, error_model="numpy")
def solve_draws(
    trade: np.ndarray,
    output: np.ndarray,
    expenditure: np.ndarray,
    exporters: np.ndarray,
    importers: np.ndarray,
    factors: np.ndarray,
    sigma: np.ndarray,
    conditional: bool,
    balance: bool,
    starts: np.ndarray,
    tolerance: float,
    most: int,
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Solve one equilibrium per draw, each from the same two starting points.

    Parameters
    ----------
    trade : ndarray, shape (n, n)
        X, exporters in rows.
    output, expenditure : ndarray, shape (n,)
        Its sums of rows and of columns.
    exporters, importers : ndarray of int, shape (pairs,)
        Whose cost factors change.
    factors : ndarray, shape (draws, pairs)
    sigma : ndarray, shape (draws,)
    conditional : bool
    balance : bool
        Solve first, without the shock, for the baseline in which every country spends its output.
    starts : ndarray, shape (2, n)
        First guesses for the balanced baseline and for the counterfactual.
    tolerance, most
        As in `clear_markets`.

    Returns
    -------
    x, buyers : ndarray, shape (draws, 2, n)
        As `clear_markets` returns them: for the balanced baseline (or zeros and ones), and for the
        counterfactual relative to that baseline.
    rescale : ndarray, shape (draws,)
    residual : ndarray, shape (draws,)
        The larger of the two solutions'.
    iterations : ndarray of int, shape (draws, 2)
    output : ndarray, shape (draws, n)
        Of the baseline that the shock meets.
    """
    draws = sigma.size
    n = trade.shape[0]
    x = np.zeros((draws, 2, n))
    buyers = np.ones((draws, 2, n))
    rescale = np.ones(draws)
    residual = np.zeros(draws)
    iterations = np.zeros((draws, 2), dtype=np.int64)
    outputs = np.empty((draws, n))
    sold = np.empty(n)
    spent = np.empty(n)
    shocked = np.empty((n, n))
    for d in range(draws):
        for i in range(n):
            sold[i] = output[i]
            spent[i] = expenditure[i]
            for j in range(n):
                shocked[i, j] = trade[i, j]
        if balance:
            # Shares of expenditure stay those of the data, and every country spends its output on them.
            for i in range(n):
                spent[i] = output[i]
                for j in range(n):
                    shocked[i, j] *= output[j] / expenditure[j]
            moved, bought, _, residual[d], iterations[d, 0] = clear_markets(
                shocked, output, output, sigma[d], False, starts[0], tolerance, most
            )
            for i in range(n):
                x[d, 0, i] = moved[i]
                buyers[d, 0, i] = bought[i]
                sold[i] = output[i] * np.exp(moved[i])
                spent[i] = sold[i]
                for j in range(n):
                    shocked[i, j] *= np.exp((1.0 - sigma[d]) * moved[i] + moved[j]) / bought[j]
        for k in range(exporters.size):
            shocked[exporters[k], importers[k]] *= factors[d, k]
        moved, bought, rescale[d], left, iterations[d, 1] = clear_markets(
            shocked, sold, spent, sigma[d], conditional, starts[1], tolerance, most
        )
        for i in range(n):
            x[d, 1, i] = moved[i]
            buyers[d, 1, i] = bought[i]
            outputs[d, i] = sold[i]
        residual[d] = max(residual[d], left)
    return x, buyers, rescale, residual, iterations, outputs
