"""How much a seller's share at a buyer moves when nothing happens: changes of earlier years."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tropism.errors import DataNotPresentError
from tropism.trade.diversion.panel import Panel

#: Years before the sanctions whose changes tell it.
USUAL_YEARS = 12


def usual_changes(panel: Panel, near: Sequence[int], seller: int, before: int, span: int) -> np.ndarray:
    """Log changes of the seller's share at these buyers over spans of that length until ``before``."""
    years = [year for year in range(before - USUAL_YEARS, before + 1) if year in panel.years]
    share = {}
    for year in years:
        matrix = panel.year(year)[:, near]
        total = matrix.sum(axis=0)
        with np.errstate(divide="ignore", invalid="ignore"):
            share[year] = np.where(matrix[seller] > 0, matrix[seller] / total, np.nan)
    changes = [np.log(share[year + span] / share[year]) for year in years if year + span in share]
    found = np.concatenate([np.empty(0), *changes])
    found = found[np.isfinite(found)]
    if not found.size:
        raise DataNotPresentError(
            f"diversion: no change over {span} years before {before} is on record, so that nothing tells how "
            "much such shares move anyway. Give flows of earlier years too."
        )
    return found


def noise_draws(usual: np.ndarray, span: int, draws: int, random: np.random.Generator) -> np.ndarray:
    """Draws of how much a share moves when nothing happens: shape (draws,)."""
    spread = usual - np.median(usual)
    noise = random.choice(spread, draws)
    # As in conformal prediction: one more change lies beyond all n seen with probability 1 / (n + 1). Spans
    # overlap, so that only one in `span` of them counts.
    beyond = random.random(draws) < 1 / (usual.size / span + 1)
    return np.where(beyond, np.abs(spread).max() * random.choice([-1.0, 1.0], draws), noise)
