"""``tropism data …`` and ``tropism state``: what there is, and what is known of a state."""

from __future__ import annotations

import logging
from pathlib import Path

import click

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


@data.command("list")
def _list() -> None:
    """List every table: what, how many rows, where, licence, as-of date."""
    from tropism.report.terminal import print_tables
    from tropism.tables import list_tables

    print_tables(list_tables())


@data.command("show")
@click.argument("table")
@click.option(
    "--rows", type=click.IntRange(min=1), default=20, show_default=True, help="How many rows to print."
)
@click.option("--csv", "csv_file", type=click.Path(path_type=Path), help="Write the whole table to a file.")
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
@click.argument("table")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--source", required=True, help="Where the file came from.")
@click.option("--licence", default="unstated", show_default=True)
@click.option("--as-of", required=True, metavar="DATE", help="Date up to which the data run, ISO.")
def _add(table: str, file: Path, source: str, licence: str, as_of: str) -> None:
    """Check FILE (.csv or .parquet in TABLE's layout) and keep it in your store; it then comes first."""
    from tropism.tables import add_table

    vintage = add_table(table, file, source=source, licence=licence, as_of=as_of)
    log.info("stored %d rows of %s", vintage.rows, table)


@data.command("fetch")
@click.argument("source")
@click.option("--url", help="Take the file from another address (a mirror).")
def _fetch(source: str, url: str | None) -> None:
    """Download SOURCE from its official address, check it and keep its tables in your store."""
    from tropism.sources import fetch_table

    for vintage in fetch_table(source, url=url, progress=log.isEnabledFor(logging.INFO)):
        log.info("stored %d rows (%s)", vintage.rows, vintage.provenance.source)
