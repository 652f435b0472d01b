"""Trade as it is against trade as gravity predicts it, so that nearness is priced in.

Pakistan trades more with Iran than with Peru because Iran is near. The question is whether it trades more
than a state of its size does with a neighbour of that size: actual over predicted, with the pair itself
kept out of the fit that predicts it, and an interval that was checked on pairs that no fit had seen.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from tropism.errors import DataNotPresentError, SchemaError, TriadError
from tropism.series import Provenance, Series, as_json, cited
from tropism.states import find_state
from tropism.tables.library import table_info
from tropism.trade import _leave_out as kernel
from tropism.trade.gravity import estimate_gravity
from tropism.trade.panels import ALL_SECTORS, Panel, make_panels
from tropism.trade.predicted import Bins, PredictedTrade, Side, gap_draws, like_scores, percentile

if TYPE_CHECKING:
    import altair as alt
    import pandas as pd

PAPERS = (
    "Santos Silva and Tenreyro (2006), The Log of Gravity, REStat 88(4).",
    "Anderson and van Wincoop (2003), Gravity with Gravitas, AER 93(1).",
    "Fally (2015), Structural gravity and fixed effects, JIE 97(1): Poisson effects reproduce totals.",
    "Pregibon (1981), Logistic Regression Diagnostics, Annals of Statistics 9(4): one-step deletion.",
    "Vovk, Gammerman and Shafer (2005), Algorithmic Learning in a Random World, ch. 4: Mondrian conformal "
    "prediction.",
    "Barber, Candes, Ramdas and Tibshirani (2021), Predictive inference with the jackknife+, Annals of "
    "Statistics 49(1).",
)


@dataclass(frozen=True, eq=False)
class TradeGap:
    """A state's trade with every partner: actual, predicted, and how unusual the difference is.

    Attributes
    ----------
    state : str
    partner : str or None
        The partner that `summary` and `plot` show.
    flows : DataFrame
        By year, sector, side (``exports`` to or ``imports`` from the partner) and partner: ``actual`` and
        ``predicted`` (by the fit without the pair), ``log_ratio`` of both, each with the floor added;
        ``lower`` and ``upper``, between which the actual value of such a pair lies with probability
        ``level``; ``percentile``, the share of pairs of like predicted size with a smaller ratio; ``rank``
        by percentile among ``partners``; ``reading``.
    coefficients : DataFrame
        By year and sector: estimate of each cost with its error, clustered by pair; flows and countries in
        the fit.
    settings : dict
    provenance : tuple of Provenance
    notes : tuple of str
    """

    state: str
    partner: str | None
    flows: pd.DataFrame
    coefficients: pd.DataFrame
    settings: dict[str, Any]
    provenance: tuple[Provenance, ...] = ()
    notes: tuple[str, ...] = ()

    def tidy(self) -> pd.DataFrame:
        """Every partner, year, sector and side, one row each."""
        return self.flows.copy()

    def summary(self) -> pd.DataFrame:
        """The partner's rows of the last year; without a partner, the five most above and most below."""
        import pandas as pd

        table = self.flows[self.flows["year"] == self.flows["year"].max()]
        if self.partner is not None:
            return table[table["partner"] == self.partner].reset_index(drop=True)
        table = table[table["sector"] == ALL_SECTORS].sort_values(["side", "rank"])
        ends = [part for _, rows in table.groupby("side") for part in (rows.head(5), rows.tail(5))]
        return pd.concat(ends, ignore_index=True).drop_duplicates(ignore_index=True)

    def plot(self, side: Literal["exports", "imports"] = "exports", most: int = 30) -> alt.LayerChart:
        """Actual over predicted as points, the interval of like pairs as bars, for the largest partners.

        Parameters
        ----------
        side : {"exports", "imports"}
        most : int
            Partners with the largest predicted trade, and the partner of the question.
        """
        import altair as alt

        table = self.flows[(self.flows["sector"] == ALL_SECTORS) & (self.flows["side"] == side)]
        table = table[table["year"] == table["year"].max()].sort_values("predicted", ascending=False)
        table = table[(np.arange(len(table)) < most) | (table["partner"] == self.partner)]
        floor = self.settings["floor"]
        records = [
            {
                "partner": row["partner"],
                "ratio": (row["actual"] + floor) / (row["predicted"] + floor),
                "low": (row["lower"] + floor) / (row["predicted"] + floor),
                "high": (row["upper"] + floor) / (row["predicted"] + floor),
                "asked": row["partner"] == self.partner,
            }
            for row in table.sort_values("percentile").to_dict("records")
        ]
        order = [record["partner"] for record in reversed(records)]
        base = alt.Chart(alt.InlineData(values=records)).encode(
            y=alt.Y("partner:N", sort=order, title=None),
        )
        scale = alt.Scale(type="log")
        colour = alt.Color("asked:N", legend=None, scale=alt.Scale(range=["#888888", "#c0392b"]))
        bars = base.mark_rule(strokeWidth=5, opacity=0.3).encode(
            x=alt.X("low:Q", scale=scale, title="actual over predicted"), x2="high:Q", color=colour
        )
        points = base.mark_point(filled=True, size=45, opacity=1).encode(
            x=alt.X("ratio:Q", scale=scale), color=colour
        )
        title = alt.TitleParams(
            f"{self.state}: {side} against gravity",
            subtitle=f"bars: where {self.settings['level']:.0%} of pairs of like predicted size lie",
        )
        return alt.LayerChart(layer=[bars, points], title=title)

    def to_json(self) -> str:
        """All numbers, coefficients, settings and sources."""
        return as_json(
            {
                "state": self.state,
                "partner": self.partner,
                "flows": json.loads(self.flows.to_json(orient="records")),
                "coefficients": json.loads(self.coefficients.to_json(orient="records")),
                "settings": self.settings,
            },
            self,
        )

    def cite(self) -> str:
        """Data and methods to cite, one a line."""
        return cited(self.provenance, PAPERS)


