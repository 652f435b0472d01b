"""Diversion: how much more a state would buy from a sanctioned seller with no change in its own policy.

Sanctions make the seller's goods cheaper for everybody who does not join. What that alone does to a state's
purchases is set beside what was observed, and beside matched states that did not join either. What is left
over is *not explained by diversion*. It is not a tilt: goods that are the same from every country (oil) are
diverted more than varieties are, and not to join is policy too.

`measure` holds the question, `panel` the flows by year and who is alike, `market` the prices that clear when
sales to some become costlier, `usual` how much shares move anyway, `result` what is returned.
"""

from tropism.trade.diversion.measure import diversion
from tropism.trade.diversion.result import COMPONENTS, Diversion

__all__ = ["COMPONENTS", "Diversion", "diversion"]
