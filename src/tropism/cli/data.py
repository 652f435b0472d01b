"""``tropism data …`` and ``tropism state``: what there is, and what is known of a state."""

from __future__ import annotations

import logging
from pathlib import Path

import click

from tropism.cli import vintages
from tropism.cli.output import FILE, Years
from tropism.dyads import LAST_YEAR

log = logging.getLogger("tropism")


@click.command("state")
@click.argument("name")
def state(name: str) -> None:
    """Show what is known of a state: codes, names, years."""
    from tropism.report.terminal import print_fields
    from tropism.states import find_state

    print_fields(find_state(name))


@click.group("data")
def data() -> None:
    """Tables: which there are, what they hold, your own."""


data.add_command(vintages.check)
data.add_command(vintages.diff)


@data.command("list")
def _list() -> None:
    """List every table and every source: what, licence, years, here or not, as-of date."""
    from tropism.report.terminal import print_tables
    from tropism.sources import sources
    from tropism.tables import list_tables
    from tropism.tables.library import table_years

    tables = list_tables()
    years = {info.name: table_years(info) for info in tables}
    print_tables(tables, years, tuple(sources().values()))


@data.command("show")
@click.argument("table")
@click.option(
    "--rows", type=click.IntRange(min=1), default=20, show_default=True, help="How many rows to print."
)
@click.option("--csv", "csv_file", type=FILE, help="Write the whole table to a file.")
def _show(table: str, rows: int, csv_file: Path | None) -> None:
    """Print the first rows of TABLE, or write all of it to a file."""
    from tropism.report.terminal import print_table
    from tropism.tables import load_table
    from tropism.tables.store import writing

    frame = load_table(table)
    if csv_file is None:
        print_table(frame.head(rows))
        log.info("%d of %d rows; the data dictionary explains the columns", min(rows, len(frame)), len(frame))
        return
    with writing(csv_file) as scratch:
        frame.to_csv(scratch, index=False, encoding="utf-8")
    log.info("wrote %d rows to %s", len(frame), csv_file)


@data.command("add")
@click.argument("name")
@click.argument("files", type=FILE, nargs=-1, required=True)
@click.option("--source", help="Of a table of your own: where the file came from.")
@click.option("--licence", help="Of a table of your own: its terms.  [default: unstated]")
@click.option("--as-of", metavar="DATE", help="Day up to which the data run, ISO; a source's files tell it.")
@click.option("--released", metavar="DATE", help="Day since which they count as known, ISO, if later.")
@click.option("--years", type=Years(), help="Of a source: keep these years only, 2015:2023.")
def _add(
    name: str,
    files: tuple[Path, ...],
    source: str | None,
    licence: str | None,
    as_of: str | None,
    released: str | None,
    years: tuple[int, int | None] | None,
) -> None:
    """Check FILES and keep them in your store; they then come first.

    NAME is a source (its files as the provider gives them, downloaded by hand, in any order) or a table (one
    .csv or .parquet in its layout, with --source and --as-of).
    """
    from tropism.sources import add_files, sources
    from tropism.tables import add_table

    if name in sources():
        if source is not None or licence is not None:
            raise click.UsageError(f"{name} is a source: its record says where it is from and on what terms.")
        add_files(name, files, years=_closed(years), as_of=as_of, released=released)
        return
    if years is not None:
        raise click.UsageError(f"{name} is no source: --years is for a source's files.")
    if source is None or as_of is None:
        raise click.UsageError(f"{name} is no source: a table of your own needs --source and --as-of.")
    if len(files) > 1:
        raise click.UsageError(f"{name} is no source: of a table give one file.")
    terms = licence or "unstated"
    stored = add_table(name, files[0], source=source, licence=terms, as_of=as_of, released=released)
    log.info("stored %d rows of %s", stored.rows, name)


@data.command("fetch")
@click.argument("names", nargs=-1, required=True, metavar="SOURCE...")
@click.option("--years", type=Years(), help="Keep these years only: 2015:2023.")
@click.option("--url", help="Take the file from another address, or from this machine (one source).")
def _fetch(names: tuple[str, ...], years: tuple[int, int | None] | None, url: str | None) -> int:
    """Download each SOURCE from its official address, check it and keep its tables in your store.

    A source that fails does not stop the others; the exit code then says so. What broke off goes on where it
    stopped when the command is run again.
    """
    from tropism.errors import TropismError
    from tropism.sources import fetch_table

    if url is not None and len(names) > 1:
        raise click.UsageError("--url is the address of one source's file: name one source.")
    worst = 0
    for name in names:
        try:
            fetch_table(name, years=_closed(years), url=url, progress=log.isEnabledFor(logging.INFO))
        except TropismError as fault:
            click.echo(f"tropism: {fault}", err=True)
            worst = max(worst, fault.exit_code)
    return worst


def _closed(years: tuple[int, int | None] | None) -> tuple[int, int] | None:
    """A span of years with an end."""
    return None if years is None else (years[0], LAST_YEAR if years[1] is None else years[1])