def trade_gap(
    state: str,
    partner: str | None = None,
    *,
    flows: pd.DataFrame | None = None,
    costs: pd.DataFrame | None = None,
    value: str = "flow_million_usd",
    floor: float = 1.0,
    sectors: bool = True,
    years: Iterable[int] | None = None,
    level: float = 0.9,
    progress: bool = False,
) -> TradeGap:
    """How much does a state trade with others, against what gravity predicts?

    Parameters
    ----------
    state : str
        Label in the table, or a name that `find_state` understands.
    partner : str, optional
        The partner in question; all are measured in any case.
    flows : DataFrame, optional
        exporter, importer, year and ``value``: zeros as zeros, unknown flows left out, domestic sales
        ignored. Without it, inputs among 80 economies in 2022 (OECD ICIO), in million US dollars.
    costs : DataFrame, optional
        exporter, importer and one column for each bilateral cost, used as it is (take logs before). Without
        it, the embedded table ``geography``: log distance between capitals, common border, common language.
    value : str
        Column of the flow.
    floor : float
        In units of the flow, added to actual and predicted before the ratio is taken, so that zeros have
        one and pennies count as nothing. One million dollars for the embedded table.
    sectors : bool
        Also by broad sector; of the embedded table only.
    years : iterable of int, optional
        Only these years; all without any.
    level : float
        Probability of the interval.
    progress : bool
        Tell on stderr which fit is running.

    Returns
    -------
    TradeGap

    Raises
    ------
    SchemaError
        If a table lacks a column, has a missing, negative or repeated flow, or the level or floor is none.
    IdentificationError
        If a cost is absorbed by the effects of exporters and importers.
    DataNotPresentError
        If the state is not in the table.
    TriadError
        If state and partner are one.

    Notes
    -----
    For every year and sector, Poisson pseudo-maximum likelihood with exporter and importer effects and no
    pair effects, which would absorb the very level that is asked about. A pair is predicted by the fit
    without it, both directions left out: by one Newton step, and by a refit where the step is not small.

    Predicted values are means, and flows are skewed: most pairs lie below their prediction. A ratio is
    therefore read against pairs of like predicted size and never against 1: ``percentile`` and the interval
    are those of the ratios in the pair's own tenth of predicted trade (Mondrian conformal prediction on
    leave-pair-out scores). Coverage holds over pairs, not for one country's; see `held_out_coverage`.

    References
    ----------
    Santos Silva and Tenreyro (2006), REStat 88(4); Vovk, Gammerman and Shafer (2005), ch. 4.

    Examples
    --------
    >>> gap = trade_gap("PAK", "RUS", sectors=False)
    >>> gap.summary()[["side", "actual", "predicted", "reading"]].round(0)
          side  actual  predicted                      reading
    0  exports    83.0      105.0  as pairs of like size trade
    1  imports   358.0      611.0  as pairs of like size trade
    """
    import pandas as pd

    _check_numbers(level, floor)
    panels = make_panels(flows, costs, value, sectors, years)
    known = sorted({label for panel in panels for label in panel.countries})
    here = _label(state, known)
    there = None if partner is None else _label(partner, known)
    if here == there:
        raise TriadError(f"trade gap: {state} and {partner} are both {here}. Give two states.")
    began, rows, coefficients = time.perf_counter(), [], []
    notes = list(_data_notes(flows, costs))
    for panel in panels:
        if progress:
            spent = time.perf_counter() - began
            print(f"gravity of {panel.sector} in {panel.year}, {spent:.1f} s", file=sys.stderr)
        if here in panel.countries:
            fit = _fit(panel)
            rows.append(_measure(fit, here, floor, level))
            coefficients.append(fit.coefficients)
            notes += fit.panel.notes
    table = pd.concat(rows, ignore_index=True)
    if there is not None and not (table["partner"] == there).any():
        raise DataNotPresentError(f"trade gap: the table has no flow between {here} and {there}.")
    return TradeGap(
        state=here,
        partner=there,
        flows=table,
        coefficients=pd.concat(coefficients, ignore_index=True),
        settings={"value": value, "floor": floor, "level": level, "costs": list(panels[0].names)},
        provenance=_provenance(flows, costs),
        notes=tuple(dict.fromkeys(notes)),
    )


