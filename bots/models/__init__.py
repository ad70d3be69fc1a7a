"""The tables of bots and of the market they stand in."""

from bots.models.bot import Bot, BotState, BotSymbol, Claim, Plan
from bots.models.market import (
    CandleRevision,
    CandleRow,
    FeedStatus,
    InstrumentRow,
    Series,
    VerdictRow,
)  # fmt: skip
from bots.models.trading import (
    AccountLease,
    EquityPoint,
    ExecutionRow,
    IntentRow,
    IntentState,
    OrderRow,
    Outcome,
    PositionRow,
)  # fmt: skip

__all__ = [
    "AccountLease", "Bot", "BotState", "BotSymbol", "CandleRevision", "CandleRow", "Claim",
    "EquityPoint", "ExecutionRow", "FeedStatus", "InstrumentRow", "IntentRow", "IntentState",
    "OrderRow", "Outcome", "Plan", "PositionRow", "Series", "VerdictRow",
]  # fmt: skip
