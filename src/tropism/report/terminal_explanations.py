"""Rival explanations and the backtest as tables on the terminal; fits 80 columns."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from tropism.explanations.result import PRIORS
from tropism.explanations.signatures import CLASS_NAMES, CLASSES
from tropism.report.explanation_words import backtest_sentences, explanation_sentences, weights_in_words
from tropism.states import find_state

if TYPE_CHECKING:
    from tropism.backtesting import Backtest
    from tropism.explanations import Explanations


def print_explanations(found: Explanations, console: Console | None = None) -> None:
    """Print the verdict with its error rate, the evidence matrix, and what would change it."""
    console = console or Console(highlight=False, markup=False)
    a, b, c = (find_state(code).in_text for code in (found.triad.state, *found.triad.poles))
    console.print(Text(f"What explains {a} between {b} and {c}?", style="bold"))
    console.print(f"{found.window}\n")
    print_weights(found, console)
    console.print()
    console.print(Text("How well each signature fits (probability of its signs)", style="dim"))
    console.print(_signatures(found))
    console.print()
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim", pad_edge=False)
    table.add_column("prior of a shift")
    for prior in PRIORS:
        table.add_column(f"{prior:.0%}", justify="right")
    for of_class in CLASSES:
        table.add_row(CLASS_NAMES[of_class], *(f"{found.posterior(prior)[of_class]:.0%}" for prior in PRIORS))
    console.print(table)
    if found.not_scored:
        console.print()
        console.print(Text("Not scored", style="dim"))
        for block, reason in found.not_scored.items():
            console.print(Padding(Text(f"{block}: {reason}"), (0, 2)))
        console.print(Text("`tropism data list` tells how data come here.", style="dim"))


def print_weights(found: Explanations, console: Console) -> None:
    """Print the verdict in sentences, and the weight of every piece of evidence for it."""
    for sentence in explanation_sentences(found):
        console.print(Padding(Text(sentence), (0, 2)))
    console.print()
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim", pad_edge=False)
    table.add_column("weight of evidence against nothing (log10)")
    table.add_column("realignment\nor exit", justify="right")
    table.add_column("hedging,\ntolerated …", justify="right")
    table.add_column("learned\nfrom", justify="right")
    for row in weights_in_words(found):
        table.add_row(row.evidence, *row.weights, row.cases, style="bold" if row.evidence == "total" else "")
    table.caption = (
        "b, c: change toward either pole beside other states', in ordinary changes. * few cases: elicited."
    )
    table.caption_style = "dim"
    table.caption_justify = "left"
    console.print(table)


def _signatures(found: Explanations) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim", pad_edge=False)
    table.add_column("explanation")
    matrix = found.matrix()
    for block in matrix.columns:
        table.add_column(block, justify="right")
    for name, row in matrix.iterrows():
        table.add_row(str(name), *(f"{value:.2f}" for value in row))
    return table


def print_backtest(found: Backtest, console: Console | None = None) -> None:
    """Print rates with exact intervals, scores beside naive rules, and the misses."""
    console = console or Console(highlight=False, markup=False)
    console.print(Text("How often are verdicts right?", style="bold"))
    for sentence in backtest_sentences(found):
        console.print(Padding(Text(sentence), (0, 2)))
    for horizon in sorted(found.tempers):
        console.print()
        console.print(Text(f"Evidence up to {horizon} years after the event", style="underline"))
        table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim", pad_edge=False)
        for name in ("", "n of m", "90% interval", "forward only"):
            table.add_column(name, justify="left" if not name else "right")
        forward = found.rates(horizon, "forward").set_index("what")
        for row in found.rates(horizon).to_dict("records"):
            other = forward.loc[row["what"]] if row["what"] in forward.index else None
            table.add_row(
                row["what"],
                f"{row['n']} of {row['of']}",
                f"{row['lower']:.0%} to {row['upper']:.0%}",
                "" if other is None else f"{other['n']} of {other['of']}",
            )
        console.print(table)
        console.print()
        table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim", pad_edge=False)
        table.add_column("score, averaged by class")
        for name in ("Brier", "less ours", "log score", "less ours"):
            table.add_column(name, justify="right")
        for row in found.scores(horizon).to_dict("records"):
            cells = []
            for name in ("brier", "log"):
                less, low, high = (row[f"{name}_{end}"] for end in ("less_ours", "lower", "upper"))
                cells += [
                    f"{row[name]:.3f}",
                    "" if row["rule"] == "ours" else f"{less:+.2f} [{low:+.2f}, {high:+.2f}]",
                ]
            table.add_row(row["rule"], *cells)
        console.print(table)
    if found.leaders:
        console.print()
        console.print(Text("All states, five years after each year from 1956 to 2010", style="underline"))
        table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim", pad_edge=False)
        for name in ("verdict", "n of m", "share", "90% interval"):
            table.add_column(name, justify="left" if name == "verdict" else "right")
        for each in found.leaders:
            table.add_row(
                each.what,
                f"{each.n} of {each.of}",
                f"{each.n / each.of:.1%}",
                f"{each.lower:.1%} to {each.upper:.1%}",
            )
        console.print(table)
