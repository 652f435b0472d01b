"""What the package's own gravity fits find, small enough to carry.

The effects of trade agreements, from a published panel; and trade in inputs beside what gravity predicts.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from embed import SHARED, Built, geography, icio
from embed.rounding import significant
from tropism.series import Provenance
from tropism.trade.gap import predicted_trade
from tropism.trade.gravity import border_by_year, estimate_gravity
from tropism.trade.predicted import tabulate

TABLES = ("agreement_estimates", "trade_gaps", "trade_gap_draws")

PANEL = Provenance(
    source="Effects of trade agreements, computed from the panel of the Advanced Guide to Trade Policy",
    licence="CC BY 4.0 (panel)",
    as_of="2006-12-31",
    version="tradepolicy, commit 342a6553e67f53912212a35674e066f9344dd655",
    citation="Yotov, Piermartini, Monteiro and Larch (2016), An Advanced Guide to Trade Policy Analysis: The "
    "Structural Gravity Model, WTO and UN, ISBN 978-92-870-4367-2.",
    url="https://github.com/pachadotdev/tradepolicy",
)
SAMPLE = "manufacturing trade of 69 countries, 1986-2006 every four years"
GAPS = Provenance(
    source=f"Gravity predictions computed from {icio.PROVENANCE.source}, and from "
    f"{geography.PROVENANCE.source}",
    licence=f"{icio.PROVENANCE.licence}; {geography.PROVENANCE.licence} (distances, borders, languages)",
    as_of=icio.PROVENANCE.as_of,
    version=f"{icio.PROVENANCE.version}; {geography.PROVENANCE.version}",
    citation=f"{icio.PROVENANCE.citation} {geography.PROVENANCE.citation}",
    url=icio.PROVENANCE.url,
)
#: As many as `gap_series` takes, from the same seed, so that the two can be held against each other.
DRAWS, SEED = 200, 0
#: Steps to which moves are rounded, in log points: with distance, the largest cost, 0.0005 in all.
STEP = 1e-4
LAGS = ["rta", "rta_lag4", "rta_lag8", "rta_lag12"]
#: Name, costs whose effects are added up, whether international borders have effects of their own by year.
MODELS = (
    ("own", ["rta"], False, "regional agreements, those in force"),
    ("own_phased_in", LAGS, False, "regional agreements, effects up to twelve years on added up"),
    ("own_globalisation", LAGS, True, "as own_phased_in, with international borders that change by year"),
)


def build() -> list[Built]:
    """Both groups of tables."""
    return [_agreements(), *_gaps()]


def _agreements() -> Built:
    """Poisson with exporter-year, importer-year and pair effects, domestic sales included."""
    panel = pd.read_parquet(SHARED / "gravity" / "agtpa.parquet")
    panel = panel[panel["year"].isin(range(1986, 2007, 4))].reset_index(drop=True)
    panel = panel.join(borders := border_by_year(panel))
    rows = []
    for name, costs, by_year, applies_to in MODELS:
        fit = estimate_gravity(
            panel,
            [*costs, *(borders.columns if by_year else ())],
            value="trade",
            fixed_effects=("exporter-year", "importer-year", "pair"),
        )
        total = fit.total(costs).iloc[0]
        rows.append(
            {
                "estimation": name,
                "log_points": round(total["estimate"], 6),
                "log_points_std_error": round(total["std_error"], 6),
                "applies_to": f"{applies_to}; {SAMPLE}",
            }
        )
    notes = (
        "Poisson with exporter-year, importer-year and pair effects, domestic sales included, errors "
        "clustered by pair.",
        "Neither Russia nor Pakistan is among the 69 countries.",
    )
    return Built("agreement_estimates", pd.DataFrame(rows), PANEL, notes)


def _gaps() -> list[Built]:
    """Poisson with exporter and importer effects, each pair predicted by the fit without it."""
    (year,) = predicted_trade(draws=DRAWS, seed=SEED)
    gaps, draws = tabulate(year)
    gaps["predicted_million_usd"] = significant(gaps["predicted_million_usd"], 5)
    gaps["shares_border"] = gaps["shares_border"] > 0
    gaps["shares_language"] = gaps["shares_language"] > 0
    draws["moved"] = np.rint(draws["moved"] / STEP) * STEP
    notes = (
        "Poisson with effects of exporters and importers, and log distance between capitals, common border "
        "and common language as costs; no effects of pairs, no trade agreements. A flow is predicted by the "
        "fit without the pair, both directions left out.",
        "Predictions are means, and flows are skewed: most flows lie below theirs.",
        f"{DRAWS} draws: in each all pairs get exponential weights and the whole fit is repeated. A "
        "prediction moves by the sum of the moves of its exporter, its importer and, times its costs, of "
        "each cost.",
    )
    return [Built("trade_gaps", gaps, GAPS, notes), Built("trade_gap_draws", draws, GAPS, notes[-1:])]
