"""Levels and comparisons: how close a state stands to a partner on one line of evidence."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np

from tropism.assessment.dimension import Dimension, dimensions
from tropism.assessment.evidence import EvidenceTables, panel, tables_used, unscored
from tropism.claims.forms import Comparison, Level, Thresholds
from tropism.claims.result import Finding, Verdict
from tropism.dyads import Triad, dyad
from tropism.errors import DataNotPresentError, UnknownStateError
from tropism.series import Provenance, Series
from tropism.shifts import Estimate
from tropism.shifts.change import Placebo
from tropism.states import find_state

#: Poles that stand in where a line of evidence needs two and the claim names one.
STAND_INS = ("USA", "RUS", "CHN")


@dataclass(frozen=True)
class _LevelOf:
    """A state's level toward a partner on a line: an estimate, and its place among other states."""

    line: Dimension
    draws: np.ndarray
    years: tuple[int, int]
    measured_in: str
    rank: Placebo | None
    command: str
    provenance: tuple[Provenance, ...]

    @property
    def estimate(self) -> Estimate:
        return Estimate.of_draws(self.draws)

    @property
    def is_share(self) -> bool:
        return self.measured_in.startswith("share")

    @property
    def years_in_words(self) -> str:
        first, last = self.years
        return f"{first}" if first == last else f"{first}-{last}"


def check_level(test: Level, thresholds: Thresholds) -> Finding:
    """Whether a level reaches what was asked for: a value, a share, or a place among states."""
    found = _level_of(test.state, test.on, test.line, test.rather_than, test.until, thresholds.years)
    estimate = found.estimate
    low, high = _bounds(estimate)
    verdict: Verdict
    share = thresholds.depends_share if found.is_share else None
    at_least = test.at_least if test.at_least is not None else share
    if test.above_states is not None:
        if found.rank is None:
            raise DataNotPresentError(f"{found.line.title}: too few other states to rank it.")
        place = found.rank.percentile
        verdict, threshold = _at_least(place, place, test.above_states), f"{test.above_states:g} % of states"
        threshold = f"closer than {threshold}"
    elif test.at_most is not None:
        verdict, threshold = _at_least(-high, -low, -test.at_most), f"at most {_number(test.at_most, found)}"
    elif at_least is not None:
        verdict, threshold = _at_least(low, high, at_least), f"at least {_number(at_least, found)}"
    else:
        verdict, threshold = "cannot tell", "no customary level: give at_least, at_most or above_states"
    return Finding(
        verdict,
        f"{found.line.title}, {named(test.state)} with {named(test.on)}, {found.years_in_words}: "
        f"{_in_words(estimate, found)}{_place(found)}.",
        _doubts(found),
        threshold,
        f"A level on the other side of this: {threshold}.",
        found.command,
        found.provenance,
    )


def check_comparison(test: Comparison, thresholds: Thresholds) -> Finding:
    """Whether the first of two levels is larger, draw by draw where the two share their draws."""
    other = (test.than_state or test.state, test.than_on or test.on)
    stand_in = test.than_on or (test.than_state if test.line == "contested_votes" else None)
    one, two = (
        _level_of(*pair, test.line, stand_in if stand_in not in pair else None, test.until, thresholds.years)
        for pair in ((test.state, test.on), other)
    )
    apart = one.draws - two.draws if one.draws.size == two.draws.size else None
    low, high = _bounds(one.estimate if apart is None else Estimate.of_draws(apart))
    near = thresholds.more_by * max(abs(one.estimate.estimate), abs(two.estimate.estimate))
    verdict: Verdict = "supported" if low > near else "contradicted" if high < -near else "cannot tell"
    if low >= -near and high <= near:
        verdict = "contradicted"
    sides = [
        f"{named(pair[0])} with {named(pair[1])} {_in_words(each.estimate, each)} ({each.years_in_words})"
        for pair, each in (((test.state, test.on), one), (other, two))
    ]
    return Finding(
        verdict,
        f"{one.line.title}: {sides[0]}, {sides[1]}.",
        _doubts(one),
        f"larger by more than {thresholds.more_by:.0%} of the larger",
        "The order of the two turned round." if verdict == "supported" else "The first clearly larger.",
        one.command,
        tuple(dict.fromkeys((*one.provenance, *two.provenance))),
    )


@cache
def _panel(line: Dimension, triad: Triad) -> Series:
    return panel(line.measure, _tables(), triad)


@cache
def _tables() -> EvidenceTables:
    return EvidenceTables()


def _level_of(
    state: str, on: str, name: str, rather_than: str | None, until: int | None, years: int
) -> _LevelOf:
    line = next(each for each in dimensions() if each.name == name)
    absent = next((each for each in unscored() if each.name == name), None)
    if absent is not None:
        raise DataNotPresentError(
            f"{line.title}: its data are not on this machine ({' && '.join(absent.commands)})."
        )
    other = rather_than or next(each for each in STAND_INS if each not in (state, on))
    series = _panel(line, Triad(state, on, other))
    if until is not None:
        series = series.until(until)
    unit = dyad(state, on)
    if unit not in series or series.missing[series.index([unit])[0]].all():
        raise DataNotPresentError(f"{line.title}: no data on {named(state)} with {named(on)}.")
    own = np.flatnonzero(~series.missing[series.index([unit])[0]])[-1 if line.summary == "last" else -years :]
    to_partner = [each for each in series.units if each.endswith(f">{on}")]
    panel_of = series.select(to_partner)
    values = panel_of.values[:, :, own]
    here = to_partner.index(unit)
    complete = np.all(~panel_of.missing[:, own], axis=1)
    means = values[:, complete].mean(axis=2)
    at = int(complete[:here].sum())
    return _LevelOf(
        line=line,
        draws=means[:, at].astype(float),
        years=(int(series.years[own[0]]), int(series.years[own[-1]])),
        measured_in=series.measured_in,
        rank=Placebo.of(means.mean(axis=0).astype(float), at),
        command=f"tropism assess {state} --toward {on} --from {other}",
        provenance=_tables().sources(tables_used(line)),
    )


def _at_least(low: float, high: float, threshold: float) -> Verdict:
    """Where an interval lies: wholly at or above a threshold, wholly below it, or across."""
    return "supported" if low >= threshold else "contradicted" if high < threshold else "cannot tell"


def _bounds(estimate: Estimate) -> tuple[float, float]:
    point = estimate.estimate
    return (
        point if estimate.lower is None else estimate.lower,
        point if estimate.upper is None else estimate.upper,
    )


def _number(value: float, found: _LevelOf) -> str:
    return f"{100 * value:.3g} %" if found.is_share else f"{value:.2f}"


def _in_words(estimate: Estimate, found: _LevelOf) -> str:
    told = _number(estimate.estimate, found)
    unit = "" if found.is_share else f" ({found.measured_in})"
    if estimate.lower is not None and estimate.upper is not None:
        told += f" [{_number(estimate.lower, found)}, {_number(estimate.upper, found)}]"
    return told + unit


def _place(found: _LevelOf) -> str:
    return "" if found.rank is None else f"; closer than {found.rank.n_below} of {found.rank.n} other states"


def _doubts(found: _LevelOf) -> str:
    estimate = found.estimate
    sure = "Recorded, not sampled: no interval" if estimate.lower is None else "90 % interval in brackets"
    return f"{sure}. Not seen: {'; '.join(found.line.blind_to)}."


def named(code: str) -> str:
    """A state as it stands within a sentence; an organisation by its letters."""
    try:
        return find_state(code).in_text
    except UnknownStateError:
        return code
