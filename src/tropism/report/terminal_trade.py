"""Answers about trade as tables on the terminal; all fit 80 columns."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from tropism.trade.amounts import amount, share

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import pandas as pd

    from tropism.trade.dependence import Dependence
    from tropism.trade.diversion import Diversion
    from tropism.trade.equilibrium import Counterfactual
    from tropism.trade.gap import TradeGap
    from tropism.trade.gravity import GravityFit
    from tropism.trade.mirror import Mirror
    from tropism.trade.what_if import WhatIf

#: A change too small to show.
NOTHING = "≈0"

#: Assumptions on deficits in words, the leading one first.
DEFICITS = {"fixed_ratio": "deficits in proportion", "balanced": "no deficits"}


def print_gap(gap: TradeGap, console: Console | None = None) -> None:
    """Print actual against predicted trade: with one partner by sector, else the most unusual partners."""
    console = console or _console()
    rows = gap.summary()
    year, level = int(rows["year"].iloc[0]), gap.settings["level"]
    whom = "its partners" if gap.partner is None else gap.partner
    console.print(Text(f"Trade of {gap.state} with {whom} against gravity, {year}", style="bold"))
    unit = gap.settings["value"].removeprefix("flow_").replace("_", " ").replace("usd", "USD")
    console.print(f"Actual and predicted in {unit}.")
    over_all = rows[rows["sector"] == "all"]
    if gap.partner is not None:
        for row in over_all.to_dict("records"):
            console.print(Padding(Text(f"{row['side'].capitalize()}: {row['reading']}."), (0, 2)))
    console.print()
    first = "sector" if gap.partner is not None else "partner"
    table = _table(f"{first}\n", "actual\n", "predicted\n", f"{level:.0%} of pairs\nof like size", "rank\n")
    for side, part in rows.groupby("side", sort=False):
        table.add_row(Text(str(side), style="underline"))
        for row in part.to_dict("records"):
            table.add_row(
                f"  {row[first]}",
                amount(row["actual"]),
                amount(row["predicted"]),
                f"{amount(row['lower'])} to {amount(row['upper'])}",
                f"{row['rank']:.0f} of {row['partners']}",
                style="" if row["lower"] <= row["actual"] <= row["upper"] else "bold",
            )
    console.print(table)
    _print_notes((*gap.notes, "Bold: outside what pairs of like predicted size trade."), console)


def print_dependence(found: Dependence, since: int | None = None, console: Console | None = None) -> None:
    """Print each flow with its share on either side, what comes by third countries, and the change."""
    console = console or _console()
    changes = None if since is None else found.change(since, found.settings["year"])
    console.print(Text(f"Trade of {found.state} with {', '.join(found.on)}, both ways", style="bold"))
    console.print()
    summary = found.summary().set_index(["state", "partner", "goods", "side"])
    table = _table(
        "flow\n",
        "million\nUSD",
        "share of\nbuyer's imports",
        "share of\nseller's exports",
        "hard to\nreplace",
    )
    for partner in found.on:
        for seller, buyer in ((partner, found.state), (found.state, partner)):
            table.add_row(Text(f"{buyer} buys from {seller}", style="underline"))
            for goods in summary.index.get_level_values("goods").unique():
                bought, sold = (buyer, seller, goods, "imports"), (seller, buyer, goods, "exports")
                if bought not in summary.index or sold not in summary.index:
                    continue
                one, other = summary.loc[[bought]].iloc[0], summary.loc[[sold]].iloc[0]
                table.add_row(
                    f"  {goods} {one['year']:.0f}",
                    amount(one["level_million_usd"]),
                    _ranked(one),
                    _ranked(other),
                    share(one["hard_to_replace"]),
                )
    console.print(table)
    console.print()
    for row in found.exposure[found.exposure["state"] == found.state].to_dict("records"):
        part = row["by_third_million_usd"] / row["imported_million_usd"]
        console.print(
            f"By third countries: {amount(row['by_third_million_usd'])} million USD of {row['partner']}'s "
            f"value in inputs that {found.state} buys elsewhere ({share(part)} of all it imports)."
        )
    if changes is not None:
        console.print()
        _print_change(changes[changes["state"] == found.state], console)
    hard = found.settings["hard_to_replace_above"]
    _print_notes(
        (
            f"Rank among partners in brackets. Hard to replace: part of the flow in products of which others "
            f"would have to sell over {hard:.0%} more.",
            *found.notes,
        ),
        console,
    )


def _print_change(changes: pd.DataFrame, console: Console) -> None:
    levels = [column for column in map(str, changes) if column.startswith("level_million_usd_")]
    years = [column.removeprefix("level_million_usd_") for column in levels]
    table = _table("energy and minerals\n", *(f"{year}\nmillion USD" for year in years), "change\n")
    for row in changes[changes["item"] == "all"].to_dict("records"):
        verb = "buys from" if row["side"] == "imports" else "sells to"
        grown = row["growth"]
        change = "–" if grown != grown else f"{grown:+.0%}"
        table.add_row(
            f"{row['state']} {verb} {row['partner']}",
            *(amount(row[column]) for column in levels),
            "small base" if row["small_base"] else change,
        )
    console.print(table)


def print_mirror(found: Mirror, console: Console | None = None) -> None:
    """Print both reports of one flow side by side, year by year, with the strongest suspect."""
    console = console or _console()
    title = f"Trade from {found.exporter} to {found.importer}, million USD, as either reports it"
    console.print(Text(title, style="bold"))
    console.print()
    table = _table(
        "year\n",
        f"{found.exporter}\nsells",
        f"{found.importer}\nbuys",
        "ratio\n",
        "reading\n",
        "suspect\n",
        text=(4, 5),
    )
    for row in found.summary().to_dict("records"):
        ratio = row["ratio"]
        table.add_row(
            str(row["year"]),
            amount(row["by_exporter_million_usd"]),
            amount(row["by_importer_million_usd"]),
            "–" if ratio != ratio else f"{ratio:.2f}",
            row["reading"],
            row["suspect"] or "–",
        )
    console.print(table)
    _print_notes(found.notes, console)


def print_gravity(fit: GravityFit, console: Console | None = None) -> None:
    """Print the regression table as papers do."""
    console = console or _console()
    console.print(Text(fit.formula, style="bold"))
    console.print()
    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0), pad_edge=False)
    table.add_column()
    table.add_column(justify="right")
    for term, value in fit.summary().itertuples(index=False):
        table.add_row(term, value)
    console.print(table)
    _print_notes(fit.notes, console)


def print_what_if(answer: WhatIf, console: Console | None = None) -> None:
    """Print trade and real income under both assumptions on deficits, and what other estimates would say."""
    console = console or _console()
    console.print(Text(answer.question, style="bold"))
    low, high = answer.settings["sigma"]
    level, draws = answer.settings["level"], answer.settings["draws"]
    if draws == 1:
        drawn, basis = f"sigma {(low + high) / 2:g}", "Estimates alone, without draws."
    else:
        drawn = f"sigma {low:g}" if low == high else f"sigma drawn from {low:g} to {high:g}"
        basis = f"{level:.0%} intervals from {draws:,} draws."
    effect = "" if answer.effect is None else f"Effect {answer.effect.name}: {answer.effect.in_words()}; "
    console.print(f"{effect}{drawn}. {basis}")
    console.print()
    for deficits, words in DEFICITS.items():
        console.print(Text(f"Trade with {words}", style="underline"))
        table = _table("million USD", "before", "change", "in per cent")
        part = answer.flows[answer.flows["deficits"] == deficits]
        for flow, rows in part.groupby("flow", sort=False):
            by_unit = rows.set_index("unit")
            table.add_row(
                str(flow),
                amount(by_unit["baseline_million_usd"].iloc[0]),
                _bounded(by_unit.loc["million USD"], _whole),
                _bounded(by_unit.loc["percent"], _fine),
            )
        console.print(table)
        console.print()
    summary = answer.summary()
    console.print(Text("Real income, per cent", style="underline"))
    table = _table("state", *DEFICITS.values())
    for row in summary.to_dict("records"):
        cells = [
            _bounded({key: row[f"{key}_{name}"] for key in ("estimate", "lower", "upper")}, _fine)
            for name in DEFICITS
        ]
        table.add_row(row["state"], *cells, style="bold" if row["state"] in answer.focus else "")
    console.print(table)
    if len(answer.alternatives):
        console.print()
        flow = answer.flows["flow"].iloc[0]
        first = answer.focus[0]
        table = _table(
            "by estimate\n",
            "log\npoints",
            f"{flow}\nmillion USD",
            "\nper cent",
            f"real income\nof {first}",
        )
        for row in answer.alternatives.to_dict("records"):
            table.add_row(
                row["effect"],
                f"{row['log_points']:.2f}",
                _whole(row["change_million_usd"], row["change_million_usd"]),
                _fine(row["change_percent"], row["change_percent"]),
                _fine(row["real_income_percent"], row["real_income_percent"]),
            )
        console.print(table)
    _print_notes(answer.notes, console)


def print_effects(effects: pd.DataFrame, console: Console | None = None) -> None:
    """Print the estimates that scenarios draw from, by what they measure, each with what it is about."""
    console = console or _console()
    for quantity, rows in effects.groupby("quantity", sort=False):
        unit = "1 - sigma" if quantity == "trade_elasticity" else "log points"
        console.print(Text(f"{str(quantity).replace('_', ' ')}, {unit}", style="bold"))
        for row in rows.to_dict("records"):
            error = "" if row["std_error"] != row["std_error"] else f" ({row['std_error']:.3g})"
            line = Text.assemble((row["name"], "underline"), f"  {row['estimate']:.3g}{error}")
            console.print(Padding(line, (0, 0, 0, 2)))
            console.print(Padding(Text(row["applies_to"], style="dim"), (0, 0, 0, 4)))
        console.print()


def print_counterfactual(
    found: Counterfactual, beside: Counterfactual, console: Console | None = None
) -> None:
    """Print the countries whose real income changes most, with trade and prices, and under other deficits."""
    console = console or _console()
    shown = {
        "real_income": "real\nincome",
        "exports": "exports\n",
        "imports": "imports\n",
        "factory_gate_price": "factory-\ngate price",
    }
    rows = found.summary()
    order = rows["real_income"].abs().sort_values(ascending=False, kind="stable").index[:20]
    console.print(
        Text(f"Changes in per cent, {found.year} baseline, sigma {found.settings['sigma']:g}", style="bold")
    )
    console.print()
    other = beside.summary().set_index("country")["real_income"]
    table = _table("country\n", *shown.values(), f"real income,\n{DEFICITS[beside.settings['deficits']]}")
    for row in rows.loc[order].to_dict("records"):
        values = [*(row[key] for key in shown), other[row["country"]]]
        table.add_row(row["country"], *(_fine(value, value) for value in values))
    console.print(table)
    residual = max(float(each.market_clearing_residual.max()) for each in (found, beside))
    _print_notes(
        (*found.notes, f"Markets clear to {residual:.0e}. The {len(order)} largest of {len(rows)}."), console
    )


def print_diversion(found: Diversion, console: Console | None = None) -> None:
    """Print what was observed, what diversion alone brings, and what is left, beside matched states."""
    console = console or _console()
    (before, after), (less, more) = found.shares, found.million_usd
    console.print(
        Text(f"{found.buyer} buys from {found.seller}: how much is diversion by sanctions?", style="bold")
    )
    console.print(
        f"{found.before}: {amount(less)} million USD, {share(before)} of what it buys. "
        f"{found.after}: {amount(more)} million USD, {share(after)}."
    )
    unit = " (+0.69: doubled)" if found.unit == "log_ratio" else ""
    console.print(f"Unit: {found.settings['measured_in']}{unit}.")
    console.print()
    table = _table("", found.buyer, f"median of {len(found.matched)} matched")
    for component, rows in found.tidy().groupby("component", sort=False):
        table.add_row(str(component), *(_bounded(row, _signed) for row in rows.to_dict("records")))
    console.print(table)
    console.print()
    table = _table("matched state", "observed", "diversion", "not explained")
    for row in found.matched.to_dict("records"):
        table.add_row(
            row["state"], *(_signed(row[key], row[key]) for key in ("observed", "diversion", "not_explained"))
        )
    console.print(table)
    _print_notes(found.notes, console)


# ------------------------------------------------------------------------------------------ numbers


def _ranked(row: pd.Series) -> str:
    return f"{share(row['share'])} ({row['rank']:.0f}/{row['partners']:.0f})"


def _bounded(row: Any, words: Callable[[float, float], str]) -> str:
    """An estimate, and its interval where there is one, with the decimals of the estimate."""
    estimate = row["estimate"]
    shown = words(estimate, estimate)
    if row["lower"] != row["lower"] or shown == NOTHING:
        return shown
    return f"{shown} [{words(row['lower'], estimate)}, {words(row['upper'], estimate)}]"


def _whole(value: float, beside: float) -> str:
    """Three figures: the fourth of a scenario means nothing."""
    if abs(beside) < 10:
        return f"{value:+.1f}"
    return f"{round(value, 2 - math.floor(math.log10(max(abs(value), 1)))):+,.0f}"


def _fine(value: float, beside: float) -> str:
    """Two figures of ``beside``: effects range over orders of magnitude."""
    if abs(beside) < 0.00005:
        return NOTHING
    return f"{value:+.{max(0, 1 - math.floor(math.log10(abs(beside))))}f}"


def _signed(value: float, beside: float) -> str:
    return f"{value:+.3f}" if abs(beside) < 0.095 else f"{value:+.2f}"


# ------------------------------------------------------------------------------------------- tables


def _console() -> Console:
    return Console(highlight=False, markup=False)


def _table(first: str, *others: str, text: Sequence[int] = ()) -> Table:
    """A table without lines: words left, numbers right, except for the columns ``text``."""
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim", pad_edge=False)
    table.add_column(first, no_wrap=True)
    for place, name in enumerate(others, start=1):
        table.add_column(name, justify="left" if place in text else "right")
    return table


def _print_notes(notes: Sequence[str], console: Console) -> None:
    console.print()
    for note in notes:
        console.print(Text(note, style="dim"))
