"""What every scenario shares: the baseline, draws, both assumptions on deficits, and what is gathered."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np

from tropism.errors import SchemaError, TriadError
from tropism.tables.library import table_info
from tropism.trade.coalition import coalition
from tropism.trade.effects import Effect, Sigma, effects, sigma_draws, sigma_range
from tropism.trade.equilibrium import Counterfactual, solve_counterfactual
from tropism.trade.equilibrium.result import interval
from tropism.trade.flows import TradeMatrix, icio_matrix
from tropism.trade.what_if.result import DEFICITS, WhatIf

if TYPE_CHECKING:
    import pandas as pd

    from tropism.trade.equilibrium.armington import Deficits

#: Name, exporters and importers of flows that the answer adds up.
Flows = list[tuple[str, list[int], list[int]]]

#: Settings of the equilibria that the answer repeats.
OF_EQUILIBRIUM = ("model", "real_income", "numeraire", "drawn", "data_sha256")


class Plan:
    """What all scenarios share: the baseline, whose labels are states, and the draws."""

    def __init__(
        self,
        baseline: TradeMatrix | None,
        sigma: Sigma | None,
        draws: int,
        seed: int,
        level: float,
        day: date | None,
        progress: bool,
    ) -> None:
        self.sigma = sigma_range(sigma)
        if draws < 1:
            raise SchemaError(f"draws: {draws}; at least one is needed, a thousand for intervals.")
        if not 0 < level < 1:
            raise SchemaError(
                f"level: {level}; an interval covers a share between 0 and 1, for instance 0.9."
            )
        self.matrix = (icio_matrix() if baseline is None else baseline).require_trade()
        self.baseline = "observed" if baseline is None else "as given"
        self.draws, self.seed, self.level, self.progress = draws, seed, level, progress
        self.day = date(self.matrix.year, 12, 31) if day is None else day
        self.absent: list[str] = []

    def side(self, *names: str) -> list[int]:
        """The states of one side that are in the baseline; those that are not are remembered."""
        if not names:
            raise TriadError("what-if: nobody is named on one side. Name a state or an organisation.")
        known = {label: i for i, label in enumerate(self.matrix.countries)}
        # A label of the baseline is taken as it stands: it need not be a state that the package knows.
        found = [
            state for name in names for state in ((name,) if name in known else coalition([name], self.day))
        ]
        self.absent += [state for state in found if state not in known]
        inside = list(dict.fromkeys(known[state] for state in found if state in known))
        if not inside:
            raise TriadError(
                f"what-if: {', '.join(names)}: none of them is among the {len(known)} economies of the "
                f"baseline ({', '.join(list(known)[:8])}, …). Choose others, or give a baseline of your own."
            )
        return inside

    def state(self, name: str) -> int:
        """The one state that a question is about."""
        found = self.side(name)
        if len(found) > 1:
            raise TriadError(
                f"what-if: {name} is {len(found)} states of the baseline ({', '.join(self.names(found))}). "
                "The question is about one: ask for each of them."
            )
        return found[0]

    def names(self, states: Sequence[int]) -> list[str]:
        """Labels of states."""
        return [self.matrix.countries[i] for i in states]

    def others(self, *sides: Sequence[int]) -> list[int]:
        """The states on none of these sides."""
        taken = {i for side in sides for i in side}
        return [i for i in range(len(self.matrix.countries)) if i not in taken]

    def answer(
        self,
        *,
        question: str,
        focus: Sequence[int],
        pairs: list[tuple[int, int]],
        flows: Flows,
        effect: Effect | None,
        share: float,
        settings: dict[str, Any],
        notes: tuple[str, ...],
    ) -> WhatIf:
        """Draw, solve under both assumptions on deficits, and gather."""
        import pandas as pd

        # What nobody trades in the baseline stays so, and has no change in percent.
        traded = [flow for flow in flows if self.matrix.values[np.ix_(*flow[1:])].any()]
        random = np.random.default_rng(self.seed)
        middle = float(np.mean(self.sigma))
        if self.draws == 1:
            betas = np.array([0.0 if effect is None else effect.estimate])
            sigmas = np.array([middle])
        else:
            betas = np.zeros(self.draws) if effect is None else effect.draws(self.draws, random)
            sigmas = sigma_draws(self.sigma, self.draws, random)
        factors = np.zeros_like(betas) if effect is None else 1 - share + share * np.exp(betas)

        def solve(factors: np.ndarray, sigmas: np.ndarray, deficits: Deficits) -> Counterfactual:
            return solve_counterfactual(
                self.matrix,
                _shock(self.matrix, pairs, factors),
                sigma=sigmas,
                deficits=deficits,
                seed=self.seed,
                progress=self.progress,
            )

        equilibria: dict[str, Counterfactual] = {
            deficits: solve(factors, sigmas, deficits) for deficits in DEFICITS
        }
        table = [
            row | {"deficits": deficits}
            for deficits, found in equilibria.items()
            for flow in traded
            for row in _flow_rows(found, *flow, self.level)
        ]
        lines = []
        for each in () if effect is None else effects(effect.quantity):
            found = solve(
                np.array([1 - share + share * np.exp(each.estimate)]), np.array([middle]), DEFICITS[0]
            )
            before, after = _sums(found, *traded[0][1:])
            lines.append(
                {
                    "effect": each.name,
                    "log_points": each.estimate,
                    "change_percent": 100 * (after[0] / before[0] - 1),
                    "change_million_usd": after[0] - before[0],
                    "real_income_percent": found.changes["real_income"][0, focus[0]],
                }
            )
        names = self.matrix.countries
        facts = None if effect is None or not effect.table else table_info(effect.table).provenance
        return WhatIf(
            question=question,
            focus=tuple(self.names(focus)),
            changed=tuple((names[i], names[j]) for i, j in pairs),
            effect=effect,
            equilibria=equilibria,
            flows=pd.DataFrame(table),
            alternatives=pd.DataFrame(lines),
            settings=settings
            | {
                "effect": None if effect is None else effect.name,
                "sigma": list(self.sigma),
                "draws": self.draws,
                "level": self.level,
                "day": self.day.isoformat(),
                "baseline_kind": self.baseline,
                "baseline_year": self.matrix.year,
                "measured_in": self.matrix.measured_in,
            }
            | {name: equilibria[DEFICITS[0]].settings[name] for name in OF_EQUILIBRIUM},
            seed=self.seed,
            provenance=(*self.matrix.provenance, *(() if facts is None else (facts,))),
            notes=(*notes, *_two_signs(table), *self._notes(effect)),
        )

    def _notes(self, effect: Effect | None) -> tuple[str, ...]:
        notes = []
        if self.absent:
            notes.append(f"Not in the baseline and left out: {', '.join(dict.fromkeys(self.absent))}.")
        if effect is not None:
            source = effect.source.rstrip(".")
            notes.append(f"Effect {effect.name}: {effect.applies_to}. {source}.")
            if effect.std_error is None and self.draws > 1:
                notes.append("Its source prints no standard error: intervals carry doubt on sigma alone.")
        return (
            *notes,
            f"Baseline: trade of {self.matrix.year}, {self.baseline}. Values are at constant world output. "
            "Real income is p/P: what a country's output buys.",
            "Deficits: fixed_ratio keeps spending over output of every country; balanced removes deficits "
            "first.",
            *self.matrix.notes,
        )


def _shock(matrix: TradeMatrix, pairs: list[tuple[int, int]], factors: np.ndarray) -> pd.DataFrame:
    """The same factor on all pairs, one per draw."""
    import pandas as pd

    names = np.array(matrix.countries)
    exporters, importers = np.array(pairs).T
    return pd.DataFrame(
        {
            "draw": np.repeat(np.arange(factors.size), len(pairs)),
            "exporter": np.tile(names[exporters], factors.size),
            "importer": np.tile(names[importers], factors.size),
            "cost_factor": np.repeat(factors, len(pairs)),
        }
    )


def _sums(found: Counterfactual, rows: list[int], columns: list[int]) -> tuple[np.ndarray, np.ndarray]:
    """Trade from some countries to others before and after: two arrays of shape (draws,)."""
    trade = found.trade[np.ix_(rows, columns)]
    before, after = (
        np.einsum("di,ij,dj->d", found.sellers[:, k][:, rows], trade, found.buyers[:, k][:, columns])
        for k in (0, 1)
    )
    i, j = found.shock.place
    here = np.isin(i, rows) & np.isin(j, columns)
    level = found.trade[i, j][here] * found.sellers[:, 1][:, i[here]] * found.buyers[:, 1][:, j[here]]
    return before, after + (level * (found.shock.factors[:, here] - 1)).sum(axis=1)


def _flow_rows(
    found: Counterfactual, flow: str, rows: list[int], columns: list[int], level: float
) -> list[dict[str, Any]]:
    before, after = _sums(found, rows, columns)
    changes = {"percent": 100 * (after / before - 1), "million USD": after - before}
    return [
        {"flow": flow, "unit": unit, "baseline_million_usd": float(np.median(before))}
        | {key: float(value[0]) for key, value in interval(change[:, None], level).items()}
        | {"level": level}
        for unit, change in changes.items()
    ]


def _two_signs(rows: list[dict[str, Any]]) -> tuple[str, ...]:
    """Which flows rise under one assumption on deficits and fall under the other."""
    rising: dict[str, set[bool]] = {}
    for row in rows:
        rising.setdefault(row["flow"], set()).add(row["estimate"] > 0)
    both = [flow for flow, signs in rising.items() if len(signs) > 1]
    if not both:
        return ()
    return (f"The sign depends on what deficits do, so that neither is a finding: {'; '.join(both)}.",)
