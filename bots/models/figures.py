"""Live figures: equity of accounts and profit of bots, by minute and by day; money that was paid in or out."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from accounts.models import ExchangeAccount
from ailona.kit.tenancy import TenantModel
from bots.models.bot import Bot


class CashFlow(TenantModel):
    """Money that came to an account, or left it, without a trade."""

    account = models.ForeignKey(ExchangeAccount, on_delete=models.CASCADE, related_name="flows")
    flow_id = models.CharField(max_length=80)
    """The venue's id of the line in its transaction log."""
    kind = models.CharField(max_length=40)
    """As the venue names it: ``TRANSFER_IN``, ``TRANSFER_OUT``, ``BONUS`` ..."""
    amount = models.BigIntegerField()
    """Money units, negative = left the account."""
    time_ms = models.BigIntegerField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["account", "flow_id"], name="cash_flow_once"),
        ]


class AccountMinute(TenantModel):
    """Equity of an account at a minute of the market's clock; a minute without a row is as the one before."""

    account = models.ForeignKey(
        ExchangeAccount, on_delete=models.CASCADE, related_name="minutes", db_index=False
    )
    generation = models.PositiveIntegerField(default=1)
    minute_ms = models.BigIntegerField()
    wallet = models.BigIntegerField()
    unrealised = models.BigIntegerField()
    paid_in = models.BigIntegerField(default=0)
    """Σ of all cash flows until then: what equity owes to no trade."""

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["account", "minute_ms"], name="account_minute_once"),
        ]


class BotMinute(TenantModel):
    """Profit of a bot at a minute since it began; a minute without a row is as the one before."""

    bot = models.ForeignKey(Bot, on_delete=models.CASCADE, related_name="minutes", db_index=False)
    minute_ms = models.BigIntegerField()
    settled = models.BigIntegerField()
    """Realised less fees and funding paid."""
    unrealised = models.BigIntegerField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["bot", "minute_ms"], name="bot_minute_once"),
        ]


class AccountDay(TenantModel):
    """A day of an account in its workspace's time zone; money units."""

    account = models.ForeignKey(
        ExchangeAccount, on_delete=models.CASCADE, related_name="days", db_index=False
    )
    generation = models.PositiveIntegerField(default=1)
    day = models.DateField()
    start = models.BigIntegerField()
    """Equity the day began with: the end of the day before."""
    low = models.BigIntegerField()
    high = models.BigIntegerField()
    end = models.BigIntegerField()
    paid_before = models.BigIntegerField(default=0)
    """Σ of all cash flows before the day."""
    paid_in = models.BigIntegerField(default=0)
    """Σ of all cash flows until its end."""

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["account", "generation", "day"], name="account_day_once"),
        ]

    @property
    def result(self) -> int:
        """What trading made of the day."""
        return self.end - self.start - (self.paid_in - self.paid_before)


class BotDay(TenantModel):
    """What a bot's executions came to on a day in its workspace's time zone; money units."""

    bot = models.ForeignKey(Bot, on_delete=models.CASCADE, related_name="days", db_index=False)
    day = models.DateField()
    realised = models.BigIntegerField(default=0)
    fees = models.BigIntegerField(default=0)
    funding = models.BigIntegerField(default=0)
    """Paid; negative = received."""
    closes = models.PositiveIntegerField(default=0)
    """Executions that closed something."""
    unrealised = models.BigIntegerField(default=0)
    """At the end of the day."""
    settled_before = models.BigIntegerField(default=0)
    """Realised less fees and funding of all days before."""
    unrealised_before = models.BigIntegerField(default=0)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["bot", "day"], name="bot_day_once"),
        ]

    @property
    def settled(self) -> int:
        """Realised less fees and funding since the bot began."""
        return self.settled_before + self.realised - self.fees - self.funding

    @property
    def result(self) -> int:
        """What the bot made of the day, open positions at market."""
        return self.settled - self.settled_before + self.unrealised - self.unrealised_before