def gap_series(
    poles: Sequence[str],
    *,
    side: Side = "both",
    flows: pd.DataFrame | None = None,
    costs: pd.DataFrame | None = None,
    value: str = "flow_million_usd",
    floor: float = 1.0,
    years: Iterable[int] | None = None,
    draws: int = 200,
    seed: int = 0,
) -> Series:
    """Log of actual over predicted trade of every state with each pole, by year.

    Parameters
    ----------
    poles : sequence of str
        Labels in the table; a pole outside it gets no dyad.
    side : {"both", "exports", "imports"}
        X's exports to the pole, its imports from it, or their sum.
    flows, costs, value, floor, years
        As in `trade_gap`.
    draws : int
        Joint draws of the prediction; 0 or 1 for points alone.
    seed : int

    Returns
    -------
    Series
        Dyads ``"X>POLE"``. Draws carry what is uncertain about the prediction: in each, all pairs get
        independent exponential weights (Bayesian bootstrap by pair) and the whole fit is repeated. They do
        not carry how far single pairs stray from any prediction, which is the gap itself, nor errors of the
        recorded flow.

    Raises
    ------
    SchemaError, IdentificationError
        As `trade_gap`.

    References
    ----------
    Rubin (1981), The Bayesian Bootstrap, Annals of Statistics 9(1).
    """
    _check_numbers(0.9, floor)
    if side not in ("both", "exports", "imports"):
        raise SchemaError(f"trade gap: side is {side!r}. Choose both, exports or imports.")
    return gap_draws(
        predicted_trade(flows=flows, costs=costs, value=value, years=years, draws=draws, seed=seed),
        poles,
        side,
        floor,
        provenance=_provenance(flows, costs),
        notes=(
            *_data_notes(flows, costs),
            "Draws carry the uncertainty of the prediction (Bayesian bootstrap by pair), not the spread of "
            "pairs about it.",
        ),
    )


def predicted_trade(
    *,
    flows: pd.DataFrame | None = None,
    costs: pd.DataFrame | None = None,
    value: str = "flow_million_usd",
    years: Iterable[int] | None = None,
    draws: int = 200,
    seed: int = 0,
) -> list[PredictedTrade]:
    """Trade of each year, what the fit without the pair predicts, and draws of the fit.

    Parameters and errors are those of `gap_series`.
    """
    generator = np.random.default_rng(seed)
    found = []
    for fit in map(_fit, make_panels(flows, costs, value, False, years)):
        panel = fit.panel
        found.append(
            PredictedTrade(
                year=panel.year,
                countries=panel.countries,
                costs=panel.names,
                trade=np.where(panel.weight > 0, panel.trade, np.nan),
                left_out=fit.left_out,
                values=panel.costs,
                moved=_bootstrap(fit, draws, generator),
            )
        )
    return found


