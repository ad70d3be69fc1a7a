"""What bots decided and what the venue did: outcomes, intents, orders, executions, positions."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q

from accounts.models import ExchangeAccount
from ailona.kit.tenancy import TenantModel
from bots.models.bot import Bot


class Outcome(TenantModel):
    """Exactly one per (bot, symbol, close): entered, or refused by a gate."""

    bot = models.ForeignKey(Bot, on_delete=models.CASCADE, related_name="outcomes")
    symbol = models.CharField(max_length=30)
    close_ms = models.BigIntegerField()
    code = models.CharField(max_length=24)
    """``trading_core.engine.outcome.OutcomeCode``."""
    leaves = models.BinaryField()
    """The conditions' truth values, packed; operands are recomputed from candles and rules."""
    details = models.JSONField(default=dict)
    """The numbers of the blocking gate."""

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["bot", "symbol", "close_ms"], name="outcome_once"),
        ]


class IntentState(models.TextChoices):
    """How far an intent is."""

    PLANNED = "planned", "Planned"
    SENDING = "sending", "Sending"
    UNKNOWN = "unknown", "Unknown"
    CONFIRMED = "confirmed", "Confirmed"
    REJECTED = "rejected", "Rejected"
    DENIED = "denied", "Denied"


UNSETTLED = (IntentState.PLANNED, IntentState.SENDING, IntentState.UNKNOWN)


class OrderRow(TenantModel):
    """An order of ours: one link, one row, whatever happens to it."""

    bot = models.ForeignKey(Bot, on_delete=models.PROTECT, related_name="orders")
    account = models.ForeignKey(ExchangeAccount, on_delete=models.PROTECT, related_name="orders")
    link = models.CharField(max_length=36)
    venue_order_id = models.CharField(max_length=64, blank=True)
    symbol = models.CharField(max_length=30)
    trade = models.PositiveIntegerField()
    role = models.CharField(max_length=12)
    leg = models.PositiveSmallIntegerField()
    revision = models.PositiveIntegerField()
    side = models.CharField(max_length=4)
    ticks = models.BigIntegerField(null=True)
    """Limit price as last confirmed or asked; None for market."""
    lots = models.BigIntegerField()
    filled = models.BigIntegerField(default=0)
    """Lots executed, from executions alone."""
    told = models.BigIntegerField(default=0)
    """Lots executed as the venue's order news told; its executions may still be on their way."""
    ending = models.CharField(max_length=16, blank=True)
    """The final state the venue told while executions were missing; taken once they are in."""
    reduce_only = models.BooleanField()
    state = models.CharField(max_length=16)
    """``trading_core.execution.order.OrderState``."""
    reason = models.CharField(max_length=120, blank=True)
    instrument_version = models.PositiveIntegerField()
    decided_ms = models.BigIntegerField()
    """Market clock of the close or fill that led to it."""
    created_at = models.DateTimeField()
    updated_ms = models.BigIntegerField(default=0)
    """Venue's clock of the news last applied."""

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["account", "link"], name="order_link_once"),
            models.UniqueConstraint(
                fields=["account", "symbol"],
                condition=Q(role="entry", state__in=["planned", "sending", "unknown"]),
                name="one_entry_in_flight",
            ),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["bot", "symbol"],
                condition=Q(state__in=["planned", "sending", "unknown", "accepted", "partially_filled"]),
                name="order_open",
            ),
        ]


class IntentRow(TenantModel):
    """One thing to ask of the venue: committed before it is asked."""

    bot = models.ForeignKey(Bot, on_delete=models.PROTECT, related_name="intents")
    account = models.ForeignKey(ExchangeAccount, on_delete=models.PROTECT, related_name="intents")
    order = models.ForeignKey(OrderRow, null=True, on_delete=models.PROTECT, related_name="intents")
    """None for leverage and stop."""
    kind = models.CharField(max_length=10)
    """``trading_core.execution.intent.IntentKind``."""
    symbol = models.CharField(max_length=30)
    trade = models.PositiveIntegerField()
    params = models.JSONField()
    """lots, ticks, stop_ticks, leverage_ppm, reduce_only, side: integers as asked."""
    priority = models.PositiveSmallIntegerField()
    """0 cancel, 1 protect, 2 exit, 3 entry: the account's queue runs by (priority, id)."""
    state = models.CharField(max_length=10, choices=IntentState.choices)
    lease_token = models.PositiveBigIntegerField(default=0)
    signed_ms = models.BigIntegerField(default=0)
    expires_ms = models.BigIntegerField(default=0)
    attempts = models.PositiveSmallIntegerField(default=0)
    error = models.CharField(max_length=200, blank=True)
    decided_ms = models.BigIntegerField()
    created_at = models.DateTimeField()
    settled_at = models.DateTimeField(null=True)
    rung_at = models.DateTimeField(null=True)
    """Wall clock when the close behind it was heard; None when something else led to it."""

    class Meta:
        indexes: ClassVar = [
            models.Index(
                fields=["account", "priority", "id"],
                condition=Q(state__in=["planned", "sending", "unknown"]),
                name="intent_unsettled",
            ),
        ]


