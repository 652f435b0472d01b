"""Compiled arithmetic of ideal points: arrays in, arrays changed in place; no tables, no names.

Importing this module imports numba; a fit does so when it begins.

Symbols, and the arrays that hold them
--------------------------------------
theta (position of a state in a session)
    ``mean``, ``variance``: float, shape (positions,), of its Gaussian under the approximation. Positions are
    sorted by state, then session; ``state_start`` (states + 1,) says where each state's path begins.
alpha (discrimination), c1 <= c2 (cutpoints)
    ``item_mean`` (items, 3) holds (alpha, c1, c2), ``item_cov`` (items, 3, 3) their covariance.
y (vote), w (weight of its roll call)
    int8: 0 no, 1 abstain, 2 yes; float32. F is the link's distribution function:

    P(no) = F(c1 - alpha theta), P(yes) = 1 - F(c2 - alpha theta), P(abstain) the rest.
u1, u2
    ``c1 - alpha theta`` and ``c2 - alpha theta``, the bounds of a vote's interval.
tie (precision of the step from a position to the next of its state)
    float, shape (positions,); 0 at the end of each path.
tau^2 (variance of the linear predictor)
    Computed per vote from both blocks.

A vote's log-likelihood is averaged over the linear predictor with two Gauss-Hermite nodes, at plus and minus
tau: items are integrated over when positions are updated, and positions when items are. Maximising over both
at once would inflate the scale as it converges. (Three nodes gave the same coverage in simulated worlds and
the same agreement with published positions to 0.001, in a third more time.)

Votes without any abstention have one cutpoint (``binary``): c2 is c1, and the third place of an item's
arrays stands idle with precision 1.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit, prange

PROBIT, LOGIT = 0, 1
LOG_DENSITY_AT_ZERO = -0.5 * math.log(2 * math.pi)
#: Cutpoints closer than this count as this far apart: an abstention between them would have no probability.
CLOSEST = 1e-9

#: log Phi, its slope (the hazard phi / Phi) and the hazard's first two derivatives at the knots; between them
#: a Taylor series from the nearest: faster than erfc and exp, and within 3e-7 of them.
REACH, KNOTS = 16.0, 32


def _table() -> np.ndarray:
    """Shape (knots, 4)."""
    x = np.linspace(-REACH, REACH, int(2 * REACH * KNOTS) + 1)
    cdf = np.array([0.5 * math.erfc(-each / math.sqrt(2.0)) for each in x])
    hazard = np.exp(-0.5 * x * x + LOG_DENSITY_AT_ZERO) / cdf
    slope = -hazard * (x + hazard)
    return np.column_stack([np.log(cdf), hazard, slope, -hazard - slope * (x + 2 * hazard)])


TABLE = _table()


@njit(cache=True, fastmath=True, inline="always")
def _tail(x, link):  # type: ignore[no-untyped-def]
    """log F(x), and its slope f(x) / F(x)."""
    if link == LOGIT:
        # Where exp(-x) would overflow, log F(x) is x.
        if x < -700.0:
            return x, 1.0
        odds = math.exp(-x)
        return -math.log1p(odds), odds / (1.0 + odds)
    if x <= -REACH:
        far = 1.0 / (x * x)
        series = far * (1.0 - far * (2.5 - far * (37.0 / 3.0 - far * 353.0 / 4.0)))
        slope = -x * (1.0 + far * (1.0 - far * (2.0 - far * (10.0 - far * 74.0))))
        return LOG_DENSITY_AT_ZERO - 0.5 * x * x - math.log(-x) - series, slope
    if x >= REACH:
        return 0.0, 0.0
    place = (x + REACH) * KNOTS
    k = int(place + 0.5)
    s = (place - k) / KNOTS
    value, first, second, third = TABLE[k, 0], TABLE[k, 1], TABLE[k, 2], TABLE[k, 3]
    return (
        value + s * (first + s * (0.5 * second + s * third / 6.0)),
        first + s * (second + 0.5 * s * third),
    )


@njit(cache=True, fastmath=True, inline="always")
def _inside(u1, u2, link):  # type: ignore[no-untyped-def]
    """log P of (u1, u2), and the densities at its bounds divided by P."""
    # Of the two tails that differ by P, those on the side where they are small.
    low, high = min(u1, -u2), min(u2, -u1)
    high = max(high, low + CLOSEST)
    log_low, by_low = _tail(low, link)
    log_high, by_high = _tail(high, link)
    part = -math.expm1(log_low - log_high)
    log_p = log_high + math.log(part)
    at_low, at_high = by_low * (1.0 - part) / part, by_high / part
    return (log_p, at_low, at_high) if u1 + u2 <= 0.0 else (log_p, at_high, at_low)


@njit(cache=True, fastmath=True, inline="always")
def _bend(u, link):  # type: ignore[no-untyped-def]
    """f'(u) / f(u)."""
    return -math.tanh(0.5 * u) if link == LOGIT else -u


