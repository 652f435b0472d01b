"""What if trade costs changed: equilibrium of one sector, or of many with input-output linkages."""

from tropism.trade.equilibrium.accounts import SectorBaseline, icio_baseline, sector_baseline
from tropism.trade.equilibrium.armington import solve_counterfactual
from tropism.trade.equilibrium.result import Counterfactual, SectorCounterfactual
from tropism.trade.equilibrium.sectors import solve_sector_counterfactual

__all__ = [
    "Counterfactual",
    "SectorBaseline",
    "SectorCounterfactual",
    "icio_baseline",
    "sector_baseline",
    "solve_counterfactual",
    "solve_sector_counterfactual",
]
