"""One Gaussian over all paths and items: the curvature of their joint log posterior, factorised.

Every item's 3 x 3 block is eliminated. What an item of one session leaves behind joins states of that
session only, and the random walk joins neighbouring sessions: a block-tridiagonal precision, factorised
session by session. An item that stands in several sessions (a bridge) is kept as a border column. The same
factor gives a Newton step of everything at once, joint draws, and the whitened space of the sampler.
Importing this module imports numba; a fit does so when it begins.

A *slot* is a state in a session between its first and its last; those without votes stand among them, with
no evidence. Slots are sorted by session, then by an order of the states that their votes give.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit, prange
from scipy.linalg.lapack import dpotrf, dtrtri

from tropism.votes.ballots import Panel
from tropism.votes.ideal_points._kernels import joint_curvature
from tropism.votes.ideal_points.agreement import ItemsGiven

#: Tried in turn: how much of the votes' residuals is kept in the coupling of positions and items. 1 is the
#: curvature itself; less is needed only where that is not positive definite, as far from the optimum.
RESIDUALS = (1.0, 0.5, 0.0)


class Layout(NamedTuple):
    """How positions and items are arranged by session: the same for every fit of a panel.

    Attributes
    ----------
    times : ndarray, shape (sessions,)
    start : ndarray of int, shape (sessions + 1,)
        Bounds of each session's slots.
    slot : ndarray of int, shape (positions,)
        Where each position stands.
    state : ndarray of int, shape (slots,)
    rank, item_rank : ndarray of int, shapes (states,), (items,)
        Order of states and items by their votes alone.
    follows, next : ndarray of int, shape (steps,)
        Slots of one state in neighbouring sessions.
    gap : ndarray, shape (steps,)
        Time between them.
    first : ndarray of int, shape (states,)
        Slot of each state's first position.
    single : ndarray of bool, shape (items,)
        Whether all votes on an item are in one session.
    offset : ndarray of int, shape (items,)
        Where 3 numbers for every state of an item's session begin, items of one session side by side; -1 for
        a bridged item.
    bounds : ndarray of int, shape (sessions + 1,)
        Where those of each session begin.
    bridged : ndarray of int, shape (bridged items,)
        Sorted by first session, so that those begun by a session come first.
    begun : ndarray of int, shape (sessions,)
        How many bridged items have begun by each session.
    vote_slot, vote_row : ndarray of int32, shape (votes,)
        Slot of each vote, and its place within the session; votes sorted by item.
    """

    times: np.ndarray
    start: np.ndarray
    slot: np.ndarray
    state: np.ndarray
    rank: np.ndarray
    item_rank: np.ndarray
    follows: np.ndarray
    next: np.ndarray
    gap: np.ndarray
    first: np.ndarray
    single: np.ndarray
    offset: np.ndarray
    bounds: np.ndarray
    bridged: np.ndarray
    begun: np.ndarray
    vote_slot: np.ndarray
    vote_row: np.ndarray


def layout(panel: Panel) -> Layout:
    """Arrange a panel by session."""
    times, column = np.unique(panel.time, return_inverse=True)
    first, last = column[panel.state_start[:-1]], column[panel.state_start[1:] - 1]
    inside = (first[None] <= np.arange(times.size)[:, None]) & (np.arange(times.size)[:, None] <= last[None])
    rank, item_rank = _ranks(panel)
    order = np.argsort(rank)
    inside = inside[:, order]
    number = np.where(inside, np.cumsum(inside).reshape(inside.shape) - 1, -1)
    slot = number[column, rank[panel.unit]]
    both = inside[:-1] & inside[1:]
    follows, following = number[:-1][both], number[1:][both]
    gap = np.broadcast_to(np.diff(times)[:, None], both.shape)[both]
    when = column[panel.by_item_position]
    n_items = panel.item_start.size - 1
    earliest = np.minimum.reduceat(when, panel.item_start[:-1])
    latest = np.maximum.reduceat(when, panel.item_start[:-1])
    item_session = np.where(earliest == latest, earliest, -1)
    bridged = np.flatnonzero(earliest != latest)
    bridged = bridged[np.argsort(earliest[bridged], kind="stable")]
    start = np.r_[0, np.cumsum(inside.sum(axis=1))]
    vote_slot = slot[panel.by_item_position].astype(np.int32)
    # Items of one session lie side by side, each with 3 places for every state of the session.
    by_session = np.argsort(item_session, kind="stable")[int((item_session < 0).sum()) :]
    length = 3 * np.diff(start)[item_session[by_session]]
    offset = np.full(n_items, -1, dtype=np.int64)
    offset[by_session] = np.cumsum(length) - length
    in_session = np.bincount(item_session[by_session], weights=length, minlength=times.size)
    return Layout(
        times=times,
        start=start,
        slot=slot,
        state=order[np.nonzero(inside)[1]],
        rank=rank,
        item_rank=item_rank,
        follows=follows,
        next=following,
        gap=gap,
        first=number[first, rank],
        single=item_session >= 0,
        offset=offset,
        bounds=np.r_[0, np.cumsum(in_session)].astype(np.int64),
        bridged=bridged,
        begun=np.searchsorted(earliest[bridged], np.arange(times.size), side="right"),
        vote_slot=vote_slot,
        vote_row=(vote_slot - start[when]).astype(np.int32),
    )


def _ranks(p: Panel) -> tuple[np.ndarray, np.ndarray]:
    """Ranks of states and items by their votes alone, so that nothing depends on names."""
    item = np.repeat(np.arange(p.item_start.size - 1), np.diff(p.item_start))
    session = p.time[p.by_item_position]
    # Sums that differ for all but states (items) with the same votes.
    state = p.unit[p.by_item_position]
    divided = np.bincount(item, weights=(p.by_item_vote - 1.0) ** 2)[item] + np.sqrt(2.0) * session
    of_state = np.bincount(state, weights=divided * (1.0 + (p.by_item_vote != 1)))
    rank = np.empty(of_state.size, dtype=np.int64)
    rank[np.argsort(of_state, kind="stable")] = np.arange(of_state.size)
    of_item = np.bincount(item, weights=rank[state] * (1.0 + (p.by_item_vote != 1)))
    first = np.minimum.reduceat(session, p.item_start[:-1])
    place = np.empty(first.size, dtype=np.int64)
    place[np.lexsort((of_item, first))] = np.arange(first.size)
    return rank, place


@njit(cache=True, parallel=True)
def _halves(item_start, row, offset, cross, root, out):  # type: ignore[no-untyped-def]
    """Each single item's ``cross @ root``, states by 3, in ``out`` from its offset on; 0 without a vote."""
    for j in prange(item_start.size - 1):
        if offset[j] < 0:
            continue
        for n in range(item_start[j], item_start[j + 1]):
            at = offset[j] + 3 * row[n]
            for b in range(3):
                total = 0.0
                for a in range(b, 3):
                    total += cross[n, a] * root[j, a, b]
                # A state votes twice on one item where a text was voted on twice in a session.
                out[at + b] += total