@njit(cache=True, fastmath=True)
def vote_derivatives(y, u1, u2, link):  # type: ignore[no-untyped-def]
    """First and second derivatives of log P(y) by the bounds u1 <= u2.

    Returns
    -------
    tuple of float
        (by u1, by u2, by u1 twice, by u2 twice, by both). A bound that the vote does not have gives 0.
    """
    if y == 0:
        _, d = _tail(u1, link)
        return d, 0.0, d * (_bend(u1, link) - d), 0.0, 0.0
    if y == 2:
        _, d = _tail(-u2, link)
        return 0.0, -d, 0.0, d * (_bend(-u2, link) - d), 0.0
    _, lower, upper = _inside(u1, u2, link)
    return (
        -lower,
        upper,
        -lower * (_bend(u1, link) + lower),
        upper * (_bend(u2, link) - upper),
        upper * lower,
    )


@njit(cache=True, fastmath=True, inline="always")
def log_probability(y, u1, u2, link):  # type: ignore[no-untyped-def]
    """log P(y), and its first derivatives by the bounds."""
    if y == 0:
        log_p, d = _tail(u1, link)
        return log_p, d, 0.0
    if y == 2:
        log_p, d = _tail(-u2, link)
        return log_p, 0.0, -d
    log_p, lower, upper = _inside(u1, u2, link)
    return log_p, -lower, upper


@njit(cache=True, fastmath=True)
def _averaged(y, center, tau, c1, c2, link):  # type: ignore[no-untyped-def]
    """`vote_derivatives` averaged over a linear predictor with mean ``center`` and sd ``tau``."""
    b1, b2, b11, b22, b12 = vote_derivatives(y, c1 - center - tau, c2 - center - tau, link)
    d1, d2, d11, d22, d12 = vote_derivatives(y, c1 - center + tau, c2 - center + tau, link)
    return (
        0.5 * (b1 + d1),
        0.5 * (b2 + d2),
        0.5 * (b11 + d11),
        0.5 * (b22 + d22),
        0.5 * (b12 + d12),
    )


@njit(cache=True, fastmath=True, inline="always")
def _spread(m, v, alpha, var_alpha, cov, var_cut):  # type: ignore[no-untyped-def]
    """Tau: sd of the linear predictor, both cutpoints moving as their average does."""
    return math.sqrt(max(var_cut - 2 * m * cov + (m * m + v) * var_alpha + alpha * alpha * v, 0.0))


@njit(cache=True, fastmath=True, inline="always")
def _of_item(cov, binary):  # type: ignore[no-untyped-def]
    """Var(alpha), Cov(alpha, mean cutpoint), Var(mean cutpoint) of one item's (3, 3) covariance."""
    if binary:
        return cov[0, 0], cov[0, 1], cov[1, 1]
    return (
        cov[0, 0],
        0.5 * (cov[0, 1] + cov[0, 2]),
        0.25 * (cov[1, 1] + cov[2, 2] + 2 * cov[1, 2]),
    )


@njit(cache=True, fastmath=True, inline="always")
def _inverse(h00, h01, h02, h11, h12, h22):  # type: ignore[no-untyped-def]
    """Inverse of a symmetric 3 x 3 matrix, as its six entries."""
    i00, i01, i02 = h11 * h22 - h12 * h12, h02 * h12 - h01 * h22, h01 * h12 - h02 * h11
    det = h00 * i00 + h01 * i01 + h02 * i02
    return (
        i00 / det,
        i01 / det,
        i02 / det,
        (h00 * h22 - h02 * h02) / det,
        (h01 * h02 - h00 * h12) / det,
        (h00 * h11 - h01 * h01) / det,
    )


