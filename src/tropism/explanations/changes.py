"""The evidence that explanations are scored on: changes in every state's ties to B and to C, and dated facts.

b and c are two numbers, each with measurement error: where a state moved toward B, did it move away from C?
From votes they come from roll calls on which B and C differ (`tropism.shifts.siding`); from other measures
they are the changes in closeness to either pole.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field, replace

import numpy as np

from tropism.dyads import Triad, Window
from tropism.errors import SeriesError
from tropism.explanations.null import Null, fit_null
from tropism.series import Provenance, Series
from tropism.shifts import Shifts, infer_shifts
from tropism.shifts.change import MIN_YEARS, Summary
from tropism.shifts.siding import Siding

#: Years after the event that an early reading needs; a lasting one needs `MIN_YEARS`.
FEWEST_AFTER = 1


@dataclass(frozen=True, eq=False)
class PoleChanges:
    """Changes b and c of every state, in one block of evidence and one window.

    Attributes
    ----------
    block : str
        Kind of evidence, one of `signatures.BLOCKS`.
    title : str
        The measure in words.
    triad : Triad
    window : Window
        Closed on both sides.
    states : tuple of str
        States with enough years; neither pole is among them.
    change : ndarray, shape (states, 2)
        Change in the tie to B and to C, after less before, in the measure's unit.
    covariance : ndarray, shape (states, 2, 2)
        Of the measurement error of both.
    provenance : tuple of Provenance
    """

    block: str
    title: str
    triad: Triad
    window: Window
    states: tuple[str, ...]
    change: np.ndarray
    covariance: np.ndarray
    provenance: tuple[Provenance, ...] = ()

    @classmethod
    def of_siding(cls, siding: Siding) -> PoleChanges:
        """Log-odds of siding with B and with C, against neither, on roll calls that B and C contest."""
        have = ~np.isnan(siding.estimate[..., 0])
        before, after = siding.window.spans(siding.years)
        enough = (have[:, before].sum(axis=1) >= MIN_YEARS) & (have[:, after].sum(axis=1) >= FEWEST_AFTER)
        enough &= ~np.isin(siding.states, siding.triad.poles)
        means, covariances = [], []
        for span in (before, after):
            n = have[enough][:, span].sum(axis=1)
            means.append(np.nansum(siding.estimate[enough][:, span], axis=1) / n[:, None])
            covariances.append(np.nansum(siding.covariance[enough][:, span], axis=1) / n[:, None, None] ** 2)
        return cls(
            block="votes",
            title="siding on contested roll calls",
            triad=siding.triad,
            window=siding.window,
            states=tuple(np.array(siding.states, dtype=object)[enough]),
            change=means[1] - means[0],
            covariance=covariances[0] + covariances[1],
            provenance=siding.provenance,
        )

    @classmethod
    def of_series(
        cls,
        series: Series,
        triad: Triad,
        window: Window,
        *,
        summary: Summary = "mean",
        floor: float | None = None,
    ) -> PoleChanges:
        """Closeness to either pole, of a panel of dyads whose higher values mean closer.

        With a ``floor`` changes are those of log(closeness + floor): a share that goes from 1 to 2 % counts
        like one from 20 to 40, and pennies count as nothing.
        """
        shifts = infer_shifts(series, triad, window, summary=summary)
        if not shifts.states:
            raise SeriesError(
                f"explanations: no state has enough years of {series.label} in {shifts.window}."
            )
        drawn = np.stack([_changes(shifts, pole, floor) for pole in (0, 1)], axis=-1)
        keep = ~np.isin(shifts.states, triad.poles)
        drawn = drawn[:, keep]
        change = drawn.mean(axis=0)
        away = drawn - change
        return cls(
            block=series.block,
            title=series.label,
            triad=triad,
            window=shifts.window,
            states=tuple(np.array(shifts.states, dtype=object)[keep]),
            change=change.astype(np.float64),
            covariance=np.einsum("dsa,dsb->sab", away, away).astype(np.float64) / len(drawn),
            provenance=series.provenance,
        )

    def place(self, state: str) -> int:
        """The row of a state.

        Raises
        ------
        SeriesError
            If it has too few years.
        """
        if state not in self.states:
            raise SeriesError(
                f"explanations: {state} has too few years of {self.title} in {self.window}. Widen the window."
            )
        return self.states.index(state)

    def without(self, states: Collection[str]) -> PoleChanges:
        """The same without these states, but for the triad's own."""
        keep = np.array([each == self.triad.state or each not in states for each in self.states], dtype=bool)
        return replace(
            self,
            states=tuple(np.array(self.states, dtype=object)[keep]),
            change=self.change[keep],
            covariance=self.covariance[keep],
        )

    def null(self, *, apart: Collection[str]) -> Null:
        """What an ordinary change is, among all states but these."""
        keep = ~np.isin(self.states, list(apart))
        return fit_null(self.change[keep], self.covariance[keep])

    def tilts(self, null: Null) -> np.ndarray:
        """Every state's b less c, in ordinary changes: shape (states,)."""
        tilts: np.ndarray = (self.change / null.scale) @ [1.0, -1.0]
        return tilts


def _changes(shifts: Shifts, pole: int, floor: float | None) -> np.ndarray:
    """Changes in closeness to one pole: shape (draws, states)."""
    levels = [shifts.levels(shifts.closeness[pole], state) for state in shifts.states]
    if floor is not None:
        levels = [(np.log(before + floor), np.log(after + floor)) for before, after in levels]
    return np.stack([after - before for before, after in levels], axis=-1)


@dataclass(frozen=True)
class Fact:
    """Something that happened or did not, and how often it did among all other states in the window.

    Attributes
    ----------
    block : str
    kind : str
        ``"closer to B"`` or ``"further from C"``: what the block's measure did.
    title : str
        The measure in words.
    happened : bool
    others, of : int
        How many of how many other states it happened to.
    changes : PoleChanges or None
        Of all states, where the fact was read off a measure.
    """

    block: str
    kind: str
    title: str
    happened: bool
    others: int
    of: int
    changes: PoleChanges | None = field(default=None, repr=False)

    @classmethod
    def named(cls, name: str, happened: bool, others: int, of: int) -> Fact:
        """A fact by its name, block and kind."""
        block, kind = name.split(": ")
        return cls(block, kind, "", happened, others, of)

    @property
    def name(self) -> str:
        """Block and kind."""
        return f"{self.block}: {self.kind}"


def facts_of(changes: PoleChanges, state: str) -> tuple[Fact, ...]:
    """A measure that most states never change (obligations, memberships, sanctions), as what happened to one.

    Raises
    ------
    SeriesError
        If the state is not in it.
    """
    i = changes.place(state)
    rest = np.arange(len(changes.states)) != i
    found = []
    for kind, moved in (
        ("closer to B", changes.change[:, 0] > 0),
        ("further from C", changes.change[:, 1] < 0),
    ):
        found.append(
            Fact(
                changes.block,
                kind,
                changes.title,
                bool(moved[i]),
                int(moved[rest].sum()),
                int(rest.sum()),
                changes,
            )
        )
    return tuple(found)


def is_rare(changes: PoleChanges) -> bool:
    """Whether at least half of all states show no change at all toward either pole."""
    return bool(((changes.change == 0).mean(axis=0) >= 0.5).all())
