"""What if: an agreement, sanctions, or an end of purchases, taken through a trade equilibrium.

A scenario is a change of cost factors t^(1-sigma) on some flows. The effect of an agreement or of sanctions
is drawn from an estimate that the user chooses; it enters as exp(beta), so that sigma acts through the
equilibrium alone. Everything is solved under both usual assumptions on deficits. `scenarios` holds the
verbs, `plan` what they share, `result` what is returned, `chart` its chart.
"""

from tropism.trade.what_if.result import DEFICITS, WhatIf
from tropism.trade.what_if.scenarios import what_if_agreement, what_if_halt, what_if_sanctions

__all__ = ["DEFICITS", "WhatIf", "what_if_agreement", "what_if_halt", "what_if_sanctions"]
