"""The scan of all states as a table on the terminal; fits 80 columns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from tropism.shifts import LEVEL, MIN_YEARS

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

    from tropism.shifts import Decomposition
    from tropism.shifts.scan import Scan

#: Names of states are cut after so many letters.
LONGEST = 20


def print_scan(scan: Scan, show: int = 10, console: Console | None = None) -> None:
    """Print what is ordinary, the states at either end with their false-discovery rates, and who is absent.

    Movers are bold, and all of them are printed; ``show`` states from either end besides.
    """
    console = console or Console(highlight=False, markup=False)
    toward, away = scan.names
    console.print(Text(f"Which states moved toward {toward} and away from {away}?", style="bold"))
    console.print(f"{scan.window}. {scan.label.capitalize()}, in {scan.measured_in}.\n")
    for sentence in _findings(scan):
        console.print(Padding(Text(sentence), (0, 2)))
    console.print()
    rows = scan.tidy()
    assessed = rows[rows["assessed"]]
    place = np.arange(len(assessed))
    above = (place < show) | (assessed["called"] > 0)
    below = ((place >= len(assessed) - show) | (assessed["called"] < 0)) & ~above
    table = _table(scan)
    table.add_row(Text(f"Toward {scan.toward}", style="underline"))
    for row in assessed[above].to_dict("records"):
        table.add_row(*_cells(scan, row), style="bold" if row["called"] else "")
    table.add_row(Text(f"Toward {scan.away_from}", style="underline"))
    for row in assessed[below].iloc[::-1].to_dict("records"):
        table.add_row(*_cells(scan, row), style="bold" if row["called"] else "")
    console.print(table)
    console.print()
    _print_rest(scan, rows[~rows["assessed"]], console)


def _findings(scan: Scan) -> list[str]:
    rows = scan.tidy()
    n, movers = int(rows["assessed"].sum()), scan.movers()
    up, down = int((movers["called"] > 0).sum()), int((movers["called"] < 0).sum())
    found = [
        f"The median of {n} states changed by {scan.field:+.2f}; beyond that, an ordinary state drifts by "
        f"{scan.null.spread:.2f} (standard deviation)."
    ]
    if not len(movers):
        return [*found, "No state moved beyond what is ordinary (false-discovery rate below 0.2)."]
    wrong = scan.false_share * len(movers)
    found.append(
        f"{_count(len(movers), 'state')} moved beyond that: {up} toward {scan.names[0]}, {down} toward "
        f"{scan.names[1]}. Of these, {wrong:.1f} are expected to be ordinary after all."
    )
    return found


def _table(scan: Scan) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim", pad_edge=False)
    table.add_column("state\n", no_wrap=True)
    own = "own move\n" if _wide(scan) else f"own move\n[{LEVEL:.0%} placebo test]"
    for name in ("change\n", own, "false\ndisc.", "per-\ncentile"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("by\nbloc", justify="right", no_wrap=True)
    if scan.settings["search"]:
        table.add_column("search\nyear, p", justify="right", no_wrap=True)
    if scan.settings["in_time"]:
        table.add_column("p in\ntime", justify="right", no_wrap=True)
    return table


def _wide(scan: Scan) -> bool:
    """Whether there are columns that leave no room for intervals in 80 columns."""
    return bool(scan.settings["search"] or scan.settings["in_time"])


def _cells(scan: Scan, row: Mapping[Any, Any]) -> list[str]:
    longest = LONGEST - 4 * _wide(scan)
    name = row["name"] if len(row["name"]) <= longest else row["name"][: longest - 1] + "…"
    own = f"{row['own']:+.2f}"
    if not _wide(scan):
        own += f" [{_signed(row['own_lower'])}, {_signed(row['own_upper'])}]"
    cells = [f"  {name}", f"{row['estimate']:+.2f}", own, _rate(row["fdr"])]
    cells += [_whole(row["percentile"]), _whole(row["bloc_percentile"])]
    if "search_year" in row:
        year, p = row["search_year"], row["search_p_value"]
        cells.append("–" if p != p else f"{int(year)}, {p:.2f}")
    if "time_p_value" in row:
        p = row["time_p_value"]
        cells.append("–" if p != p else f"{p:.2f}")
    return cells


def _print_rest(scan: Scan, absent: pd.DataFrame, console: Console) -> None:
    blocs, worth = scan.settings["blocs"], scan.settings["effective_number"]
    lines = [
        "Change: of the place between the poles. Own move: the change less the ordinary one, and the own "
        "moves that a rank among the placebos does not reject. False-discovery rate: probability that the "
        "state moved no more than is ordinary; movers (below 0.2) are bold. Percentile: of the studentised "
        "change, 50 is the middle.",
        f"By bloc: with one unit for each of {blocs} voting blocs before the event (any two members agreed "
        f"on {scan.settings['agreement']:.0%}). The states are worth about {worth:.0f} independent ones.",
    ]
    if len(absent):
        few = ", ".join(
            f"{row['name']} ({row['years_before']}, {row['years_after']})"
            for row in absent.to_dict("records")
        )
        lines.append(
            f"Not assessable, fewer than {MIN_YEARS} years of data on a side (years before, after): {few}."
        )
    for line in lines:
        console.print(Text(line, style="dim"))


def _count(n: int, what: str) -> str:
    return f"{n} {what}" if n == 1 else f"{n} {what}s"


def _signed(value: float) -> str:
    return "–" if value != value else f"{value:+.2f}"


def _rate(value: float) -> str:
    return "<0.001" if value < 0.001 else f"{value:.3f}"


def _whole(value: float) -> str:
    return "–" if value != value else f"{value:.0f}"


def print_moves(found: Decomposition, names: Mapping[str, str], console: Console | None = None) -> None:
    """Print whose move the change of expected agreement was: one line per mover, and their sum.

    ``names`` gives the triad's states as they are written in a sentence, by code.
    """
    console = console or Console(highlight=False, markup=False)
    state, toward, away = (names[code] for code in (found.triad.state, *found.triad.poles))
    said = {"own": f"{state} itself", "drift": "all other states", "agenda": "other roll calls"}
    said |= {"drift and agenda": "all other states, other roll calls", "change": "together"} | dict(names)
    console.print(Text("Whose move? UN votes, all roll calls", style="bold"))
    table = Table(box=None, pad_edge=False, header_style="", expand=False, padding=(0, 2, 0, 0))
    table.add_column("mover")
    table.add_column("agreement, in points", justify="right")
    table.add_column(f"[{100 * LEVEL:g} % interval]", justify="right")
    for row in found.summary().to_dict("records"):
        table.add_row(
            said[row["mover"]],
            f"{100 * row['estimate']:+.1f}",
            f"[{100 * row['lower']:+.1f}, {100 * row['upper']:+.1f}]",
            style="bold" if row["mover"] == "change" else "",
        )
    console.print(table)
    rank = found.of().own_rank
    place = (
        "" if rank is None else f" Its own part: percentile {rank.percentile:.0f} of {rank.n} other states."
    )
    console.print(
        f"What each mover adds to expected agreement with {toward} less that with {away}; the parts sum to "
        f"the change (Shapley). Only the first is {state}'s own move; the changes above hold everybody's."
        f"{place}",
        style="dim",
    )
