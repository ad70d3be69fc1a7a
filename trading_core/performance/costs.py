"""What trading cost: fees, funding and slippage, each by itself and beside the gross profit."""

from __future__ import annotations

import numpy as np

from trading_core.performance.metric import Metric, missing, money, quotient
from trading_core.performance.track import TrackRecord
from trading_core.performance.trades import Trades

NO_GROSS = "no gross profit"
NO_MARKET = "the market price at the executions is not known"


def cost_figures(track: TrackRecord, trades: Trades) -> dict[str, Metric]:
    """Return the three totals; a cost is positive. Gross profit is what winning closes gained before any of them."""
    gross = int(trades.gained[trades.gained > 0].sum())
    fees = int(track.executions.fee.sum())
    paid = sum(funding.paid for funding in track.fundings)
    slipped = slippage(track)
    return {
        "fees": money(fees),
        "fees_of_gross_profit_pct": quotient(100 * fees, gross, NO_GROSS),
        "funding": money(paid),
        "funding_of_gross_profit_pct": quotient(100 * paid, gross, NO_GROSS),
        "slippage": missing(NO_MARKET) if slipped is None else money(slipped),
        "slippage_of_gross_profit_pct": missing(NO_MARKET)
        if slipped is None
        else quotient(100 * slipped, gross, NO_GROSS),
    }


def slippage(track: TrackRecord) -> int | None:
    """What takers paid beyond the last price, money units rounded up; None if one of these prices is not known."""
    executions = track.executions
    takes = ~executions.is_maker & (executions.ticks > 0)
    if (executions.market_ticks[takes] <= 0).any():
        return None
    beyond = executions.sign * (executions.ticks - executions.market_ticks) * executions.lots
    total = 0
    for code, symbol in enumerate(executions.symbols):
        ours = int(beyond[takes & (executions.symbol == code)].sum(dtype=np.int64))
        total += track.instruments[symbol].notional_ceil(ours)
    return total
