"""``tropism shift``: the change of each measure, or one question in every defensible way."""

from __future__ import annotations

import contextlib
import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tropism.cli.output import FILE, Names, csv_option, deliver, json_option

if TYPE_CHECKING:
    from collections.abc import Callable

    from tropism.assessment import Assessment
    from tropism.shifts.multiverse import Multiverse

log = logging.getLogger("tropism")


@click.command("shift")
@click.argument("state")
@click.option("--toward", required=True, metavar="STATE", help="The pole it may be moving toward.")
@click.option("--from", "away_from", required=True, metavar="STATE", help="The pole it may be leaving.")
@click.option(
    "--event", type=int, default=2014, show_default=True, metavar="YEAR", help="Since when it may be moving."
)
@click.option("--multiverse", "every", is_flag=True, help="In every defensible way, with one joint test.")
@click.option(
    "--placebos",
    type=Names(),
    metavar="SET,…",
    help="With --multiverse: who shows what is usual: all, near, size. [default: all,near]",
)
@click.option(
    "--codings",
    is_flag=True,
    help="With --multiverse: every vote set and coding of your stored UN votes; a minute the first time.",
)
@click.option("--refit", is_flag=True, help="With --codings: fit ideal points to each; many minutes.")
@click.option("--plot", "plot_file", type=FILE, help="The chart: .png, .svg, .html or .json.")
@csv_option("Write one row per measure, or per specification, to a file.")
@json_option("Everything as JSON: to FILE, or to stdout instead of the table.")
def shift(
    state: str,
    toward: str,
    away_from: str,
    event: int,
    every: bool,
    placebos: tuple[str, ...] | None,
    codings: bool,
    refit: bool,
    plot_file: Path | None,
    csv_file: Path | None,
    json_file: str | None,
) -> None:
    """Show how far STATE moved by each measure, with interval and rank among all other states."""
    from tropism.report.charts import drawer
    from tropism.report.terminal_multiverse import print_multiverse, print_shifts
    from tropism.tables.store import writing

    if not every and (placebos is not None or codings or refit):
        raise click.UsageError(
            "--placebos, --codings and --refit are choices of a multiverse: add --multiverse."
        )
    draw = None if plot_file is None else drawer(plot_file)

    def answer() -> Any:
        if every:
            return _multiverse((state, toward, away_from), event, placebos, codings or refit, refit)
        from tropism.assessment import assess

        return assess(state, toward=toward, away_from=away_from, event=event)

    show: Callable[[Any], None] = print_multiverse if every else print_shifts
    shown: list[Any] = []
    with contextlib.ExitStack() as files:
        picture = None if plot_file is None else files.enter_context(writing(plot_file))

        def drawn() -> Any:
            result = answer()
            if draw is not None and picture is not None:
                picture.write_bytes(draw(result.plot()))
            return result

        # Shown when the picture stands: a reader that goes away (head, less) takes no file along.
        deliver(drawn, shown.append, csv_file=csv_file, json_file=json_file)
    if plot_file is not None:
        log.info("wrote %s", plot_file)
    for result in shown:
        show(result)
        if not every:
            _whose_move(result)


def _whose_move(answer: Assessment) -> None:
    from tropism.errors import TropismError
    from tropism.report.terminal_shifts import print_moves
    from tropism.shifts import FittedVotes, decompose

    triad, votes = answer.triad, FittedVotes.embedded()
    click.echo()
    try:
        found = decompose(votes, triad, answer.window.resolve(int(votes.positions.years[-1])))
    except TropismError as reason:
        click.echo(f"Whose move it was cannot be told: {reason}")
        return
    print_moves(found, dict(zip((triad.state, *triad.poles), answer.names, strict=True)))


def _multiverse(
    names: tuple[str, str, str], event: int, placebos: tuple[str, ...] | None, codings: bool, refit: bool
) -> Multiverse:
    from tropism.dyads import Triad
    from tropism.shifts.multiverse import multiverse
    from tropism.states import find_state
    from tropism.tables import read_table

    triad = Triad(*(find_state(name).iso3 for name in names))
    options: dict[str, Any] = {"refit": refit} | ({} if placebos is None else {"placebos": placebos})
    if codings:
        options |= {name: read_table(f"un_{name}") for name in ("votes", "rollcalls")}
    return multiverse(triad, event, **options, progress=log.isEnabledFor(logging.INFO))
