"""How often the verdicts are right: documented cases scored as if their outcome were not known."""

from tropism.backtesting.ledger import Ledger, score_ledger, write_ledger
from tropism.backtesting.result import Backtest
from tropism.backtesting.run import backtest

__all__ = ["Backtest", "Ledger", "backtest", "score_ledger", "write_ledger"]
