"""Whose closeness changed, by how much, and how often other states changed as much.

The quantity is a change in tilt: closeness to the one pole minus closeness to the other, after a date
minus before it, draw by draw. It is ranked against the same change of every other state over the same
years (placebos): raw closeness misleads, since in some years nearly all states move together.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from tropism.dyads import Triad, Window
from tropism.errors import SeriesError
from tropism.series import Series
from tropism.shifts.alike import PlaceboSet, like_states

if TYPE_CHECKING:
    import pandas as pd

#: Fewer years than this on either side say too little about a lasting change.
MIN_YEARS = 3
#: A rank among fewer states than this is not reported: its steps are coarser than 5 %.
MIN_PLACEBOS = 20
#: How a window is summed up: the mean of its years for flows and behaviour, the last year for stocks.
Summary = Literal["mean", "last"]
#: A placebo must have at least this share of the years that the state itself has, on either side: a state
#: that ended soon after the event made its change in other years.
MIN_SHARE_OF_YEARS = 0.5
#: Probability of every interval.
LEVEL = 0.9


@dataclass(frozen=True)
class Estimate:
    """A number with its equal-tailed interval; a point measure has none (``lower`` is None)."""

    estimate: float
    lower: float | None = None
    upper: float | None = None
    level: float | None = None

    @classmethod
    def of_draws(cls, draws: np.ndarray) -> Estimate:
        """Mean and interval of draws, shape (draws,)."""
        if draws.size == 1:
            return cls(float(draws[0]))
        tail = (1 - LEVEL) / 2
        lower, upper = np.quantile(draws, [tail, 1 - tail])
        return cls(float(draws.mean()), float(lower), float(upper), LEVEL)


@dataclass(frozen=True)
class Placebo:
    """Where a change stands among the same change of all other states.

    Attributes
    ----------
    n : int
        Other states with enough years.
    n_below, n_tied : int
        How many of them moved less toward the pole, and exactly as much.
    percentile : float
        100 (n_below + n_tied / 2) / n: 50 is the middle of the field.
    median, lower, upper : float
        Middle and 5th to 95th percentile of their changes: what everybody did.
    bloc_percentile : float or None
        ``percentile`` with one unit for each voting bloc among them, its members in equal parts: states that
        vote as one are one event. None with fewer than 20 blocs, or if blocs are not known.
    blocs : int or None
        How many blocs they are, a state in none counting as one.
    """

    n: int
    n_below: int
    n_tied: int
    percentile: float
    median: float
    lower: float
    upper: float
    bloc_percentile: float | None = None
    blocs: int | None = None

    @classmethod
    def of(cls, values: np.ndarray, i: int, bloc: np.ndarray | None = None) -> Placebo | None:
        """Where the value at place i stands among all others: values, and numbers of blocs, (states,)."""
        return cls.among(float(values[i]), np.delete(values, i), None if bloc is None else np.delete(bloc, i))

    @classmethod
    def among(cls, own: float, others: np.ndarray, bloc: np.ndarray | None = None) -> Placebo | None:
        """Where a value stands among others, shape (states,); None with fewer than 20 of them."""
        if others.size < MIN_PLACEBOS:
            return None
        # Ties are ties in the data's own precision (float32), not in the last bit of a mean.
        tied = np.isclose(others, own, rtol=1e-6, atol=1e-9)
        below = (others < own) & ~tied
        lower, median, upper = np.quantile(others, [0.05, 0.5, 0.95])
        by_bloc: dict[str, Any] = {}
        if bloc is not None:
            by_bloc["blocs"] = np.unique(bloc).size
            if by_bloc["blocs"] >= MIN_PLACEBOS:
                weight = one_unit_per_bloc(np.ones(others.size, dtype=bool), bloc)
                share = (weight @ (below + tied / 2)) / by_bloc["blocs"]
                by_bloc["bloc_percentile"] = float(100 * share)
        return cls(
            n=others.size,
            n_below=int(below.sum()),
            n_tied=int(tied.sum()),
            percentile=float(100 * (below + tied / 2).sum() / others.size),
            median=float(median),
            lower=float(lower),
            upper=float(upper),
            **by_bloc,
        )


def one_unit_per_bloc(placebos: np.ndarray, bloc: np.ndarray) -> np.ndarray:
    """What each placebo counts for, if those of one bloc count once together, each in equal parts.

    Parameters
    ----------
    placebos : ndarray of bool, shape (..., states)
    bloc : ndarray of int, shape (states,)

    Returns
    -------
    ndarray, shape (..., states)
    """
    weight = placebos.astype(float)
    member = (bloc[:, None] == bloc[None, :]).astype(float)
    weight /= np.maximum(weight @ member, 1)
    return weight


@dataclass(frozen=True)
class Shift:
    """One state's change in tilt, with the levels behind it, in the unit of the series.

    ``toward`` and ``away`` hold (before, after) closeness to the two poles; years in which either is
    missing count for neither. ``rank`` is None where there are too few other states.
    """

    state: str
    toward: tuple[Estimate, Estimate]
    away: tuple[Estimate, Estimate]
    change_toward: Estimate
    change_away: Estimate
    change: Estimate
    years_before: int
    years_after: int
    rank: Placebo | None


@dataclass(frozen=True, eq=False)
class Shifts:
    """The changes of all states in one series, window and pair of poles.

    Attributes
    ----------
    tilt : Series
        Closeness to the one pole minus closeness to the other, for every state.
    closeness : tuple of Series
        To the approached pole and to the other, masked to their common years.
    states : tuple of str
        States with enough years on both sides.
    changes : ndarray, shape (draws, states)
        After minus before, of the tilt.
    summary : str
        ``"mean"`` or ``"last"``: what stands for a window.
    blocs : mapping of str to int, optional
        The voting bloc of every state.
    """

    triad: Triad
    window: Window
    tilt: Series
    closeness: tuple[Series, Series]
    states: tuple[str, ...]
    changes: np.ndarray
    summary: Summary = "mean"
    blocs: Mapping[str, int] | None = None

    def years(self, state: str) -> tuple[int, int]:
        """Years with data before and after; (0, 0) for a state that the series does not know."""
        if state not in self.tilt:
            return 0, 0
        (_, before), (_, after) = _windows(self.tilt.select([state]), self.window, self.summary)
        return int(before[0]), int(after[0])

    def placebos(self, state: str | None = None) -> tuple[tuple[str, ...], np.ndarray]:
        """The other states and their mean changes: neither the state nor a pole is among them."""
        excluded = {state or self.triad.state, *self.triad.poles}
        keep = np.array([name not in excluded for name in self.states], dtype=bool)
        names = tuple(name for name in self.states if name not in excluded)
        return names, self.changes[:, keep].mean(axis=0)

    def rank(self, state: str) -> Placebo | None:
        """Where the state's change stands among all others; None with fewer than 20 of them."""
        names, others = self.placebos(state)
        own = float(self.changes[:, self.states.index(state)].mean())
        return Placebo.among(own, others, None if self.blocs is None else numbered(names, self.blocs))

    def of(self, state: str | None = None) -> Shift:
        """One state's shift; the triad's own state without an argument.

        Raises
        ------
        SeriesError
            If the state has too few years on either side: `years` tells how many.
        """
        state = state or self.triad.state
        if state not in self.states:
            before, after = self.years(state)
            raise SeriesError(
                f"{self.tilt.name}: {state} has {before} years before and {after} after in {self.window}; "
                f"{MIN_YEARS} are needed on either side. Widen the window."
            )
        levels = [self.levels(series, state) for series in self.closeness]
        before, after = self.years(state)
        return Shift(
            state=state,
            toward=(Estimate.of_draws(levels[0][0]), Estimate.of_draws(levels[0][1])),
            away=(Estimate.of_draws(levels[1][0]), Estimate.of_draws(levels[1][1])),
            change_toward=Estimate.of_draws(levels[0][1] - levels[0][0]),
            change_away=Estimate.of_draws(levels[1][1] - levels[1][0]),
            change=Estimate.of_draws(self.changes[:, self.states.index(state)]),
            years_before=before,
            years_after=after,
            rank=self.rank(state),
        )

    def tidy(self) -> pd.DataFrame:
        """Every state's change: iso3, estimate, and lower, upper, level where there are draws."""
        import pandas as pd

        rows = [vars(Estimate.of_draws(self.changes[:, i])) for i in range(len(self.states))]
        table = pd.DataFrame({"iso3": self.states} | {key: [row[key] for row in rows] for key in rows[0]})
        return table.dropna(axis=1, how="all").sort_values("estimate", ascending=False, ignore_index=True)

    def levels(self, series: Series, state: str) -> tuple[np.ndarray, np.ndarray]:
        """One state's draws before and after in another panel of states, each of shape (draws,)."""
        (before, _), (after, _) = _windows(series.select([state]), self.window, self.summary)
        return before[:, 0], after[:, 0]


