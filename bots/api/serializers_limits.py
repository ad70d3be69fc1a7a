"""Limits and locks as the API says and reads them."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from ailona.kit.fields import MoneyField, MsField, StrictSerializer
from trading_core.engine.limits_schema import limits_data
from trading_core.risk.levels import What

_WHATS = [what.value for what in What if what is not What.WARN]


class HeldOut(serializers.Serializer[Any]):
    """A trade under way."""

    symbol = serializers.CharField()
    worth = MoneyField(help_text="What it may come to with all its legs; negative: short.")


class RungOut(serializers.Serializer[Any]):
    """One rung of the risk ladder, and what it is measured against."""

    where = serializers.CharField(help_text="`workspace`, `account` or `bot`.")
    code = serializers.CharField(help_text="Of the account or bot; the environment for the workspace.")
    name = serializers.CharField()
    known = serializers.BooleanField(help_text="Whether its equity was seen at a close yet.")
    equity = MoneyField(source="level.equity")
    day_start = MoneyField(source="level.day_start")
    peak = MoneyField(source="level.peak")
    day_lost_pct = serializers.SerializerMethodField()
    drawdown_pct = serializers.SerializerMethodField()
    trades = HeldOut(many=True, source="level.others")
    limits = serializers.SerializerMethodField(help_text="As `PUT` takes them.")

    def get_day_lost_pct(self, rung: Any) -> float:
        """Percent of the equity the day began with."""
        return float(rung.level.day_lost_ppm / 10_000)

    def get_drawdown_pct(self, rung: Any) -> float:
        """Percent of the peak."""
        return float(rung.level.drawdown_ppm / 10_000)

    def get_limits(self, rung: Any) -> dict[str, Any]:
        """Every key, null where nothing is limited."""
        return limits_data(rung.level.limits)


class LadderOut(serializers.Serializer[Any]):
    """Every rung of the workspace."""

    workspace = RungOut(many=True)
    accounts = RungOut(many=True)
    bots = RungOut(many=True)
    platform = serializers.SerializerMethodField(help_text="What operators limit every account to.")

    def get_platform(self, found: Any) -> dict[str, Any]:
        """Every key, null where nothing is limited."""
        return limits_data(found.platform)


class LimitsIn(StrictSerializer):
    """Other limits for a rung."""

    limits = serializers.JSONField(help_text="As `limits` of a rung; what is left out is not limited.")
    confirm = serializers.BooleanField(default=False, help_text="Needed where more is allowed than before.")


class LockIn(StrictSerializer):
    """A lock to set: of a bot, of an account, or of the whole workspace."""

    what = serializers.ChoiceField(_WHATS)
    reason = serializers.CharField(max_length=200)
    bot = serializers.CharField(max_length=12, default="")
    account = serializers.CharField(max_length=12, default="")
    symbol = serializers.RegexField(r"^[A-Z0-9]{2,30}\Z", default="")
    minutes = serializers.IntegerField(
        min_value=1, max_value=525_600, allow_null=True, default=None, help_text="Null: until it is lifted."
    )


class LockOut(serializers.Serializer[Any]):
    """A lock in force."""

    code = serializers.CharField()
    where = serializers.CharField(help_text="The rung it belongs to.")
    what = serializers.CharField()
    cause = serializers.CharField(help_text="`manual`, `day_loss` or `drawdown`.")
    reason = serializers.CharField()
    bot = serializers.CharField(source="bot.code", default=None, allow_null=True)
    account = serializers.CharField(source="account.code", default=None, allow_null=True)
    environment = serializers.CharField()
    symbol = serializers.CharField()
    since = MsField(source="since_ms")
    until = MsField(source="until_ms", allow_null=True)
    set_by = serializers.CharField()