@njit(cache=True, fastmath=True, parallel=True)
def _unfold(item_start, vote_slot, cross, root, theta, white, out):  # type: ignore[no-untyped-def]
    """Deviations of items given those of slots: root (white - root' C' theta)."""
    for j in prange(item_start.size - 1):
        for c in range(theta.shape[0]):
            a, b, d = 0.0, 0.0, 0.0
            for n in range(item_start[j], item_start[j + 1]):
                x = theta[c, vote_slot[n]]
                a += cross[n, 0] * x
                b += cross[n, 1] * x
                d += cross[n, 2] * x
            p = white[c, j, 0] - (root[j, 0, 0] * a + root[j, 1, 0] * b + root[j, 2, 0] * d)
            q = white[c, j, 1] - (root[j, 1, 1] * b + root[j, 2, 1] * d)
            r = white[c, j, 2] - root[j, 2, 2] * d
            out[c, j, 0] = root[j, 0, 0] * p
            out[c, j, 1] = root[j, 1, 0] * p + root[j, 1, 1] * q
            out[c, j, 2] = root[j, 2, 0] * p + root[j, 2, 1] * q + root[j, 2, 2] * r


@njit(cache=True, fastmath=True, parallel=True)
def _to_noise(item_start, vote_slot, cross, root, theta, items, out):  # type: ignore[no-untyped-def]
    """The inverse of `_unfold`: white noise of items from their deviations."""
    for j in prange(item_start.size - 1):
        for c in range(theta.shape[0]):
            a, b, d = 0.0, 0.0, 0.0
            for n in range(item_start[j], item_start[j + 1]):
                x = theta[c, vote_slot[n]]
                a += cross[n, 0] * x
                b += cross[n, 1] * x
                d += cross[n, 2] * x
            p = items[c, j, 0] / root[j, 0, 0]
            q = (items[c, j, 1] - root[j, 1, 0] * p) / root[j, 1, 1]
            r = (items[c, j, 2] - root[j, 2, 0] * p - root[j, 2, 1] * q) / root[j, 2, 2]
            out[c, j, 0] = p + root[j, 0, 0] * a + root[j, 1, 0] * b + root[j, 2, 0] * d
            out[c, j, 1] = q + root[j, 1, 1] * b + root[j, 2, 1] * d
            out[c, j, 2] = r + root[j, 2, 2] * d


