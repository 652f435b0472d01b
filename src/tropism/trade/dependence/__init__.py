"""How much one state's trade rests on another, both ways: shares with levels, concentration, substitutes.

A share alone misleads in both directions: most of nothing is little, and a small share of what nobody else
sells can be much. So every share stands here beside its level, its rank and what others could supply.

`measure` holds the question, `goods` the flows of either kind, `result` what is returned, `chart` its chart.
"""

from tropism.trade.dependence.measure import dependence
from tropism.trade.dependence.result import Dependence

__all__ = ["Dependence", "dependence"]
