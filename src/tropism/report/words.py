"""How numbers of a row are written, the same on the terminal and on the page."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tropism.assessment import Coverage, EvidenceRow
    from tropism.shifts import Estimate

NOTHING = "–"


def number(value: float, row: EvidenceRow, *, signed: bool = False) -> str:
    """A value in the row's unit: shares as per cent, counts with one decimal, indices with two."""
    sign = "+" if signed else ""
    if row.measured_in.startswith("share"):
        points = 100 * value
        digits = 1 if abs(points) >= 0.095 or points == 0 else 2
        return f"{points:{sign}.{digits}f}{'' if signed else ' %'}"
    return f"{value:{sign}.{1 if row.block == 'institutions' else 2}f}"


def level_in_words(row: EvidenceRow, pole: int) -> str:
    """Closeness to one pole, before → after; the level of one year where there is no other."""
    if row.shift is not None:
        old, new = (row.shift.toward, row.shift.away)[pole]
        return f"{number(old.estimate, row)} → {number(new.estimate, row)}"
    level = (row.toward_level, row.away_level)[pole]
    return NOTHING if level is None else number(level.estimate, row)


def change_in_words(row: EvidenceRow) -> str:
    """Change of the gap, with its interval where the measure has one."""
    if row.shift is None:
        return NOTHING
    change = number(row.shift.change.estimate, row, signed=True)
    unit = " pp" if row.measured_in.startswith("share") else ""
    return change + unit + interval_in_words(row.shift.change, row)


def interval_in_words(estimate: Estimate, row: EvidenceRow) -> str:
    """``" [+0.10, +0.32]"``, or nothing for a point measure."""
    if estimate.lower is None or estimate.upper is None:
        return ""
    return f" [{number(estimate.lower, row, signed=True)}, {number(estimate.upper, row, signed=True)}]"


def percentile_in_words(row: EvidenceRow) -> str:
    """``"97 of 176"``: percentile among so many other states."""
    rank = None if row.shift is None else row.shift.rank
    return NOTHING if rank is None else f"{rank.percentile:.0f} of {rank.n}"


def coverage_in_words(coverage: Coverage, status: str) -> str:
    """Years compared, how many have data, the source and its as-of date."""
    sources = "; ".join(
        dict.fromkeys(f"{source.source} (as of {source.as_of})" for source in coverage.sources)
    )
    if status == "absent":
        return f"Not covered. Source: {sources}."
    if status == "level":
        return f"{coverage.after[1]} only, {coverage.states} states. Source: {sources}."
    spans = [
        f"{first}-{last}" if first != last else f"{first}"
        for first, last in (coverage.before, coverage.after)
    ]
    return (
        f"{spans[0]} ({coverage.years_before} years with data) against {spans[1]} ({coverage.years_after}), "
        f"ranked among {coverage.states} other states. Source: {sources}."
    )
