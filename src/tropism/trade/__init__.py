"""Trade: dependence, gaps to what gravity predicts, mirrors, and general-equilibrium what-ifs."""

from tropism.trade.dependence import Dependence, dependence
from tropism.trade.diversion import Diversion, diversion
from tropism.trade.effects import Effect, list_effects
from tropism.trade.equilibrium import (
    Counterfactual,
    SectorBaseline,
    SectorCounterfactual,
    icio_baseline,
    sector_baseline,
    solve_counterfactual,
    solve_sector_counterfactual,
)
from tropism.trade.exposure import embodied_value, exposure, input_output
from tropism.trade.flows import TradeMatrix, check_flows, icio_matrix, trade_matrix
from tropism.trade.gap import TradeGap, gap_series, held_out_coverage, trade_gap
from tropism.trade.gravity import GravityFit, estimate_gravity
from tropism.trade.mirror import Mirror, mirror
from tropism.trade.reports import reports_from_comtrade, reports_from_cow
from tropism.trade.shares import (
    ENERGY,
    export_level_series,
    export_share_series,
    import_level_series,
    import_share_series,
    intermediate_share_series,
    recorded_trade,
)
from tropism.trade.what_if import WhatIf, what_if_agreement, what_if_halt, what_if_sanctions

__all__ = [
    "ENERGY",
    "Counterfactual",
    "Dependence",
    "Diversion",
    "Effect",
    "GravityFit",
    "Mirror",
    "SectorBaseline",
    "SectorCounterfactual",
    "TradeGap",
    "TradeMatrix",
    "WhatIf",
    "check_flows",
    "dependence",
    "diversion",
    "embodied_value",
    "estimate_gravity",
    "export_level_series",
    "export_share_series",
    "exposure",
    "gap_series",
    "held_out_coverage",
    "icio_baseline",
    "icio_matrix",
    "import_level_series",
    "import_share_series",
    "input_output",
    "intermediate_share_series",
    "list_effects",
    "mirror",
    "recorded_trade",
    "reports_from_comtrade",
    "reports_from_cow",
    "sector_baseline",
    "solve_counterfactual",
    "solve_sector_counterfactual",
    "trade_gap",
    "trade_matrix",
    "what_if_agreement",
    "what_if_halt",
    "what_if_sanctions",
]
