"""Gaps of every state with some poles, by year, with joint draws of the prediction."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from tropism.errors import SchemaError
from tropism.progress import spinner
from tropism.series import Series
from tropism.trade import _leave_out as kernel
from tropism.trade.gap.fit import PanelFit, fit_panel
from tropism.trade.gap.inputs import check_numbers, data_notes, sources_of
from tropism.trade.panels import make_panels
from tropism.trade.predicted import PredictedTrade, Side, gap_draws

if TYPE_CHECKING:
    import pandas as pd


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
    progress: bool = False,
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
    progress : bool
        Tell on stderr, if that is a terminal, how far the draws are.

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
    check_numbers(0.9, floor)
    if side not in ("both", "exports", "imports"):
        raise SchemaError(f"trade gap: side is {side!r}. Choose both, exports or imports.")
    return gap_draws(
        predicted_trade(
            flows=flows, costs=costs, value=value, years=years, draws=draws, seed=seed, progress=progress
        ),
        poles,
        side,
        floor,
        provenance=sources_of(flows, costs),
        notes=(
            *data_notes(flows, costs),
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
    progress: bool = False,
) -> list[PredictedTrade]:
    """Trade of each year, what the fit without the pair predicts, and draws of the fit.

    Parameters and errors are those of `gap_series`.
    """
    generator = np.random.default_rng(seed)
    found = []
    with spinner("gravity", progress) as tell:
        for panel in make_panels(flows, costs, value, False, years):
            tell(f"{panel.year}")
            fit = fit_panel(panel)
            found.append(
                PredictedTrade(
                    year=panel.year,
                    countries=panel.countries,
                    costs=panel.names,
                    trade=np.where(fit.panel.weight > 0, panel.trade, np.nan),
                    left_out=fit.left_out,
                    values=panel.costs,
                    moved=_bootstrap(fit, draws, generator, tell),
                )
            )
    return found


def _bootstrap(
    fit: PanelFit, draws: int, generator: np.random.Generator, tell: Callable[[str], None]
) -> np.ndarray:
    """How far parameters move from draw to draw, shape (draws, 2 n + k); without draws one row of zeros."""
    if draws < 2:
        return np.zeros((1, fit.theta.size))
    panel, n = fit.panel, len(fit.panel.countries)
    moved = np.empty((draws, fit.theta.size))
    for draw in range(draws):
        tell(f"{panel.year}, draw {draw + 1} of {draws}")
        pair = np.triu(generator.exponential(size=(n, n)), 1)
        weight = panel.weight * (pair + pair.T)
        moved[draw] = kernel.refit(panel.trade, weight, panel.costs, fit.theta) - fit.theta
    return moved
