"""Paths to search for a break: what was given, checked, and taken net of what all other states did."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from tropism.dyads import Triad
from tropism.errors import IdentificationError, SchemaError, SeriesError
from tropism.series import Provenance, Series
from tropism.shifts._breaks import year_effects
from tropism.shifts.change import MIN_SHARE_OF_YEARS

if TYPE_CHECKING:
    import pandas as pd

#: Fewer years of data than this cannot tell a step from serial correlation.
MIN_PATH = 10
#: Fewer other states than this in a year do not say what everybody did in it.
MIN_FIELD = 5
#: Errors of neighbouring years correlated more than this come from a fit that smooths.
MAX_SMOOTHING = 0.3
#: Series whose paths are smoothed, with or without draws.
SMOOTHED = ("ideal_point", "expected_agreement")


@dataclass(frozen=True, eq=False)
class Path:
    """One state's path net of the others: arrays of shape (years with data,)."""

    years: np.ndarray
    values: np.ndarray
    std_errors: np.ndarray
    field: np.ndarray


@dataclass(frozen=True, eq=False)
class Panel:
    """Tilt of the state and of those it is compared with: arrays of shape (states, years)."""

    state: str
    states: tuple[str, ...]
    years: np.ndarray
    values: np.ndarray
    std_errors: np.ndarray
    label: str
    measured_in: str
    provenance: tuple[Provenance, ...]
    notes: tuple[str, ...]

    def years_of(self, state: str) -> int:
        """Number of years with data."""
        return int((~np.isnan(self.values[self.states.index(state)])).sum())

    def until(self, year: int) -> Panel:
        """What was known in a year."""
        past = self.years <= year
        return replace(
            self,
            years=self.years[past],
            values=self.values[:, past],
            std_errors=self.std_errors[:, past],
        )

    def path(self, state: str) -> Path:
        """A state's path less what all the others did in the same years."""
        i = self.states.index(state)
        have = ~np.isnan(self.values[i])
        effects = year_effects(self.values[:, have], without=i)
        if not np.isfinite(effects).all():
            raise IdentificationError(
                f"break: no other state links all the years of {state}, so that what everybody did cannot be "
                "told. Choose fewer years (years=), or a larger pool."
            )
        values = self.values[i, have] - effects
        return Path(self.years[have], values, self.std_errors[i, have], effects)

    def comparable(self) -> tuple[str, ...]:
        """The other states with enough years, and at least half as many as the state itself."""
        enough = max(MIN_PATH, MIN_SHARE_OF_YEARS * self.years_of(self.state))
        return tuple(each for each in self.states if each != self.state and self.years_of(each) >= enough)

    @cached_property
    def scale(self) -> float:
        """Median over the other states of the sd of a path net of the year's effects."""
        rows = np.array([name != self.state for name in self.states], dtype=bool)
        rows &= (~np.isnan(self.values)).sum(axis=1) >= MIN_PATH
        net = self.values[rows] - year_effects(self.values, without=self.states.index(self.state))
        scale = float(np.median(np.nanstd(net, axis=1, ddof=1))) if rows.any() else float("nan")
        if not scale > 0:
            raise IdentificationError(
                f"break: no other state has {MIN_PATH} years of a path that moves at all, so that nothing "
                "says what an ordinary change is. Choose more years (years=), or a larger pool."
            )
        return scale


def tilt_of(series: Series, triad: Triad) -> Series:
    """Every state's tilt: from dyads toward both poles, or as it is in a panel of states.

    Raises
    ------
    SeriesError
        If the series is no closeness, or does not hold the triad's state.
    """
    if not series.is_closeness:
        raise SeriesError(
            f"series {series.name} holds positions, not closeness: derive dyads first (Series.derive)."
        )
    if any(">" in unit for unit in series.units):
        series = series.toward(triad.toward).minus(series.toward(triad.away_from))
    if triad.state not in series:
        raise SeriesError(
            f"series {series.name}: no tilt of {triad.state} between {triad.toward} and {triad.away_from}; "
            f"it holds {len(series.units)} states. A former state has its own code (SUN, CSK, YUG)."
        )
    return series


