"""``tropism assess``: the question, its windows, where the answer goes."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import click

from tropism.cli.output import FILE, json_option
from tropism.cli.question import placebo_option, placebos_of, triad, windows
from tropism.errors import OutputError, WindowError

log = logging.getLogger("tropism")


@click.command("assess")
@triad
@windows
@click.option(
    "--as-of", metavar="DATE", help="Use only what was known on DATE (ISO): vintages and rows of then."
)
@placebo_option
@click.option("--html", "html_file", type=FILE, help="Write one self-contained page.")
@json_option("Everything as JSON: to FILE, or to stdout instead of the table.")
def assess(
    state: str,
    toward: str,
    away_from: str,
    event: int | None,
    before: tuple[int, int | None] | None,
    after: tuple[int, int | None] | None,
    as_of: str | None,
    placebos: tuple[str, ...],
    html_file: Path | None,
    json_file: str | None,
) -> None:
    """Ask every line of evidence whether STATE moved toward one pole and from another."""
    from tropism import assessment
    from tropism.tables.store import writing

    if before is not None and before[1] is None:
        raise WindowError("window: --before needs a last year, for instance --before 2004:2013.")
    if html_file is not None and str(html_file) in ("-", json_file):
        raise OutputError(f"output: {html_file} cannot take the page. Name a file of its own after --html.")
    windows: dict[str, Any] = {"event": event, "before": before, "after": after}
    windows |= {"as_of": as_of, "placebos": placebos_of(placebos)}
    answer = assessment.assess(state, toward=toward, away_from=away_from, **windows)
    assessment.remember(answer)
    if html_file is not None:
        from tropism.report import write_report

        write_report(answer, html_file)
        log.info("wrote %s", html_file)
    if json_file == "-":
        click.echo(answer.to_json())
        return
    if json_file is not None:
        with writing(Path(json_file)) as scratch:
            scratch.write_text(answer.to_json() + "\n", encoding="utf-8")
        log.info("wrote %s", json_file)
    from tropism.report.terminal import print_assessment

    print_assessment(answer)
