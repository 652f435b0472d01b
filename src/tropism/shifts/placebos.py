"""Who may stand as a placebo for whom, and where a state stands among its placebos.

A placebo is another state that went through the same years with the same poles. States that vote as one are
not as many placebos as they are states: thirty that moved together are one event. So a rank is also taken
with one unit for each voting bloc, in which a bloc's members share one vote.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tropism.shifts.change import LEVEL, MIN_PLACEBOS, MIN_SHARE_OF_YEARS, one_unit_per_bloc
from tropism.votes.counts import COUNTS

#: Any two members of a voting bloc agreed at least so much, an abstention counting half.
AGREEMENT = 0.95
#: Two states that cast fewer votes on the same roll calls are in no common bloc.
MIN_JOINT = 30


@dataclass(frozen=True, eq=False)
class Ranks:
    """Where each state stands among its placebos; every array has shape (states,).

    Attributes
    ----------
    placebos : ndarray of int
        States that stand as its placebos.
    units : ndarray
        What they count for: as many as they are, or one for each bloc.
    percentile : ndarray
        Share of units below, ties counting half, times 100; NaN with fewer than 20 units.
    p_value : ndarray
        Two-sided, exact where the state and its placebos are exchangeable: twice the smaller share of units
        at least as far out, itself among them. Ties count against the state.
    lowest, highest : ndarray
        The values between which it is not unusual: outside of them the two-sided test at 1 - `LEVEL` rejects.
    """

    placebos: np.ndarray
    units: np.ndarray
    percentile: np.ndarray
    p_value: np.ndarray
    lowest: np.ndarray
    highest: np.ndarray


def may_stand(n_before: np.ndarray, n_after: np.ndarray) -> np.ndarray:
    """Who has enough years to stand for whom: at least half of those that the state itself has, either side.

    Returns
    -------
    ndarray of bool, shape (states, states)
        Row i: the placebos of state i, which never stands for itself.
    """
    enough = np.ones((n_before.size, n_before.size), dtype=bool)
    for years in (n_before, n_after):
        enough &= years[None, :] >= MIN_SHARE_OF_YEARS * years[:, None]
    np.fill_diagonal(enough, False)
    return enough


def rank_among(values: np.ndarray, placebos: np.ndarray, bloc: np.ndarray | None = None) -> Ranks:
    """Rank every state among its placebos.

    Parameters
    ----------
    values : ndarray, shape (states,)
        The statistic, for instance a studentised change.
    placebos : ndarray of bool, shape (states, states)
        Row i: the placebos of state i.
    bloc : ndarray of int, shape (states,), optional
        The voting bloc of each state: each bloc then counts once, its members in equal parts. That is the
        rank among one member of each bloc, averaged over which member it is.

    Examples
    --------
    >>> everybody = ~np.eye(30, dtype=bool)
    >>> float(rank_among(np.arange(30.0), everybody).percentile[29])
    100.0
    """
    weight = placebos.astype(float) if bloc is None else one_unit_per_bloc(placebos, bloc)
    units = weight.sum(axis=1)
    # Ties are ties in the data's own precision (float32), not in the last bit of a mean.
    tied = np.isclose(values[None, :], values[:, None], rtol=1e-6, atol=1e-9)
    below = (weight * ((values[None, :] < values[:, None]) & ~tied)).sum(axis=1)
    same = (weight * tied).sum(axis=1)
    outermost = np.minimum(below, units - below - same)
    enough = units >= MIN_PLACEBOS - 1e-9
    lowest, highest = _bounds(values, weight)
    return Ranks(
        placebos=placebos.sum(axis=1),
        units=units,
        percentile=np.where(enough, 100 * (below + same / 2) / np.maximum(units, 1), np.nan),
        p_value=np.where(enough, np.minimum(2 * (1 + outermost + same) / (1 + units), 1), np.nan),
        lowest=np.where(enough, lowest, np.nan),
        highest=np.where(enough, highest, np.nan),
    )


def voting_blocs(
    counts: pa.Table, states: Sequence[str], years: tuple[int, int], *, agreement: float = AGREEMENT
) -> np.ndarray:
    """Blocs by the votes themselves: any two members agreed on at least ``agreement`` of their roll calls.

    Complete-linkage clustering: the two groups whose least agreeing members agree most are joined, until no
    two could be joined without two members below the bar. Take years before the event, so that a bloc that
    the event broke up is still one.

    Parameters
    ----------
    counts : Table
        ``un_vote_counts``.
    states : sequence of str
    years : tuple of int
        First and last.
    agreement : float
        Share of equal votes, an abstention against a yes or a no counting half.

    Returns
    -------
    ndarray of int, shape (states,)
        The number of each state's bloc, from 0 in the order of the states; one without enough votes is
        alone.

    References
    ----------
    Everitt, Landau, Leese and Stahl (2011), Cluster Analysis, 5th ed., section 4.2 (complete linkage).
    """
    inside = pc.and_(pc.greater_equal(counts["year"], years[0]), pc.less_equal(counts["year"], years[1]))
    table = counts.filter(inside)
    # Votes are steps of 1/2: yes 0, abstain 1/2, no 1.
    credit = 1 - np.abs(np.subtract.outer(np.arange(3), np.arange(3))).ravel() / 2
    cells = np.stack([table[name].to_numpy().astype(float) for name in COUNTS], axis=1)
    n = len(states)
    agreed, joint = np.zeros((n, n)), np.zeros((n, n))
    codes = pa.array(states, pa.string())
    a, b = (
        pc.fill_null(pc.index_in(table[side].cast(pa.string()), value_set=codes), -1).to_numpy()
        for side in ("iso3_a", "iso3_b")
    )
    known = (a >= 0) & (b >= 0)
    for total, value in ((agreed, cells @ credit), (joint, cells.sum(axis=1))):
        np.add.at(total, (a[known], b[known]), value[known])
        total += total.T
    enough = joint >= MIN_JOINT
    return _complete_linkage(np.where(enough, 1 - agreed / np.maximum(joint, 1), np.inf), 1 - agreement)


def blocs_of(counts: pa.Table, states: Sequence[str], years: tuple[int, int]) -> dict[str, int]:
    """The number of every state's voting bloc; parameters as `voting_blocs`."""
    return dict(zip(states, voting_blocs(counts, states, years).tolist(), strict=True))


