"""Live figures as the API says them: money as decimal strings, times in UTC."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from ailona.kit.fields import MoneyField, MsField, StrictSerializer
from analytics.services.live import SPANS


class AnalyticsIn(StrictSerializer):
    """What is asked."""

    bot = serializers.CharField(max_length=12, required=False, help_text="Without it, all bots.")
    days = serializers.ChoiceField(SPANS, default=30)


class DayOut(serializers.Serializer[Any]):
    """A day in the workspace's time zone."""

    day = serializers.DateField()
    result = MoneyField(help_text="Open positions at market; deposits and withdrawals are no part.")
    start = MoneyField(help_text="Equity it began with; 0 for a single bot.")
    fees = MoneyField()
    funding = MoneyField(help_text="Paid; negative: received.")
    closes = serializers.IntegerField()


class PointOut(serializers.Serializer[Any]):
    """Equity at a minute, without what was paid in or out."""

    at = MsField(source="close_ms")
    wallet = MoneyField()
    unrealised = MoneyField()


class AnalyticsOut(serializers.Serializer[Any]):
    """How bots really did."""

    since = MsField(source="since_ms")
    until = MsField(source="until_ms")
    zone = serializers.CharField()
    cut = serializers.BooleanField(help_text="Whether older executions of the span were left out.")
    curve = PointOut(many=True)
    days = DayOut(many=True)
    metrics = serializers.DictField(help_text="As in a backtest's result; a missing one has its reason.")
    breakdown = serializers.DictField()
