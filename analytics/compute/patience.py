"""Whether a run had better wait for machine code, or do without."""

from __future__ import annotations

from analytics.services.backtests.claims import Claim
from bots.services.documents import parsed
from bots.services.instruments import latest_instruments
from trading_core.backtest.compiled.choose import why_not
from trading_core.market.timeframe import MINUTE_MS

INTERPRETED_PER_S = 60_000
"""Minutes of a symbol that the interpreted engine plays in a second; docs/backtests.md says how it was measured."""


def pays(candles: int, seconds: float) -> bool:
    """Say whether machine code that takes so many seconds to come by saves as many."""
    return candles > seconds * INTERPRETED_PER_S


def is_worth_waiting(claim: Claim, remaining_s: float) -> bool:
    """Say whether a run is done sooner with machine code that will be there in so many seconds.

    It is played at once if that is no slower, or if its document isn't compiled anyway.
    """
    if not remaining_s:
        return False
    document = parsed(claim.document)
    minutes = (claim.end_ms - claim.start_ms) // MINUTE_MS
    if not pays(minutes * len(document.symbols), remaining_s):
        return False
    known = latest_instruments(document.market.source, document.market.category, document.symbols)
    return len(known) < len(document.symbols) or not why_not(document, known)
