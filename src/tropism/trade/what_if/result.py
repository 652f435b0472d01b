"""What a what-if question returns: changes by country and by flow, under both assumptions on deficits."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from tropism.series import Provenance, as_json
from tropism.trade.effects import Effect
from tropism.trade.equilibrium import Counterfactual
from tropism.trade.equilibrium.result import interval

if TYPE_CHECKING:
    import altair as alt
    import pandas as pd

    from tropism.trade.equilibrium.armington import Deficits

#: Assumptions on deficits, the one that leads first.
DEFICITS: tuple[Deficits, Deficits] = ("fixed_ratio", "balanced")

#: Gainers and losers that the summary adds to the states that the question is about.
OTHERS = 3


@dataclass(frozen=True, eq=False, kw_only=True)
class WhatIf:
    """The answer to a what-if question.

    Attributes
    ----------
    question : str
    focus : tuple of str
        The states that the question is about.
    changed : tuple of (str, str)
        Flows whose cost factor changes, as exporter and importer.
    effect : Effect or None
        What the change was drawn from; None where trade simply ends.
    equilibria : mapping of str to Counterfactual
        By assumption on deficits: ``fixed_ratio`` and ``balanced``.
    flows : DataFrame
        Trade of the states of the question, alone and in groups, by assumption on deficits: flow, unit
        (percent or million US dollars), baseline_million_usd, estimate, lower, upper, level. Flows without
        trade in the baseline are not among them.
    alternatives : DataFrame
        The same question under the point estimate of every effect to choose from, sigma in the middle
        of its range: effect, log_points, change_percent and change_million_usd of the first flow, and
        real_income_percent of the first state.
    settings : dict
    seed : int
    provenance : tuple of Provenance
    notes : tuple of str
    """

    question: str
    focus: tuple[str, ...]
    changed: tuple[tuple[str, str], ...]
    effect: Effect | None
    equilibria: Mapping[str, Counterfactual]
    flows: pd.DataFrame
    alternatives: pd.DataFrame
    settings: dict[str, Any]
    seed: int
    provenance: tuple[Provenance, ...]
    notes: tuple[str, ...]

    def tidy(self) -> pd.DataFrame:
        """One row per assumption on deficits, subject and measure: countries first, then flows.

        Columns are deficits, subject, measure, unit, estimate (median of the draws), lower, upper, level.
        """
        import pandas as pd

        countries = [
            found.tidy(self.settings["level"])
            .rename(columns={"country": "subject"})
            .assign(deficits=deficits, unit="percent")
            for deficits, found in self.equilibria.items()
        ]
        flows = self.flows.rename(columns={"flow": "subject"}).assign(measure="trade")
        columns = ["deficits", "subject", "measure", "unit", "estimate", "lower", "upper", "level"]
        return pd.concat([*countries, flows])[columns].reset_index(drop=True)

    def summary(self) -> pd.DataFrame:
        """Who gains and who loses: the states of the question, then others that gain and lose most.

        One row per state: change of real income in percent with its interval, under both assumptions on
        deficits. Others whose change is below a hundredth of the largest are left out.
        """
        incomes = {name: found.changes["real_income"] for name, found in self.equilibria.items()}
        lead = np.median(incomes[DEFICITS[0]], axis=0)
        countries = self.equilibria[DEFICITS[0]].countries
        shown = [countries.index(state) for state in self.focus]
        ranked = [i for i in np.argsort(-lead, kind="stable").tolist() if i not in shown]
        least = np.abs(lead).max() / 100
        shown += [i for i in ranked[:OTHERS] if lead[i] > least]
        shown += [i for i in ranked[max(OTHERS, len(ranked) - OTHERS) :] if lead[i] < -least]
        import pandas as pd

        table = pd.DataFrame({"state": [countries[i] for i in shown]})
        for name, income in incomes.items():
            bounds = interval(income[:, shown], self.settings["level"])
            for key in ("estimate", "lower", "upper"):
                table[f"{key}_{name}"] = bounds[key]
        return table.assign(level=self.settings["level"])

    def plot(self) -> alt.VConcatChart:
        """Change of real income: bars with intervals, and where on the map."""
        from tropism.trade.what_if.chart import draw

        return draw(self)

    def to_json(self) -> str:
        """Changes with intervals, settings, seed, convergence and sources: not the draws."""
        worst = max(float(found.market_clearing_residual.max()) for found in self.equilibria.values())
        content = {
            "question": self.question,
            "changed": [list(flow) for flow in self.changed],
            "effect": None if self.effect is None else asdict(self.effect),
            "changes": _records(self.tidy()),
            "alternatives": _records(self.alternatives),
            "settings": self.settings,
            "seed": self.seed,
            "market_clearing_residual": worst,
        }
        return as_json(content, self)

    def cite(self) -> str:
        """Data and methods to cite, one a line."""
        effect = [] if self.effect is None else [f"{self.effect.source} {self.effect.url}".strip()]
        return "\n".join(dict.fromkeys([*effect, *self.equilibria[DEFICITS[0]].cite().splitlines()]))


def _records(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows as plain values that JSON has: a null for what is missing."""
    rows: list[dict[str, Any]] = json.loads(table.to_json(orient="records", double_precision=12))
    return rows