@njit(cache=True, fastmath=True, parallel=True)
def _fold(item_start, vote_slot, cross, root, folded, limit, slope, white, theta):  # type: ignore[no-untyped-def]
    """The transpose: ``white`` = root' slope, and C root white taken from the slots of the items folded."""
    for c in prange(theta.shape[0]):
        for j in range(item_start.size - 1):
            a, b, d = slope[c, j, 0], slope[c, j, 1], slope[c, j, 2]
            p = root[j, 0, 0] * a + root[j, 1, 0] * b + root[j, 2, 0] * d
            q = root[j, 1, 1] * b + root[j, 2, 1] * d
            r = root[j, 2, 2] * d
            longest = max(abs(p), abs(q), abs(r))
            if longest > limit:
                p, q, r = p * limit / longest, q * limit / longest, r * limit / longest
            white[c, j, 0], white[c, j, 1], white[c, j, 2] = p, q, r
            if folded[j]:
                a = root[j, 0, 0] * p
                b = root[j, 1, 0] * p + root[j, 1, 1] * q
                d = root[j, 2, 0] * p + root[j, 2, 1] * q + root[j, 2, 2] * r
                for n in range(item_start[j], item_start[j + 1]):
                    theta[c, vote_slot[n]] -= cross[n, 0] * a + cross[n, 1] * b + cross[n, 2] * d


