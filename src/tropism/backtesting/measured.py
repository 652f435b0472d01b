"""The evidence of every documented case, and of all other states in its window, as of each horizon."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from tropism.assessment.evidence import EvidenceTables
from tropism.assessment.gather import YEARS_BEFORE, Evidence, evidence_for
from tropism.backtesting.naive import naive_features
from tropism.dyads import Triad, Window
from tropism.errors import TropismError
from tropism.explanations.cases import Labelled, rival
from tropism.explanations.cases import movers as movers_of
from tropism.explanations.changes import PoleChanges, facts_of
from tropism.explanations.null import Null, fit_null
from tropism.explanations.weights import Case, Standing

#: Parts of the placebos; each is compared with the ordinary changes of the others.
FOLDS = 5
#: Moscow's seat is one, whoever holds it: the state that holds it now stands for both.
SEAT = {"SUN": "RUS"}


@dataclass(frozen=True, eq=False)
class PlaceboState:
    """Another state in a case's window: unlabelled, so that a verdict on it is an alarm, not an error."""

    iso3: str
    standings: Mapping[str, Standing]
    facts: Mapping[str, tuple[bool, int, int]]


@dataclass(frozen=True, eq=False)
class Measured:
    """One case at one horizon.

    Attributes
    ----------
    case : Case
    horizon : int
    scored : bool
        Whether it is learned from and counted.
    triad, window
        The window ends at the as-of year: nothing later is read.
    counts : dict
        Of each fact, to how many of how many other states it happened.
    percentile : float or None
        Of its tilt in votes among all others.
    features : ndarray
        Of the naive rules: see `naive_features`.
    placebos : tuple of PlaceboState
    absent : dict
        Blocks without evidence, and why.
    """

    case: Case
    horizon: int
    scored: bool
    triad: Triad
    window: Window
    counts: Mapping[str, tuple[int, int]]
    percentile: float | None
    features: np.ndarray
    placebos: tuple[PlaceboState, ...]
    absent: Mapping[str, str]


def window_of(start: int, horizon: int) -> Window:
    """Ten years before an event against it and so many years after."""
    return Window(start - YEARS_BEFORE, start - 1, start, start + horizon)


def triad_of(row: Labelled) -> Triad:
    """Who, toward whom, from whom; an exit is measured against the rival of the pole that was left."""
    toward = row.to_pole or rival(row.from_pole, row.start)
    return Triad(row.iso3, SEAT.get(toward, toward), SEAT.get(row.from_pole, row.from_pole))


def measure(row: Labelled, horizon: int, tables: EvidenceTables, *, placebos: bool = True) -> Measured:
    """Measure one row of the table of cases at one horizon."""
    triad, window = triad_of(row), window_of(row.start, horizon)
    movers = movers_of(window) - {triad.state}
    try:
        evidence = evidence_for(triad, window, tables)
    except TropismError as reason:
        evidence = Evidence((), (), {"all": str(reason)})
    standings, percentile = {}, None
    others: dict[str, dict[str, Standing]] = {}
    for found in (each.without(movers) for each in evidence.shifts):
        i = found.states.index(triad.state)
        rest = np.arange(len(found.states)) != i
        null = fit_null(found.change[rest], found.covariance[rest])
        standings[found.block] = Standing.of(found.block, null, found.change[i], found.covariance[i])
        if found.block == "votes":
            tilt = (found.change / null.scale) @ [1.0, -1.0]
            percentile = float(100 * (tilt[rest] < tilt[i]).mean())
        if placebos:
            for iso3, standing in _placebo_standings(found, rest).items():
                others.setdefault(iso3, {})[found.block] = standing
    counts = {fact.name: (fact.others, fact.of) for fact in evidence.facts}
    of_others = _placebo_facts(evidence, triad, movers) if placebos else {}
    measures = {each.block: each.title for each in evidence.shifts}
    measures |= {each.block: each.title for each in evidence.facts}
    happened = {fact.name: fact.happened for fact in evidence.facts}
    case = row.with_evidence(standings, happened, measures)
    return Measured(
        case=case,
        horizon=horizon,
        scored=row.scored,
        triad=triad,
        window=window,
        counts=counts,
        percentile=percentile,
        features=naive_features(triad, window, tables),
        placebos=tuple(
            PlaceboState(iso3, held, of_others.get(iso3, {})) for iso3, held in sorted(others.items())
        ),
        absent=evidence.absent,
    )


def _placebo_standings(found: PoleChanges, rest: np.ndarray) -> dict[str, Standing]:
    """Every other state against the ordinary changes of those of the other folds."""
    places = np.flatnonzero(rest)
    fold = np.arange(places.size) % FOLDS
    result = {}
    for k in range(FOLDS):
        others = places[fold != k]
        null: Null = fit_null(found.change[others], found.covariance[others])
        for i in places[fold == k]:
            result[found.states[i]] = Standing.of(found.block, null, found.change[i], found.covariance[i])
    return result


def _placebo_facts(
    evidence: Evidence, triad: Triad, movers: frozenset[str]
) -> dict[str, dict[str, tuple[bool, int, int]]]:
    """What happened to every other state, with how often it happened to the rest."""
    result: dict[str, dict[str, tuple[bool, int, int]]] = {}
    for changes in evidence.rare:
        states = [each for each in changes.states if each not in movers]
        for iso3 in states:
            mine = Triad(iso3, *triad.poles)
            held = PoleChanges(
                changes.block, changes.title, mine, changes.window, changes.states, changes.change,
                changes.covariance,
            )  # fmt: skip
            for fact in facts_of(held):
                result.setdefault(iso3, {})[fact.name] = (fact.happened, fact.others, fact.of)
    return result