@njit(cache=True, fastmath=True, inline="always")
def _prior(alpha, c1, c2, prior, binary):  # type: ignore[no-untyped-def]
    """Slopes by (alpha, c1, c2) and six negative second derivatives of an item's log prior."""
    middle = c1 if binary else 0.5 * (c1 + c2)
    da, dm = alpha - prior[0], middle - prior[1]
    ga, gm = -(prior[2] * da + prior[3] * dm), -(prior[3] * da + prior[4] * dm)
    if binary:
        return ga, gm, 0.0, prior[2], prior[3], 0.0, prior[4], 0.0, 1.0
    gap = c2 - c1
    by_gap, by_gap2 = prior[5] / gap - 1.0 / prior[6], prior[5] / (gap * gap)
    own, cross = 0.25 * prior[4] + by_gap2, 0.25 * prior[4] - by_gap2
    return (
        ga, 0.5 * gm - by_gap, 0.5 * gm + by_gap,
        prior[2], 0.5 * prior[3], 0.5 * prior[3], own, cross, own,
    )  # fmt: skip


@njit(cache=True, fastmath=True, inline="always")
def _log_prior(alpha, c1, c2, root, prior, binary):  # type: ignore[no-untyped-def]
    """Log prior of an item in (alpha, one cutpoint, cube root of the gap), with that root's derivative."""
    da, dm = alpha - prior[0], (c1 if binary else 0.5 * (c1 + c2)) - prior[1]
    found = -0.5 * (prior[2] * da * da + 2.0 * prior[3] * da * dm + prior[4] * dm * dm)
    if binary:
        # The idle third place: a standard normal.
        return found - 0.5 * root * root
    return found + (3.0 * prior[5] + 2.0) * math.log(abs(root)) - (c2 - c1) / prior[6]


