"""What trade agreements do to trade, as `estimate_gravity` finds it on a published panel."""

from __future__ import annotations

import pandas as pd

from embed import SHARED, Built
from tropism.series import Provenance
from tropism.trade.gravity import border_by_year, estimate_gravity

TABLES = ("agreement_estimates",)

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
LAGS = ["rta", "rta_lag4", "rta_lag8", "rta_lag12"]
#: Name, costs whose effects are added up, whether international borders have effects of their own by year.
MODELS = (
    ("own", ["rta"], False, "regional agreements, those in force"),
    ("own_phased_in", LAGS, False, "regional agreements, effects up to twelve years on added up"),
    ("own_globalisation", LAGS, True, "as own_phased_in, with international borders that change by year"),
)


def build() -> list[Built]:
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
    return [Built("agreement_estimates", pd.DataFrame(rows), PANEL, notes)]
