"""Intervals of the gap: order statistics of like pairs, and how often they hold pairs not seen."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np

from tropism.progress import spinner
from tropism.trade import _leave_out as kernel
from tropism.trade.gap.fit import PanelFit, fit_panel
from tropism.trade.gap.inputs import check_numbers
from tropism.trade.panels import make_panels
from tropism.trade.predicted import Bins

if TYPE_CHECKING:
    import pandas as pd


def tails(scores: np.ndarray, level: float) -> tuple[float, float]:
    """Order statistics between which a new score lies with at least this probability."""
    tail = (1 - level) / 2 * (scores.size + 1)
    low, high = int(np.floor(tail)), int(np.ceil(scores.size + 1 - tail))
    return (
        -np.inf if low < 1 else float(scores[low - 1]),
        np.inf if high > scores.size else float(scores[high - 1]),
    )


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
    progress: bool = False,
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

    Notes
    -----
    Tenths are cut once for all folds, the bins of the intervals anew in each: flows near an edge may be
    counted in one tenth and be held against the bin beside it.
    """
    import pandas as pd

    check_numbers(level, floor)
    generator, parts = np.random.default_rng(seed), []
    panels = make_panels(flows, costs, value, sectors, years)
    with spinner("coverage", progress) as tell:
        for panel in panels:
            fit = fit_panel(panel)
            n = len(panel.countries)
            deal = generator.integers(folds, size=(n, n))
            deal = np.triu(deal, 1) + np.triu(deal, 1).T
            for fold in range(folds):
                tell(f"{panel.sector} in {panel.year}, fold {fold + 1} of {folds}")
                parts.append(_held_out(fit, deal == fold, floor, level))
    table = pd.concat(parts, ignore_index=True)
    tenth = table.groupby(["year", "sector"])["predicted"].rank(pct=True).mul(10).apply(np.ceil).astype(int)
    grouped = table.groupby(["year", "sector", tenth.rename("tenth")])
    return grouped.agg(
        predicted_from=("predicted", "min"),
        predicted_to=("predicted", "max"),
        flows=("predicted", "size"),
        zeros=("zeros", "mean"),
        coverage=("coverage", "mean"),
    ).reset_index()


def _held_out(fit: PanelFit, held: np.ndarray, floor: float, level: float) -> pd.DataFrame:
    """Flows that are held out: predicted, zero or not, and whether the rest's interval has them."""
    import pandas as pd

    panel = fit.panel
    rest = panel.weight * ~held
    theta = kernel.refit(panel.trade, rest, panel.costs, fit.theta)
    left = kernel.leave_pair_out(panel.trade, rest, panel.costs, theta)
    score = np.log((panel.trade + floor) / (np.exp(left) + floor))
    known = np.isfinite(score) & (rest > 0)
    expected = kernel.predictor(theta, panel.costs)
    # A country whose every trade is held out cannot be predicted from the rest.
    held = held & (panel.weight > 0) & np.isfinite(expected)
    size, trade = expected[held], panel.trade[held]
    like = Bins(left[known], score[known]).like(size)
    low, high = np.array([tails(scores, level) for scores in like]).reshape(-1, 2).T
    new = np.log((trade + floor) / (np.exp(size) + floor))
    return pd.DataFrame(
        {
            "year": panel.year,
            "sector": panel.sector,
            "predicted": np.exp(size),
            "zeros": trade == 0,
            "coverage": (new >= low) & (new <= high),
        }
    )
