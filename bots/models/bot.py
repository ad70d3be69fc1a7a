"""A bot: its document, its state, its place in time, and its plan for each symbol."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from accounts.models import ExchangeAccount
from ailona.kit.codes import public_code
from ailona.kit.tenancy import TenantModel


class BotState(models.TextChoices):
    """What a bot is allowed to do; ``bots.states`` says what may rest in each."""

    DRAFT = "draft", "Draft"
    STARTING = "starting", "Starting"
    RUNNING = "running", "Running"
    ENTRIES_PAUSED = "entries_paused", "Entries paused"
    CLOSE_ONLY = "close_only", "Closing only"
    STOPPING = "stopping", "Stopping"
    STOPPED = "stopped", "Stopped"
    PARKED = "parked", "Parked"


class StopMode(models.TextChoices):
    """What becomes of positions and orders when a bot is stopped."""

    CANCEL = "cancel", "Keep positions with stop and targets; cancel entries and legs"
    LEAVE = "leave", "Leave positions and everything that stands, legs too"
    CLOSE_LIMIT = (
        "close_limit",
        "Close by limit orders at the last price, at the market what is left after 5 minutes",
    )
    CLOSE = "close", "Close at the market"


class Bot(TenantModel):
    """A tenant's bot."""

    code = models.CharField(max_length=12, unique=True, default=public_code)
    name = models.CharField(max_length=80)
    document = models.JSONField()
    """The bot document, canonical (``trading_core.engine.document``)."""
    rules_hash = models.CharField(max_length=64)
    """Of the effective rule-set; the key of its verdicts."""
    account = models.ForeignKey(ExchangeAccount, on_delete=models.PROTECT, related_name="bots")
    state = models.CharField(max_length=16, choices=BotState.choices, default=BotState.DRAFT)
    state_reason = models.CharField(max_length=200, blank=True)
    stop_mode = models.CharField(max_length=12, choices=StopMode.choices, blank=True)
    """How it was stopped last; empty when it never was."""
    source = models.CharField(max_length=20)
    category = models.CharField(max_length=10)
    timeframe = models.CharField(max_length=4)
    follows = models.BooleanField(default=False)
    """Whether trades under way want to see every closed minute."""

    wanted = models.BigIntegerField(default=0)
    """The latest close (ms) the bot should have seen; only rises."""
    done = models.BigIntegerField(default=0)
    """The latest close it has seen; wanted > done means work."""
    pack_at = models.BigIntegerField(default=0)
    """The close from which on its journal has something to pack; nothing to look for before."""
    journal_heads = models.JSONField(default=dict, blank=True)
    """By symbol: the digest (hex) of the newest page of its journal, so that one taken away is missed."""
    rung_at = models.DateTimeField(null=True, blank=True)
    """Wall clock when ``wanted`` was last raised."""
    lease_holder = models.CharField(max_length=60, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    lease_token = models.PositiveBigIntegerField(default=0)
    failures = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return self.name


class BotSymbol(TenantModel):
    """A symbol a bot listens to."""

    bot = models.ForeignKey(Bot, on_delete=models.CASCADE, related_name="listens")
    symbol = models.CharField(max_length=30)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["bot", "symbol"], name="bot_symbol_once"),
        ]


class Plan(TenantModel):
    """The versioned record behind a position: frozen prices, counters, phase. One per bot and symbol."""

    bot = models.ForeignKey(Bot, on_delete=models.CASCADE, related_name="plans")
    symbol = models.CharField(max_length=30)
    trade = models.PositiveIntegerField(default=0)
    state = models.JSONField()
    """``trading_core.plan.state.PlanState`` as integers."""

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["bot", "symbol"], name="plan_once")]


class Claim(TenantModel):
    """The right to trade a symbol on an account; freed when flat with no open order."""

    account = models.ForeignKey(ExchangeAccount, on_delete=models.CASCADE, related_name="claims")
    symbol = models.CharField(max_length=30)
    bot = models.ForeignKey(Bot, on_delete=models.CASCADE, related_name="claims")
    exposure = models.BigIntegerField(default=0)
    """What the trade may come to with all its legs, in money units; positive long, negative short."""

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["account", "symbol"], name="claim_once"),
        ]
