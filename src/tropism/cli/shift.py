"""``tropism shift``: the change of each measure, or one question in every defensible way."""

from __future__ import annotations

import contextlib
import json
import os
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tropism.cli.output import Names, csv_option, deliver, json_option, plot_option, talking
from tropism.cli.question import placebos_of, triad

if TYPE_CHECKING:
    from collections.abc import Callable

    import altair as alt
    import pandas as pd

    from tropism.assessment import Assessment
    from tropism.shifts import Decomposition
    from tropism.shifts.multiverse import Multiverse


@click.command("shift")
@triad
@click.option(
    "--event", type=int, default=2014, show_default=True, metavar="YEAR", help="Since when it may be moving."
)
@click.option("--multiverse", "every", is_flag=True, help="In every defensible way, with one joint test.")
@click.option(
    "--placebos",
    type=Names(),
    metavar="SET,…",
    help="Who shows what is usual: all, near, region, size, income, or the states named. With --multiverse "
    "several sets. [default: all; with --multiverse all,near,region]",
)
@click.option(
    "--codings",
    is_flag=True,
    help="With --multiverse: every vote set and coding of your stored UN votes; a minute the first time.",
)
@click.option(
    "--refit",
    is_flag=True,
    help="With --codings: fit ideal points to each with every link and smoothing; minutes the first time.",
)
@plot_option()
@csv_option("Write one row per measure and mover, or per specification, to a file.")
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
    """Show how far STATE moved by each measure, with interval and rank among other states."""
    from tropism.report.terminal_multiverse import print_multiverse

    if not every and (codings or refit):
        raise click.UsageError("--codings and --refit are choices of a multiverse: add --multiverse.")

    def answer() -> Any:
        if every:
            return _multiverse((state, toward, away_from), event, placebos, codings or refit, refit)
        return _Shifted.of(state, toward, away_from, event, placebos_of(placebos or ("all",)))

    show: Callable[[Any], None] = print_multiverse if every else _Shifted.show
    deliver(answer, show, csv_file=csv_file, json_file=json_file, plot_file=plot_file)


@dataclass(frozen=True)
class _Shifted:
    """The change of every measure, and whose move the change on votes was: or why that cannot be told."""

    answer: Assessment
    moves: Decomposition | None
    reason: str = ""

    @classmethod
    def of(cls, state: str, toward: str, away_from: str, event: int, placebos: Any) -> _Shifted:
        """Measure both."""
        from tropism.assessment import assess
        from tropism.errors import TropismError
        from tropism.shifts import FittedVotes, decompose

        answer = assess(state, toward=toward, away_from=away_from, event=event, placebos=placebos)
        votes = FittedVotes.embedded()
        window = answer.window.resolve(int(votes.positions.years[-1]))
        try:
            return cls(answer, decompose(votes, answer.triad, window))
        except TropismError as reason:
            return cls(answer, None, str(reason))

    def show(self) -> None:
        """Print both."""
        from rich.console import Console

        from tropism.report.terminal_multiverse import print_shifts
        from tropism.report.terminal_shifts import print_moves

        print_shifts(self.answer)
        click.echo()
        if self.moves is None:
            said = f"Whose move it was cannot be told: {self.reason}"
            Console(highlight=False, markup=False).print(said)
            return
        triad = self.answer.triad
        print_moves(self.moves, dict(zip((triad.state, *triad.poles), self.answer.names, strict=True)))

    def tidy(self) -> pd.DataFrame:
        """One row per measure, then one per mover of the change on votes: column ``mover``."""
        import pandas as pd

        table = self.answer.tidy()
        if self.moves is None:
            return table.assign(mover=None)
        moved = self.moves.summary().rename(columns={"estimate": "change"}).drop(columns="level")
        known = {"dimension": "whose_move", "block": "votes", "signal": "cheap"}
        moved = moved.assign(**known, measured_in="share of roll calls")
        return pd.concat([table, moved], ignore_index=True)

    def to_json(self) -> str:
        """The answer as `tropism assess` gives it, and ``whose_move``."""
        moves = None if self.moves is None else json.loads(self.moves.to_json())
        whole = self.answer.to_dict() | {"whose_move": moves, "whose_move_untold": self.reason}
        return json.dumps(whole, ensure_ascii=False, indent=1, default=str, allow_nan=False)

    def plot(self) -> alt.VConcatChart:
        """The chart of the measures."""
        return self.answer.plot()


def _multiverse(
    names: tuple[str, str, str], event: int, placebos: tuple[str, ...] | None, codings: bool, refit: bool
) -> Multiverse:
    from tropism.assessment import evidence_panels
    from tropism.dyads import Triad
    from tropism.shifts.multiverse import multiverse
    from tropism.shifts.multiverse.run import TABLES
    from tropism.states import find_state
    from tropism.tables import read_table

    triad = Triad(*(find_state(name).iso3 for name in names))
    options: dict[str, Any] = {"refit": refit} | ({} if placebos is None else {"placebos": placebos})
    if codings:
        options |= {name: read_table(f"un_{name}") for name in ("votes", "rollcalls")}
    options["lines"] = evidence_panels(toward=triad.toward, away_from=triad.away_from, without=TABLES)
    with contextlib.ExitStack() as stack:
        if refit:
            # Fits take minutes, so that starting other processes pays; for the rest it does not.
            local = ProcessPoolExecutor(os.cpu_count(), mp_context=get_context("spawn"))
            options["executor"] = stack.enter_context(local)
        return multiverse(triad, event, **options, progress=talking())
