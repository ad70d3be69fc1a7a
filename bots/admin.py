"""What operators see of bots, orders and the market."""

from __future__ import annotations

from django.contrib import admin

from accounts.operators import ReadOnlyAdmin
from bots.models import (
    AccountDay,
    AccountLease,
    Bot,
    BotDay,
    CandleRevision,
    CandleRow,
    CashFlow,
    Claim,
    EquityMark,
    EquityPoint,
    ExecutionRow,
    FeedStatus,
    InstrumentRow,
    IntentRow,
    OrderRow,
    Outcome,
    Plan,
    PositionRow,
    RiskLock,
    Series,
    TickerRow,
    VerdictRow,
)  # fmt: skip


@admin.register(Bot)
class BotAdmin(ReadOnlyAdmin):
    """Bots, and how far behind they are."""

    list_display = (
        "code",
        "name",
        "workspace",
        "account",
        "state",
        "source",
        "timeframe",
        "wanted",
        "done",
        "failures",
    )
    list_filter = ("state", "source", "category", "timeframe")
    list_select_related = ("workspace", "account")
    search_fields = ("code",)


@admin.register(Plan)
class PlanAdmin(ReadOnlyAdmin):
    """The record behind a position."""

    list_display = ("bot", "symbol", "trade")
    list_select_related = ("bot",)


@admin.register(Claim)
class ClaimAdmin(ReadOnlyAdmin):
    """Who may trade a symbol on an account."""

    list_display = ("account", "symbol", "bot")
    list_select_related = ("account", "bot")


@admin.register(Outcome)
class OutcomeAdmin(ReadOnlyAdmin):
    """Decisions."""

    list_display = ("bot", "symbol", "close_ms", "code")
    list_filter = ("code",)
    list_select_related = ("bot",)


@admin.register(OrderRow)
class OrderAdmin(ReadOnlyAdmin):
    """Orders."""

    list_display = ("link", "bot", "account", "symbol", "role", "side", "lots", "filled", "state")
    list_filter = ("state", "role")
    list_select_related = ("bot", "account")
    search_fields = ("link", "venue_order_id")


@admin.register(IntentRow)
class IntentAdmin(ReadOnlyAdmin):
    """What was asked of the venue, or is still to be."""

    list_display = ("pk", "bot", "account", "kind", "symbol", "state", "attempts", "error")
    list_filter = ("state", "kind")
    list_select_related = ("bot", "account")


@admin.register(ExecutionRow)
class ExecutionAdmin(ReadOnlyAdmin):
    """Executions."""

    list_display = ("exec_id", "account", "bot", "symbol", "exec_type", "side", "ticks", "lots", "time_ms")
    list_filter = ("exec_type",)
    list_select_related = ("account", "bot")
    search_fields = ("exec_id",)


@admin.register(PositionRow)
class PositionAdmin(ReadOnlyAdmin):
    """Positions and their protective stops."""

    list_display = ("account", "bot", "symbol", "lots", "stop_ticks")
    list_select_related = ("account", "bot")


@admin.register(AccountLease)
class AccountLeaseAdmin(ReadOnlyAdmin):
    """Which trader acts for an account."""

    list_display = ("account", "holder", "token", "until", "reconciled_at")
    list_select_related = ("account",)


@admin.register(EquityPoint)
class EquityPointAdmin(ReadOnlyAdmin):
    """Equity at closes."""

    list_display = ("bot", "close_ms", "wallet", "unrealised")
    list_select_related = ("bot",)


@admin.register(EquityMark)
class EquityMarkAdmin(ReadOnlyAdmin):
    """Equity of day and peak."""

    list_display = ("account", "day_start", "peak", "equity", "equity_ms")
    list_select_related = ("account",)


@admin.register(RiskLock)
class RiskLockAdmin(ReadOnlyAdmin):
    """Locks, lifted ones too."""

    list_display = (
        "code",
        "workspace",
        "where",
        "what",
        "cause",
        "reason",
        "until_ms",
        "set_by",
        "lifted_by",
    )
    list_filter = ("where", "what", "cause")
    list_select_related = ("workspace",)


@admin.register(Series)
class SeriesAdmin(ReadOnlyAdmin):
    """Candle series."""

    list_display = ("source", "category", "symbol", "timeframe")
    list_filter = ("source", "category", "timeframe")
    search_fields = ("symbol",)


@admin.register(InstrumentRow)
class InstrumentAdmin(ReadOnlyAdmin):
    """Contract definitions."""

    list_display = ("source", "category", "symbol", "version", "seen_at")
    list_filter = ("source", "category")
    search_fields = ("symbol",)


@admin.register(CandleRow)
class CandleAdmin(ReadOnlyAdmin):
    """Recent candles."""

    list_display = ("series_id", "open_time", "open", "high", "low", "close", "volume")


@admin.register(CandleRevision)
class CandleRevisionAdmin(ReadOnlyAdmin):
    """What the venue told differently later."""

    list_display = ("series_id", "open_time", "seen_at")


@admin.register(TickerRow)
class TickerAdmin(ReadOnlyAdmin):
    """Tickers of closes."""

    list_display = ("series_id", "time_ms", "funding_rate", "mark", "spread")


@admin.register(VerdictRow)
class VerdictAdmin(ReadOnlyAdmin):
    """Verdicts."""

    list_display = ("rules_hash", "series_id", "close_ms")


@admin.register(FeedStatus)
class FeedStatusAdmin(ReadOnlyAdmin):
    """How the feeds are."""

    list_display = ("source", "market", "connected", "last_close_ms", "heard_at")
    ordering = ("source",)


@admin.register(CashFlow)
class CashFlowAdmin(ReadOnlyAdmin):
    """Money paid in and out."""

    list_display = ("account", "kind", "amount", "time_ms")
    list_select_related = ("account",)


@admin.register(AccountDay)
class AccountDayAdmin(ReadOnlyAdmin):
    """Accounts by day."""

    list_display = ("account", "day", "start", "end", "paid_in")
    list_select_related = ("account",)


@admin.register(BotDay)
class BotDayAdmin(ReadOnlyAdmin):
    """Bots by day."""

    list_display = ("bot", "day", "realised", "fees", "funding", "closes")
    list_select_related = ("bot",)
