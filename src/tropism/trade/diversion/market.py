"""Prices that clear a market in which a seller's goods became costlier for some of its buyers."""

from __future__ import annotations

import numpy as np

from tropism.errors import ConvergenceError

#: Relative gap between a seller's sales and its supply at which prices count as found.
TOLERANCE = 1e-9


def redirect(
    trade: np.ndarray,
    seller: int,
    joined: np.ndarray,
    sigma: np.ndarray,
    *,
    log_factor: np.ndarray | None = None,
    target: np.ndarray | None = None,
) -> tuple[np.ndarray, np.ndarray, float]:
    """Prices that clear a market of given supplies and given spending after sales to some became costlier.

    Parameters
    ----------
    trade : ndarray, shape (n, n)
    seller : int
    joined : ndarray of int
        Buyers for whom the seller's cost factor changes.
    sigma : ndarray, shape (draws,)
    log_factor : ndarray, shape (draws,), optional
        Log change of that cost factor.
    target : ndarray, shape (draws,), optional
        Instead of it: the ratio, new to old, of the seller's sales to all of them; the factor is then found.

    Returns
    -------
    moved : ndarray, shape (draws, n)
        Log change of the seller's share in each buyer's purchases; only for those who did not join.
    log_factor : ndarray, shape (draws,)
    residual : float
        Largest gap between sales and supply, relative to supply.
    """
    spending, supply = trade.sum(axis=0), trade.sum(axis=1)
    buying, selling = spending > 0, supply > 0
    shares = np.divide(trade, spending, out=np.zeros_like(trade), where=buying)
    # One row per draw: log prices, and the shock where it is to be found.
    found = np.zeros((sigma.size, supply.size + 1))
    log_price, beta = found[:, :-1], found[:, -1]
    if log_factor is not None:
        beta += log_factor
    sold = trade[seller, joined].sum()
    power = (1 - sigma)[:, None]
    steps = _Steps()
    for _ in range(500):
        terms = np.exp(power * log_price)
        buyers = terms @ shares
        less = np.expm1(beta)[:, None] * terms[:, [seller]] * shares[seller, joined]
        buyers[:, joined] += less
        spread = np.divide(spending, buyers, out=np.zeros_like(buyers), where=buying)
        sales = terms * (spread @ shares.T)
        sales[:, seller] += (less * spread[:, joined]).sum(axis=1)
        gap = np.log(np.divide(sales, np.exp(log_price) * supply, out=np.ones_like(sales), where=selling))
        miss = np.zeros(sigma.size)
        if target is not None:
            here = terms[:, [seller]] * shares[seller, joined] * np.exp(beta)[:, None] * spread[:, joined]
            miss = np.log(target * sold / here.sum(axis=1))
        residual = float(np.abs(np.expm1(gap)).max())
        if max(residual, float(np.abs(miss).max())) < TOLERANCE:
            break
        # A price moves by its excess demand over sigma, the slope of demand with all else held.
        found += steps.next(found, np.column_stack([gap / sigma[:, None], miss]))
    else:
        raise ConvergenceError(
            f"diversion: prices did not settle (sales and supply differ by {residual:.1e}). Take an effect "
            "or elasticities nearer to what is published."
        )
    moved = power * log_price[:, [seller]] - np.log(np.where(buying, buyers, 1.0))
    return moved, beta, residual


class _Steps:
    """Anderson's acceleration of a fixed point, each row by itself: 18 steps where plain ones take 84.

    References
    ----------
    Walker and Ni (2011), Anderson Acceleration for Fixed-Point Iterations, SIAM J. Numer. Anal. 49(4).
    """

    MEMORY = 5

    def __init__(self) -> None:
        self._moves: list[np.ndarray] = []
        self._turns: list[np.ndarray] = []
        self._last: tuple[np.ndarray, np.ndarray] | None = None

    def next(self, at: np.ndarray, step: np.ndarray) -> np.ndarray:
        """What to add to ``at`` in place of the plain ``step``: both of shape (rows, unknowns)."""
        if self._last is not None:
            self._moves = [*self._moves, at - self._last[0]][-self.MEMORY :]
            self._turns = [*self._turns, step - self._last[1]][-self.MEMORY :]
        self._last = at.copy(), step
        if not self._turns:
            return step
        turns = np.stack(self._turns, axis=2)
        normal = turns.transpose(0, 2, 1) @ turns
        # Steps that are nearly alike would make the weights anything.
        normal += 1e-10 * np.trace(normal, axis1=1, axis2=2)[:, None, None] * np.eye(len(self._turns))
        weight = np.linalg.solve(normal, turns.transpose(0, 2, 1) @ step[:, :, None])
        return step - ((np.stack(self._moves, axis=2) + turns) @ weight)[:, :, 0]
