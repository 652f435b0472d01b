"""The evidence of every documented case, and of all other states in its window, as of each horizon."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from tropism.assessment.evidence import EvidenceTables
from tropism.assessment.gather import YEARS_BEFORE, Evidence, evidence_for
from tropism.backtesting.naive import naive_features
from tropism.dyads import Triad, Window
from tropism.explanations.cases import Labelled, rival
from tropism.explanations.cases import movers as movers_of
from tropism.explanations.changes import Fact, PoleChanges, facts_of
from tropism.explanations.weights import Case, Standing

#: Parts of the placebos; each is compared with the ordinary changes of the others.
FOLDS = 5
#: Moscow's seat is one, whoever holds it: the state that holds it now stands for both.
SEAT = {"SUN": "RUS"}


@dataclass(frozen=True, eq=False)
class Measured:
    """One case at one horizon.

    Attributes
    ----------
    case : Case
    horizon : int
    label : str
        As documented.
    scored : bool
        Whether it is learned from and counted.
    triad, window
        The window ends at the as-of year: nothing later is read.
    facts : tuple of Fact
        With how many of how many other states each happened to.
    features : ndarray
        Of the naive rules: see `naive_features`.
    placebos : dict
        The evidence of every other state in the window: unlabelled, so that a verdict on it is an alarm, not
        an error.
    """

    case: Case
    horizon: int
    label: str
    scored: bool
    triad: Triad
    window: Window
    facts: tuple[Fact, ...]
    features: np.ndarray
    placebos: Mapping[str, tuple[Standing | Fact, ...]]

    @property
    def evidence(self) -> tuple[Standing | Fact, ...]:
        """All that is weighed."""
        return (*self.case.standings.values(), *self.facts)


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
    evidence = evidence_for(triad, window, tables)
    shifts = [each.without(movers) for each in evidence.shifts]
    measures = {each.block: each.title for each in (*evidence.shifts, *evidence.rare)}
    return Measured(
        case=row.with_evidence(
            {each.block: Standing.of(each, triad.state, each.null(apart={triad.state})) for each in shifts},
            {fact.name: fact.happened for fact in evidence.facts},
            measures,
        ),
        horizon=horizon,
        label=row.label,
        scored=row.scored,
        triad=triad,
        window=window,
        facts=evidence.facts,
        features=naive_features(triad, window),
        placebos=_placebos(shifts, evidence, movers) if placebos else {},
    )


def _placebos(
    shifts: list[PoleChanges], evidence: Evidence, movers: frozenset[str]
) -> dict[str, tuple[Standing | Fact, ...]]:
    """Every other state against the ordinary changes of those of the other folds, and what happened to it."""
    held: dict[str, list[Standing | Fact]] = {}
    for changes in shifts:
        others = [each for each in changes.states if each != changes.triad.state]
        for k in range(FOLDS):
            fold = others[k::FOLDS]
            null = changes.null(apart={changes.triad.state, *fold})
            for iso3 in fold:
                held.setdefault(iso3, []).append(Standing.of(changes, iso3, null))
    for changes in evidence.rare:
        for iso3 in held.keys() & set(changes.states) - movers:
            held[iso3].extend(facts_of(changes, iso3))
    return {iso3: tuple(found) for iso3, found in sorted(held.items())}