@njit(cache=True, fastmath=True, parallel=True)
def items_step(  # type: ignore[no-untyped-def]
    item_start, position, vote, weight, mean, variance, item_mean, item_cov, precision, prior, damping,
    link, binary,
):  # fmt: skip
    """One damped Newton update of every item's Gaussian, given the positions' Gaussians.

    Parameters
    ----------
    item_start : ndarray of int, shape (items + 1,)
        Votes are sorted by item; these are the bounds.
    position : ndarray of int, shape (votes,)
        Which position (state in a session) cast the vote.
    vote, weight : ndarray of int8 and float32, shape (votes,)
    mean, variance : ndarray, shape (positions,)
    item_mean, item_cov, precision : ndarray, shapes (items, 3), (items, 3, 3), (items, 6)
        Changed in place. ``precision`` keeps the six entries aa, a1, a2, 11, 12, 22 from sweep to sweep:
        undamped, precisions of sharp items oscillate.
    prior : ndarray, shape (7,)
        Means of alpha and of the middle of the cutpoints, their precision (aa, am, mm), and shape - 1 and
        scale of the gamma prior of the gap c2 - c1.
    damping : float in (0, 1]
        Share of the new natural parameters.
    link : int
        PROBIT or LOGIT.
    binary : bool
        One cutpoint.
    """
    for j in prange(item_start.size - 1):
        alpha, c1, c2 = item_mean[j, 0], item_mean[j, 1], item_mean[j, 2]
        var_alpha, cov, var_cut = _of_item(item_cov[j], binary)
        gap = c2 - c1
        g0, g1, g2, h00, h01, h02, h11, h12, h22 = _prior(alpha, c1, c2, prior, binary)
        for n in range(item_start[j], item_start[j + 1]):
            m, v, w = mean[position[n]], variance[position[n]], weight[n]
            tau = _spread(m, v, alpha, var_alpha, cov, var_cut)
            d1, d2, d11, d22, d12 = _averaged(vote[n], alpha * m, tau, c1, c2, link)
            slope, curve = -(d1 + d2), d11 + d22 + 2 * d12
            # E[theta^2] = m^2 + v, not m^2: the positions' uncertainty goes into the items'.
            g0 += w * (m * slope + v * alpha * curve)
            h00 -= w * (m * m + v) * curve
            if binary:
                g1 += w * (d1 + d2)
                h01 += w * m * curve
                h11 -= w * curve
            else:
                g1 += w * d1
                g2 += w * d2
                h01 += w * m * (d11 + d12)
                h02 += w * m * (d22 + d12)
                h11 -= w * d11
                h22 -= w * d22
                h12 -= w * d12
        if precision[j, 0] > 0:
            keep = 1 - damping
            h00 = keep * precision[j, 0] + damping * h00
            h01 = keep * precision[j, 1] + damping * h01
            h02 = keep * precision[j, 2] + damping * h02
            h11 = keep * precision[j, 3] + damping * h11
            h12 = keep * precision[j, 4] + damping * h12
            h22 = keep * precision[j, 5] + damping * h22
        precision[j, 0], precision[j, 1], precision[j, 2] = h00, h01, h02
        precision[j, 3], precision[j, 4], precision[j, 5] = h11, h12, h22
        i00, i01, i02, i11, i12, i22 = _inverse(h00, h01, h02, h11, h12, h22)
        s0 = i00 * g0 + i01 * g1 + i02 * g2
        s1 = i01 * g0 + i11 * g1 + i12 * g2
        s2 = s1 if binary else i02 * g0 + i12 * g1 + i22 * g2
        length = damping
        longest = max(abs(s0), max(abs(s1), abs(s2)))
        if longest * length > 1.0:
            length = 1.0 / longest
        while not binary and (c2 + length * s2) - (c1 + length * s1) < 0.2 * gap:
            length *= 0.5
        item_mean[j, 0] = alpha + length * s0
        item_mean[j, 1] = c1 + length * s1
        item_mean[j, 2] = c2 + length * s2
        item_cov[j, 0, 0], item_cov[j, 1, 1], item_cov[j, 2, 2] = i00, i11, i22
        item_cov[j, 0, 1] = item_cov[j, 1, 0] = i01
        item_cov[j, 0, 2] = item_cov[j, 2, 0] = i02
        item_cov[j, 1, 2] = item_cov[j, 2, 1] = i12


@njit(cache=True, fastmath=True, parallel=True)
def states_step(  # type: ignore[no-untyped-def]
    state_start, position_start, item, vote, weight, tie, entry, mean, variance, lag_cov, evidence, weighted,
    item_mean, item_cov, damping, link, binary, solve,
):  # fmt: skip
    """One damped update of every state's path, given the items' Gaussians.

    The votes of a session act as one Gaussian observation of the position, with precision ``evidence`` and
    precision times mean ``weighted`` (natural parameters, damped); a Gaussian random walk joins the
    sessions, so that the path's precision is tridiagonal and solved forward and back.

    Parameters
    ----------
    state_start : ndarray of int, shape (states + 1,)
    position_start : ndarray of int, shape (positions + 1,)
        Votes are sorted by position here; ``item``, ``vote``, ``weight``, shape (votes,), in that order.
    tie : ndarray, shape (positions,)
    entry : float
        Variance of a state's first position.
    mean, variance, lag_cov, evidence, weighted : ndarray, shape (positions,)
        Changed in place. ``lag_cov`` is the covariance with the next position of the same state.
    item_mean, item_cov : ndarray, shapes (items, 3), (items, 3, 3)
    damping : float in (0, 1]
    link : int
    binary : bool
    solve : bool
        Whether to update the paths; else only the evidence.
    """
    for u in prange(state_start.size - 1):
        low, high = state_start[u], state_start[u + 1]
        size = high - low
        for k in range(low, high):
            m, v = mean[k], variance[k]
            g, h = 0.0, 0.0
            for n in range(position_start[k], position_start[k + 1]):
                j = item[n]
                alpha, c1, c2 = item_mean[j, 0], item_mean[j, 1], item_mean[j, 2]
                var_alpha, cov, var_cut = _of_item(item_cov[j], binary)
                tau = _spread(m, v, alpha, var_alpha, cov, var_cut)
                d1, d2, d11, d22, d12 = _averaged(vote[n], alpha * m, tau, c1, c2, link)
                slope, curve = -(d1 + d2), d11 + d22 + 2 * d12
                g += weight[n] * (alpha * slope + (var_alpha * m - cov) * curve)
                h -= weight[n] * (alpha * alpha + var_alpha) * curve
            evidence[k] = (1 - damping) * evidence[k] + damping * h
            weighted[k] = (1 - damping) * weighted[k] + damping * (h * m + g)
        if not solve:
            continue
        diagonal, off, right = np.empty(size), np.zeros(size), np.empty(size)
        for t in range(size):
            diagonal[t], right[t] = evidence[low + t], weighted[low + t]
        diagonal[0] += 1 / entry
        for t in range(1, size):
            diagonal[t - 1] += tie[low + t - 1]
            diagonal[t] += tie[low + t - 1]
            off[t] = -tie[low + t - 1]
        for t in range(1, size):
            factor = off[t] / diagonal[t - 1]
            diagonal[t] -= factor * off[t]
            right[t] -= factor * right[t - 1]
        mean[high - 1], variance[high - 1] = right[size - 1] / diagonal[size - 1], 1 / diagonal[size - 1]
        for t in range(size - 2, -1, -1):
            factor = -off[t + 1] / diagonal[t]
            k = low + t
            lag_cov[k] = factor * variance[k + 1]
            mean[k] = right[t] / diagonal[t] + factor * mean[k + 1]
            variance[k] = 1 / diagonal[t] + factor * factor * variance[k + 1]


