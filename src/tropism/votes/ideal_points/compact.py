"""Joint draws of all paths from a few numbers: what the package carries of a fit.

A thousand draws of the General Assembly's 11,352 positions are 45 MB. Nearly all that they say fits into a
four-hundredth of that. In each session a few factors move states together, draw by draw (about: all shift,
the scale stretches, close allies move as one); their covariance over all sessions is kept. What is left to a
state is its own, independent of the others': a level that stays with it, where repeated texts tie its
sessions together, and a part tied to that of the session before. A standardised deviation from the mean is
thus ``loadings @ factors + level + own``.

`compress` takes a fit apart, `tabulate` and `read` turn the parts into tables and back, `CompactPoints.draw`
makes draws on demand. None needs compiled code.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tropism.errors import SchemaError, SeriesError
from tropism.series import Series
from tropism.tables import read_table
from tropism.tables.library import table_info

if TYPE_CHECKING:
    import pandas as pd

    from tropism.votes.ideal_points.result import IdealPoints

#: Most factors of a session.
FACTORS = 4
#: A session has as many as its states tell about: the information on a factor of variance 1, summed over
#: states, is at least this. A weaker one takes up what is one or two states' own.
LEAST_INFORMATION = 0.8
#: Fewer draws leave too much noise in the parts: an sd from 1,000 draws is off by 2.2%.
MIN_DRAWS = 1000
#: Steps to which the root is rounded in a table: factors have variance 1.
ROOT_STEP = 2e-3
#: Where compact points lie.
TABLES = ("ideal_points", "ideal_point_factors")
LOADINGS = tuple(f"loading_{k + 1}" for k in range(FACTORS))
#: Sweeps of a session's factor analysis, and of the correction of its scores.
SWEEPS, CORRECTIONS = 60, 4
#: A state whose path's correlations are missed by more is a stray: a factor that is nearly one state in some
#: sessions cannot be tied to what is its own in others. Strays are left without factors where that serves: if
#: fewer pairs are off by more than `OFF` in the sd of what happens to their difference over so many sessions.
STRAY, OFF, WINDOW = 0.15, 0.03, 10
#: From so many sessions apart on, what is left of a state's covariance is its level.
FAR = 5
#: Most of a state's own variance that the level may take.
MOST_LEVEL = 0.98
#: Least share of a position's variance that a factor analysis leaves to itself.
LEAST_OWN = 0.02


#: What has one entry per position.
PATHS = ("session", "year", "votes", "column", "mean", "std_error", "loading", "level", "own_correlation")


@dataclass(frozen=True, eq=False)
class CompactPoints:
    """The joint distribution of all paths, in parts.

    A position is a state in a session; positions are sorted by unit, then session.

    Attributes
    ----------
    units : tuple of str
    unit, session, year, votes : ndarray of int, shape (positions,)
        As in `IdealPoints`.
    column : ndarray of int, shape (positions,)
        Place of the session among all of the vote set.
    mean, std_error : ndarray, shape (positions,)
        Mean and sd over draws, on the standard scale.
    loading : ndarray, shape (positions, 4)
        Of a position's standardised deviation on the factors of its session; 0 where it has fewer.
    level : ndarray, shape (positions,)
        Of a position's standardised deviation on one number that the state keeps over all sessions.
    own_correlation : ndarray, shape (positions,)
        Correlation of the rest, a state's own part, with that of its position before; 0 for its first.
    root : ndarray, shape (4 * sessions, 4 * sessions)
        Lower triangular: times independent standard normal numbers it gives the factors of every session.
        Rows 4 t to 4 t + 3 are those of the t-th session.
    """

    units: tuple[str, ...]
    unit: np.ndarray
    session: np.ndarray
    year: np.ndarray
    votes: np.ndarray
    column: np.ndarray
    mean: np.ndarray
    std_error: np.ndarray
    loading: np.ndarray
    level: np.ndarray
    own_correlation: np.ndarray
    root: np.ndarray

    def select(self, units: Iterable[str]) -> CompactPoints:
        """The paths of these units only, with the same joint distribution; unknown units are left out."""
        wanted = set(units)
        kept = [i for i, unit in enumerate(self.units) if unit in wanted]
        here = np.isin(self.unit, kept)
        paths = {name: getattr(self, name)[here] for name in PATHS}
        return replace(
            self,
            units=tuple(self.units[i] for i in kept),
            unit=np.searchsorted(kept, self.unit[here]),
            **paths,
        )

    def draw(self, n: int, seed: int = 0) -> np.ndarray:
        """Joint draws of every position.

        Returns
        -------
        ndarray of float32, shape (n, positions)
            Row k is one draw of every path; the same seed gives the same draws.
        """
        rng = np.random.default_rng(seed)
        rows = FACTORS * self.column[:, None] + np.arange(FACTORS)
        # Positions by draws until the end: paths are walked row by row.
        values = rng.standard_normal((self.unit.size, n), dtype=np.float32)
        tie = self.own_correlation.astype(np.float32)[:, None]
        place = _places(self.unit)
        for k in range(1, int(place.max(initial=0)) + 1):
            here = np.flatnonzero(place == k)
            values[here] = tie[here] * values[here - 1] + np.sqrt(1 - tie[here] ** 2) * values[here]
        spread = self.root @ self.root.T
        spread = spread[rows[:, :, None], rows[:, None]]
        common = np.einsum("pk,pkl,pl->p", self.loading, spread, self.loading)
        values *= np.sqrt(np.maximum(1 - common - self.level**2, 0)).astype(np.float32)[:, None]
        kept = rng.standard_normal((len(self.units), n), dtype=np.float32)
        values += self.level.astype(np.float32)[:, None] * kept[self.unit]
        factors = (self.root @ rng.standard_normal((len(self.root), n))).astype(np.float32)
        for k in range(FACTORS):
            values += self.loading[:, k, None].astype(np.float32) * factors[rows[:, k]]
        values *= self.std_error.astype(np.float32)[:, None]
        values += self.mean.astype(np.float32)[:, None]
        return np.ascontiguousarray(values.T)

    def series(self, draws: int = 1000, seed: int = 0, **attributes: Any) -> Series:
        """The panel of positions with joint draws. It is no closeness: see `Series.derive`.

        ``attributes`` are fields of `Series` to set, for instance ``provenance``.
        """
        years, column = np.unique(self.year, return_inverse=True)
        values = np.full((draws, len(self.units), years.size), np.nan, dtype=np.float32)
        values[:, self.unit, column] = self.draw(draws, seed)
        return Series(
            **{
                "name": "ideal_point",
                "values": values,
                "missing": np.isnan(values[0]),
                "units": self.units,
                "years": years,
                "label": "ideal point from roll calls",
                "measured_in": "sd of the reference positions",
                "block": "votes",
                "signal": "cheap",
                "is_closeness": False,
            }
            | attributes
        )


def compress(found: IdealPoints) -> CompactPoints:
    """Take a fit's joint draws apart.

    Parameters
    ----------
    found : IdealPoints
        With at least 1,000 draws.

    Raises
    ------
    SeriesError
        If the fit has fewer draws.

    References
    ----------
    Rubin and Thayer (1982), "EM Algorithms for ML Factor Analysis", Psychometrika 47(1).

    Examples
    --------
    >>> compress(fit).draw(400).shape  # doctest: +SKIP
    (400, 11352)
    """
    n, unit = found.n_draws, found.unit
    if n < MIN_DRAWS:
        raise SeriesError(
            f"ideal points: the fit has {n} draws; expected at least {MIN_DRAWS} to take apart. Give it "
            "`draws`."
        )
    mean = found.draws.mean(axis=0, dtype=np.float64)
    away = found.draws - mean.astype(np.float32)
    std_error = away.std(axis=0, dtype=np.float64)
    away /= np.where(std_error > 0, std_error, 1).astype(np.float32)
    times, column = np.unique(found.session, return_inverse=True)
    together = np.zeros((len(found.units), times.size, times.size))
    for u in range(len(found.units)):
        here = np.flatnonzero(unit == u)
        together[u][np.ix_(column[here], column[here])] = away[:, here].T @ away[:, here] / n
    nobody = np.zeros(len(found.units), dtype=bool)
    parts = _parts(away, unit, column, together, nobody)
    strays = _own_miss(parts, unit, column, together) > STRAY
    if strays.any():
        other = _parts(away, unit, column, together, strays)
        deviations = away * std_error.astype(np.float32)
        both = [_pair_miss(each, deviations, std_error, unit, column, together) for each in (parts, other)]
        parts = other if both[1] < both[0] else parts
    loading, level, tie, root = parts
    return CompactPoints(
        units=found.units,
        unit=unit,
        session=found.session,
        year=found.year,
        votes=found.votes,
        column=column,
        mean=mean,
        std_error=std_error,
        loading=loading[unit, column],
        level=level,
        own_correlation=tie,
        root=root,
    )


class _Parts(NamedTuple):
    """Loadings of every unit and session, (units, sessions, factors); level and tie of positions; root."""

    loading: np.ndarray
    level: np.ndarray
    tie: np.ndarray
    root: np.ndarray


def _parts(
    away: np.ndarray, unit: np.ndarray, column: np.ndarray, together: np.ndarray, alone: np.ndarray
) -> _Parts:
    """Take standardised deviations, (draws, positions), apart; units that are ``alone`` get no factors."""
    n, (units, sessions) = away.shape[0], together.shape[:2]
    loading, weight = np.zeros((2, units, sessions, FACTORS))
    scores = np.zeros((sessions, FACTORS, n))
    for t in range(sessions):
        here = np.flatnonzero((column == t) & ~alone[unit])
        if not here.size:
            continue
        slopes, own = _factor_analysis((away[:, here].T @ away[:, here] / n).astype(np.float64))
        k = slopes.shape[1]
        # Bartlett's scores: the factors plus noise from the states' own parts, which is taken out below.
        scaled = slopes / own[:, None]
        reading = scaled @ np.linalg.inv(slopes.T @ scaled)
        loading[unit[here], t, :k], weight[unit[here], t, :k] = slopes, reading
        scores[t, :k] = (away[:, here] @ reading).T
    flat = scores.reshape(-1, n)
    root = _root(flat @ flat.T / n, loading, weight, together)
    own_part = _own(together, loading, root @ root.T)
    level, tie = np.zeros((2, unit.size))
    for u in range(units):
        here = np.flatnonzero(unit == u)
        level[here], tie[here] = _level_and_tie(own_part[u][np.ix_(column[here], column[here])], column[here])
    return _Parts(loading, level, tie, root)


def _path(parts: _Parts, own: np.ndarray, u: int, here: np.ndarray, column: np.ndarray) -> np.ndarray:
    """The parts' covariance of one unit's own path, given the variances in ``own``."""
    level = parts.level[here]
    rest = np.sqrt(np.maximum(own[u, column[here], column[here]] - level**2, 0))
    return np.multiply.outer(level, level) + np.multiply.outer(rest, rest) * _chain(parts.tie[here])


def _own_miss(parts: _Parts, unit: np.ndarray, column: np.ndarray, together: np.ndarray) -> np.ndarray:
    """How far the parts miss the correlations of each unit's own path, at most; shape (units,)."""
    own = _own(together, parts.loading, parts.root @ parts.root.T)
    found = np.zeros(len(together))
    for u in range(len(together)):
        here = np.flatnonzero(unit == u)
        wanted = own[u][np.ix_(column[here], column[here])]
        found[u] = np.abs(wanted - _path(parts, own, u, here, column)).max(initial=0)
    return found


