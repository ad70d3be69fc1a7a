"""The tables of bots and of the market they stand in."""

from bots.models.bot import Bot, BotState, BotSymbol, Claim, Plan, StopMode
from bots.models.events import OrderEvent
from bots.models.figures import AccountDay, AccountMinute, BotDay, BotMinute, CashFlow
from bots.models.journal import DecisionPage, RetiredDocument
from bots.models.market import (
    CandleRevision,
    CandleRow,
    FeedStatus,
    InstrumentRow,
    Series,
    TickerRow,
    VerdictRow,
)  # fmt: skip
from bots.models.risk import EquityMark, RiskLock
from bots.models.study import Study, StudyState
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
    "AccountDay",
    "AccountLease",
    "AccountMinute",
    "Bot",
    "BotDay",
    "BotMinute",
    "BotState",
    "BotSymbol",
    "CandleRevision",
    "CandleRow",
    "CashFlow",
    "Claim",
    "DecisionPage",
    "EquityMark",
    "EquityPoint",
    "ExecutionRow",
    "FeedStatus",
    "InstrumentRow",
    "IntentRow",
    "IntentState",
    "OrderEvent",
    "OrderRow",
    "Outcome",
    "Plan",
    "PositionRow",
    "RetiredDocument",
    "RiskLock",
    "Series",
    "StopMode",
    "Study",
    "StudyState",
    "TickerRow",
    "VerdictRow",
]  # fmt: skip