def effective_number(values: np.ndarray, bloc: np.ndarray) -> float:
    """How many independent states the states are worth, given how alike the values are within blocs.

    n over the design effect 1 + (m - 1) rho: rho is the intraclass correlation of the values within blocs
    (by one-way analysis of variance, at least 0), m the size of a state's bloc, averaged over states.

    References
    ----------
    Kish (1965), Survey Sampling, section 5.4.
    """
    _, group, size = np.unique(bloc, return_inverse=True, return_counts=True)
    n, k = values.size, size.size
    if k == n or k < 2:
        return float(k)
    mean = np.bincount(group, values) / size
    between = (size * (mean - values.mean()) ** 2).sum() / (k - 1)
    within = ((values - mean[group]) ** 2).sum() / (n - k)
    typical = (n - (size**2).sum() / n) / (k - 1)
    if between + (typical - 1) * within <= 0:
        return float(n)
    rho = max((between - within) / (between + (typical - 1) * within), 0.0)
    return float(n / (1 + ((size**2).sum() / n - 1) * rho))


def _bounds(values: np.ndarray, weight: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The outermost placebos that a two-sided test at 1 - `LEVEL` does not reject: two of shape (states,).

    The inverse of `Ranks.p_value`: there the units at least as far out, and the state itself, are more than
    half of the level. NaN without placebos.
    """
    order = np.argsort(values, kind="stable")
    tail = (1 - LEVEL) / 2 * (1 + weight.sum(axis=1, keepdims=True)) + 1e-9
    found = []
    for outward in (order, order[::-1]):
        ordered = weight[:, outward]
        reached = (1 + np.cumsum(ordered, axis=1) > tail) & (ordered > 0)
        found.append(np.where(reached.any(axis=1), values[outward][reached.argmax(axis=1)], np.nan))
    return found[0], found[1]


def _complete_linkage(apart: np.ndarray, most: float) -> np.ndarray:
    """Join the closest two groups, by their furthest members, while those are at most ``most`` apart."""
    apart = apart.copy()
    np.fill_diagonal(apart, np.inf)
    group = np.arange(len(apart))
    while apart.size:
        i, j = np.unravel_index(np.argmin(apart), apart.shape)
        # Shares are sums of votes: a bar that is met exactly is met.
        if apart[i, j] > most + 1e-9:
            break
        apart[i] = apart[:, i] = np.maximum(apart[i], apart[j])
        apart[j] = apart[:, j] = apart[i, i] = np.inf
        group[group == j] = i
    _, first, number = np.unique(group, return_index=True, return_inverse=True)
    order: np.ndarray = np.argsort(np.argsort(first))[number]
    return order