@njit(cache=True, fastmath=True, parallel=True)
def joint_curvature(  # type: ignore[no-untyped-def]
    item_start, position, vote, weight, mean, variance, item_mean, item_cov, prior, link, binary,
    share, cross, evidence, slope, precision, item_slope,
):  # fmt: skip
    """First and negative second derivatives of the log posterior at the means, positions against items.

    The votes' derivatives are averaged over the linear predictor, the squares of alpha and theta are those of
    the means: with E[alpha^2] and E[theta^2] the uncertainty of each block would count as information on the
    other, and draws come out about 3% too narrow.

    Parameters
    ----------
    item_start, position, vote, weight, mean, variance, item_mean, item_cov, prior, link, binary
        As in `items_step`.
    share : float from 0 to 1
        How much of the residuals' part of the cross derivatives is kept. At 0 the precision is positive
        definite everywhere (Gauss-Newton).
    cross : ndarray of float32, shape (votes, 3)
        Written: each vote's entries theta x (alpha, c1, c2).
    evidence, slope : ndarray of float32, shape (votes,)
        Written: each vote's entry theta x theta, and its slope by theta.
    precision, item_slope : ndarray, shapes (items, 3, 3), (items, 3)
        Written: the items' own blocks and slopes, priors included.
    """
    for j in prange(item_start.size - 1):
        alpha, c1, c2 = item_mean[j, 0], item_mean[j, 1], item_mean[j, 2]
        var_alpha, cov, var_cut = _of_item(item_cov[j], binary)
        g0, g1, g2, h00, h01, h02, h11, h12, h22 = _prior(alpha, c1, c2, prior, binary)
        for n in range(item_start[j], item_start[j + 1]):
            m, v, w = mean[position[n]], variance[position[n]], weight[n]
            tau = _spread(m, v, alpha, var_alpha, cov, var_cut)
            d1, d2, d11, d22, d12 = _averaged(vote[n], alpha * m, tau, c1, c2, link)
            by_eta, curve = -(d1 + d2), d11 + d22 + 2 * d12
            evidence[n] = -w * alpha * alpha * curve
            slope[n] = w * (alpha * by_eta + (var_alpha * m - cov) * curve)
            cross[n, 0] = -w * (share * by_eta + alpha * m * curve)
            g0 += w * (m * by_eta + v * alpha * curve)
            h00 -= w * m * m * curve
            if binary:
                cross[n, 1], cross[n, 2] = w * alpha * curve, 0.0
                g1 += w * (d1 + d2)
                h01 += w * m * curve
                h11 -= w * curve
            else:
                cross[n, 1] = w * alpha * (d11 + d12)
                cross[n, 2] = w * alpha * (d22 + d12)
                g1 += w * d1
                g2 += w * d2
                h01 += w * m * (d11 + d12)
                h02 += w * m * (d22 + d12)
                h11 -= w * d11
                h22 -= w * d22
                h12 -= w * d12
        item_slope[j, 0], item_slope[j, 1], item_slope[j, 2] = g0, g1, g2
        precision[j, 0, 0], precision[j, 1, 1], precision[j, 2, 2] = h00, h11, h22
        precision[j, 0, 1] = precision[j, 1, 0] = h01
        precision[j, 0, 2] = precision[j, 2, 0] = h02
        precision[j, 1, 2] = precision[j, 2, 1] = h12


