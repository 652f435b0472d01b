"""``tropism votes …``."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tropism.cli.output import FILE, csv_option, deliver, json_option

if TYPE_CHECKING:
    from collections.abc import Callable

    from tropism.votes import IdealPoints

log = logging.getLogger("tropism")


@click.group("votes")
def votes() -> None:
    """Votes of the UN General Assembly, or of your own."""


@votes.command("similarity")
@click.argument("state")
@click.argument("other")
def _similarity(state: str, other: str) -> None:
    """Show how alike two states vote, session by session."""
    from tropism.report.terminal import print_table
    from tropism.votes import vote_similarity

    result = vote_similarity(state, other)
    print_table(result.tidy())
    for note in result.notes:
        log.info(note)


class _OneOf(click.Choice):
    """The values of a ``Literal`` of `estimate_ideal_points`.

    They are read when asked for, so that other commands do not wait for the import.
    """

    def __init__(self, literal: str) -> None:
        self.literal = literal
        self.case_sensitive = True

    @property
    def choices(self) -> tuple[str, ...]:  # type: ignore[override]
        """What may be given."""
        from typing import get_args

        from tropism.votes.ideal_points import estimate

        return get_args(getattr(estimate, self.literal))


#: What a fit is made from, for every command that makes one. Defaults are those of the verb.
_FIT_OPTIONS = (
    click.option("--file", type=FILE, help="Your own votes, .csv or .parquet; else the stored UN votes."),
    click.option("--rollcalls", type=FILE, help="Roll calls with issues, dates, weights; only these count."),
    click.option(
        "--set",
        "vote_set",
        metavar="NAME[+NAME]",
        help="Only the roll calls of a set; see `tropism votes sets`.",
    ),
    click.option(
        "--poles", nargs=2, metavar="A B", help="Only roll calls on which A and B voted differently."
    ),
    click.option("--since", type=int, metavar="YEAR", help="Only roll calls of YEAR and later."),
    click.option("--bridges", type=FILE, help="Pairs of repeated roll calls: columns earlier, later."),
    click.option("--reference", type=FILE, help="Units and sessions over which the scale is set."),
    click.option(
        "--absences",
        type=_OneOf("Absences"),
        default="missing",
        show_default=True,
        help="What it is not to vote in a session in which one voted.",
    ),
    click.option(
        "--duplicates",
        type=_OneOf("Duplicates"),
        default="count",
        show_default=True,
        help="What becomes of roll calls whose votes hardly differ.",
    ),
    click.option(
        "--link",
        type=_OneOf("Link"),
        default="probit",
        show_default=True,
        help="How errors of a vote are distributed.",
    ),
    click.option(
        "--dynamics",
        type=_OneOf("Dynamics"),
        default="walk",
        show_default=True,
        help="How a position moves from one session to the next.",
    ),
    click.option("--as-of", type=int, metavar="SESSION", help="As if the fit were made after this session."),
    click.option(
        "--method", type=_OneOf("Method"), default="fast", show_default=True, help="How draws are made."
    ),
    click.option(
        "--anchor", metavar="UNIT", help="Its average position is positive. [default: USA if there]"
    ),
    click.option(
        "--draws",
        type=click.IntRange(min=0),
        default=1000,
        show_default=True,
        help="Joint draws behind intervals; 0 for positions alone.",
    ),
    click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Of the draws."),
)


def _fit_options(command: Callable[..., None]) -> Callable[..., None]:
    for option in reversed(_FIT_OPTIONS):
        command = option(command)
    return command


def _gather(options: dict[str, Any]) -> dict[str, Any]:
    """Options of a fit as arguments of `estimate_ideal_points`: files and sets become tables."""
    from tropism.votes.inputs import gather

    names = ("file", "rollcalls", "bridges", "reference", "vote_set", "poles", "since")
    tables = gather(**{name: options.pop(name) for name in names})
    return tables | options


def _estimate(arguments: dict[str, Any]) -> IdealPoints:
    import warnings

    from tropism.votes import estimate_ideal_points
    from tropism.votes.ideal_points import NotConvergedWarning

    with warnings.catch_warnings():
        # It stands among the notes too.
        warnings.simplefilter("ignore", NotConvergedWarning)
        fit = estimate_ideal_points(**arguments, progress=log.isEnabledFor(logging.INFO))
    for note in fit.notes:
        log.info(note)
    return fit


@votes.command("fit")
@_fit_options
@csv_option("Write all positions to a file.")
@json_option("Positions, settings and sources as JSON: to FILE, or to stdout instead of the table.")
def _fit(csv_file: Path | None, json_file: str | None, **options: Any) -> None:
    """Estimate ideal points: where each state stands, session by session, with intervals."""
    deliver(
        lambda: _estimate(_gather(options)),
        _show_fit,
        csv_file=csv_file,
        json_file=json_file,
        rows="positions",
    )


def _show_fit(fit: IdealPoints) -> None:
    from tropism.report.terminal import print_table

    brief = {"first_year": "from", "last_year": "to"}
    print_table(fit.summary().drop(columns="level", errors="ignore").rename(columns=brief))


@votes.command("plot")
@click.argument("units", metavar="[UNIT]...", nargs=-1)
@_fit_options
@click.option("--out", type=FILE, required=True, help="The chart: .png, .svg, .html or .json.")
def _plot(units: tuple[str, ...], out: Path, **options: Any) -> None:
    """Draw the paths of up to six UNITs' ideal points; without any, of those that moved most."""
    from tropism.report.charts import drawer
    from tropism.tables.store import writing
    from tropism.votes.ideal_points.chart import COLOURS
    from tropism.votes.inputs import find_units

    if len(units) > len(COLOURS):
        raise click.UsageError(f"{len(units)} units; more than {len(COLOURS)} lines cannot be told apart.")
    draw = drawer(out)
    stored = options["file"] is None
    arguments = _gather(options)
    chosen = find_units(arguments["votes"], units, states=stored)
    with writing(out) as scratch:
        scratch.write_bytes(draw(_estimate(arguments).plot(chosen or None)))
    log.info("wrote %s", out)


@votes.command("sets")
def _sets() -> None:
    """List the vote sets: what belongs to each, and where the UN record can tell."""
    from tropism.report.terminal import print_vote_sets
    from tropism.votes import list_vote_sets

    print_vote_sets(list_vote_sets())