def panel_of(
    series: Series | pd.DataFrame,
    triad: Triad,
    years: tuple[int, int] | None,
    pool: Collection[str] | None,
) -> Panel:
    """Check what was given and cut it to the years, the pool and the state, without the poles."""
    if isinstance(series, Series):
        tilt = tilt_of(series, triad)
        errors = _errors_of_draws(tilt)
        values = tilt.values.mean(axis=0, dtype=np.float64)
        label, measured_in = f"{tilt.label}, {triad.toward} less {triad.away_from}", tilt.measured_in
        units, span, provenance, notes = tilt.units, tilt.years, tilt.provenance, tilt.notes
    else:
        units, span, values, errors = _from_table(series, triad)
        label, measured_in, provenance, notes = "tilt", "unit of the table", (), ()
    within = np.ones(span.size, dtype=bool)
    if years is not None:
        within = (span >= years[0]) & (span <= years[1])
    keep = [
        unit == triad.state or (unit not in triad.poles and (pool is None or unit in pool)) for unit in units
    ]
    rows = np.array(keep, dtype=bool)
    own = ~np.isnan(values[units.index(triad.state)])
    when = f" from {years[0]} to {years[1]}" if years else ""
    if (have := int((own & within).sum())) < MIN_PATH:
        raise SeriesError(
            f"break: {triad.state} has {have} years with data{when}; {MIN_PATH} are needed to tell a step "
            "from serial correlation. Choose more years."
        )
    # A year that too few others have tells nothing about them.
    within &= (~np.isnan(values[rows])).sum(axis=0) - own >= MIN_FIELD
    if (have := int((own & within).sum())) < MIN_PATH:
        raise IdentificationError(
            f"break: in {have} years of {triad.state}{when} are there {MIN_FIELD} other states to say what "
            f"everybody did; {MIN_PATH} are needed. Choose more years, or a larger pool."
        )
    return Panel(
        state=triad.state,
        states=tuple(np.array(units, dtype=object)[rows]),
        years=span[within],
        values=values[rows][:, within],
        std_errors=errors[rows][:, within],
        label=label,
        measured_in=measured_in,
        provenance=provenance,
        notes=notes,
    )


def _errors_of_draws(tilt: Series) -> np.ndarray:
    """Standard errors of each year from joint draws; refuses a fit that smooths over years."""
    if tilt.name.startswith(SMOOTHED):
        raise SeriesError(_smears(tilt.name, "its paths are random walks"))
    if not tilt.has_sampling_error:
        return np.zeros(tilt.missing.shape)
    errors = tilt.values.astype(np.float64)
    errors = errors - errors.mean(axis=0)
    sd = errors.std(axis=0, ddof=1)
    z = errors / np.where(sd > 0, sd, np.nan)
    neighbours = np.diff(tilt.years) == 1
    together = (z[:, :, :-1] * z[:, :, 1:]).mean(axis=0)[:, neighbours]
    if np.isfinite(together).any() and (typical := float(np.nanmedian(together))) > MAX_SMOOTHING:
        raise SeriesError(
            _smears(tilt.name, f"the errors of neighbouring years are correlated by {typical:.2f}")
        )
    return np.where(tilt.missing, np.nan, sd)


def _smears(name: str, why: str) -> str:
    return (
        f"series {name}: {why}, which smears a break over the years around it. Give what each session says "
        "by itself: log-odds of siding, shares, similarity, or the likelihood terms of a fit's sessions "
        "without the random walk (tropism.shifts.session_terms)."
    )


def _from_table(
    table: pd.DataFrame, triad: Triad
) -> tuple[tuple[str, ...], np.ndarray, np.ndarray, np.ndarray]:
    """States, years, estimates and standard errors of a long table."""
    for column in ("iso3", "year", "estimate"):
        if column not in table:
            raise SchemaError(f"break: the table has no column {column}. It needs iso3, year, estimate.")
    if table.duplicated(["iso3", "year"]).any():
        first = table[table.duplicated(["iso3", "year"])].iloc[0]
        raise SchemaError(f"break: {first['iso3']} has two rows for {first['year']}; keep one.")
    if triad.state not in set(table["iso3"]):
        raise SeriesError(f"break: the table has no row of {triad.state}.")
    columns = ["estimate", *(["std_error"] if "std_error" in table else [])]
    wide = table.pivot(index="iso3", columns="year", values=columns).sort_index(axis=1)
    values = wide["estimate"].to_numpy(dtype=np.float64, na_value=np.nan)
    errors = np.zeros(values.shape)
    if "std_error" in table:
        errors = wide["std_error"].to_numpy(dtype=np.float64, na_value=np.nan)
        bad = ~np.isnan(values) & ~(np.isfinite(errors) & (errors >= 0))
        if bad.any():
            i, j = np.argwhere(bad)[0]
            raise SchemaError(
                f"break: std_error of {wide.index[i]} in {wide['estimate'].columns[j]} is {errors[i, j]}; "
                "give 0 or more, or leave the row out."
            )
    span = wide["estimate"].columns.to_numpy(dtype=np.int64)
    return tuple(str(name) for name in wide.index), span, values, errors
