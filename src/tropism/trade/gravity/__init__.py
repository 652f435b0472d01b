"""Structural gravity: what trade costs do to trade.

`estimate` holds the verb, `design` checks the panel and turns it into arrays, `identification` says which
cost cannot be told, `regression` holds what is done on arrays (the regression itself is pyfixest's or
fereg's), `result` what is returned; `columns` makes lags and borders.
"""

from tropism.trade.gravity.columns import border_by_year, lag_cost
from tropism.trade.gravity.design import GROUPS
from tropism.trade.gravity.estimate import estimate_gravity
from tropism.trade.gravity.regression import REASONS
from tropism.trade.gravity.result import GravityFit

__all__ = ["GROUPS", "REASONS", "GravityFit", "border_by_year", "estimate_gravity", "lag_cost"]