@njit(cache=True, fastmath=True, parallel=True)
def chains_gradient(  # type: ignore[no-untyped-def]
    item_start, slot, vote, weight, theta, items, upper, prior, link, binary, value, theta_slope, item_slope
):
    """Log posterior of several chains and its slopes, the walk's prior left out; chains in parallel.

    Parameters
    ----------
    item_start, slot, vote, weight : ndarray
        As in `items_step`; ``slot`` is the place of each vote's position in ``theta``.
    theta : ndarray, shape (chains, slots)
    items : ndarray, shape (chains, items, 3)
        alpha, one cutpoint, and the cube root r of the gap: |r|^3 = c2 - c1. Where a category has hardly a
        vote the gap is skewed like a gamma variable, whose cube root is nearly normal (Wilson and Hilferty).
    upper : ndarray of bool, shape (items,)
        Whether the cutpoint is c2: the better known of the two, so that a wide gap moves only the other.
    prior : ndarray, shape (7,)
    link : int
    binary : bool
    value, theta_slope, item_slope : ndarray, shapes (chains,), (chains, slots), (chains, items, 3)
        Written.
    """
    for c in prange(theta.shape[0]):
        total = 0.0
        for k in range(theta.shape[1]):
            theta_slope[c, k] = 0.0
        for j in range(item_start.size - 1):
            alpha, cut, root = items[c, j, 0], items[c, j, 1], items[c, j, 2]
            gap = 0.0 if binary else abs(root) ** 3
            c1 = cut - gap if upper[j] else cut
            c2 = c1 + gap
            ga, g1, g2 = 0.0, 0.0, 0.0
            for n in range(item_start[j], item_start[j + 1]):
                x, w = theta[c, slot[n]], weight[n]
                log_p, d1, d2 = log_probability(vote[n], c1 - alpha * x, c2 - alpha * x, link)
                total += w * log_p
                by_eta = -w * (d1 + d2)
                theta_slope[c, slot[n]] += alpha * by_eta
                ga += x * by_eta
                g1 += w * d1
                g2 += w * d2
            p0, p1, p2, _, _, _, _, _, _ = _prior(alpha, c1, c2, prior, binary)
            total += _log_prior(alpha, c1, c2, root, prior, binary)
            item_slope[c, j, 0] = ga + p0
            if binary:
                item_slope[c, j, 1], item_slope[c, j, 2] = g1 + g2 + p1, -root
            else:
                # The gap's own prior by its root is written out: through the gap it would divide by 0.
                by_gap = prior[5] / gap - 1.0 / prior[6]
                g1, g2 = g1 + p1 + by_gap, g2 + p2 - by_gap
                item_slope[c, j, 1] = g1 + g2
                item_slope[c, j, 2] = (3.0 * prior[5] + 2.0) / root + 3.0 * root * abs(root) * (
                    (-g1 if upper[j] else g2) - 1.0 / prior[6]
                )
        value[c] = total


@njit(cache=True, fastmath=True)
def _item_value(  # type: ignore[no-untyped-def]
    low, high, slot, vote, weight, theta, alpha, cut, root, upper, prior, link, binary
):
    """Log posterior of one item's parameters, given the positions: votes low to high."""
    gap = 0.0 if binary else abs(root) ** 3
    c1 = cut - gap if upper else cut
    c2 = c1 + gap
    total = _log_prior(alpha, c1, c2, root, prior, binary)
    for n in range(low, high):
        x = theta[slot[n]]
        total += weight[n] * log_probability(vote[n], c1 - alpha * x, c2 - alpha * x, link)[0]
    return total


