"""Shifts and multiverses on the terminal; all fit 80 columns, and one screen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from tropism.report.words import NOTHING, bloc_percentile, change_in_words, percentile, window_in_words
from tropism.shifts.alike import called

if TYPE_CHECKING:
    from tropism.assessment import Assessment
    from tropism.shifts.multiverse import Multiverse


def print_shifts(answer: Assessment, console: Console | None = None) -> None:
    """Print one line per measure: change of the gap, interval, rank among all other states."""
    console = console or Console(highlight=False)
    _, b, c = answer.names
    console.print(Text(answer.question, style="bold"))
    console.print(f"{window_in_words(answer.window)}.\n")
    table = _table()
    table.add_column("measure\n", ratio=1)
    table.add_column("change of gap\n[90 % interval]", justify="right")
    table.add_column("per-\ncentile", justify="right")
    table.add_column("by\nbloc", justify="right")
    table.add_column("other\nstates", justify="right")
    for row in answer.rows:
        rank = None if row.shift is None else row.shift.rank
        table.add_row(
            row.title,
            change_in_words(row),
            percentile(row),
            bloc_percentile(row) or NOTHING,
            NOTHING if rank is None else str(rank.n),
            style="bold" if row.unusual else "",
        )
    console.print(table)
    console.print()
    console.print(
        f"Gap: closeness to {b} minus closeness to {c}, each measure in its own sense: similarity and taking "
        "sides count votes, ideal points are distances on a line, and states can come nearer on it while "
        f"they agree less. Percentile: of this change among {called(answer.placebos)}; 50 is the middle; "
        "bold: unusual. By bloc: with one unit for each bloc that voted as one. `tropism assess` says what "
        "each rests on, `--multiverse` how much hangs on choices.",
        style="dim",
    )


def print_multiverse(found: Multiverse, console: Console | None = None) -> None:
    """Print what it says, shares by question with joint tests, and which choices drive disagreement."""
    console = console or Console(highlight=False)
    a, b, c = found.names
    rows = found.summary()
    title = f"{a} between {b} and {c}, {found.event}, in {len(found.specifications)} specifications"
    console.print(Text(title, style="bold"))
    for sentence in found.reading():
        console.print(Padding(Text(sentence), (0, 0, 0, 2)))
    console.print()
    table = _table()
    table.add_column("question\n", ratio=1)
    for heading in (
        "counted\nof all",
        f"unusual:\n{_short(b)}",
        f"\n{_short(c)}",
        "middle\nmove",
        "rank\nof",
        "p\n",
    ):
        table.add_column(heading, justify="right")
    for row in rows.to_dict("records"):
        tested = row["move"] == row["move"]
        table.add_row(
            row["question"],
            f"{row['counted']}/{row['specifications']}",
            _share(row["toward"]),
            _share(row["away"]),
            f"{row['move']:+.2f}" if tested else NOTHING,
            f"{row['rank']}/{row['n'] + 1}" if tested else NOTHING,
            f"{row['p_value']:.2f}" if tested else NOTHING,
            style="bold" if tested and row["p_value"] <= 0.1 else "",
        )
    console.print(table)
    console.print()
    console.print(
        f"Move: change toward {b}, less the field's median, in spreads of the field. Unusual: among the 20th "
        "of states that moved most that way; a share of specifications is no probability. Rank and p: the "
        "state's median move over counted specifications among every other state's; 1 is furthest toward "
        f"{b}. Not counted: the measure does not separate the poles, or too few years or states.",
        style="dim",
    )


def _table() -> Table:
    return Table(box=None, padding=(0, 2, 0, 0), header_style="dim", pad_edge=False)


def _short(name: str) -> str:
    """A name that fits a narrow column."""
    plain = name.removeprefix("the ")
    return plain if len(plain) <= 13 else f"{plain[:12]}."


def _share(share: float) -> str:
    return f"{share:.0%}" if share == share else NOTHING
