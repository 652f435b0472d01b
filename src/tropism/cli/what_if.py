"""``tropism what-if …``: agreements, sanctions, an end of purchases."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from tropism.cli.output import (
    FILE,
    Names,
    Range,
    csv_option,
    deliver,
    json_option,
    plot_option,
    read_frame,
    talking,
)

log = logging.getLogger("tropism")


class _Effect(click.ParamType):
    """The name of an estimate, or ``0.5:0.1``, an estimate and its standard error in log points."""

    name = "NAME"

    def convert(self, value: Any, param: Any, ctx: Any) -> str | tuple[float, float]:
        """Read the text."""
        try:
            estimate, std_error = map(float, value.split(":"))
        except ValueError:
            return str(value)
        return estimate, std_error


def _effect_option(default: str) -> Callable[..., Any]:
    return click.option(
        "--effect",
        type=_Effect(),
        default=default,
        show_default=True,
        metavar="NAME|B:SE",
        help="An estimate of `what-if effects`, or your own with its standard error, in log points.",
    )


@click.group("what-if")
def what_if() -> None:
    """What if trade costs changed: agreements, sanctions, an end of purchases."""


#: What every scenario takes. Defaults are those of the verbs.
_OPTIONS = (
    click.option(
        "--sigma",
        type=Range(),
        metavar="S[:S]",
        help="Elasticity of substitution, or a range. [default: published]",
    ),
    click.option(
        "--draws", type=click.IntRange(min=1), default=1000, show_default=True, help="1 for estimates alone."
    ),
    click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Of the draws."),
    plot_option(),
    csv_option("Write all changes to a file."),
    json_option("Everything as JSON: to FILE, or to stdout instead of the tables."),
)


def _options(command: Callable[..., None]) -> Callable[..., None]:
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


@what_if.command("agreement")
@click.argument("one", metavar="STATE")
@click.argument("other", metavar="STATE")
@_effect_option("own")
@_options
def _agreement(one: str, other: str, **options: Any) -> None:
    """What would a trade agreement of two STATEs (or organisations, as EAEU) do?"""
    from tropism.trade.what_if import what_if_agreement

    _deliver(what_if_agreement, one, other, **options)


@what_if.command("sanctions")
@click.option("--on", required=True, metavar="STATE", help="The target.")
@click.option(
    "--by", type=Names(), required=True, metavar="NAME,…", help="States and organisations that join."
)
@click.option(
    "--except",
    "exempt",
    type=Names(),
    default=(),
    metavar="STATE,…",
    help="States that do not join; shown one by one.",
)
@click.option(
    "--observance",
    type=click.FloatRange(0, 1, min_open=True),
    default=1.0,
    show_default=True,
    help="Share of the trade that keeps to them.",
)
@_effect_option("ohchr_record_4655_from_russia")
@_options
def _sanctions(on: str, by: tuple[str, ...], **options: Any) -> None:
    """What would sanctions by a coalition do to target, coalition and the rest?"""
    from tropism.trade.what_if import what_if_sanctions

    _deliver(what_if_sanctions, on, by, **options)


@what_if.command("halt")
@click.argument("seller")
@click.option("--by", "buyers", type=Names(), required=True, metavar="NAME,…", help="Who stops buying.")
@_options
def _halt(seller: str, buyers: tuple[str, ...], **options: Any) -> None:
    """What would SELLER lose if some stopped buying from it?"""
    from tropism.trade.what_if import what_if_halt

    _deliver(what_if_halt, seller, buyers, **options)


@what_if.command("shock")
@click.argument("file", type=FILE)
@click.option("--sigma", type=float, required=True, help="Elasticity of substitution.")
@click.option(
    "--deficits",
    type=click.Choice(["fixed_ratio", "balanced"]),
    default="fixed_ratio",
    show_default=True,
    help="What files hold; real income is shown under both.",
)
@plot_option()
@csv_option("Write all changes to a file.")
@json_option("Everything as JSON: to FILE, or to stdout instead of the table.")
def _shock(file: Path, sigma: float, deficits: str, **files: Any) -> None:
    """What do the cost factors in FILE do: exporter, importer, cost_factor (new over old t^(1-sigma))?"""
    from tropism.report.terminal_trade import print_counterfactual
    from tropism.trade.equilibrium import solve_counterfactual
    from tropism.trade.flows import icio_matrix
    from tropism.trade.what_if import DEFICITS

    (beside,) = (each for each in DEFICITS if each != deficits)
    solved: dict[str, Any] = {}

    def answer() -> Any:
        world, shock = icio_matrix(), read_frame(file)
        for each in DEFICITS:
            solved[each] = solve_counterfactual(world, shock, sigma=sigma, deficits=each, progress=talking())
        return solved[deficits]

    deliver(
        answer,
        lambda found: print_counterfactual(found, solved[beside]),
        **files,
        rows="changes",
    )


@what_if.command("effects")
@csv_option("Write the table, sources included, to a file.")
def _effects(csv_file: Path | None) -> None:
    """List the estimates to choose from, with what each is about."""
    from tropism.report.terminal_trade import print_effects
    from tropism.tables.store import writing
    from tropism.trade.effects import list_effects

    table = list_effects()
    if csv_file is None:
        print_effects(table)
        return
    with writing(csv_file) as scratch:
        table.to_csv(scratch, index=False, encoding="utf-8")
    log.info("wrote %d estimates to %s", len(table), csv_file)


def _deliver(
    ask: Callable[..., Any],
    *about: Any,
    csv_file: Path | None,
    json_file: str | None,
    plot_file: Path | None,
    **options: Any,
) -> None:
    from tropism.report.terminal_trade import print_what_if

    log.info("solving; the first time on a machine, compiling takes some ten seconds")
    deliver(
        lambda: ask(*about, **options, progress=talking()),
        print_what_if,
        csv_file=csv_file,
        json_file=json_file,
        plot_file=plot_file,
        rows="changes",
    )
