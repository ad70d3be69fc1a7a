"""Results in units of R, the loss that was planned when a trade was entered.

R of a trade is what the position filled by its entry order would have lost at the stop attached to it,
before fees (Van K. Tharp, "Trade Your Way to Financial Freedom"). Legs averaged in later change the
result, not the plan, so R stays what it was at the entry.
"""

from __future__ import annotations

import math

import numpy as np

from trading_core.execution.order import Role
from trading_core.market.candle import Floats
from trading_core.performance.columns import ROLES
from trading_core.performance.metric import Metric, missing, number
from trading_core.performance.track import TrackRecord
from trading_core.performance.trade_figures import NO_TRADES
from trading_core.performance.trades import Trades

_ENTRY = ROLES.index(Role.ENTRY)
_CAP = 100
"""Trades beyond which more of them no longer raise SQN."""
_FEWEST = 2
NO_PLAN = "not every trade's entry had a stop beyond its price"


def risk_figures(track: TrackRecord, trades: Trades) -> dict[str, Metric]:
    """Return expectancy in R and the system quality number √min(n, 100) · mean(R) / deviation(R, n - 1)."""
    if not len(trades):
        return dict.fromkeys(("expectancy_r", "sqn"), missing(NO_TRADES))
    found = multiples(track, trades)
    if np.isnan(found).any():
        return dict.fromkeys(("expectancy_r", "sqn"), missing(NO_PLAN))
    return {"expectancy_r": number(float(found.mean())), "sqn": _quality(found)}


def multiples(track: TrackRecord, trades: Trades) -> Floats:
    """Net profit of each trade over its planned loss; NaN where none was planned."""
    executions = trades.executions
    entries = executions.role[trades.order] == _ENTRY
    lots = np.where(entries, executions.lots[trades.order], 0)
    worth = lots * executions.ticks[trades.order]
    before = (np.concatenate(([0], np.cumsum(column))) for column in (lots, worth))
    held, paid = (sums[trades.stop] - sums[trades.first] for sums in before)
    names = [executions.symbols[code] for code in trades.symbol.tolist()]
    keys = zip(names, trades.number.tolist(), strict=True)
    stops = np.array([track.stops.get(key, 0) for key in keys], dtype=np.int64)
    planned = np.where(stops > 0, trades.direction * (paid - stops * held), 0)
    scales = {name: track.instruments[name].value_scale for name in executions.symbols}
    units = np.array([scales[name][0] / scales[name][1] for name in names])
    found: Floats = np.full(len(trades), np.nan)
    np.divide(trades.net, planned * units, out=found, where=planned > 0)
    return found


def _quality(found: Floats) -> Metric:
    if len(found) < _FEWEST:
        return missing("fewer than two trades")
    spread = float(found.std(ddof=1))
    if not spread:
        return missing("all trades came to the same")
    return number(math.sqrt(min(len(found), _CAP)) * float(found.mean()) / spread)