def _pair_miss(
    parts: _Parts,
    deviations: np.ndarray,
    std_error: np.ndarray,
    unit: np.ndarray,
    column: np.ndarray,
    together: np.ndarray,
) -> float:
    """Share of pairs and ten-session windows whose change in difference has an sd off by more than `OFF`."""
    units, sessions = together.shape[:2]
    own = _own(together, parts.loading, parts.root @ parts.root.T)
    path, size = np.zeros((units, sessions, sessions)), np.zeros((units, sessions))
    size[unit, column] = std_error
    for u in range(units):
        here = np.flatnonzero(unit == u)
        path[u][np.ix_(column[here], column[here])] = _path(parts, own, u, here, column)
    place = np.full((units, sessions), -1)
    place[unit, column] = np.arange(unit.size)
    off, all_pairs = 0, 0
    for t in range(sessions - WINDOW):
        ends = np.array([t, t + WINDOW])
        both = np.flatnonzero((place[:, ends] >= 0).all(axis=1))
        if both.size < 2:
            continue
        change = deviations[:, place[both, ends[1]]] - deviations[:, place[both, ends[0]]]
        sides = size[both][:, ends] * [-1, 1]
        rows = (FACTORS * ends[:, None] + np.arange(FACTORS)).ravel()
        slopes = (parts.loading[both][:, ends] * sides[:, :, None]).reshape(both.size, -1)
        model = slopes @ parts.root[rows] @ parts.root[rows].T @ slopes.T
        model[np.diag_indices(both.size)] += np.einsum(
            "ut,uts,us->u", sides, path[both][:, ends[:, None], ends], sides
        )
        i, j = np.triu_indices(both.size, 1)
        pairs = [v[i, i] + v[j, j] - 2 * v[i, j] for v in (model, change.T @ change / len(change))]
        ratio = np.sqrt(np.maximum(pairs[0], 0) / np.maximum(pairs[1], 1e-12))
        off, all_pairs = off + int((np.abs(ratio - 1) > OFF).sum()), all_pairs + i.size
    return off / max(all_pairs, 1)