def infer_shifts(
    series: Series,
    triad: Triad,
    window: Window,
    *,
    summary: Summary = "mean",
    pool: PlaceboSet | Collection[str] = "all",
    blocs: Mapping[str, int] | None = None,
) -> Shifts:
    """Compare every state's tilt between two windows, draw by draw.

    Parameters
    ----------
    series : Series
        Dyads of all states toward both poles, higher = closer.
    triad : Triad
    window : Window
        An open end closes at the last year of the series.
    summary : {"mean", "last"}
        Compare the means of the windows, or their last years: a membership counts in the window in which
        it began, not again in the next.
    pool : {"all", "near", "region", "size", "income"} or collection of str
        States that may serve as placebos: all in the series; those like the triad's state, as
        `tropism.shifts.alike.like_states` has it (incomes are those before the event); or the states named.
        Either way a placebo needs three years on each side, and at least half as many as the triad's state
        has.
    blocs : mapping of str to int, optional
        The voting bloc of every state, as `tropism.shifts.placebos.blocs_of` finds it: ranks are then also
        taken with one unit for each.

    Returns
    -------
    Shifts

    Raises
    ------
    SeriesError
        If the series is no closeness, holds no dyad toward one of the poles, or there is no such pool.
    DataNotPresentError
        If the table that says who is like the state is not on this machine.
    """
    if not series.is_closeness:
        raise SeriesError(
            f"series {series.name} holds positions, not closeness: derive dyads first (Series.derive)."
        )
    toward, away = series.toward(triad.toward), series.toward(triad.away_from)
    tilt = toward.minus(away)
    window = window.resolve(int(series.years[-1]) if series.years.size else window.after_start)
    (before, n_before), (after, n_after) = _windows(tilt, window, summary)
    enough = (n_before >= MIN_YEARS) & (n_after >= MIN_YEARS)
    if triad.state in tilt:
        own = tilt.index([triad.state])[0]
        others = enough & (n_before >= MIN_SHARE_OF_YEARS * n_before[own])
        others &= n_after >= MIN_SHARE_OF_YEARS * n_after[own]
        others &= like_states(tilt.units, pool, year=window.before_end)[own]
        others[own] = enough[own]
        enough = others
    return Shifts(
        triad=triad,
        window=window,
        tilt=tilt,
        closeness=(toward.masked_as(tilt), away.masked_as(tilt)),
        states=tuple(np.array(tilt.units, dtype=object)[enough]),
        changes=(after - before)[:, enough],
        summary=summary,
        blocs=blocs,
    )


def numbered(states: Sequence[str], blocs: Mapping[str, int]) -> np.ndarray:
    """The bloc of each state, shape (states,): one that is in none is a bloc by itself."""
    alone = max(blocs.values(), default=-1) + 1
    return np.array([blocs.get(state, alone + i) for i, state in enumerate(states)], dtype=int)


def _windows(
    series: Series, window: Window, summary: Summary
) -> tuple[tuple[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]:
    """Value, shape (draws, units), and number of years, before and after."""
    over = series.mean_over if summary == "mean" else series.last_over
    return (
        over(window.before_start, window.before_end),
        over(window.after_start, window.after_end or window.after_start),
    )
