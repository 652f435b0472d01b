"""Gather what rival explanations are scored on: at most one measure per block, of all states, and facts."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

from tropism.assessment.dimension import Dimension
from tropism.assessment.evidence import EvidenceTables, panel, scored
from tropism.dyads import Triad, Window
from tropism.errors import DataNotPresentError, SeriesError
from tropism.explanations.changes import Fact, PoleChanges, facts_of, is_rare
from tropism.explanations.explain import explain
from tropism.explanations.result import Explanations
from tropism.explanations.signatures import BLOCKS
from tropism.shifts.siding import siding
from tropism.states import find_state, states

#: Added to shares before logarithms are taken: half a percent of a state's trade or arms is no tie.
FLOOR = 0.005
#: With fewer states than this what an ordinary change is cannot be told, movers and poles left out.
FEWEST_STATES = 32
#: Years before the event.
YEARS_BEFORE = 10


#: All states' changes toward the poles of a triad, in its window.
_Measure = Callable[[Triad, Window, EvidenceTables], PoleChanges]


class Evidence(NamedTuple):
    """What `explain` takes: ``explain(*evidence)``."""

    shifts: tuple[PoleChanges, ...]
    facts: tuple[Fact, ...]
    absent: dict[str, str]

    @property
    def rare(self) -> tuple[PoleChanges, ...]:
        """The changes of all states behind the facts."""
        return tuple(dict.fromkeys(fact.changes for fact in self.facts if fact.changes is not None))


def gather_evidence(
    state: str, *, toward: str, away_from: str, event: int, years_after: int | None = None
) -> Evidence:
    """Measure every block of evidence for one triad and event, with all other states beside it.

    Parameters
    ----------
    state, toward, away_from : str
        ISO3 codes, names or aliases.
    event : int
        The ten years before it are compared with it and the years after.
    years_after : int, optional
        Evidence ends so many years after the event; with the data without any.

    Returns
    -------
    Evidence
        Changes, facts, and why other blocks have neither.

    Raises
    ------
    UnknownStateError
        If a name is no state, or more than one.
    TriadError
        If a state is named twice.

    Examples
    --------
    >>> from tropism import gather_evidence
    >>> found = gather_evidence("Cuba", toward="Russia", away_from="USA", event=1959, years_after=5)
    >>> [each.block for each in found.shifts]
    ['votes']
    """
    triad = Triad(*(find_state(name).iso3 for name in (state, toward, away_from)))
    end = None if years_after is None else event + years_after
    window = Window(event - YEARS_BEFORE, event - 1, event, end)
    return evidence_for(triad, window, EvidenceTables())


def evidence_for(triad: Triad, window: Window, tables: EvidenceTables) -> Evidence:
    """The same for a triad and window."""
    found, absent = _changes(triad, window, tables, need_state=True)
    return Evidence(
        tuple(each for each in found if not is_rare(each)),
        tuple(fact for each in found if is_rare(each) for fact in facts_of(each, triad.state)),
        absent,
    )


def explanations_for(triad: Triad, window: Window, tables: EvidenceTables) -> Explanations | str:
    """Rival explanations weighed on all that there is, or in words why they are not."""
    if tables.library.as_of is not None:
        return "Not weighed with an as-of date: the documented cases that teach them were labelled later."
    evidence = evidence_for(triad, window, tables)
    if not evidence.shifts:
        why = "; ".join(f"{block}: {reason}" for block, reason in evidence.absent.items())
        return f"Not weighed: no kind of evidence shows the change beside other states. {why}."
    return explain(*evidence)


def field_changes(
    toward: str, away_from: str, window: Window, tables: EvidenceTables
) -> tuple[PoleChanges, ...]:
    """Changes of all states toward two poles, in every block with data: of no state in particular."""
    some = next(each.iso3 for each in states(window.after_start) if each.iso3 not in (toward, away_from))
    return tuple(_changes(Triad(some, toward, away_from), window, tables, need_state=False)[0])


def _changes(
    triad: Triad, window: Window, tables: EvidenceTables, *, need_state: bool
) -> tuple[list[PoleChanges], dict[str, str]]:
    """The first measure of each block that has data (on the state, where it is needed); else why none has."""
    found: list[PoleChanges] = []
    absent: dict[str, str] = {}
    for block in BLOCKS:
        reasons = []
        for measured in _measures(block, tables):
            try:
                changes = measured(triad, window, tables)
            except (DataNotPresentError, SeriesError) as reason:
                reasons.append(str(reason).removeprefix("explanations: ").rstrip("."))
                continue
            if len(changes.states) < FEWEST_STATES:
                reasons.append(f"{changes.title}: {len(changes.states)} states have data, too few to compare")
                continue
            if not need_state or triad.state in changes.states:
                found.append(changes)
                break
            reasons.append(f"{changes.title}: too few years of {find_state(triad.state).in_text}")
        else:
            absent[block] = "; ".join(reasons) or "no data on this machine"
    return found, absent


def _siding(triad: Triad, window: Window, tables: EvidenceTables) -> PoleChanges:
    return PoleChanges.of_siding(siding(tables["un_contested_votes"], triad, window))


def _of_dimension(dimension: Dimension, triad: Triad, window: Window, tables: EvidenceTables) -> PoleChanges:
    series = panel(dimension.measure, tables, triad)
    share = series.measured_in.startswith("share")
    return PoleChanges.of_series(
        series, triad, window, summary=dimension.summary, floor=FLOOR if share else None
    )


def _measures(
    block: str, tables: EvidenceTables
) -> list[Callable[[Triad, Window, EvidenceTables], PoleChanges]]:
    """What measures a block, costly evidence first; one kind of evidence counts once."""
    if block == "votes":
        return [_siding]
    here = [each for each in scored(tables.library) if each.block == block and each.tests_change]
    here.sort(key=lambda each: (each.signal != "costly", each.order))
    return [partial(_of_dimension, each) for each in here]