@njit(cache=True, fastmath=True, parallel=True)
def items_metropolis(  # type: ignore[no-untyped-def]
    item_start, slot, vote, weight, theta, deviation, cross, root, centre, upper, prior, link, binary,
    keep, noise, uniform, items, accepted,
):  # fmt: skip
    """Metropolis steps of every item by itself, given the positions.

    A proposal mixes the item's deviation from its conditional mean, in units of its conditional Gaussian,
    with noise (preconditioned Crank-Nicolson): that leaves the Gaussian as it is, and the test corrects for
    what the posterior differs from it.

    Parameters
    ----------
    item_start, slot, vote, weight, upper, prior, link, binary
        As in `chains_gradient`.
    theta, deviation : ndarray, shape (chains, slots)
        Positions, and their deviations from where the curvature was taken.
    cross, root, centre : ndarray, shapes (votes, 3), (items, 3, 3), (items, 3)
        Coupling with the positions, root of the covariance given them, and the item there.
    keep : ndarray, shape (steps,)
        Share of the deviation that each proposal keeps.
    noise, uniform : ndarray, shapes (chains, items, steps, 3), (chains, items, steps)
    items : ndarray, shape (chains, items, 3)
        Changed in place.
    accepted : ndarray of int, shape (chains, items)
        Written: accepted steps.
    """
    for j in prange(item_start.size - 1):
        low, high = item_start[j], item_start[j + 1]
        for c in range(theta.shape[0]):
            a, b, d = 0.0, 0.0, 0.0
            for n in range(low, high):
                x = deviation[c, slot[n]]
                a += cross[n, 0] * x
                b += cross[n, 1] * x
                d += cross[n, 2] * x
            p = root[j, 0, 0] * a + root[j, 1, 0] * b + root[j, 2, 0] * d
            q = root[j, 1, 1] * b + root[j, 2, 1] * d
            r = root[j, 2, 2] * d
            m0 = centre[j, 0] - root[j, 0, 0] * p
            m1 = centre[j, 1] - root[j, 1, 0] * p - root[j, 1, 1] * q
            m2 = centre[j, 2] - root[j, 2, 0] * p - root[j, 2, 1] * q - root[j, 2, 2] * r
            e0 = (items[c, j, 0] - m0) / root[j, 0, 0]
            e1 = (items[c, j, 1] - m1 - root[j, 1, 0] * e0) / root[j, 1, 1]
            e2 = (items[c, j, 2] - m2 - root[j, 2, 0] * e0 - root[j, 2, 1] * e1) / root[j, 2, 2]
            value = 0.5 * (e0 * e0 + e1 * e1 + e2 * e2) + _item_value(
                low, high, slot, vote, weight, theta[c], items[c, j, 0], items[c, j, 1], items[c, j, 2],
                upper[j], prior, link, binary,
            )  # fmt: skip
            count = 0
            for k in range(keep.size):
                rho, fresh = keep[k], math.sqrt(1.0 - keep[k] * keep[k])
                f0 = rho * e0 + fresh * noise[c, j, k, 0]
                f1 = rho * e1 + fresh * noise[c, j, k, 1]
                f2 = rho * e2 + fresh * noise[c, j, k, 2]
                alpha = m0 + root[j, 0, 0] * f0
                cut = m1 + root[j, 1, 0] * f0 + root[j, 1, 1] * f1
                gap = m2 + root[j, 2, 0] * f0 + root[j, 2, 1] * f1 + root[j, 2, 2] * f2
                new = 0.5 * (f0 * f0 + f1 * f1 + f2 * f2) + _item_value(
                    low, high, slot, vote, weight, theta[c], alpha, cut, gap, upper[j], prior, link, binary
                )
                if math.log(uniform[c, j, k]) < new - value:
                    value, e0, e1, e2 = new, f0, f1, f2
                    items[c, j, 0], items[c, j, 1], items[c, j, 2] = alpha, cut, gap
                    count += 1
            accepted[c, j] = count


