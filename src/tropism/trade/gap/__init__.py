"""Trade as it is against trade as gravity predicts it, so that nearness is priced in.

Pakistan trades more with Iran than with Peru because Iran is near. The question is whether it trades more
than a state of its size does with a neighbour of that size: actual over predicted, with the pair itself
kept out of the fit that predicts it, and an interval that was checked on pairs that no fit had seen.

`measure` holds the question about one state, `paths` those about all, `conformal` the intervals and their
check, `fit` what all of them rest on, `result` what is returned, `chart` its chart.
"""

from tropism.trade.gap.conformal import held_out_coverage
from tropism.trade.gap.measure import trade_gap
from tropism.trade.gap.paths import gap_series, predicted_trade
from tropism.trade.gap.result import TradeGap

__all__ = ["TradeGap", "gap_series", "held_out_coverage", "predicted_trade", "trade_gap"]
