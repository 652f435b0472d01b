"""What if: an agreement, sanctions, or an end of purchases, taken through a trade equilibrium.

A scenario is a change of cost factors t^(1-sigma) on some flows. The effect of an agreement or of sanctions
is drawn from an estimate that the user chooses; it enters as exp(beta), so that sigma acts through the
equilibrium alone. Everything is solved under both usual assumptions on deficits.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np

from tropism.errors import SchemaError, TriadError
from tropism.tables import read_table
from tropism.tables.library import table_info
from tropism.trade.coalition import coalition
from tropism.trade.effects import (
    AGREEMENT,
    SANCTION,
    Effect,
    Sigma,
    effects,
    find_effect,
    sigma_draws,
    sigma_range,
)
from tropism.trade.equilibrium import Counterfactual, solve_counterfactual
from tropism.trade.flows import TradeMatrix, icio_matrix
from tropism.trade.what_if_result import DEFICITS, WhatIf, interval

if TYPE_CHECKING:
    import pandas as pd

Flows = list[tuple[str, list[int], list[int]]]


def what_if_agreement(
    one: str,
    other: str,
    *,
    effect: str | tuple[float, float] = "own",
    sigma: Sigma | None = None,
    draws: int = 1000,
    seed: int = 0,
    level: float = 0.9,
    day: date | None = None,
    baseline: TradeMatrix | None = None,
    progress: bool = False,
) -> WhatIf:
    """What would a trade agreement between two states, or a state and an organisation, do?

    Parameters
    ----------
    one, other : str
        A state, or an organisation whose members all take part on that side (``"EAEU"``). Trade within a
        side is left as it is.
    effect : str or (float, float)
        Name of an estimate as in `list_effects`, or your own estimate and standard error in log points.
        ``"own"`` is ours, from the panel of Yotov et al. (2016).
    sigma : float or (float, float), optional
        Elasticity of substitution, or a range from which it is drawn uniformly. Unless given, the range
        between the weakest and the strongest published long-run elasticity.
    draws : int
        Of effect and sigma. One draw takes the estimate itself and the middle of the range.
    seed : int
    level : float
        Of the intervals.
    day : date, optional
        For members of organisations; the end of the baseline's year unless given.
    baseline : TradeMatrix, optional
        Trade before, labels ISO3; the ICIO flows of 2022 unless given.
    progress : bool

    Returns
    -------
    WhatIf

    Raises
    ------
    UnknownStateError
        If a name is neither a state nor an organisation.
    TriadError
        If a side has no state in the baseline, or a state is on both sides.
    SchemaError
        If the effect, sigma, draws or level make no sense.
    IdentificationError
        If the two sides do not trade in the baseline.
    MissingExtraError
        If numba is not installed.

    Notes
    -----
    The effect is the average of past agreements on trade in manufactures; what this one would cover is not
    in the data. It is put on all flows between the two sides, both ways.

    References
    ----------
    Yotov, Piermartini, Monteiro and Larch (2016), An Advanced Guide to Trade Policy Analysis, chapter 2.

    Examples
    --------
    >>> found = what_if_agreement("PAK", "RUS", draws=1)
    >>> float(found.equilibria["fixed_ratio"].flow_change("RUS", "PAK").round()[0])
    73.0
    """
    chosen = find_effect(effect, AGREEMENT)
    plan = _Plan(baseline, sigma, draws, seed, level, day, progress)
    a, b = plan.side(one), plan.side(other)
    _refuse_overlap(a, b)
    pairs = [(i, j) for i in a for j in b] + [(j, i) for i in a for j in b]
    rest = plan.others(a, b)
    first, second = _short(one, a, plan), _short(other, b, plan)
    flows: Flows = [
        (f"{first} → {second}", a, b),
        (f"{second} → {first}", b, a),
        (f"{first} → others", a, rest),
        (f"others → {first}", rest, a),
        (f"{second} → others", b, rest),
        (f"others → {second}", rest, b),
    ]
    return plan.answer(
        question=f"What would a trade agreement of {first} and {second} do?",
        focus=[*a, *b],
        pairs=pairs,
        flows=flows,
        effect=chosen,
        share=1.0,
        settings={"scenario": "agreement", "sides": [plan.names(a), plan.names(b)]},
        notes=(
            "The effect is the average over past agreements, mostly on manufactures. What a new one would "
            "cover is not in the data.",
        ),
    )


def what_if_sanctions(
    on: str,
    by: Sequence[str],
    *,
    exempt: Sequence[str] = (),
    observance: float = 1.0,
    effect: str | tuple[float, float] = "ohchr_record_4655_from_russia",
    sigma: Sigma | None = None,
    draws: int = 1000,
    seed: int = 0,
    level: float = 0.9,
    day: date | None = None,
    baseline: TradeMatrix | None = None,
    progress: bool = False,
) -> WhatIf:
    """What would sanctions by a coalition do to the target, to those who join and to those who do not?

    Parameters
    ----------
    on : str
        The target.
    by : sequence of str
        States and organisations that join; organisations stand for their members on ``day``.
    exempt : sequence of str
        States that do not join, though an organisation of theirs does, or that the answer should show one
        by one: their own costs of trade do not change.
    observance : float
        Share of the trade concerned, from 0 to 1, that keeps to the sanctions; the rest goes on as before.
    effect : str or (float, float)
        As for `what_if_agreement`. Applied to sales and to purchases of those who join.
    sigma, draws, seed, level, day, baseline, progress
        As for `what_if_agreement`.

    Returns
    -------
    WhatIf

    Raises
    ------
    UnknownStateError, TriadError, SchemaError, IdentificationError, MissingExtraError
        As `what_if_agreement`.

    Notes
    -----
    The cost factor of a flow becomes ``1 - observance + observance * exp(beta)`` times what it was. What
    then goes to non-joiners is diversion: it follows from prices, with no change in their policy. Goods are
    varieties by country here, which understates diversion for what is the same from every country, oil
    above all.

    References
    ----------
    Chowdhry, Hinz, Kamin and Wanner (2024), Brothers in Arms, Economic Policy 39(118).

    Examples
    --------
    >>> found = what_if_sanctions("RUS", ["EU", "USA", "GBR", "JPN"], exempt=["IND", "CHN"], draws=1)
    >>> bool(found.equilibria["fixed_ratio"].flow_change("RUS", "IND")[0] > 0)
    True
    """
    chosen = find_effect(effect, SANCTION)
    if not 0 < observance <= 1:
        raise SchemaError(
            f"observance is {observance}; it is the share of trade that keeps to the sanctions: above 0, at "
            "most 1."
        )
    plan = _Plan(baseline, sigma, draws, seed, level, day, progress)
    target = plan.side(on)
    outside = plan.side(*exempt) if exempt else []
    joined = [i for i in plan.side(*by) if i not in outside]
    if not joined:
        raise TriadError(f"sanctions: nobody is left to join: {', '.join(by)} are all exempt.")
    _refuse_overlap(target, joined)
    rest = plan.others(target, joined)
    (t,) = target
    name = plan.names(target)[0]
    flows: Flows = [
        (f"{name} → coalition", target, joined),
        (f"coalition → {name}", joined, target),
        (f"{name} → others", target, rest),
        (f"others → {name}", rest, target),
        (f"{name} at home", target, target),
    ]
    for i in outside:
        other = plan.names([i])[0]
        flows += [(f"{name} → {other}", target, [i]), (f"{other} → {name}", [i], target)]
    coalition_words = ", ".join(by) + (f", without {', '.join(exempt)}" if exempt else "")
    return plan.answer(
        question=f"What would sanctions on {name} by {coalition_words} do?",
        focus=[t, *outside],
        pairs=[pair for i in joined for pair in ((t, i), (i, t))],
        flows=flows,
        effect=chosen,
        share=observance,
        settings={
            "scenario": "sanctions",
            "on": name,
            "by": plan.names(joined),
            "exempt": plan.names(outside),
            "observance": observance,
        },
        notes=(
            f"Coalition: {', '.join(plan.names(joined))}.",
            "Trade with others changes by prices alone, with no change in their policy: diversion. It is "
            "understated for goods that are the same from every country, oil above all.",
            *_already(plan.matrix.year, name),
        ),
    )


def what_if_halt(
    seller: str,
    buyers: Sequence[str],
    *,
    sigma: Sigma | None = None,
    draws: int = 1000,
    seed: int = 0,
    level: float = 0.9,
    day: date | None = None,
    baseline: TradeMatrix | None = None,
    progress: bool = False,
) -> WhatIf:
    """What would a seller lose if some buyers stopped buying from it altogether?

    Parameters
    ----------
    seller : str
    buyers : sequence of str
        States or organisations.
    sigma, draws, seed, level, day, baseline, progress
        As for `what_if_agreement`. Only sigma is drawn.

    Returns
    -------
    WhatIf
        ``settings`` holds what is at stake before anybody adjusts: the buyers' purchases as a share of the
        seller's exports and of its output.

    Raises
    ------
    UnknownStateError, TriadError, SchemaError, IdentificationError, MissingExtraError
        As `what_if_agreement`.

    Notes
    -----
    Costs that forbid a trade multiply the cost factor by zero. What the seller loses is less than what it
    sold to them, as the rest of the world and its own economy buy at lower prices.

    Examples
    --------
    >>> found = what_if_halt("RUS", ["PAK", "IND"], draws=1)
    >>> float(found.equilibria["fixed_ratio"].flow_change("RUS", "IND")[0])
    -100.0
    """
    plan = _Plan(baseline, sigma, draws, seed, level, day, progress)
    source, stopped = plan.side(seller), plan.side(*buyers)
    _refuse_overlap(source, stopped)
    (s,) = source
    name = plan.names(source)[0]
    trade = plan.matrix.values
    at_stake = float(trade[s, stopped].sum())
    abroad = float(plan.matrix.output[s] - trade[s, s])
    return plan.answer(
        question=f"What would {name} lose if {', '.join(buyers)} stopped buying from it?",
        focus=[s, *stopped],
        pairs=[(s, j) for j in stopped],
        flows=[
            (f"{name} → those who stop", source, stopped),
            (f"{name} → others", source, plan.others(source, stopped)),
            (f"{name} at home", source, source),
            (f"all → {name}", plan.others(source), source),
        ],
        effect=None,
        share=1.0,
        settings={
            "scenario": "halt",
            "seller": name,
            "buyers": plan.names(stopped),
            "at_stake_million_usd": at_stake,
            "at_stake_share_of_exports": at_stake / abroad,
            "at_stake_share_of_output": at_stake / float(plan.matrix.output[s]),
        },
        notes=(
            f"Before anybody adjusts, {at_stake:,.0f} million US dollars are at stake: "
            f"{at_stake / abroad:.1%} of what {name} sells abroad, "
            f"{at_stake / float(plan.matrix.output[s]):.2%} of all it sells.",
            "Losses are understated where pipelines, ports or contracts keep goods from going elsewhere.",
        ),
    )


# ------------------------------------------------------------------------------------------ inside


class _Plan:
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
        self.matrix = icio_matrix() if baseline is None else baseline
        self.draws, self.seed, self.level, self.progress = draws, seed, level, progress
        self.day = date(self.matrix.year, 12, 31) if day is None else day
        self.absent: list[str] = []

    def side(self, *names: str) -> list[int]:
        """The states of one side that are in the baseline; those that are not are remembered."""
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

    def names(self, states: Sequence[int]) -> list[str]:
        return [self.matrix.countries[i] for i in states]

    def others(self, *sides: Sequence[int]) -> list[int]:
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

        random = np.random.default_rng(self.seed)
        middle = float(np.mean(self.sigma))
        if self.draws == 1:
            betas = np.array([0.0 if effect is None else effect.estimate])
            sigmas = np.array([middle])
        else:
            betas = np.zeros(self.draws) if effect is None else effect.draws(self.draws, random)
            sigmas = sigma_draws(self.sigma, self.draws, random)
        factors = np.zeros_like(betas) if effect is None else 1 - share + share * np.exp(betas)

        def solve(factors: np.ndarray, sigmas: np.ndarray, deficits: Any) -> Counterfactual:
            return solve_counterfactual(
                self.matrix,
                _shock(self.matrix, pairs, factors),
                sigma=sigmas,
                deficits=deficits,
                seed=self.seed,
                progress=self.progress,
            )

        equilibria = {deficits: solve(factors, sigmas, deficits) for deficits in DEFICITS}
        table = [
            row | {"deficits": deficits}
            for deficits, found in equilibria.items()
            for flow in flows
            for row in _flow_rows(found, *flow, self.level)
        ]
        lines = []
        for each in () if effect is None else effects(effect.quantity):
            found = solve(
                np.array([1 - share + share * np.exp(each.estimate)]), np.array([middle]), DEFICITS[0]
            )
            before, after = _sums(found, flows[0][1], flows[0][2])
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
        facts = () if effect is None or effect.name in ("own", "yours") else ("trade_estimates",)
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
                "baseline_year": self.matrix.year,
                "measured_in": self.matrix.measured_in,
                "model": equilibria[DEFICITS[0]].settings["model"],
                "real_income": equilibria[DEFICITS[0]].settings["real_income"],
                "numeraire": equilibria[DEFICITS[0]].settings["numeraire"],
            },
            seed=self.seed,
            provenance=(
                *self.matrix.provenance,
                *(source for name in facts if (source := table_info(name).provenance)),
            ),
            notes=(*notes, *_two_signs(table), *self._notes(effect)),
        )

    def _notes(self, effect: Effect | None) -> tuple[str, ...]:
        notes = []
        if self.absent:
            notes.append(f"Not in the baseline and left out: {', '.join(dict.fromkeys(self.absent))}.")
        if effect is not None:
            notes.append(f"Effect {effect.name}: {effect.in_words()}; {effect.applies_to}. {effect.source}.")
            if effect.std_error is None and self.draws > 1:
                notes.append("Its source prints no standard error: intervals carry doubt on sigma alone.")
        return (
            *notes,
            "Values are at constant world output. Deficits: fixed_ratio keeps spending over output of every "
            "country; balanced removes deficits first.",
            *self.matrix.notes,
        )


def _short(name: str, side: list[int], plan: _Plan) -> str:
    """The state's code, or the organisation's name."""
    return plan.names(side)[0] if len(side) == 1 else name.upper()


def _refuse_overlap(one: list[int], other: list[int]) -> None:
    if set(one) & set(other):
        raise TriadError("what-if: a state stands on both sides. Name two sides without a state in common.")


def _already(year: int, target: str) -> tuple[str, ...]:
    """A warning where the baseline has sanctions on the target in it."""
    rows = read_table("sanctions").to_pylist()
    begun = [row for row in rows if row["target"] == target and row["start_date"].year <= year]
    if not any(row["status"] == "imposed" for row in begun):
        return ()
    return (
        f"Trade of {year} already has sanctions on {target} in it: the answer is about more of them, on top.",
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
