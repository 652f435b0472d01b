"""Which verdicts a new vintage touches, and what becomes of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tropism.assessment.assess import Question, answer
from tropism.assessment.dimension import Dimension
from tropism.assessment.evidence import EvidenceTables, panel, scored, tables_used
from tropism.assessment.result import Assessment
from tropism.derived import DerivedLibrary
from tropism.dyads import Triad, Window
from tropism.errors import DataNotPresentError, SeriesError
from tropism.series import Series
from tropism.tables.differences import TableDiff


@dataclass(frozen=True, eq=False)
class Revision:
    """One question, looked at with the old vintages and the new ones.

    Attributes
    ----------
    question : Question
    rows : tuple of str
        Lines of evidence that a changed row of a table goes into; empty if none.
    old, new : Assessment or None
        None where no row is touched: nothing is computed again then.
    """

    question: Question
    rows: tuple[str, ...]
    old: Assessment | None = None
    new: Assessment | None = None


def revise(diffs: Sequence[TableDiff], questions: Sequence[Question]) -> list[Revision]:
    """Find the questions that changed rows go into, and answer these again.

    Parameters
    ----------
    diffs : sequence of TableDiff
        Of different tables; all other tables are as they are now.
    questions : sequence of Question

    Returns
    -------
    list of Revision
        One per question. A line of evidence is touched if its panel of all states, in the years compared,
        is another with the new vintages: one changed vote touches the lines whose roll calls it is among, for
        the state itself or for the others that it is ranked against.
    """
    changed = {diff.name for diff in diffs if not diff.is_empty}
    old = EvidenceTables(DerivedLibrary(chosen={diff.name: diff.old for diff in diffs}))
    new = EvidenceTables(DerivedLibrary(chosen={diff.name: diff.new for diff in diffs}))
    found = []
    for question in questions:
        rows = _touched(question, old, new, changed)
        both = [answer(question, each.library) for each in (old, new)] if rows else [None, None]
        found.append(Revision(question, rows, *both))
    return found


def _touched(
    question: Question, old: EvidenceTables, new: EvidenceTables, changed: set[str]
) -> tuple[str, ...]:
    lines = {each.name: each for tables in (old, new) for each in scored(tables.library)}
    return tuple(
        name
        for name, line in lines.items()
        if changed & {table for tables in (old, new) for table in _rests_on(line, tables)}
        and not _same(*(_panels(line, tables, question.triad, question.window) for tables in (old, new)))
    )


def _rests_on(line: Dimension, tables: EvidenceTables) -> tuple[str, ...]:
    return tables.rests_on(tables_used(line, tables.library))


def _panels(line: Dimension, tables: EvidenceTables, triad: Triad, window: Window) -> list[Series] | None:
    """The measure and its levels in the years compared; None where there are none."""
    try:
        made = [panel(measure, tables, triad) for measure in (line.measure, line.levels) if measure]
    except (DataNotPresentError, SeriesError):
        return None
    return [_compared(series, window) for series in made]


def _compared(series: Series, window: Window) -> Series:
    before, after = window.spans(series.years)
    return series.within(before | after)


def _same(one: list[Series] | None, other: list[Series] | None) -> bool:
    if one is None or other is None:
        return one is other
    return all(
        a.units == b.units
        and np.array_equal(a.years, b.years)
        and np.array_equal(a.values, b.values, equal_nan=True)
        for a, b in zip(one, other, strict=True)
    )
