"""``tropism scan``: every state at once, with local false-discovery rates."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any, get_args

import click

from tropism.cli.output import csv_option, deliver, json_option
from tropism.cli.question import placebo_option, placebos_of, windows

log = logging.getLogger("tropism")


class _Measures(click.Choice):
    """Measures of votes, and every line of evidence over time; read when asked for: others need not wait."""

    def __init__(self) -> None:
        self.case_sensitive = True

    @property
    def choices(self) -> tuple[str, ...]:  # type: ignore[override]
        """What may be given."""
        from tropism.assessment.dimension import dimensions
        from tropism.shifts.tilt import Measure

        lines = (line.name for line in dimensions() if line.tests_change)
        return tuple(dict.fromkeys((*get_args(Measure), *lines)))


@click.command("scan")
@click.option("--toward", required=True, metavar="STATE", help="The pole that states may be moving toward.")
@click.option("--from", "away_from", required=True, metavar="STATE", help="The pole they may be leaving.")
@windows
@click.option(
    "--measure",
    type=_Measures(),
    default="ideal_points",
    show_default=True,
    metavar="NAME",
    help="A measure of votes, or a line of evidence as `tropism assess` has them; a wrong one lists all.",
)
@click.option(
    "--set",
    "vote_set",
    default="all",
    show_default=True,
    metavar="NAME",
    help="Roll calls of the ideal points; see `tropism votes sets`.",
)
@placebo_option
@click.option(
    "--search",
    type=click.IntRange(0, 10),
    default=0,
    show_default=True,
    metavar="YEARS",
    help="Try break years up to so many before and after the event, for every state.",
)
@click.option("--in-time", is_flag=True, help="Also compare each state with itself at other break years.")
@click.option(
    "--show",
    type=click.IntRange(min=1),
    default=10,
    show_default=True,
    metavar="N",
    help="States printed from either end.",
)
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Of the draws.")
@csv_option("Write all states to a file.")
@json_option("Everything as JSON: to FILE, or to stdout instead of the table.")
def scan(
    toward: str,
    away_from: str,
    event: int | None,
    before: tuple[int, int | None] | None,
    after: tuple[int, int | None] | None,
    measure: str,
    placebos: tuple[str, ...],
    show: int,
    csv_file: Path | None,
    json_file: str | None,
    **options: Any,
) -> None:
    """Rank all states by their own move toward one pole and from another, and say which are movers."""
    from tropism.assessment import evidence_series
    from tropism.report.terminal_shifts import print_scan
    from tropism.shifts.scan import scan as scan_states
    from tropism.shifts.tilt import Measure

    window = _window(event, before, after)
    among = placebos_of(placebos)

    def answer() -> Any:
        panel: Any = measure
        if measure not in get_args(Measure):
            panel = evidence_series(measure, toward=toward, away_from=away_from)
        return scan_states(
            toward,
            away_from,
            window,
            measure=panel,
            placebos=among,
            progress=log.isEnabledFor(logging.INFO),
            **options,
        )

    deliver(
        answer,
        lambda found: print_scan(found, show),
        csv_file=csv_file,
        json_file=json_file,
        rows="states",
    )


def _window(event: int | None, before: Any, after: Any) -> Any:
    """The event's window, or the two that are given."""
    from tropism.dyads import Window
    from tropism.errors import WindowError

    if before is None and after is None:
        return Window.around(2014 if event is None else event)
    if event is not None or before is None or after is None or before[1] is None:
        raise WindowError(
            "window: give the event, or both --before FIRST:LAST and --after FIRST:LAST, for instance "
            "--before 2004:2013 --after 2014:2023."
        )
    return Window(*before, *after)
