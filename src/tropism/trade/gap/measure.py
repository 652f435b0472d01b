"""How much one state trades with others, against what gravity predicts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from tropism.errors import DataNotPresentError, TriadError
from tropism.progress import spinner
from tropism.states import find_state
from tropism.trade.flows import data_sha256
from tropism.trade.gap.conformal import tails
from tropism.trade.gap.fit import PanelFit, fit_panel
from tropism.trade.gap.inputs import check_numbers, data_notes, sources_of
from tropism.trade.gap.result import TradeGap
from tropism.trade.panels import make_panels
from tropism.trade.predicted import like_scores, percentile

if TYPE_CHECKING:
    import pandas as pd


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
        Tell on stderr, if that is a terminal, which fit is running.

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

    check_numbers(level, floor)
    panels = make_panels(flows, costs, value, sectors, years)
    known = sorted({label for panel in panels for label in panel.countries})
    # Labels of one's own need not be states, those that are left out included.
    labels = known if flows is None else [*map(str, {*flows["exporter"], *flows["importer"]})]
    here = _label(state, labels, known)
    there = None if partner is None else _label(partner, labels, known)
    if here == there:
        raise TriadError(f"trade gap: {state} and {partner} are both {here}. Give two states.")
    rows, coefficients = [], []
    notes = list(data_notes(flows, costs))
    with spinner("gravity", progress) as tell:
        for panel in panels:
            tell(f"{panel.sector} in {panel.year}")
            if here in panel.countries:
                fit = fit_panel(panel)
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
        settings={
            "value": value,
            "floor": floor,
            "level": level,
            "costs": list(panels[0].names),
            "data_sha256": data_sha256(
                known, *(array for panel in panels for array in (panel.trade, panel.weight, panel.costs))
            ),
        },
        provenance=sources_of(flows, costs),
        notes=tuple(dict.fromkeys(notes)),
    )


def _measure(fit: PanelFit, state: str, floor: float, level: float) -> pd.DataFrame:
    """All flows of one state in one panel against pairs of like predicted size."""
    import pandas as pd

    panel = fit.panel
    score = np.log((panel.trade + floor) / (np.exp(fit.left_out) + floor))
    score[panel.weight == 0] = np.nan
    at = panel.countries.index(state)
    sides = []
    for side in ("exports", "imports"):
        own = score[at] if side == "exports" else score[:, at]
        partners = np.flatnonzero(np.isfinite(own))
        i, j = np.full_like(partners, at), partners
        if side == "imports":
            i, j = j, i
        table = _against_like(fit, score, i, j, floor, level)
        table.insert(0, "year", panel.year)
        table.insert(1, "sector", panel.sector)
        table.insert(2, "side", side)
        table.insert(3, "partner", np.array(panel.countries, dtype=object)[partners])
        table["rank"] = table["percentile"].rank(ascending=False, method="min").astype(int)
        table["partners"] = len(table)
        sides.append(table)
    return pd.concat(sides, ignore_index=True)


def _against_like(
    fit: PanelFit, score: np.ndarray, i: np.ndarray, j: np.ndarray, floor: float, level: float
) -> pd.DataFrame:
    """Flows from i to j beside the interval of pairs of like predicted size, and where they stand in it."""
    import pandas as pd

    like = [like_scores(fit.left_out, score, *pair) for pair in zip(i.tolist(), j.tolist(), strict=True)]
    low, high = np.array([tails(scores, level) for scores in like]).reshape(-1, 2).T
    own, predicted = score[i, j], np.exp(fit.left_out[i, j])
    return pd.DataFrame(
        {
            "actual": fit.panel.trade[i, j],
            "predicted": predicted,
            "log_ratio": own,
            "lower": np.maximum((predicted + floor) * np.exp(low) - floor, 0.0),
            "upper": (predicted + floor) * np.exp(high) - floor,
            "level": level,
            "percentile": [percentile(*each) for each in zip(like, own.tolist(), strict=True)],
            "reading": np.select(
                [own > high, own < low],
                ["more than pairs of like size", "less than pairs of like size"],
                "as pairs of like size trade",
            ),
        }
    )


def _label(text: str, labels: Sequence[str], known: Sequence[str]) -> str:
    label = text if text in labels else find_state(text, territories=True).iso3
    if label not in known:
        raise DataNotPresentError(
            f"trade gap: {label} is not among the {len(known)} countries with exports, imports and costs. "
            "Choose one of these, or bring flows of your own."
        )
    return label