class ExecutionRow(TenantModel):
    """One match, funding payment or liquidation, applied once by the venue's id."""

    account = models.ForeignKey(ExchangeAccount, on_delete=models.PROTECT, related_name="executions")
    bot = models.ForeignKey(Bot, null=True, on_delete=models.PROTECT, related_name="executions")
    """None when no bot of ours holds the symbol."""
    order = models.ForeignKey(OrderRow, null=True, on_delete=models.PROTECT, related_name="executions")
    exec_id = models.CharField(max_length=64)
    exec_type = models.CharField(max_length=16)
    symbol = models.CharField(max_length=30)
    trade = models.PositiveIntegerField(default=0)
    role = models.CharField(max_length=12, blank=True)
    leg = models.PositiveSmallIntegerField(default=0)
    side = models.CharField(max_length=4)
    ticks = models.BigIntegerField()
    lots = models.BigIntegerField()
    fee = models.BigIntegerField()
    """Money units, positive = paid."""
    realised = models.BigIntegerField(default=0)
    """Money units gained by this execution before fees."""
    reason = models.CharField(max_length=16, blank=True)
    """``ExitReason`` of an execution that closes."""
    is_maker = models.BooleanField()
    time_ms = models.BigIntegerField()
    sequence = models.BigIntegerField()
    instrument_version = models.PositiveIntegerField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["account", "exec_id"], name="execution_once"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["bot", "symbol", "time_ms"], name="execution_by_bot"),
            models.Index(fields=["workspace", "time_ms"], name="execution_by_time"),
        ]


class PositionRow(TenantModel):
    """The netting of our executions for one account and symbol."""

    account = models.ForeignKey(ExchangeAccount, on_delete=models.PROTECT, related_name="positions")
    bot = models.ForeignKey(Bot, null=True, on_delete=models.PROTECT, related_name="positions")
    symbol = models.CharField(max_length=30)
    lots = models.BigIntegerField(default=0)
    cost = models.BigIntegerField(default=0)
    realised = models.BigIntegerField(default=0)
    fees = models.BigIntegerField(default=0)
    stop_ticks = models.BigIntegerField(null=True)
    """The protective stop as the venue last confirmed it."""
    leverage_ppm = models.BigIntegerField(default=0)
    """As the venue last confirmed it; 0 = not known."""
    opened_ms = models.BigIntegerField(default=0)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["account", "symbol"], name="position_once"),
        ]


class AccountLease(TenantModel):
    """Which trader may act for an account: rising token, database time."""

    account = models.OneToOneField(ExchangeAccount, on_delete=models.CASCADE, related_name="lease")
    holder = models.CharField(max_length=60, blank=True)
    token = models.PositiveBigIntegerField(default=0)
    until = models.DateTimeField(null=True)
    stream_mark = models.CharField(max_length=64, null=True)
    """Id of the last private message applied; "" after a reconcile, None when not connected."""
    reconciled_at = models.DateTimeField(null=True)


class EquityPoint(TenantModel):
    """Equity of a bot's account at a close."""

    bot = models.ForeignKey(Bot, on_delete=models.CASCADE, related_name="equity")
    close_ms = models.BigIntegerField()
    wallet = models.BigIntegerField()
    unrealised = models.BigIntegerField()
    generation = models.PositiveIntegerField(default=1)
    """Of the account: a reset one begins with another balance, which is no gain."""

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["bot", "close_ms"], name="equity_once"),
        ]
