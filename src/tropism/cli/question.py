"""What several commands ask alike: who, between whom, over which years, ranked among whom."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from tropism.cli.output import Names, Years

Command = Callable[..., Any]


def triad(command: Command) -> Command:
    """``STATE --toward STATE --from STATE``."""
    for add in (
        click.option(
            "--from", "away_from", required=True, metavar="STATE", help="The pole it may be leaving."
        ),
        click.option("--toward", required=True, metavar="STATE", help="The pole it may be moving toward."),
        click.argument("state"),
    ):
        command = add(command)
    return command


def windows(command: Command) -> Command:
    """``--event YEAR``, or ``--before`` and ``--after``."""
    for add in (
        click.option("--after", type=Years(), help="Years after; leave out the last for all there are."),
        click.option("--before", type=Years(), help="Years before, instead of those around the event."),
        click.option(
            "--event",
            "--since",
            type=int,
            metavar="YEAR",
            help="The ten years up to YEAR against everything from it on. [default: 2014]",
        ),
    ):
        command = add(command)
    return command


#: ``--placebos SET`` or ``DEU,FRA,…``: whom a state is ranked among; read by `placebos_of`.
placebo_option = click.option(
    "--placebos",
    type=Names(),
    default="all",
    show_default=True,
    metavar="SET",
    help="Rank among all, the 40 near, those of the same region, the 40 of nearest size or income, or the "
    "states named: DEU,FRA,….",
)


def placebos_of(names: tuple[str, ...]) -> Any:
    """A set that was named, or the codes of the states that were."""
    from tropism.shifts.alike import refuse_unknown
    from tropism.states import find_state

    if len(names) == 1:
        # No rank is among a single state.
        refuse_unknown(names[0])
        return names[0]
    return tuple(find_state(name).iso3 for name in names)