def _factor_analysis(correlation: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Loadings, shape (states, factors), and own variances, (states,), of one session by maximum likelihood.

    Not principal components: these take a state's own part for a factor wherever it is large.
    """
    values, vectors = np.linalg.eigh(correlation)
    for k in range(min(FACTORS, max(1, len(correlation) // 6)), 0, -1):
        excess = np.maximum(values[::-1][:k] - np.median(values), 1e-3)
        slopes = vectors[:, ::-1][:, :k] * np.sqrt(excess)
        own = np.clip(1 - (slopes**2).sum(axis=1), LEAST_OWN, 1)
        for _ in range(SWEEPS):
            scaled = slopes / own[:, None]
            posterior = np.linalg.inv(np.eye(k) + slopes.T @ scaled)
            cross = correlation @ scaled @ posterior
            slopes = cross @ np.linalg.inv(posterior + posterior @ scaled.T @ cross)
            own = np.clip(1 - (slopes * cross).sum(axis=1), LEAST_OWN, 1)
        # Factors may be turned at will: the first is the one that states tell most about.
        information, turn = np.linalg.svd(slopes / np.sqrt(own)[:, None], full_matrices=False)[1:]
        if information[-1] ** 2 >= LEAST_INFORMATION:
            break
    slopes = slopes @ turn.T
    return slopes * np.where(slopes.sum(axis=0) < 0, -1, 1), own


def _root(observed: np.ndarray, loading: np.ndarray, weight: np.ndarray, together: np.ndarray) -> np.ndarray:
    """Root of the factors' covariance, from that of their scores.

    Scores hold some of the states' own parts, which last over sessions: their covariance would be taken for
    that of all states. Own parts follow from the factors' covariance and this from them: a few turns settle.
    """
    spread = observed
    for _ in range(CORRECTIONS):
        own = _own(together, loading, spread)
        noise = np.einsum("utk,uts,usl->tksl", weight, own, weight, optimize=True)
        spread = observed - noise.reshape(observed.shape)
    values, vectors = np.linalg.eigh((spread + spread.T) / 2)
    return np.linalg.qr((vectors * np.sqrt(np.maximum(values, 0))).T)[1].T


def _own(together: np.ndarray, loading: np.ndarray, spread: np.ndarray) -> np.ndarray:
    """Covariance of each unit's own parts over sessions, shape (units, sessions, sessions)."""
    sessions = loading.shape[1]
    blocks = spread.reshape(sessions, FACTORS, sessions, FACTORS)
    # Where a unit has no position both terms are 0.
    return together - np.einsum("utk,tksl,usl->uts", loading, blocks, loading, optimize=True)


def _level_and_tie(own: np.ndarray, column: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Take one state's own covariance over its sessions, shape (k, k), for a level and a Markov chain.

    Far-off sessions tell of the level, neighbours of the chain; each is taken out before the other is read.

    Returns
    -------
    level, tie : ndarray, shape (k,)
        Loadings on the level; correlation of the chain with the position before, 0 for the first.
    """
    variance = np.maximum(own.diagonal(), 0)
    level, tie = np.zeros((2, own.shape[0]))
    far = np.abs(np.subtract.outer(column, column)) >= FAR
    for sweep in range(CORRECTIONS * 2):
        rest = np.maximum(variance - level**2, 0)
        size = np.sqrt(rest[:-1] * rest[1:])
        neighbours = own.diagonal(1) - level[:-1] * level[1:]
        tie[1:] = np.clip(np.divide(neighbours, size, out=np.zeros_like(size), where=size > 0), -0.999, 0.999)
        if sweep == CORRECTIONS * 2 - 1 or not far.any():
            break
        chain = np.sqrt(np.multiply.outer(rest, rest)) * _chain(tie)
        values, vectors = np.linalg.eigh(np.where(far, own - chain, np.multiply.outer(level, level)))
        level = vectors[:, -1] * np.sqrt(max(values[-1], 0))
        level = np.clip(level, -np.sqrt(MOST_LEVEL * variance), np.sqrt(MOST_LEVEL * variance))
    return level, tie


def _chain(tie: np.ndarray) -> np.ndarray:
    """Correlations of a Markov chain: products of its ties."""
    found = np.eye(tie.size)
    for i in range(1, tie.size):
        found[i, :i] = found[:i, i] = tie[i] * found[i - 1, :i]
    return found


def _places(unit: np.ndarray) -> np.ndarray:
    """Which position of its unit each is, from 0; shape (positions,)."""
    starts = np.flatnonzero(np.r_[True, unit[1:] != unit[:-1]])
    return np.arange(unit.size) - np.repeat(starts, np.diff(np.r_[starts, unit.size]))


# ------------------------------------------------------------------------------------------ tables


class Tables(NamedTuple):
    """The two tables that hold compact points of one or more vote sets."""

    points: pd.DataFrame
    factors: pd.DataFrame


def tabulate(points: CompactPoints, vote_set: str) -> Tables:
    """Write compact points as rows of ``ideal_points`` and ``ideal_point_factors``, rounded.

    Positions and own correlations keep a thousandth, standard errors three digits, loadings and levels a
    hundredth; numbers of the root keep ``ROOT_STEP``, and those that round to 0 have no row.
    """
    import pandas as pd

    rows, numbers = np.nonzero(np.rint(points.root / ROOT_STEP))
    at = np.unique(points.column, return_index=True)[1]
    return Tables(
        pd.DataFrame(
            {
                "vote_set": vote_set,
                "iso3": np.array(points.units, dtype=object)[points.unit],
                "year": points.year,
                "session": points.session,
                "votes": points.votes,
                "estimate": np.round(points.mean, 3),
                "std_error": _significant(points.std_error),
                "level": np.round(points.level, 2),
                "own_correlation": np.round(points.own_correlation, 3),
            }
            | {name: np.round(points.loading[:, k], 2) for k, name in enumerate(LOADINGS)}
        ),
        pd.DataFrame(
            {
                "vote_set": vote_set,
                "year": points.year[at][rows // FACTORS],
                "factor": rows % FACTORS + 1,
                "number": numbers,
                "root": np.rint(points.root[rows, numbers] / ROOT_STEP) * ROOT_STEP,
            }
        ),
    )


def _significant(values: np.ndarray, digits: int = 3) -> np.ndarray:
    scale = 10.0 ** (digits - 1 - np.floor(np.log10(np.where(values > 0, values, 1.0))))
    return np.rint(values * scale) / scale


def vote_sets(points: pa.Table) -> list[str]:
    """Names of the vote sets in the table ``ideal_points``, in its order."""
    names: list[str] = pc.unique(points["vote_set"].cast(pa.string())).to_pylist()
    return names


def read(points: pa.Table, factors: pa.Table, vote_set: str = "all") -> CompactPoints:
    """Read one vote set from the tables ``ideal_points`` and ``ideal_point_factors``.

    Raises
    ------
    SchemaError
        If the first table does not hold the vote set, or the second does not fit it.
    """
    here = _of(points, vote_set)
    if not here.num_rows:
        held = ", ".join(vote_sets(points))
        raise SchemaError(f"ideal_points: no vote set {vote_set!r}; it holds {held}. Choose one of them.")
    names, unit = np.unique(here["iso3"].cast(pa.string()).to_numpy().astype(str), return_inverse=True)
    order = np.lexsort((here["session"].to_numpy(), unit))
    session, year, votes = (
        here[name].to_numpy().astype(np.int64)[order] for name in ("session", "year", "votes")
    )
    mean, std_error, level, own, *loading = (
        here[name].to_numpy().astype(np.float64)[order]
        for name in ("estimate", "std_error", "level", "own_correlation", *LOADINGS)
    )
    years = np.unique(year)
    root = np.zeros((FACTORS * years.size, FACTORS * years.size))
    mine = _of(factors, vote_set)
    when, number = mine["year"].to_numpy(), mine["number"].to_numpy()
    if not mine.num_rows or not np.isin(when, years).all() or number.max() >= len(root):
        raise SchemaError(
            f"ideal_point_factors: the rows of vote set {vote_set!r} do not fit those of ideal_points: none, "
            "or one of another session. Take both tables from one fit."
        )
    row = FACTORS * np.searchsorted(years, when) + mine["factor"].to_numpy() - 1
    root[row, number] = mine["root"].to_numpy()
    return CompactPoints(
        units=tuple(names.tolist()),
        unit=unit[order],
        session=session,
        year=year,
        votes=votes,
        column=np.searchsorted(years, year),
        mean=mean,
        std_error=std_error,
        loading=np.stack(loading, axis=1),
        level=level,
        own_correlation=own,
        root=root,
    )


def _of(table: pa.Table, vote_set: str) -> pa.Table:
    return table.filter(pc.equal(table["vote_set"].cast(pa.string()), vote_set))


def load_ideal_points(vote_set: str = "all", *, draws: int = 1000, seed: int = 0) -> Series:
    """Positions of all states with joint draws, from the embedded fits: no votes and no compiled code needed.

    Parameters
    ----------
    vote_set : str
        As in the table ``ideal_points``: all, no-nuclear, important, contested, or an issue.
    draws, seed : int
        Made on demand; the same seed gives the same draws.

    Returns
    -------
    Series
        A panel of states; 0 and 1 are mean and sd of the same positions in every vote set (`un_reference`),
        positive is the side of the United States. Take distances with `Series.derive` or `closeness_series`.

    Raises
    ------
    SchemaError
        If no such vote set is embedded.

    Examples
    --------
    >>> points = load_ideal_points("contested", draws=200)
    >>> near = closeness_series(points, ["USA"])
    >>> bool(near.path("GBR>USA")[1][-1] > near.path("PAK>USA")[1][-1])
    True
    """
    points, factors = (read_table(name) for name in TABLES)
    provenance = table_info(TABLES[0]).provenance
    return read(points, factors, vote_set).series(
        draws, seed, provenance=() if provenance is None else (provenance,)
    )


# ------------------------------------------------------------------------------------------ closeness


def closeness_series(positions: Series, poles: Sequence[str]) -> Series:
    """Every state's closeness to each pole on the line, ``-|a - b|``, draw by draw.

    Parameters
    ----------
    positions : Series
        As from `CompactPoints.series` or `IdealPoints.series`.
    poles : sequence of str

    Returns
    -------
    Series
        Dyads ``"A>pole"``; 0 is one place, -1 a distance of one sd. A pole without votes has no dyads.

    Raises
    ------
    SeriesError
        If no pole has votes.
    """
    present = [pole for pole in dict.fromkeys(poles) if pole in positions]
    if not present:
        raise SeriesError(f"ideal points: no votes of {' or '.join(poles)} in this vote set.")

    def closeness(a: np.ndarray, b: np.ndarray) -> np.ndarray:
        apart = a - b
        return np.negative(np.abs(apart, out=apart), out=apart)

    return positions.derive(
        [(state, pole) for pole in present for state in positions.units if state != pole],
        closeness,
        name="ideal_point_closeness",
        label="closeness of ideal points, -|a - b|",
        measured_in="sd of positions, 0 = same place",
    )
