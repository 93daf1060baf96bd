"""A draft promise against the organisation's own history: what it would have kept, and cost.

`backtest` answers; the other modules are how.
"""

from promises.reporting.backtests.estimate import backtest
from promises.reporting.backtests.figures import Backtest, Span

__all__ = ["Backtest", "Span", "backtest"]
