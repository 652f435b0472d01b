"""Gravity fits that gaps are measured on: one for each year and sector, and what each predicts."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from tropism.trade import _leave_out as kernel
from tropism.trade.gravity import estimate_gravity
from tropism.trade.panels import Panel

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, eq=False)
class PanelFit:
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


def fit_panel(panel: Panel) -> PanelFit:
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
    return PanelFit(panel, table, theta, left_out)