def held_out_coverage(
    *,
    flows: pd.DataFrame | None = None,
    costs: pd.DataFrame | None = None,
    value: str = "flow_million_usd",
    floor: float = 1.0,
    level: float = 0.9,
    sectors: bool = False,
    years: Iterable[int] | None = None,
    folds: int = 10,
    seed: int = 0,
) -> pd.DataFrame:
    """How often intervals hold the actual flow, for pairs that neither fit nor calibration has seen.

    Pairs are dealt into folds, both directions together. For each fold the fit, the leave-pair-out scores
    and their bins are made from the other folds alone; the intervals are then held against the fold.

    Returns
    -------
    DataFrame
        By year, sector and tenth of predicted trade: predicted_from, predicted_to, flows, zeros (share of
        flows that are zero) and coverage (share within their interval).

    Raises
    ------
    SchemaError, IdentificationError
        As `trade_gap`.
    """
    import pandas as pd

    _check_numbers(level, floor)
    generator, rows = np.random.default_rng(seed), []
    for panel in make_panels(flows, costs, value, sectors, years):
        fit = _fit(panel)
        panel, theta = fit.panel, fit.theta
        n = len(panel.countries)
        deal = generator.integers(folds, size=(n, n))
        deal = np.triu(deal, 1) + np.triu(deal, 1).T
        for fold in range(folds):
            rest = panel.weight * (deal != fold)
            theta_rest = kernel.refit(panel.trade, rest, panel.costs, theta)
            left = kernel.leave_pair_out(panel.trade, rest, panel.costs, theta_rest)
            score = np.log((panel.trade + floor) / (np.exp(left) + floor))
            known = np.isfinite(score) & (rest > 0)
            held = (panel.weight > 0) & (deal == fold)
            expected = kernel.predictor(theta_rest, panel.costs)
            # A country whose every trade is in the fold cannot be predicted from the rest.
            held &= np.isfinite(expected)
            size = expected[held]
            found = [_tails(scores, level) for scores in Bins(left[known], score[known]).like(size)]
            low, high = np.array(found).reshape(-1, 2).T
            new = np.log((panel.trade[held] + floor) / (np.exp(size) + floor))
            rows.append(
                pd.DataFrame(
                    {
                        "year": panel.year,
                        "sector": panel.sector,
                        "predicted": np.exp(size),
                        "zeros": panel.trade[held] == 0,
                        "coverage": (new >= low) & (new <= high),
                    }
                )
            )
    table = pd.concat(rows, ignore_index=True)
    tenth = table.groupby(["year", "sector"])["predicted"].rank(pct=True).mul(10).apply(np.ceil).astype(int)
    grouped = table.groupby(["year", "sector", tenth.rename("tenth")])
    return grouped.agg(
        predicted_from=("predicted", "min"),
        predicted_to=("predicted", "max"),
        flows=("predicted", "size"),
        zeros=("zeros", "mean"),
        coverage=("coverage", "mean"),
    ).reset_index()


# ------------------------------------------------------------------------------------------ measure


@dataclass(frozen=True, eq=False)
class _Fit:
    """A gravity fit and what it predicts for pairs left out.

    Attributes
    ----------
    panel : Panel
        Without the rows that the fit could not use.
    coefficients : DataFrame
    theta : ndarray, shape (2 n + k,)
        As in `tropism.trade._leave_out`.
    left_out : ndarray, shape (n, n)
        Log of predicted trade.
    """

    panel: Panel
    coefficients: pd.DataFrame
    theta: np.ndarray
    left_out: np.ndarray


def _fit(panel: Panel) -> _Fit:
    """Estimate one panel and predict every pair without itself."""
    import pandas as pd

    i, j = np.nonzero(panel.weight)
    labels = np.array(panel.countries, dtype=object)
    frame = pd.DataFrame(
        {"exporter": labels[i], "importer": labels[j], "year": panel.year, "trade": panel.trade[i, j]}
        | {name: panel.costs[i, j, k] for k, name in enumerate(panel.names)}
    )
    found = estimate_gravity(frame, panel.names, value="trade")
    unused = found.reason > 0
    if unused.any():
        weight = panel.weight.copy()
        weight[i[unused], j[unused]] = 0.0
        note = f"{int(unused.sum())} flows of {panel.year} are separated (only zeros) and left out."
        panel = replace(panel, weight=weight, notes=(*panel.notes, note))
    table = found.tidy().assign(flows=found.n, countries=len(panel.countries))
    table.insert(0, "year", panel.year)
    table.insert(1, "sector", panel.sector)
    theta = kernel.parameters(panel.trade, panel.weight, panel.costs, found.estimates)
    left_out = kernel.leave_pair_out(panel.trade, panel.weight, panel.costs, theta)
    lone = int((np.isnan(left_out) & (panel.weight > 0)).sum())
    if lone:
        note = f"{lone} flows of {panel.year} ({panel.sector}) cannot be predicted from the others; no rows."
        panel = replace(panel, notes=(*panel.notes, note))
    return _Fit(panel, table, theta, left_out)


