"""The answer as a table on the terminal."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from tropism.assessment.reading import capital
from tropism.report.explanation_words import tolerance_in_words
from tropism.report.terminal_explanations import print_weights
from tropism.report.words import (
    bloc_percentile,
    change_in_words,
    coverage_in_words,
    everybody_in_words,
    level_in_words,
    percentile,
    signal_in_words,
    standing_in_words,
    unscored_in_words,
    window_in_words,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd

    from tropism.assessment import Assessment, EvidenceRow
    from tropism.sources import Source
    from tropism.sources.source import Years
    from tropism.tables import TableInfo
    from tropism.votes import VoteSet

STYLES = {"toward": "bold", "away": "bold", "": ""}


def print_assessment(assessment: Assessment, console: Console | None = None) -> None:
    """Print question, reading, evidence table, and what each row rests on; fits 80 columns."""
    console = console or Console(highlight=False)
    _, b, c = assessment.names
    console.print(Text(assessment.question, style="bold"))
    console.print(f"{window_in_words(assessment.window)}.\n")
    for i, sentence in enumerate(assessment.reading):
        console.print(Padding(Text(sentence, style="bold" if i == 0 else ""), (0, 2)))
    console.print()
    console.print(_evidence_table(assessment))
    console.print()
    _print_explanations(assessment, console)
    for row in assessment.rows:
        _print_details(row, assessment.names, console)
    _print_unscored(assessment, console)
    console.print(
        f"Gap: closeness to {b} minus closeness to {c}. Percentile: of the change of the gap among all other "
        "states in the same years; 50 is the middle; 95 and above, or 5 and below, is unusual (bold). bloc: "
        "with one unit for each bloc that voted as one before the event; where the two differ, trust this "
        "one. pp: percentage points.",
        style="dim",
    )


def _evidence_table(assessment: Assessment) -> Table:
    """Two lines a row: the numbers, and below the title the change in words."""
    _, b, c = assessment.names
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim", pad_edge=False)
    table.add_column("evidence\n", min_width=20, ratio=1)
    table.add_column(f"closeness to {b}\nbefore → after", justify="right", max_width=15)
    table.add_column(f"to {c}\nbefore → after", justify="right", max_width=15)
    table.add_column("change\nof gap", justify="right")
    table.add_column("per-\ncentile", justify="right")
    for row in assessment.rows:
        title = Text.assemble(row.title, "\n", (row.direction, "italic"))
        # An interval stands below its estimate: beside it the table would be wider than 80 columns.
        numbers = (
            text.replace(" [", "\n[")
            for text in (level_in_words(row, 0), level_in_words(row, 1), change_in_words(row))
        )
        ranks = f"{percentile(row)}\nbloc {by_bloc}" if (by_bloc := bloc_percentile(row)) else percentile(row)
        table.add_row(title, *numbers, ranks, style=STYLES[row.unusual])
    return table


def _print_explanations(assessment: Assessment, console: Console) -> None:
    """The verdict on rival explanations and its weights, and what is seen of whether C tolerates the ties."""
    console.print(Text("What explains it", style="underline"))
    if isinstance(assessment.explanations, str):
        console.print(Padding(Text(assessment.explanations), (0, 2)))
    else:
        print_weights(assessment.explanations, console)
    console.print()
    console.print(Text(f"Does {assessment.names[2]} let it pass?", style="underline"))
    for question, answer in tolerance_in_words(assessment).items():
        console.print(Padding(Text.assemble(f"{question} ", (answer, "dim")), (0, 0, 0, 2)))
    console.print()


def _print_unscored(assessment: Assessment, console: Console) -> None:
    """Lines without data here, one line for each command that brings some."""
    if not assessment.unscored:
        return
    console.print(Text("Not scored: no data on this machine", style="underline"))
    for command, titles in unscored_in_words(assessment.unscored).items():
        console.print(Padding(Text.assemble(f"{titles}: ", (command, "dim")), (0, 0, 0, 2)))
    console.print()


def _print_details(row: EvidenceRow, names: tuple[str, str, str], console: Console) -> None:
    heading = "; ".join(filter(None, (row.measured_in, signal_in_words(row.signal))))
    console.print(Text.assemble((row.title, "underline"), (f"  {heading}", "dim")))
    lines = [coverage_in_words(row.coverage, row.status), *map(capital, row.amounts)]
    if row.shift is not None:
        lines = [f"{capital(standing_in_words(row, names))}. {everybody_in_words(row)}", *lines]
    if row.remarks:
        lines.append(capital("; ".join(row.remarks)) + ".")
    lines += [f"{capital(missing)}." for missing in row.missing]
    lines += [note for note in row.notes if "whose seat" in note]
    lines.append("Does not see " + "; ".join(row.blind_to) + ".")
    for line in lines:
        console.print(Padding(Text(line), (0, 0, 0, 2)))
    console.print()


def print_fields(record: object, console: Console | None = None) -> None:
    """Print a record field by field, leaving out what is empty."""
    console = console or Console(highlight=False)
    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0), pad_edge=False)
    table.add_column(style="dim")
    table.add_column()
    for name, value in vars(record).items():
        shown = ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)
        if value is not None and shown:
            table.add_row(name.replace("_", " "), shown)
    console.print(table)


def print_table(frame: pd.DataFrame, console: Console | None = None) -> None:
    """Print a data frame with aligned columns; a null is a dash."""
    console = console or Console(highlight=False)
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim", pad_edge=False)
    numeric = {name for name in frame.columns if frame[name].dtype.kind in "iuf"}
    for name in frame.columns:
        table.add_column(str(name), justify="right" if name in numeric else "left")
    for record in frame.itertuples(index=False):
        table.add_row(*(_cell(value) for value in record))
    console.print(table)


def print_tables(
    tables: Sequence[TableInfo],
    years: Mapping[str, Years],
    sources: Sequence[Source],
    console: Console | None = None,
) -> None:
    """Print the tables that are here, the sources of others, and what nobody provides.

    Two lines each; below a source that no program may fetch stands how a person gets its files.

    Parameters
    ----------
    tables : sequence of TableInfo
    years : mapping of str to (int, int) or None
        First and last year of each table.
    sources : sequence of Source
    """
    console = console or Console(highlight=False)
    here = [
        (
            (
                info.name,
                info.place,
                "" if info.rows is None else f"{info.rows:,}",
                "" if (span := years.get(info.name)) is None else "-".join(map(str, dict.fromkeys(span))),
                info.provenance.as_of or "not stated",
                # What some add after the name stands in the documentation.
                re.split("[:;,]", info.provenance.licence)[0],
            ),
            info.meaning,
            "",
        )
        for info in tables
        if info.provenance is not None
    ]
    fetched, by_hand = (
        [
            (
                (source.name, _held(source, tables), source.years, source.licence),
                f"{source.title}: {', '.join(source.tables)}",
                source.by_hand,
            )
            for source in sources
            if (source.files is None) == manual
        ]
        for manual in (False, True)
    )
    provided = {name for source in sources for name in source.tables}
    own = [
        ((info.name,), info.meaning, "")
        for info in tables
        if info.provenance is None and info.name not in provided
    ]
    of_tables, of_sources = "table where rows years as_of licence", "source here years licence"
    _print_listing("Tables in use", "data show TABLE", of_tables, here, console)
    _print_listing("Sources to fetch", "data fetch SOURCE", of_sources, fetched, console)
    _print_listing("Sources to download by hand", "data add SOURCE FILE...", of_sources, by_hand, console)
    _print_listing("Tables to bring yourself", "data add TABLE FILE", "table", own, console)


def _print_listing(
    title: str,
    command: str,
    facts: str,
    entries: Sequence[tuple[tuple[str, ...], str, str]],
    console: Console,
) -> None:
    """Print aligned cells, below them what the entry is in one line, then in full how a person gets it."""
    if not entries:
        return
    header = tuple(name.replace("_", " ") for name in facts.split())
    rows = [header, *(cells for cells, _, _ in entries)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]

    def line(cells: tuple[str, ...]) -> str:
        return "  ".join(
            cell.rjust(width) if name == "rows" else cell.ljust(width)
            for name, cell, width in zip(header, cells, widths, strict=True)
        )

    console.print(Text.assemble((title, "underline"), "  ", (f"tropism {command}", "dim")))
    console.print(Text(line(header).rstrip(), style="dim"))
    for cells, meaning, how in entries:
        name = cells[0]
        facts = line(cells).rstrip()
        console.print(Text.assemble((name, "bold"), facts[len(name) :]))
        console.print(Text(f"  {meaning}", style="dim"), no_wrap=True, overflow="ellipsis")
        if how:
            console.print(Padding(Text(how), (0, 0, 0, 2)))
    console.print()


def _held(source: Source, tables: Sequence[TableInfo]) -> str:
    """As-of date of what the store holds of a source."""
    held = [
        info.provenance.as_of
        for info in tables
        if info.place == "store" and info.provenance is not None and info.provenance.source == source.title
    ]
    return max(held, default="no")


def print_vote_sets(sets: Sequence[VoteSet], console: Console | None = None) -> None:
    """Print what belongs to each vote set, where the record can tell, and which options it takes."""
    console = console or Console(highlight=False)
    for each in sets:
        console.print(Text.assemble((each.name, "bold"), "  ", each.title))
        console.print(Padding(Text(each.meaning), (0, 0, 0, 2)))
        console.print(Padding(Text(each.coverage, style="dim"), (0, 0, 1, 2)))


def _cell(value: object) -> str:
    if value is None or value != value:
        return "–"
    return f"{value:.3f}" if isinstance(value, float) else str(value)
