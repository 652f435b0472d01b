"""``tropism trade …``: gaps, dependence, mirrors, gravity, diversion."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from tropism.cli.output import FILE, Names, csv_option, deliver, json_option, plot_option, read_frame, talking

_PLOT = plot_option()
_CSV = csv_option("Write the long table to a file.")
_JSON = json_option("Everything as JSON: to FILE, or to stdout instead of the table.")


class _Several(click.Command):
    """A command whose option ``--on`` takes all the names that follow: ``--on RUS USA CHN``."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Repeat the option before each of its names."""
        spread: list[str] = []
        taking = False
        for word in args:
            if word.startswith("-"):
                taking = word == "--on"
                if not taking:
                    spread.append(word)
            else:
                spread += ["--on", word] if taking else [word]
        return super().parse_args(ctx, spread)


@click.group("trade")
def trade() -> None:
    """Trade: against gravity, dependence, mirrors, diversion."""


@trade.command("gap")
@click.argument("state")
@click.argument("partner", required=False)
@_PLOT
@_CSV
@_JSON
def _gap(state: str, partner: str | None, **files: Any) -> None:
    """Set trade of STATE with PARTNER, or with all, against what size and distance predict."""
    from tropism.report.terminal_trade import print_gap
    from tropism.trade.gap import trade_gap

    def answer() -> Any:
        return trade_gap(state, partner, sectors=partner is not None, progress=talking())

    deliver(answer, print_gap, **files)


@trade.command("depend", cls=_Several)
@click.argument("state")
@click.option("--on", type=Names(), multiple=True, required=True, metavar="STATE…", help="The partners.")
@click.option(
    "--year", type=int, metavar="YEAR", help="Energy and minerals of this year. [default: the last]"
)
@click.option("--since", type=int, metavar="YEAR", help="Also the change since this year.")
@_PLOT
@_CSV
@_JSON
def _depend(
    state: str,
    on: tuple[tuple[str, ...], ...],
    year: int | None,
    since: int | None,
    **files: Any,
) -> None:
    """Show how much STATE's trade rests on others, and theirs on it: shares, levels, substitutes."""
    from tropism.report.terminal_trade import print_dependence
    from tropism.trade.dependence import dependence

    partners = [name for names in on for name in names]
    deliver(
        lambda: dependence(state, partners, year=year, progress=talking()),
        lambda found: print_dependence(found, since),
        **files,
    )


@trade.command("mirror")
@click.argument("exporter")
@click.argument("importer")
@click.option(
    "--file",
    type=FILE,
    help="Your own reports or UN Comtrade's, .csv or .parquet; else the stored trade_reports.",
)
@_PLOT
@_CSV
@_JSON
def _mirror(exporter: str, importer: str, file: Path | None, **files: Any) -> None:
    """Set what EXPORTER reports selling beside what IMPORTER reports buying."""
    from tropism.errors import DataNotPresentError
    from tropism.report.terminal_trade import print_mirror
    from tropism.tables import load_table
    from tropism.trade.mirror import mirror
    from tropism.trade.reports import reports_from_comtrade

    def answer() -> Any:
        if file is None:
            try:
                return mirror(load_table("trade_reports"), exporter, importer)
            except DataNotPresentError as absent:
                raise DataNotPresentError(
                    f"{absent} UN Comtrade (https://comtradeplus.un.org) has such reports: fetch annual "
                    "imports and exports of both states, and give the file with --file."
                ) from None
        reports = read_frame(file)
        if "reporterCode" in reports:
            reports = reports_from_comtrade(reports)
        return mirror(reports, exporter, importer)

    deliver(answer, print_mirror, **files)


@trade.command("gravity")
@click.argument("file", type=FILE)
@click.option("--costs", type=Names(), required=True, metavar="COLUMN,…", help="Columns of trade costs.")
@click.option("--value", default="trade_usd", show_default=True, metavar="COLUMN", help="Column of the flow.")
@click.option(
    "--effects",
    type=Names(),
    default="exporter-year,importer-year",
    show_default=True,
    metavar="NAME,…",
    help="Fixed effects; add pair for what never changes within a pair.",
)
@click.option(
    "--cluster", default="pair", show_default=True, metavar="NAME", help="Errors correlated within."
)
@click.option("--estimator", type=click.Choice(["ppml", "ols"]), default="ppml", show_default=True)
@click.option("--unbalanced", is_flag=True, help="Take a panel in which trade is lacking.")
@_PLOT
@_CSV
@_JSON
def _gravity(
    file: Path,
    costs: tuple[str, ...],
    value: str,
    effects: tuple[str, ...],
    cluster: str,
    estimator: Any,
    unbalanced: bool,
    **files: Any,
) -> None:
    """Estimate what trade costs do to trade from FILE: exporter, importer, year, flow, costs."""
    from tropism.report.terminal_trade import print_gravity
    from tropism.trade.gravity import estimate_gravity

    deliver(
        lambda: estimate_gravity(
            read_frame(file),
            list(costs),
            value=value,
            fixed_effects=effects,
            cluster=cluster,
            estimator=estimator,
            unbalanced=unbalanced,
            progress=talking(),
        ),
        print_gravity,
        **files,
    )


@trade.command("diversion")
@click.argument("state")
@click.option("--from", "seller", required=True, metavar="STATE", help="The state under sanctions.")
@click.option("--before", type=int, default=2021, show_default=True, metavar="YEAR")
@click.option("--after", type=int, default=2023, show_default=True, metavar="YEAR")
@click.option(
    "--unit", type=click.Choice(["log_ratio", "share_points"]), default="log_ratio", show_default=True
)
@click.option("--draws", type=click.IntRange(min=2), default=1000, show_default=True)
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True)
@_PLOT
@_CSV
@_JSON
def _diversion(
    state: str,
    seller: str,
    csv_file: Path | None,
    json_file: str | None,
    plot_file: Path | None,
    **options: Any,
) -> None:
    """How much of what STATE buys more from a state under sanctions came with no change of policy?"""
    from tropism.report.terminal_trade import print_diversion
    from tropism.trade.diversion import diversion

    deliver(
        lambda: diversion(state, seller, **options),
        print_diversion,
        csv_file=csv_file,
        json_file=json_file,
        plot_file=plot_file,
    )