def _tails(scores: np.ndarray, level: float) -> tuple[float, float]:
    """Order statistics between which a new score lies with at least this probability."""
    tail = (1 - level) / 2 * (scores.size + 1)
    low, high = int(np.floor(tail)), int(np.ceil(scores.size + 1 - tail))
    return (
        -np.inf if low < 1 else float(scores[low - 1]),
        np.inf if high > scores.size else float(scores[high - 1]),
    )


def _measure(fit: _Fit, state: str, floor: float, level: float) -> pd.DataFrame:
    """All flows of one state in one panel against pairs of like predicted size."""
    import pandas as pd

    panel = fit.panel
    at = panel.countries.index(state)
    score = np.log((panel.trade + floor) / (np.exp(fit.left_out) + floor))
    score[panel.weight == 0] = np.nan
    usable = np.isfinite(score)
    tables = []
    for side in ("exports", "imports"):
        own = np.zeros_like(usable)
        own[(at, slice(None)) if side == "exports" else (slice(None), at)] = True
        i, j = np.nonzero(own & usable)
        other = j if side == "exports" else i
        bounds, standing = [], []
        for one, two in zip(i.tolist(), j.tolist(), strict=True):
            like = like_scores(fit.left_out, score, one, two)
            bounds.append(_tails(like, level))
            standing.append(percentile(like, score[one, two]))
        low, high = np.array(bounds).reshape(-1, 2).T
        predicted = np.exp(fit.left_out[i, j])
        table = pd.DataFrame(
            {
                "year": panel.year,
                "sector": panel.sector,
                "side": side,
                "partner": np.array(panel.countries, dtype=object)[other],
                "actual": panel.trade[i, j],
                "predicted": predicted,
                "log_ratio": score[i, j],
                "lower": np.maximum((predicted + floor) * np.exp(low) - floor, 0.0),
                "upper": (predicted + floor) * np.exp(high) - floor,
                "level": level,
                "percentile": standing,
                "reading": np.select(
                    [score[i, j] > high, score[i, j] < low],
                    ["more than pairs of like size", "less than pairs of like size"],
                    "as pairs of like size trade",
                ),
            }
        )
        table["rank"] = table["percentile"].rank(ascending=False, method="min").astype(int)
        table["partners"] = len(table)
        tables.append(table)
    return pd.concat(tables, ignore_index=True)


def _bootstrap(fit: _Fit, draws: int, generator: np.random.Generator) -> np.ndarray:
    """How far parameters move from draw to draw, shape (draws, 2 n + k); without draws one row of zeros."""
    if draws < 2:
        return np.zeros((1, fit.theta.size))
    panel, n = fit.panel, len(fit.panel.countries)
    moved = np.empty((draws, fit.theta.size))
    for draw in range(draws):
        pair = np.triu(generator.exponential(size=(n, n)), 1)
        weight = panel.weight * (pair + pair.T)
        moved[draw] = kernel.refit(panel.trade, weight, panel.costs, fit.theta) - fit.theta
    return moved


# ------------------------------------------------------------------------------------------ words


def _label(text: str, known: Sequence[str]) -> str:
    label = text if text in known else find_state(text, territories=True).iso3
    if label not in known:
        raise DataNotPresentError(
            f"trade gap: {label} is not among the {len(known)} countries with flows and costs. Choose one of "
            "these, or bring flows of your own."
        )
    return label


def _check_numbers(level: float, floor: float) -> None:
    if not 0 < level < 1:
        raise SchemaError(f"trade gap: level is {level}; give a probability between 0 and 1, such as 0.9.")
    if not floor > 0:
        raise SchemaError(f"trade gap: floor is {floor}; give a small positive value in units of the flow.")


def _provenance(flows: pd.DataFrame | None, costs: pd.DataFrame | None) -> tuple[Provenance, ...]:
    found = []
    for frame, name in ((flows, "icio_flows"), (costs, "geography")):
        if frame is None:
            found.append(table_info(name).provenance)
        elif stated := frame.attrs.get("provenance"):
            found.append(Provenance(**stated))
    return tuple(source for source in found if source is not None)


def _data_notes(flows: pd.DataFrame | None, costs: pd.DataFrame | None) -> tuple[str, ...]:
    notes = [
        "Most pairs lie below their prediction, which is a mean: read a ratio against pairs of like size."
    ]
    if flows is None:
        notes.append("Intermediate goods and services of 2022 among 80 economies; final goods are not in it.")
    if costs is None:
        notes.append("Costs: distance between capitals, common border, common language; no trade agreements.")
    return tuple(notes)