@njit(cache=True, fastmath=True, parallel=True)
def items_integrated(  # type: ignore[no-untyped-def]
    item_start, slot, vote, weight, theta, centre, root, upper, prior, link, binary, first, second, third,
    slope, shift,
):  # fmt: skip
    """Slope of the votes' log likelihood by the positions, the items integrated out by quadrature.

    Parameters
    ----------
    item_start, slot, vote, weight, upper, prior, link, binary
        As in `chains_gradient`.
    theta : ndarray, shape (slots,)
    centre, root : ndarray, shapes (items, 3), (items, 3, 3)
        Gaussian of each item given these positions, in the coordinates of `chains_gradient`: where the nodes
        lie. Their weights are the posterior's, so that it need not be right.
    first, second, third : ndarray, shape (nodes, 2)
        Nodes along the three axes of white noise, and the logarithms of their weights over the density there.
    slope : ndarray, shape (slots,)
        The slope is added to it.
    shift : ndarray, shape (items, 3)
        The mean of each item's posterior, in white noise, is added to it.
    """
    by_vote = np.empty(item_start[-1])
    for j in prange(item_start.size - 1):
        low, size = item_start[j], item_start[j + 1] - item_start[j]
        # Votes that only the better known cutpoint concerns come first: they need no third axis.
        known = -1.0 if upper[j] else 1.0
        near, last = 0, size
        who, x, w, side = np.empty(size, np.int64), np.empty(size), np.empty(size), np.empty(size)
        for n in range(low, low + size):
            of_vote = 1.0 - vote[n]
            if binary or of_vote == known:
                at = near
                near += 1
            else:
                last -= 1
                at = last
            who[at], x[at], w[at], side[at] = n, theta[slot[n]], weight[n], of_vote
        nodes, depth = first.shape[0] * second.shape[0], third.shape[0]
        of_near, of_far = np.empty((nodes, near)), np.empty((nodes * depth, size - near))
        log_p, best = np.empty((nodes, depth)), -np.inf
        for a in range(nodes):
            z0, log_0 = first[a // second.shape[0]]
            z1, log_1 = second[a % second.shape[0]]
            alpha = centre[j, 0] + root[j, 0, 0] * z0
            cut = centre[j, 1] + root[j, 1, 0] * z0 + root[j, 1, 1] * z1
            plane = log_0 + log_1
            for m in range(near):
                value, d = _tail(side[m] * (cut - alpha * x[m]), link)
                plane += w[m] * value
                of_near[a, m] = -alpha * w[m] * side[m] * d
            for b in range(depth):
                edge = centre[j, 2] + root[j, 2, 0] * z0 + root[j, 2, 1] * z1 + root[j, 2, 2] * third[b, 0]
                # The root of the gap counts on its own side of 0 alone.
                if edge * centre[j, 2] < 0.0:
                    log_p[a, b] = -np.inf
                    of_far[a * depth + b] = 0.0
                    continue
                gap = 0.0 if binary else abs(edge) ** 3
                c1 = cut - gap if upper[j] else cut
                c2 = c1 + gap
                total = plane + third[b, 1] + _log_prior(alpha, c1, c2, edge, prior, binary)
                for m in range(size - near):
                    at = near + m
                    value, d1, d2 = log_probability(
                        1 - int(side[at]), c1 - alpha * x[at], c2 - alpha * x[at], link
                    )
                    total += w[at] * value
                    of_far[a * depth + b, m] = -alpha * w[at] * (d1 + d2)
                log_p[a, b] = total
                best = max(best, total)
        share = np.exp(log_p - best)
        share /= share.sum()
        found = np.zeros(size)
        for a in range(nodes):
            of_plane = 0.0
            for b in range(depth):
                here = share[a, b]
                of_plane += here
                shift[j, 2] += here * third[b, 0]
                for m in range(size - near):
                    found[near + m] += here * of_far[a * depth + b, m]
            shift[j, 0] += of_plane * first[a // second.shape[0], 0]
            shift[j, 1] += of_plane * second[a % second.shape[0], 0]
            for m in range(near):
                found[m] += of_plane * of_near[a, m]
        for m in range(size):
            by_vote[who[m]] = found[m]
    for n in range(by_vote.size):
        slope[slot[n]] += by_vote[n]
