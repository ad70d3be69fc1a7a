"""What the risk ladder remembers: equity of day and peak, and locks."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q

from accounts.models import ExchangeAccount
from ailona.kit.codes import public_code
from ailona.kit.tenancy import TenantModel
from bots.models.bot import Bot


class EquityMark(TenantModel):
    """How an account's day began, and the highest its equity was; money units, times of the market clock."""

    account = models.OneToOneField(ExchangeAccount, on_delete=models.CASCADE, related_name="equity_mark")
    generation = models.PositiveIntegerField(default=1)
    """Of the account: one that was reset begins anew."""
    day_ms = models.BigIntegerField()
    day_start = models.BigIntegerField()
    peak = models.BigIntegerField()
    peak_ms = models.BigIntegerField()
    equity = models.BigIntegerField()
    """At ``equity_ms``, the last close at which it changed."""
    equity_ms = models.BigIntegerField()


class RiskLock(TenantModel):
    """A lock: what may not be done, why, until when, and who set and lifted it. Never deleted.

    The locks in force also stand on the rows of account and workspace, where a decision reads them
    without another query.
    """

    code = models.CharField(max_length=12, unique=True, default=public_code)
    where = models.CharField(max_length=10)
    """``trading_core.risk.levels.Where``: the rung it belongs to."""
    account = models.ForeignKey(
        ExchangeAccount, null=True, on_delete=models.CASCADE, related_name="risk_locks"
    )
    """None: of every account of the workspace."""
    environment = models.CharField(max_length=10, blank=True)
    """Only accounts of this environment; empty: all."""
    bot = models.ForeignKey(Bot, null=True, on_delete=models.CASCADE, related_name="risk_locks")
    symbol = models.CharField(max_length=30, blank=True)
    what = models.CharField(max_length=10)
    cause = models.CharField(max_length=10)
    reason = models.CharField(max_length=200)
    since_ms = models.BigIntegerField()
    until_ms = models.BigIntegerField(null=True)
    """Market clock; None: until a person lifts it."""
    set_by = models.CharField(max_length=120)
    created_at = models.DateTimeField()
    lifted_at = models.DateTimeField(null=True)
    lifted_by = models.CharField(max_length=120, blank=True)

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["workspace", "account"], condition=Q(lifted_at=None), name="risk_lock_open"),
        ]
