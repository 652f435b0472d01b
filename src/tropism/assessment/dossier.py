"""Everything that a page about one question shows, found once and frozen: numbers, no words.

An assessment says what moved. A dossier adds how often its rules say the same of other states, how much the
answer rests on, whose move it was, what every defensible specification says, and what trade depends on.
What cannot be said is a sentence in place of a result.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, TypeVar

from tropism.assessment import reading
from tropism.errors import TropismError
from tropism.shifts import Decomposition, FittedVotes, decompose
from tropism.shifts.change import Estimate
from tropism.shifts.multiverse import Multiverse, multiverse

if TYPE_CHECKING:
    from tropism.assessment.result import Assessment, EvidenceRow

#: Kinds of evidence from which on it is no longer limited, and robust.
SOME, MANY = 2, 4
#: Share of lines on one side of the middle of all states from which on they agree somewhat, and well.
MOST, NEARLY_ALL = 2 / 3, 5 / 6
#: Confidence by how much evidence there is (0 to 2) and how far it agrees (0 to 2), as the IPCC's guidance
#: note of 2010 sets one against the other.
CONFIDENCE = ("very low", "low", "medium", "high", "very high")
UNASKED = "not asked for"

R = TypeVar("R")


@dataclass(frozen=True)
class Confidence:
    """How sure an answer can be, and what that rests on.

    Attributes
    ----------
    level : str
        ``"very low"`` to ``"very high"``.
    evidence, agreement : str
        ``"limited"``, ``"medium"`` or ``"robust"``; ``"low"``, ``"medium"`` or ``"high"``.
    kinds : tuple of str
        Kinds of evidence with a ranked line in which a move could show.
    ranked, alike, unscored : int
        Ranked lines; those on the commoner side of the middle of all states; lines without data. Where votes
        moved both ways agreement is medium at most, where lines stand out both ways low.
    costly : bool
        Whether a ranked line is a costly act.
    """

    level: str
    evidence: Literal["limited", "medium", "robust"]
    agreement: Literal["low", "medium", "high"]
    kinds: tuple[str, ...]
    ranked: int
    alike: int
    unscored: int
    costly: bool

    @classmethod
    def of(cls, assessment: Assessment) -> Confidence:
        """How much evidence there is, and how far it agrees."""
        rows = [row for row in assessment.rows if row.status == "ranked" and reading.could_tell(row)]
        kinds = tuple(dict.fromkeys(row.block for row in rows))
        costly = any(row.signal == "costly" for row in rows)
        amount = (len(kinds) >= SOME) + (len(kinds) >= MANY)
        percentiles = [row.shift.rank.percentile for row in rows if row.shift and row.shift.rank]
        alike = max((sum(sign * (p - 50) > 0 for p in percentiles) for sign in (1, -1)), default=0)
        share = alike / len(rows) if rows else 0.0
        opposed = {row.unusual for row in rows} >= {"toward", "away"}
        accord = 0 if opposed else (share >= MOST) + (share >= NEARLY_ALL)
        if reading.divided_votes(rows, assessment.names):
            accord = min(accord, 1)
        return cls(
            # Without a costly act there is a step less of it: words and votes come cheap.
            level=CONFIDENCE[max(amount + accord - (not costly), 0)],
            evidence=("limited", "medium", "robust")[amount],
            agreement=("low", "medium", "high")[accord],
            kinds=kinds,
            ranked=len(rows),
            alike=alike,
            unscored=len(assessment.unscored),
            costly=costly,
        )


@dataclass(frozen=True, eq=False)
class Dossier:
    """One question with all that a page says of it.

    Attributes
    ----------
    assessment : Assessment
    lead : EvidenceRow or None
        The line whose numbers lead: the first ranked one with an interval, else the first ranked one; chosen
        by what is measured, not by how far the state moved.
    others : mapping of str to int
        How many other states would get each verdict by the same rules, over the same years.
    confidence : Confidence
    moves : Decomposition or str
        Whose move the change of closeness in votes was; or why that is not told.
    specifications : Multiverse or str
        The question in every defensible way, against all states as placebos; or why not.
    """

    assessment: Assessment
    lead: EvidenceRow | None
    others: Mapping[str, int]
    confidence: Confidence
    moves: Decomposition | str = UNASKED
    specifications: Multiverse | str = UNASKED

    @classmethod
    def of(cls, assessment: Assessment) -> Dossier:
        """What follows from the assessment alone: quick, and without a table."""
        ranked = [row for row in assessment.rows if row.status == "ranked"]
        sure = [row for row in ranked if row.shift is not None and row.shift.change.lower is not None]
        return cls(
            assessment=assessment,
            lead=next(iter(sure or ranked), None),
            others=verdicts_of_others(ranked),
            confidence=Confidence.of(assessment),
        )


def compile_dossier(assessment: Assessment) -> Dossier:
    """Add to an assessment what takes a few seconds more: movers and specifications.

    Parameters
    ----------
    assessment : Assessment

    Returns
    -------
    Dossier
        With a sentence in place of what the data, the years or the installation do not allow.
    """
    found = Dossier.of(assessment)
    if assessment.as_of:
        why = f"Not shown as of {assessment.as_of}: it rests on fits to votes of later years."
        return replace(found, moves=why, specifications=why)
    return replace(
        found,
        moves=_or_why(lambda: _moves(assessment)),
        specifications=_or_why(
            lambda: multiverse(assessment.triad, assessment.window.after_start, placebos=("all",))
        ),
    )


def verdicts_of_others(ranked: Sequence[EvidenceRow]) -> dict[str, int]:
    """The verdict on every other state, asked the same question over the same years by the same rules.

    Parameters
    ----------
    ranked : sequence of EvidenceRow
        The ranked lines of one assessment.

    Returns
    -------
    dict of str to int
        States by verdict, of those that every one of the lines ranks.
    """
    shifts = [row.shifts for row in ranked if row.shifts is not None]
    if not shifts:
        return {}
    common = set.intersection(*({*each.states} - {each.triad.state, *each.triad.poles} for each in shifts))
    return dict(
        Counter(reading.judge([_as_if(row, state) for row in ranked]).verdict for state in sorted(common))
    )


def _as_if(row: EvidenceRow, state: str) -> EvidenceRow:
    """A line as it would be, had the question been about another state: the change and its rank alone."""
    assert row.shifts is not None and row.shift is not None
    at = row.shifts.states.index(state)
    shift = replace(
        row.shift,
        state=state,
        change=Estimate.of_draws(row.shifts.changes[:, at]),
        rank=row.shifts.rank(state),
    )
    return replace(row, shift=shift, unusual=reading.unusual(shift))


def _moves(assessment: Assessment) -> Decomposition:
    votes = FittedVotes.embedded()
    return decompose(votes, assessment.triad, assessment.window.resolve(int(votes.positions.years[-1])))


def _or_why(find: Callable[[], R]) -> R | str:
    """A result, or in words why there is none."""
    try:
        return find()
    except TropismError as reason:
        return f"Cannot be told: {reason!s}"
