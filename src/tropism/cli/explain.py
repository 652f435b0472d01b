"""``tropism explain`` and ``tropism backtest``: rival explanations, and how often they are right."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from tropism.cli.output import FILE, csv_option, deliver, json_option, plot_option, progress_line
from tropism.cli.question import triad

if TYPE_CHECKING:
    from tropism.backtesting import Backtest


@click.command("explain")
@triad
@click.option(
    "--event", type=int, default=2014, show_default=True, metavar="YEAR", help="Since when it may be moving."
)
@click.option(
    "--years-after", type=click.IntRange(1, 50), metavar="N", help="End N years after the event: as of then."
)
@csv_option("Write one row per piece of evidence and explanation to a file.")
@json_option("Everything as JSON: to FILE, or to stdout instead of the table.")
def explain(
    state: str,
    toward: str,
    away_from: str,
    event: int,
    years_after: int | None,
    csv_file: Path | None,
    json_file: str | None,
) -> None:
    """Weigh rival explanations of STATE's change: realignment or exit, hedging, nothing beyond drift."""
    from tropism import explain as weigh
    from tropism import gather_evidence
    from tropism.report.terminal_explanations import print_explanations

    deliver(
        lambda: weigh(
            *gather_evidence(state, toward=toward, away_from=away_from, event=event, years_after=years_after)
        ),
        print_explanations,
        csv_file=csv_file,
        json_file=json_file,
    )


@click.command("backtest")
@click.option(
    "--horizon",
    "horizons",
    type=click.IntRange(1, 5),
    multiple=True,
    metavar="N",
    help="Evidence ends N years after the event; may be repeated. [default: 1, 3 and 5]",
)
@click.option("--no-placebos", is_flag=True, help="Leave out the verdicts on all other states.")
@click.option("--no-leaders", is_flag=True, help="Leave out the verdicts set beside changes of leader.")
@plot_option("The reliability diagram: .png, .svg, .html or .json.")
@csv_option("Write one row per case, horizon and version to a file.")
@json_option("Everything as JSON: to FILE, or to stdout instead of the table.")
def backtest(
    horizons: tuple[int, ...],
    no_placebos: bool,
    no_leaders: bool,
    plot_file: Path | None,
    csv_file: Path | None,
    json_file: str | None,
) -> None:
    """Score the documented cases as if their outcome were not known: error rates of verdicts."""
    from tropism import backtest as score
    from tropism.explanations.cases import HORIZONS
    from tropism.report.terminal_explanations import print_backtest

    def answer() -> Backtest:
        with progress_line("backtest") as say:
            return score(
                horizons=horizons or HORIZONS,
                placebos=not no_placebos,
                leaders=not no_leaders,
                progress=say,
            )

    deliver(answer, print_backtest, csv_file=csv_file, json_file=json_file, plot_file=plot_file)


@click.group("ledger")
def ledger() -> None:
    """Verdicts written down before the outcome is known, and scored when it is."""


@ledger.command("write")
@click.argument("file", type=FILE)
@click.option("--as-of", type=int, required=True, metavar="YEAR", help="The last year of the evidence.")
def _write(file: Path, as_of: int) -> None:
    """Write verdicts on every state toward the main pairs of poles to FILE, with a hash."""
    from tropism.backtesting.ledger import write_ledger
    from tropism.tables.store import writing

    with writing(file) as scratch:
        with progress_line("ledger") as say:
            found = write_ledger(as_of, progress=say)
        scratch.write_text(found.to_json(), encoding="utf-8")
    click.echo(f"{len(found.rows)} verdicts as of {as_of}, SHA-256 {found.sha256}")


@ledger.command("score")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--until", type=int, metavar="YEAR", help="The last year of the later evidence.")
def _score(file: Path, until: int | None) -> None:
    """Set the verdicts in FILE against what later votes show."""
    from tropism.backtesting.ledger import Ledger, score_ledger
    from tropism.report.terminal import print_table

    print_table(score_ledger(Ledger.read(file), until=until).round(3))
