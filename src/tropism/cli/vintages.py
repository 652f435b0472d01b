"""``tropism data check`` and ``tropism data diff``: faults of tables, and what a new vintage changes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from tropism.errors import DataNotPresentError, TriadError

if TYPE_CHECKING:
    from tropism.assessment.assess import Question

#: A question to look at where none was asked yet and none is given.
DEFAULT_TRIAD = ("PAK", "RUS", "USA")
FOUND_FAULTS = 1


@click.command("check")
@click.argument("names", metavar="[NAME]...", nargs=-1)
def check(names: tuple[str, ...]) -> None:
    """Check tables: hashes, schema, gaps, faults, known oddities of their sources.

    NAME is a table or a source; without any, all tables in your store are checked, and the hashes of the
    embedded ones. Ends with exit code 1 if anything is at fault; oddities are only told.
    """
    from tropism.report.terminal_vintages import print_findings
    from tropism.sources import sources
    from tropism.tables import check_table, embedded, schema
    from tropism.tables.library import table_info
    from tropism.tables.store import Store

    chosen = _tables(names) if names else [name for name in schema.schemas() if name in Store()]
    findings = [finding for name in chosen for finding in check_table(name)]
    if not names:
        for name in embedded.manifest():
            embedded.read(name)
    origins = {info.provenance.source for info in map(table_info, chosen) if info.provenance is not None}
    oddities = {record.title: record.oddities for record in sources().values() if record.title in origins}
    print_findings(chosen, findings, oddities)
    if any(finding.is_fault for finding in findings):
        raise click.exceptions.Exit(FOUND_FAULTS)


@click.command("diff")
@click.argument("name")
@click.argument("old")
@click.argument("new")
@click.option(
    "--triad",
    "triads",
    multiple=True,
    metavar="A:B:C",
    help="Whether A moves toward B and from C: look at this verdict. May be repeated. [default: all that "
    "were assessed on this machine, else PAK:RUS:USA]",
)
@click.option("--event", type=int, metavar="YEAR", help="Of the triads given. [default: 2014]")
def diff(name: str, old: str, new: str, triads: tuple[str, ...], event: int | None) -> None:
    """Show what changed from vintage OLD to NEW of NAME, a table or a source, and which verdicts it touches.

    OLD and NEW are the start of a date or of a hash: 2025-09 2026-02. Only verdicts with a changed row among
    their inputs are computed again.
    """
    from tropism.assessment import revise
    from tropism.report.terminal_vintages import print_diff, print_revisions
    from tropism.sources import sources
    from tropism.tables import diff_table, schema
    from tropism.tables.store import Store

    questions = _questions(triads, event)
    held = [table for table in _tables((name,)) if table in Store()]
    if not held:
        command = sources()[name].command if name in sources() else schema.schema(name).command
        raise DataNotPresentError(f"store: holds no vintage of {name}. `{command}` brings one.")
    diffs = [diff_table(table, old, new) for table in held]
    for each in diffs:
        print_diff(each)
    print_revisions(revise(diffs, questions))


def _tables(names: tuple[str, ...]) -> list[str]:
    """The tables that names mean: a source means all of its tables that are here."""
    from tropism.sources import sources
    from tropism.tables import schema
    from tropism.tables.library import table_info

    found: dict[str, None] = {}
    for name in names:
        if name in sources():
            # A source brings several tables, of which a user may keep some.
            here = [table for table in sources()[name].tables if table_info(table).place != "absent"]
            found |= dict.fromkeys(here or sources()[name].tables)
        else:
            found[schema.schema(name).name] = None
    return list(found)


def _questions(triads: tuple[str, ...], event: int | None) -> list[Question]:
    from tropism.assessment import asked
    from tropism.assessment.assess import ask

    if triads:
        return [
            ask(state, toward=toward, away_from=away_from, event=event)
            for state, toward, away_from in map(_triad, triads)
        ]
    if noted := asked():
        return [ask(**each.question) for each in noted]
    state, toward, away_from = DEFAULT_TRIAD
    return [ask(state, toward=toward, away_from=away_from, event=event)]


def _triad(text: str) -> list[str]:
    names = [name.strip() for name in text.split(":")]
    if len(names) != 3:
        raise TriadError(f"triad: {text!r} is not three states. Write A:B:C, for instance PAK:RUS:USA.")
    return names
