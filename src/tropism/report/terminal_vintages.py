"""What `tropism data check` and `tropism data diff` found, on the terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from tropism.report.words import NOTHING, change_in_words, percentile, window_in_words
from tropism.tables.differences import KINDS

if TYPE_CHECKING:
    from tropism.assessment import Assessment, EvidenceRow, Revision
    from tropism.tables import Finding, TableDiff

#: Years with changes that are listed; more are summed up.
YEARS = 12


def print_findings(
    tables: Sequence[str],
    findings: Sequence[Finding],
    oddities: Mapping[str, Sequence[str]],
    console: Console | None = None,
) -> None:
    """Print each finding with its remedy, then what is known to be odd about the sources."""
    console = console or Console(highlight=False)
    for finding in findings:
        kind = "fault" if finding.is_fault else "odd"
        console.print(Text(f"{finding.table}: {kind}: {finding.where}", style="bold"))
        console.print(Padding(Text(f"{finding.what}. {finding.remedy}"), (0, 2)))
    for title, known in oddities.items():
        if known:
            console.print(Text(f"Known of {title}:", style="bold"))
        for oddity in known:
            console.print(Padding(Text(oddity), (0, 2)))
    faults = sum(finding.is_fault for finding in findings)
    checked = f"{len(tables)} table{'' if len(tables) == 1 else 's'} checked"
    console.print(f"{checked}: {faults} at fault, {len(findings) - faults} odd.")


def print_diff(diff: TableDiff, console: Console | None = None) -> None:
    """Print how many rows differ, in which years, and the first of them."""
    console = console or Console(highlight=False)
    console.print(Text(diff.name, style="bold"))
    console.print(Padding(f"old: {diff.old.in_words}, {diff.old.rows:,} rows", (0, 2)))
    console.print(Padding(f"new: {diff.new.in_words}, {diff.new.rows:,} rows", (0, 2)))
    if diff.is_empty:
        console.print(Padding("No row differs.", (0, 2)))
        return
    counts = ", ".join(f"{diff.total(kind):,} {kind}" for kind in KINDS)
    console.print(Padding(f"Rows: {counts}.", (0, 2)))
    dated = diff.counts[diff.counts["year"] > 0]
    for row in dated.tail(YEARS).to_dict("records"):
        counted = ", ".join(f"{row[kind]:,} {kind}" for kind in KINDS if row[kind])
        console.print(Padding(f"{row['year']}: {counted}", (0, 4)))
    if len(dated) > YEARS:
        console.print(Padding(f"and {len(dated) - YEARS} earlier years", (0, 4)))
    for kind in KINDS:
        for key, changes in diff.first[kind]:
            console.print(Padding(Text(f"{kind}: {_row_in_words(key, changes)}"), (0, 2)))
        if more := diff.total(kind) - len(diff.first[kind]):
            console.print(Padding(f"and {more:,} more {kind}", (0, 2)))


def print_revisions(revisions: Sequence[Revision], console: Console | None = None) -> None:
    """Print which verdicts are touched, and of these old and new."""
    console = console or Console(highlight=False)
    console.print()
    untouched = [str(each.question.triad) for each in revisions if not each.rows]
    for each in revisions:
        if each.old is not None and each.new is not None:
            _print_revision(each, each.old, each.new, console)
    if untouched:
        console.print(f"Not touched, and not computed again: {'; '.join(untouched)}.")


def _print_revision(revision: Revision, old: Assessment, new: Assessment, console: Console) -> None:
    console.print(Text(old.question, style="bold"))
    console.print(Padding(f"{window_in_words(old.window)}.", (0, 2)))
    same = "as before" if old.verdict == new.verdict else "changed"
    console.print(Padding(f"verdict: {old.verdict} → {new.verdict} ({same})", (0, 2)))
    rows: tuple[dict[str, EvidenceRow], ...] = tuple(
        {row.name: row for row in each.rows} for each in (old, new)
    )
    for name in revision.rows:
        before, after = (_standing(each.get(name)) for each in rows)
        title = next(each[name].title for each in reversed(rows) if name in each)
        console.print(Padding(Text(f"{title}: {before} → {after}"), (0, 4)))


def _standing(row: EvidenceRow | None) -> str:
    if row is None or row.shift is None:
        return NOTHING if row is None else row.direction
    return f"{change_in_words(row)}, percentile {percentile(row)}, {row.direction}"


def _row_in_words(key: Mapping[str, Any], changes: Mapping[str, tuple[Any, Any]]) -> str:
    """``"rcid 5, iso3 PAK: vote 1 → 3"``."""
    named = ", ".join(f"{column} {value}" for column, value in key.items())
    told = ", ".join(f"{column} {_value(old)} → {_value(new)}" for column, (old, new) in changes.items())
    return f"{named}: {told}" if told else named


def _value(value: Any) -> str:
    return NOTHING if value is None else f"{value:g}" if isinstance(value, float) else str(value)