class Joint:
    """The factorised joint precision of positions and items at given means.

    Attributes
    ----------
    slope : ndarray, shape (slots,)
        Slope of the log posterior by the positions, averaged over the approximation; priors included.
    item_slope : ndarray, shape (items, 3)
    residuals : float
        The entry of `RESIDUALS` that was used.
    """

    def __init__(
        self,
        panel: Panel,
        where: Layout,
        fit: dict[str, np.ndarray],
        *,
        tie: np.ndarray,
        entry: float,
        prior: np.ndarray,
        link: int,
        residuals: tuple[float, ...] = RESIDUALS,
        turn: np.ndarray | None = None,
    ) -> None:
        """Take second derivatives at the means and factorise.

        Parameters
        ----------
        panel, where
            Votes, and how they are arranged.
        fit : dict
            ``mean``, ``variance`` (positions,), ``item_mean``, ``item_cov``.
        tie : ndarray, shape (steps,)
            Precision of each step of `Layout`.
        entry : float
            Variance of a first position.
        prior : ndarray, shape (4,)
        link : int
        residuals : tuple of float
            Tried in turn.
        turn : ndarray, shape (items, 3, 3), optional
            Derivative of (alpha, c1, c2) by other parameters of the items, which are then the coordinates.
        """
        self.panel, self.where = panel, where
        n_votes, n_items, n_slots = panel.by_item_vote.size, panel.item_start.size - 1, where.state.size
        theta = np.zeros(n_slots)
        theta[where.slot] = fit["mean"]
        absent = np.ones(n_slots, dtype=bool)
        absent[where.slot] = False
        if absent.any():
            _interpolate(theta, absent, where)
        step = theta[where.next] - theta[where.follows]
        #: Where the precision was taken.
        self.theta = theta
        step = tie * (theta[where.next] - theta[where.follows])
        #: Slope of the walk's log prior by the positions.
        # Sums over no steps at all, those of a single session, would be whole numbers.
        self.pull = np.bincount(where.follows, weights=step, minlength=n_slots).astype(np.float64)
        self.pull -= np.bincount(where.next, weights=step, minlength=n_slots)
        walk = np.bincount(where.next, weights=tie, minlength=n_slots).astype(np.float64)
        walk += np.bincount(where.follows, weights=tie, minlength=n_slots)
        walk[where.first] += 1 / entry
        self.single = where.single
        self.cross = np.empty((n_votes, 3), dtype=np.float32)
        evidence, slope = np.empty(n_votes, dtype=np.float32), np.empty(n_votes, dtype=np.float32)
        self.item_precision, self.item_slope = np.empty((n_items, 3, 3)), np.empty((n_items, 3))
        for self.residuals in residuals:
            joint_curvature(
                panel.item_start, panel.by_item_position, panel.by_item_vote, panel.by_item_weight,
                fit["mean"], fit["variance"], fit["item_mean"], fit["item_cov"], prior, link, panel.binary,
                self.residuals, self.cross, evidence, slope, self.item_precision, self.item_slope,
            )  # fmt: skip
            if turn is not None:
                item = np.repeat(np.arange(n_items), np.diff(panel.item_start))
                self.cross = np.einsum("na,nab->nb", self.cross, turn.astype(np.float32)[item])
                self.item_precision = np.einsum("jba,jbc,jcd->jad", turn, self.item_precision, turn)
            self.root = np.linalg.cholesky(np.linalg.inv(self.item_precision))
            own = walk + np.bincount(where.vote_slot, weights=evidence, minlength=n_slots)
            if self._factorise(own, tie):
                break
        else:
            raise np.linalg.LinAlgError("the joint precision of positions is not positive definite")
        self.vote_slope = slope
        self.slope = self.pull + np.bincount(where.vote_slot, weights=slope, minlength=n_slots)
        self.slope[where.first] -= theta[where.first] / entry

    def _factorise(self, own: np.ndarray, tie: np.ndarray) -> bool:
        """Block Cholesky over sessions; False if the precision is not positive definite."""
        where, start = self.where, self.where.start
        eliminated = self._eliminate()
        border = self._bridges() if where.bridged.size else None
        self._inverse: list[np.ndarray] = []
        self._lower: list[np.ndarray] = []
        self._below: list[tuple[np.ndarray, np.ndarray, np.ndarray]] = []
        self._reduced: list[np.ndarray] = []
        cuts = np.searchsorted(where.next, start)
        if border is not None:
            rest = np.zeros((3 * where.bridged.size, 3 * where.bridged.size))
            for b, j in enumerate(where.bridged):
                rest[3 * b : 3 * b + 3, 3 * b : 3 * b + 3] = self.item_precision[j]
        for t, taken in enumerate(eliminated):
            size = taken.shape[0]
            block = -taken
            block[np.arange(size), np.arange(size)] += own[start[t] : start[t + 1]]
            if t:
                steps = slice(cuts[t], cuts[t + 1])
                i = where.follows[steps] - start[t - 1]
                j = where.next[steps] - start[t]
                # Of the block below the diagonal, only the rows of states in both sessions are filled.
                filled = -tie[steps, None] * self._inverse[-1][:, i].T
                block[np.ix_(j, j)] -= filled @ filled.T
                self._below.append((j, filled, filled.astype(np.float32)))
            lower, fault = dpotrf(block, lower=1)
            if fault:
                return False
            inverse, _ = dtrtri(lower, lower=1)
            self._inverse.append(np.tril(inverse))
            self._lower.append(np.tril(lower))
            if border is not None:
                right = border[t]
                if t:
                    j, _, light = self._below[-1]
                    before = self._reduced[-1]
                    right[: before.shape[0], j] -= before @ light.T
                reduced = right @ self._inverse[-1].T.astype(np.float32)
                self._reduced.append(reduced)
                width = reduced.shape[0]
                rest[:width, :width] -= reduced @ reduced.T
        self._corner: np.ndarray | None = None
        if border is not None:
            lower, fault = dpotrf(rest, lower=1)
            if fault:
                return False
            inverse, _ = dtrtri(lower, lower=1)
            self._corner, self._corner_lower = np.tril(inverse), np.tril(lower)
        self._light = [each.astype(np.float32) for each in self._inverse]
        return True

    def _eliminate(self) -> list[np.ndarray]:
        """What the items of each session take from the positions' precision: (states, states) each."""
        where, found = self.where, []
        halves = np.zeros(int(where.bounds[-1]))
        _halves(self.panel.item_start, where.vote_row, where.offset, self.cross, self.root, halves)
        for t, size in enumerate(np.diff(where.start).tolist()):
            # With C the coupling and S = R R' the items' covariance, C S C' = (C R)(C R)'.
            half = halves[where.bounds[t] : where.bounds[t + 1]].reshape(-1, size, 3)
            flat = half.transpose(1, 0, 2).reshape(size, -1)
            found.append(flat @ flat.T)
        return found

    def _bridges(self) -> list[np.ndarray]:
        """Coupling of each session's states with the bridged items begun: (3 items, states) each."""
        panel, where = self.panel, self.where
        number = np.full(where.single.size, -1)
        number[where.bridged] = np.arange(where.bridged.size)
        item = np.repeat(np.arange(number.size), np.diff(panel.item_start))
        votes = np.flatnonzero(number[item] >= 0)
        order = votes[np.argsort(where.vote_slot[votes], kind="stable")]
        cuts = np.searchsorted(where.vote_slot[order], where.start)
        found = []
        for t in range(where.times.size):
            here = order[cuts[t] : cuts[t + 1]]
            columns = np.zeros((int(where.begun[t]), 3, int(np.diff(where.start)[t])), np.float32)
            at = (number[item[here]][:, None], np.arange(3)[None], where.vote_row[here][:, None])
            np.add.at(columns, at, self.cross[here])
            found.append(columns.reshape(-1, columns.shape[2]))
        return found

    # The triangular maps. ``values`` has shape (chains, slots), items (chains, items, 3).

    def _forward(self, values: np.ndarray) -> np.ndarray:
        """Inverse of the lower factor, session by session."""
        light, start = values.dtype == np.float32, self.where.start
        inverse = self._light if light else self._inverse
        found = np.empty_like(values)
        for t, block in enumerate(inverse):
            right = values[:, start[t] : start[t + 1]]
            if t:
                j, *filled = self._below[t - 1]
                right = right.copy()
                right[:, j] -= found[:, start[t - 1] : start[t]] @ filled[light].T
            found[:, start[t] : start[t + 1]] = right @ block.T
        return found

    def _backward(self, values: np.ndarray) -> np.ndarray:
        """Inverse of the transposed factor."""
        light, start = values.dtype == np.float32, self.where.start
        inverse = self._light if light else self._inverse
        found = np.empty_like(values)
        for t in range(len(inverse) - 1, -1, -1):
            right = values[:, start[t] : start[t + 1]]
            if t + 1 < len(inverse):
                j, *filled = self._below[t]
                right = right - found[:, start[t + 1] : start[t + 2]][:, j] @ filled[light]
            found[:, start[t] : start[t + 1]] = right @ inverse[t]
        return found

    def _along_border(self, values: np.ndarray) -> np.ndarray:
        """Product of the reduced border with slots: shape (chains, 3 bridged items)."""
        total = np.zeros((values.shape[0], 3 * self.where.bridged.size), dtype=values.dtype)
        for t, reduced in enumerate(self._reduced):
            total[:, : reduced.shape[0]] += (
                values[:, self.where.start[t] : self.where.start[t + 1]] @ reduced.T
            )
        return total

    def _off_border(self, values: np.ndarray, bridged: np.ndarray) -> np.ndarray:
        """Slots less the reduced border times the bridged items."""
        values = values.copy()
        light = bridged.astype(np.float32)
        for t, reduced in enumerate(self._reduced):
            values[:, self.where.start[t] : self.where.start[t + 1]] -= light[:, : reduced.shape[0]] @ reduced
        return values

    def solve(self, slope: np.ndarray, item_slope: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Solve precision x = slopes: the Newton step. Shapes (slots,), (items, 3), as returned."""
        theta, items = self.from_white(*self.to_white(slope[None], item_slope[None]))
        return theta[0], items[0]

    def from_white(self, theta: np.ndarray, items: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """White noise as deviations with this precision: shapes (chains, slots), (chains, items, 3)."""
        theta, some = self._slots(theta, items)
        found = np.empty_like(items)
        _unfold(self.panel.item_start, self.where.vote_slot, self.cross, self.root, theta, items, found)
        if some is not None:
            found[:, self.where.bridged] = some.reshape(items.shape[0], -1, 3)
        return theta, found

    def slots_from_white(self, theta: np.ndarray, items: np.ndarray) -> np.ndarray:
        """The slots of `from_white` alone; of the items only those that are bridged count."""
        return self._slots(theta, items)[0]

    def _slots(self, theta: np.ndarray, items: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
        """Deviations of the slots, and of the bridged items side by side."""
        theta, some = theta.astype(np.float32), None
        if self._corner is not None:
            some = items[:, self.where.bridged].reshape(items.shape[0], -1) @ self._corner
            theta = self._off_border(theta, some)
        return self._backward(theta).astype(np.float64), some

    def to_white(self, slope: np.ndarray, items: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Slopes by the deviations as slopes by the white coordinates: the transpose of `from_white`."""
        own, theta = np.empty_like(items), slope.copy()
        _fold(
            self.panel.item_start, self.where.vote_slot, self.cross, self.root, self.single, np.inf, items,
            own, theta,
        )  # fmt: skip
        theta = self._forward(theta.astype(np.float32))
        if self._corner is not None:
            at = self.where.bridged
            some = items[:, at].reshape(items.shape[0], -1) - self._along_border(theta)
            own[:, at] = (some @ self._corner.T).reshape(items.shape[0], -1, 3)
        return theta.astype(np.float64), own

    def following(self, theta: np.ndarray) -> np.ndarray:
        """Deviations of the items' means given those of the slots: (chains, slots) to (chains, items, 3)."""
        found = np.empty((len(theta), self.single.size, 3))
        _unfold(
            self.panel.item_start, self.where.vote_slot, self.cross, self.root, theta, np.zeros_like(found),
            found,
        )  # fmt: skip
        return found

    def followed(self, slope: np.ndarray, items: np.ndarray, limit: float) -> np.ndarray:
        """Slopes by the slots when all items follow them: the transpose of `following`, added.

        An item's slopes beyond ``limit``, in white coordinates, are shortened to it.
        """
        theta = slope.copy()
        _fold(
            self.panel.item_start, self.where.vote_slot, self.cross, self.root,
            np.ones_like(self.single), limit, items, np.empty_like(items), theta,
        )  # fmt: skip
        return theta

    def whiten(self, theta: np.ndarray, items: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The inverse of `from_white` for deviations of slots and items, given as there."""
        own = np.empty_like(items)
        _to_noise(self.panel.item_start, self.where.vote_slot, self.cross, self.root, theta, items, own)
        start, white = self.where.start, np.empty_like(theta)
        for t, lower in enumerate(self._lower):
            white[:, start[t] : start[t + 1]] = theta[:, start[t] : start[t + 1]] @ lower
            if t + 1 < len(self._lower):
                j, filled, _ = self._below[t]
                white[:, start[t] : start[t + 1]] += theta[:, start[t + 1] : start[t + 2]][:, j] @ filled
        if self._corner is not None:
            at = self.where.bridged
            some = items[:, at].reshape(items.shape[0], -1)
            own[:, at] = (some @ self._corner_lower).reshape(items.shape[0], -1, 3)
            for t, reduced in enumerate(self._reduced):
                white[:, start[t] : start[t + 1]] += some[:, : reduced.shape[0]] @ reduced
        return white, own

    def draw(self, draws: int, rng: np.random.Generator) -> np.ndarray:
        """Deviations of all slots from the means: float32, shape (draws, slots)."""
        theta = rng.standard_normal((draws, self.where.state.size), dtype=np.float32)
        if self._corner is not None:
            some = rng.standard_normal((draws, 3 * self.where.bridged.size)) @ self._corner
            theta = self._off_border(theta, some)
        return self._backward(theta)

    def draw_by_blocks(
        self,
        draws: int,
        block: np.ndarray,
        tie: np.ndarray,
        entry: float,
        prior: np.ndarray,
        rng: np.random.Generator,
    ) -> np.ndarray:
        """Deviations of all slots with the noise of whole blocks of roll calls: float32, (draws, slots).

        Where the model holds, the votes' slopes have the curvature as covariance. Here each block's slopes,
        summed, are multiplied by one standard normal number instead (a one-step multiplier bootstrap, whose
        covariance is the sandwich of the curvature around that of the blocks); the priors' noise is as
        before.

        Parameters
        ----------
        draws : int
        block : ndarray of int, shape (rollcalls,)
            Blocks of different sessions are different.
        tie, entry, prior
            As in the class.
        rng : Generator

        References
        ----------
        Cameron, Gelbach and Miller (2008), "Bootstrap-Based Improvements for Inference with Clustered
        Errors", Review of Economics and Statistics 90(3).
        """
        panel, where = self.panel, self.where
        session = np.searchsorted(where.start, where.vote_slot, side="right") - 1
        _, of_vote = np.unique(
            block[panel.by_item_rollcall] * where.times.size + session, return_inverse=True
        )
        # Slopes of each block by slot: rows of a sparse matrix.
        key = of_vote.astype(np.int64) * where.state.size + where.vote_slot
        cells, cell = np.unique(key, return_inverse=True)
        value = np.bincount(cell, weights=self.vote_slope)
        row, slot = cells // where.state.size, cells % where.state.size
        roots = np.linalg.cholesky(_prior_precision(prior, panel.binary))
        found = np.empty((draws, where.state.size), dtype=np.float32)
        for low in range(0, draws, 50):
            n = min(50, draws - low)
            weight = rng.standard_normal((n, int(row.max()) + 1))
            slope = np.zeros((n, where.state.size))
            for k in range(n):
                slope[k] = np.bincount(slot, weights=weight[k, row] * value, minlength=where.state.size)
            walk = np.sqrt(tie) * rng.standard_normal((n, tie.size))
            slope[:, where.next] += walk
            slope[:, where.follows] -= walk
            slope[:, where.first] += rng.standard_normal((n, where.first.size)) / np.sqrt(entry)
            items = rng.standard_normal((n, self.single.size, 3)) @ roots.T
            found[low : low + n] = self.from_white(*self.to_white(slope, items))[0]
        return found

    def items_given(self, mean: np.ndarray) -> ItemsGiven:
        """What draws of items need, given draws of the positions whose means are ``mean`` (positions,)."""
        panel = self.panel
        return ItemsGiven(panel.item_start, panel.by_item_position, self.cross, self.root, mean.copy())


def _prior_precision(prior: np.ndarray, binary: bool) -> np.ndarray:
    """Precision of (alpha, c1, c2) in the items' prior, the gap's at its mean: shape (3, 3)."""
    if binary:
        return np.array([[prior[2], prior[3], 0], [prior[3], prior[4], 0], [0, 0, 1e-6]])
    gap = prior[5] / ((prior[5] + 1) * prior[6]) ** 2
    cross, own = 0.25 * prior[4] - gap, 0.25 * prior[4] + gap
    half = 0.5 * prior[3]
    return np.array([[prior[2], half, half], [half, own, cross], [half, cross, own]])


def _interpolate(theta: np.ndarray, absent: np.ndarray, where: Layout) -> None:
    """Put positions between two sessions with votes on the line between them."""
    order = np.lexsort((np.arange(theta.size), where.state))
    session = np.searchsorted(where.start, np.arange(theta.size), side="right") - 1
    time = where.times[session]
    ordered, missing = theta[order], absent[order]
    # States are set apart on one line of time; first and last slots of a state always have votes.
    span = float(where.times[-1] - where.times[0]) + 1
    line = time[order] + where.state[order] * span
    ordered[missing] = np.interp(line[missing], line[~missing], ordered[~missing])
    theta[order] = ordered
