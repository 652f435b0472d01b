"""Joint draws of all paths: one Gaussian with the curvature of positions and items together.

Every item's 3 x 3 block is eliminated. What an item of one session leaves behind joins states of that
session only, and the random walk joins neighbouring sessions: a block-tridiagonal precision, factorised
session by session. An item that stands in several sessions (a bridge) is kept as a border column.
Importing this module imports numba; a fit does so when it begins.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from tropism.votes._ideal_kernels import joint_curvature

#: Tried in turn: how much of the coupling of positions and items is kept. 1 is the curvature itself; less
#: is needed only where the averaged curvature is not positive definite.
COUPLING = (1.0, 0.95, 0.9, 0.8, 0.6)


class Curvature(NamedTuple):
    """The joint precision of positions and items, arranged by session.

    Attributes
    ----------
    place : ndarray of int, shape (positions,)
        Row of each position within the block of its session.
    column : ndarray of int, shape (positions,)
        Session of each position, counted from 0.
    blocks : list of ndarray, one (states, states) per session
        States that are absent between two sessions stand in it too, without evidence.
    ties : list of (rows, rows of the next session, precision of the step)
    border : list of ndarray of float32, (states, 3 bridged items) per session; None without bridges
    border_precision : ndarray, shape (3 bridged items, 3 bridged items)
    """

    place: np.ndarray
    column: np.ndarray
    blocks: list[np.ndarray]
    ties: list[tuple[np.ndarray, np.ndarray, float]]
    border: list[np.ndarray] | None
    border_precision: np.ndarray


def draw_paths(
    arrays: dict[str, np.ndarray],
    fit: dict[str, np.ndarray],
    *,
    step: float,
    entry: float,
    prior: np.ndarray,
    draws: int,
    rng: np.random.Generator,
) -> tuple[np.ndarray, float]:
    """Draw all positions at once.

    Parameters
    ----------
    arrays : dict
        ``item_start``, ``position``, ``vote`` (sorted by item), ``state_start``, ``session``: as in the
        kernels.
    fit : dict
        ``mean``, ``variance``, ``item_mean``, ``item_cov``.
    step, entry : float
        Variance of a step and of an entry.
    prior : ndarray, shape (4,)
    draws : int
    rng : Generator

    Returns
    -------
    values : ndarray of float32, shape (draws, positions)
    coupling : float
        The entry of `COUPLING` that was used.

    Raises
    ------
    numpy.linalg.LinAlgError
        If no coupling of `COUPLING` gives a positive definite precision.
    """
    last: Exception | None = None
    for coupling in COUPLING:
        curvature = _assemble(arrays, fit, step, entry, prior, coupling)
        try:
            return _draw(curvature, fit["mean"], draws, rng), coupling
        except np.linalg.LinAlgError as fault:
            last = fault
    raise np.linalg.LinAlgError("the joint precision of positions is not positive definite") from last


def _assemble(
    arrays: dict[str, np.ndarray],
    fit: dict[str, np.ndarray],
    step: float,
    entry: float,
    prior: np.ndarray,
    coupling: float,
) -> Curvature:
    item_start, position = arrays["item_start"], arrays["position"]
    n_items, n_positions = item_start.size - 1, fit["mean"].size
    cross, evidence = np.empty((position.size, 3)), np.empty(position.size)
    precision = np.empty((n_items, 3, 3))
    joint_curvature(
        item_start,
        position,
        arrays["vote"],
        fit["mean"],
        fit["variance"],
        fit["item_mean"],
        fit["item_cov"],
        prior,
        cross,
        evidence,
        precision,
    )
    cross *= coupling
    item = np.repeat(np.arange(n_items), np.diff(item_start))
    times, column = np.unique(arrays["session"], return_inverse=True)
    starts, ends = arrays["state_start"][:-1], arrays["state_start"][1:] - 1
    first, last = column[starts], column[ends]
    present = [np.flatnonzero((first <= t) & (last >= t)) for t in range(times.size)]
    state = np.repeat(np.arange(starts.size), np.diff(arrays["state_start"]))
    place = np.empty(n_positions, dtype=np.int64)
    for t, states in enumerate(present):
        here = column == t
        place[here] = np.searchsorted(states, state[here])

    own = np.bincount(position, weights=evidence, minlength=n_positions)
    blocks = []
    for t, states in enumerate(present):
        diagonal = np.where(first[states] == t, 1 / entry, 0.0)
        here = column == t
        diagonal[place[here]] += own[here]
        blocks.append(np.diag(diagonal))
    ties = []
    for t in range(times.size - 1):
        both = np.intersect1d(present[t], present[t + 1])
        tie = 1 / (step * (times[t + 1] - times[t]))
        i, j = np.searchsorted(present[t], both), np.searchsorted(present[t + 1], both)
        blocks[t][i, i] += tie
        blocks[t + 1][j, j] += tie
        ties.append((i, j, tie))

    when = column[position]
    earliest, latest = (np.empty(n_items, dtype=np.int64) for _ in range(2))
    earliest[:] = np.minimum.reduceat(when, item_start[:-1])
    latest[:] = np.maximum.reduceat(when, item_start[:-1])
    bridged = np.flatnonzero(earliest != latest)
    number = np.full(n_items, -1)
    number[bridged] = np.arange(bridged.size)
    root = np.linalg.cholesky(np.linalg.inv(precision))
    order = np.argsort(when, kind="stable")
    cuts = np.searchsorted(when[order], np.arange(times.size + 1))
    border = []
    for t, states in enumerate(present):
        votes = order[cuts[t] : cuts[t + 1]]
        rows, items, entries = place[position[votes]], item[votes], cross[votes]
        bridge = number[items] >= 0
        if bridged.size:
            columns = np.zeros((states.size, bridged.size, 3), dtype=np.float32)
            # A state votes twice on a bridged item within a session where a text was voted on twice.
            np.add.at(columns, (rows[bridge], number[items[bridge]]), entries[bridge].astype(np.float32))
            border.append(columns.reshape(states.size, -1))
        single, local = np.unique(items[~bridge], return_inverse=True)
        block = np.zeros((states.size, single.size, 3))
        np.add.at(block, (rows[~bridge], local), entries[~bridge])
        # With C the coupling and S = R R' the items' covariance, C S C' = (C R)(C R)'.
        half = np.matmul(block.transpose(1, 0, 2), root[single]).transpose(1, 0, 2).reshape(states.size, -1)
        blocks[t] -= half @ half.T
    border_precision = np.zeros((3 * bridged.size, 3 * bridged.size))
    for b, k in enumerate(bridged):
        border_precision[3 * b : 3 * b + 3, 3 * b : 3 * b + 3] = precision[k]
    return Curvature(place, column, blocks, ties, border if bridged.size else None, border_precision)


def _draw(curvature: Curvature, mean: np.ndarray, draws: int, rng: np.random.Generator) -> np.ndarray:
    """Block Cholesky forward over sessions, then solve backward for standard normal numbers."""
    blocks, ties, border = curvature.blocks, curvature.ties, curvature.border
    # Inverses of the triangular blocks: products with them are faster here than triangular solves, and
    # the blocks, with priors on the diagonal, are well conditioned.
    inverse: list[np.ndarray] = []
    below: list[np.ndarray] = []
    reduced: list[np.ndarray] = []
    rest = curvature.border_precision
    for t, block in enumerate(blocks):
        if t:
            block = block - below[t - 1] @ below[t - 1].T
        inverse.append(np.linalg.inv(np.linalg.cholesky(block)))
        if border is not None:
            right = border[t] - below[t - 1].astype(np.float32) @ reduced[t - 1] if t else border[t]
            reduced.append(inverse[t].astype(np.float32) @ right)
            rest = rest - reduced[t].T @ reduced[t]
        if t < len(ties):
            i, j, tie = ties[t]
            off = np.zeros((blocks[t + 1].shape[0], block.shape[0]))
            off[j, i] = -tie
            below.append(off @ inverse[t].T)
    noise = [rng.standard_normal((block.shape[0], draws), dtype=np.float32) for block in blocks]
    if border is not None:
        corner = np.linalg.cholesky(rest)
        items = np.linalg.solve(corner.T, rng.standard_normal((rest.shape[0], draws))).astype(np.float32)
        for t, solved in enumerate(reduced):
            noise[t] -= solved @ items
    values = np.empty((draws, mean.size), dtype=np.float32)
    later: np.ndarray | None = None
    for t in range(len(blocks) - 1, -1, -1):
        right = noise[t] if later is None else noise[t] - below[t].T @ later
        later = inverse[t].T @ right
        here = np.flatnonzero(curvature.column == t)
        values[:, here] = (mean[here, None] + later[curvature.place[here]]).T
    return values
